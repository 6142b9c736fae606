"""Gives members the rewards that rules give without points, each person in a transaction of their own."""

import logging
from datetime import timedelta

from sqlalchemy.exc import InterfaceError, OperationalError

from app.errors import Conflict
from app.services.grants import Due, due_grants, settle_grants
from app.services.redeem import Outlet
from jobs.automatic import Rests
from jobs.outlets import outlets
from jobs.runtime import Runtime

log = logging.getLogger("stempel.grants")

_AFTER_FAILURE = timedelta(minutes=10)


def give_grants(runtime: Runtime, limit: int = 20, rests: Rests | None = None) -> int:
    """Look at up to `limit` people whose grants may have changed; returns how many were dealt with.

    One that fails is logged and left alone for ten minutes if the caller keeps `rests` from turn to turn.
    """
    rests = {} if rests is None else rests
    now = runtime.clock()
    for member_id in [one for one, until in rests.items() if until <= now]:
        del rests[member_id]
    shops: dict[int, list[Outlet]] = {}
    with runtime.database.snapshot() as connection:
        due = due_grants(connection, now, limit=limit, but=rests)
        for programme_id in sorted({one.programme_id for one in due}):
            shops[programme_id] = outlets(
                connection, runtime.settings.keyring, runtime.connectors, programme_id
            )
    return sum(_settle(runtime, one, shops[one.programme_id], rests) for one in due)


def _settle(runtime: Runtime, due: Due, shops: list[Outlet], rests: Rests) -> int:
    try:
        runtime.database.run(
            lambda connection: settle_grants(
                connection, runtime.vault, due, outlets=shops, now=runtime.clock()
            )
        )
    except Conflict:
        return 1  # another writer was faster: in the next turn
    except Exception as error:  # the edge of the jobs: recorded, never swallowed
        runtime.vault.data_keys.forget()
        if isinstance(error, OperationalError | InterfaceError):
            raise  # the database is away or too busy: no member's fault
        log.exception("what member %s is given without points cannot be settled now", due.member_id)
        rests[due.member_id] = runtime.clock() + _AFTER_FAILURE
        return 0
    return 1
