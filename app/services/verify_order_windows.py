"""Proves that windows of several orders were posted as all orders of each person make them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, or_, select

from app.db import tables as t
from app.programme.order_windows import OrderItem, is_order_window
from app.programme.person import worth_of_orders
from app.programme.windows import WindowKey
from app.services.order_windows import has_order_windows
from app.services.problems import Problem
from app.services.programmes import Version
from app.services.verify_gives import NOTHING, Gives, added, gives_of
from app.services.verify_orders import orders_by_person


def check_order_windows(
    connection: Connection,
    programme_id: int,
    known: list[Version],
    joined: Mapping[int, int],
    problems: list[Problem],
) -> None:
    """Check that each person is given for several orders together what those are worth."""
    given = _given(connection, programme_id, joined, problems)
    if has_order_windows(known):
        for person, orders in orders_by_person(connection, programme_id, known, joined):
            if _entitled(orders) != given.pop(person, {}):
                problems.append(_problem(person))
    problems.extend(_problem(person) for person in sorted(given))


def _given(
    connection: Connection,
    programme_id: int,
    joined: Mapping[int, int],
    problems: list[Problem],
) -> dict[int, dict[WindowKey, Gives]]:
    given: dict[int, dict[WindowKey, Gives]] = defaultdict(dict)
    awards = connection.execute(
        select(t.award).where(
            t.award.c.programme_id == programme_id,
            t.award.c.object_id.is_(None),
            or_(
                t.award.c.points != 0,
                t.award.c.grants != 0,
                t.award.c.badge.is_not(None),
                t.award.c.until.is_not(None),
                t.award.c.perks.is_not(None),
                t.award.c.lapses_at.is_not(None),
            ),
        )
    )
    for award in awards:
        if is_order_window(award.window_key):
            person = joined.get(award.member_id, award.member_id)
            window = WindowKey(award.rule, award.window_key)
            if award.lapses_at not in {None, award.until}:
                problems.append(
                    Problem(what="the end of a membership is told at another time", member=person)
                )
            given[person][window] = added(given[person].get(window, NOTHING), award)
    return given


def _entitled(orders: Sequence[OrderItem]) -> dict[WindowKey, Gives]:
    return {
        window: gives_of(award) for window, award in worth_of_orders(orders).items() if award.gives
    }


def _problem(person: int) -> Problem:
    return Problem(
        what="windows of caps or milestones are not what the orders make them", member=person
    )
