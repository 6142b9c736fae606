"""Gives seats that became free to who waits for them, each in a transaction of its own."""

import logging

from sqlalchemy import Connection

from app.errors import Conflict, Invalid, NotFound
from app.services.redeem import NeverHad, Outlet, redeem
from app.services.waiting import NoEvent, Seat, free_seats, give_up, pass_over, still_waits
from jobs.outlets import outlets_of
from jobs.runtime import Runtime
from jobs.turns import refuse_blame

log = logging.getLogger("stempel.seats")


def give_seats(runtime: Runtime, limit: int = 20) -> int:
    """Give up to `limit` free seats to those who wait longest; returns how many people were dealt with.

    Who cannot have one is passed over, who never can is taken out of the line: the next one is asked in the
    next turn.
    """
    now = runtime.clock()
    with runtime.database.snapshot() as connection:
        seats = free_seats(connection, now, limit=limit)
        shops = outlets_of(runtime, connection, {one.programme_id for one in seats})
    return sum(_give(runtime, one, shops[one.programme_id]) for one in seats)


def _give(runtime: Runtime, seat: Seat, shops: list[Outlet]) -> int:
    try:
        runtime.database.run(lambda connection: _redeem(connection, runtime, seat, shops))
    except (Invalid, NotFound, NoEvent, NeverHad) as error:
        why = str(error)
        runtime.database.run(lambda one: give_up(one, seat, why))
    except Conflict as error:
        why = str(error)
        runtime.database.run(lambda one: pass_over(one, seat, why, runtime.clock()))
    except Exception as error:  # the edge of the jobs: recorded, never swallowed
        refuse_blame(runtime, error)
        log.exception("member %s cannot be given a seat now", seat.member_id)
        why = f"it failed ({type(error).__name__})"
        runtime.database.run(lambda one: pass_over(one, seat, why, runtime.clock()))
    return 1


def _redeem(connection: Connection, runtime: Runtime, seat: Seat, shops: list[Outlet]) -> None:
    now = runtime.clock()
    if still_waits(connection, seat, now):
        redeem(
            connection,
            runtime.vault,
            programme_id=seat.programme_id,
            member_id=seat.member_id,
            reward=seat.reward,
            outlets=shops,
            actor="automatic",
            now=now,
        )
