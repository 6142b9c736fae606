"""Gives seats that became free to who waits for them, each in a transaction of its own."""

import logging
from datetime import timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from app.errors import Conflict, Invalid, NotFound
from app.services.redeem import Outlet, redeem
from app.services.waiting import Seat, free_seats, give_up, pass_over, still_waits
from jobs.automatic import Rests
from jobs.outlets import outlets
from jobs.runtime import Runtime

log = logging.getLogger("stempel.seats")

_AFTER_FAILURE = timedelta(minutes=10)


def give_seats(runtime: Runtime, limit: int = 20, rests: Rests | None = None) -> int:
    """Give up to `limit` free seats to those who wait longest; returns how many people were dealt with.

    Who cannot have one is passed over: the next one is asked in the next turn.
    """
    rests = {} if rests is None else rests
    now = runtime.clock()
    for member_id in [one for one, until in rests.items() if until <= now]:
        del rests[member_id]
    shops: dict[int, list[Outlet]] = {}
    with runtime.database.snapshot() as connection:
        seats = [
            one for one in free_seats(connection, now, limit=limit) if one.member_id not in rests
        ]
        for programme_id in sorted({one.programme_id for one in seats}):
            shops[programme_id] = outlets(
                connection, runtime.settings.keyring, runtime.connectors, programme_id
            )
    return sum(_give(runtime, one, shops[one.programme_id], rests) for one in seats)


def _give(runtime: Runtime, seat: Seat, shops: list[Outlet], rests: Rests) -> int:
    try:
        runtime.database.run(lambda connection: _redeem(connection, runtime, seat, shops))
    except Conflict as error:
        why = str(error)
        runtime.database.run(lambda one: pass_over(one, seat, why, runtime.clock()))
    except (Invalid, NotFound) as error:
        why = str(error)
        runtime.database.run(lambda one: give_up(one, seat, why))
    except Exception as error:  # the edge of the jobs: recorded, never swallowed
        runtime.vault.data_keys.forget()
        if isinstance(error, OperationalError | InterfaceError):
            raise  # the database is away or too busy: no member's fault
        log.exception("member %s cannot be given a seat now", seat.member_id)
        rests[seat.member_id] = runtime.clock() + _AFTER_FAILURE
        return 0
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
