"""Works off what staff want done with many deliveries, slice by slice, at the rate they named."""

from sqlalchemy import Connection

from app.services import replays
from app.services.stores import credentials, list_stores
from jobs.runtime import Runtime

# On SQLite a slice keeps others from writing: it must be over in some 50 ms.
_EMBEDDED, _SLICE = 50, 500


def work_off_replays(runtime: Runtime) -> int:
    """Do a slice of each wish that is due; returns how many deliveries were looked at."""
    with runtime.database.snapshot() as connection:
        due = replays.due(connection, runtime.clock())
    limit = _EMBEDDED if runtime.database.embedded else _SLICE
    return sum(_slice(runtime, replay_id, limit) for replay_id in due)


def callable_stores(runtime: Runtime, connection: Connection) -> list[int]:
    """Return the stores whose API can be called."""
    found = []
    for store in list_stores(connection):
        connector = runtime.connectors.get(store.platform)
        if connector is not None and connector.can_call(
            credentials(connection, runtime.settings.keyring, store.id)
        ):
            found.append(store.id)
    return found


def _slice(runtime: Runtime, replay_id: int, limit: int) -> int:
    with runtime.database.snapshot() as connection:
        readable = callable_stores(runtime, connection)
    return runtime.database.run(
        lambda connection: replays.work_off(
            connection, replay_id, runtime.clock(), limit=limit, readable=readable
        )
    )
