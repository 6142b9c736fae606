"""Issues the rewards that a programme gives by itself, each in a transaction of its own."""

import logging

from app.errors import Conflict
from app.services.automatic import Due, automatic_programmes, due_members
from app.services.redeem import Outlet, redeem
from jobs.outlets import outlets_of
from jobs.runtime import Runtime
from jobs.turns import Rests, leave_alone, still_resting

log = logging.getLogger("stempel.automatic")


def issue_automatic(runtime: Runtime, limit: int = 20, rests: Rests | None = None) -> int:
    """Redeem once for every member who is due a reward, up to `limit` in a programme; returns how many.

    Who can pay for another one is due again in the next turn. One that fails is logged and left alone for
    a while if the caller keeps `rests` from turn to turn.
    """
    now = runtime.clock()
    rests = still_resting(rests, now)
    due: list[Due] = []
    with runtime.database.snapshot() as connection:
        programmes = automatic_programmes(connection, now)
        shops = outlets_of(runtime, connection, [one.programme_id for one in programmes])
        for automatic in programmes:
            makers = shops[automatic.programme_id]
            due += due_members(connection, automatic, makers, now, limit=limit, but=rests)
    return sum(_issue(runtime, one, shops[one.programme_id], rests) for one in due)


def _issue(runtime: Runtime, due: Due, shops: list[Outlet], rests: Rests) -> int:
    try:
        runtime.database.run(
            lambda connection: redeem(
                connection,
                runtime.vault,
                programme_id=due.programme_id,
                member_id=due.member_id,
                reward=due.reward,
                outlets=shops,
                store_key=due.store_key,
                automatic=True,
                actor="automatic",
                now=runtime.clock(),
            )
        )
    except Exception as error:  # the edge of the jobs: recorded, never swallowed
        leave_alone(runtime, rests, due.member_id, error)
        if isinstance(error, Conflict):  # another worker, or the member, was faster
            log.info("member %s is not given a reward now: %s", due.member_id, error)
        else:
            log.exception("member %s is not given the reward %s now", due.member_id, due.reward)
        return 0
    return 1
