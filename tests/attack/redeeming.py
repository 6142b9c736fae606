"""Redeeming as a test wants it, and in processes of their own, which is why little is imported here."""

from queue import Queue
from threading import Barrier

from app.db.engine import open_database
from app.errors import Conflict
from app.services.redeem import Outlet, redeem
from app.services.stores import Store
from app.settings import Settings
from jobs.runtime import Runtime, new_runtime
from tests.pipeline import TestClock

MAKES = frozenset({"percent", "fixed", "free-delivery"})
TEN = "none"  # of the model's rewards the one for which a full refund gives nothing back


def take(
    runtime: Runtime, store: Store, member_id: int, reward: str = TEN, key: str | None = None
) -> int:
    """Redeem points of a member in a store; raises Conflict where there are not enough."""
    return runtime.database.run(
        lambda connection: redeem(
            connection,
            runtime.vault,
            programme_id=store.programme_id,
            member_id=member_id,
            reward=reward,
            outlets=[Outlet(store, MAKES)],
            request_key=key,
            actor="test",
            now=runtime.clock(),
        )
    )


def take_in_a_process(
    settings: Settings, store: Store, member_id: int, gate: Barrier, told: "Queue[str]"
) -> None:
    """Try five times, once everybody is ready, and tell what came of each."""
    database = open_database(settings.database_url)
    runtime = new_runtime(database, settings, {}, TestClock())
    gate.wait(60)
    for _ in range(5):
        try:
            take(runtime, store, member_id)
            told.put("taken")
        except Conflict:
            told.put("refused")
    database.close()
