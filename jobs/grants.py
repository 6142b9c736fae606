"""Gives members the rewards that rules give without points, each person in a transaction of their own."""

import logging

from app.errors import Conflict
from app.services.grants import Due, due_grants, settle_grants
from app.services.redeem import Outlet
from jobs.outlets import outlets_of
from jobs.runtime import Runtime
from jobs.turns import Rests, leave_alone, still_resting

log = logging.getLogger("stempel.grants")


def give_grants(runtime: Runtime, limit: int = 20, rests: Rests | None = None) -> int:
    """Look at up to `limit` people whose grants may have changed; returns how many were dealt with.

    One that fails is logged and left alone for a while if the caller keeps `rests` from turn to turn.
    """
    now = runtime.clock()
    rests = still_resting(rests, now)
    with runtime.database.snapshot() as connection:
        due = due_grants(connection, now, limit=limit, but=rests)
        shops = outlets_of(runtime, connection, {one.programme_id for one in due})
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
        leave_alone(runtime, rests, due.member_id, error)
        log.exception("what member %s is given without points cannot be settled now", due.member_id)
        return 0
    return 1
