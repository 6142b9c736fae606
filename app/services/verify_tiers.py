"""Proves tiers: what orders were judged with, the facts kept of them, and the tier of each account."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, select

from app.db import tables as t
from app.programme.order_windows import OrderItem
from app.programme.tier_history import contexts
from app.services.problems import Problem
from app.services.programmes import Version
from app.services.tier_versions import has_tiers
from app.services.tiers import Kept, facts_by_measure, kept, stored_facts, tier_now
from app.services.verify_orders import orders_by_person

_MEMBERS = 400


def check_tiers(
    connection: Connection,
    programme_id: int,
    known: list[Version],
    joined: Mapping[int, int],
    problems: list[Problem],
) -> None:
    """Check what follows from tiers, of every account that nobody joined to another."""
    if not has_tiers(known):
        return
    rows = connection.execute(
        select(t.member.c.id, t.member.c.tier, t.member.c.tier_at)
        .where(t.member.c.programme_id == programme_id, t.member.c.state.in_(("guest", "member")))
        .order_by(t.member.c.id)
    )
    members = {row.id: row for row in rows}
    people = orders_by_person(connection, programme_id, known, joined)
    while some := list(islice(people, _MEMBERS)):
        _check(connection, programme_id, known, members, some, problems)
        for person, _ in some:
            members.pop(person, None)
    without: Iterator[tuple[int, list[OrderItem]]] = ((one, []) for one in sorted(members))
    while some := list(islice(without, _MEMBERS)):
        _check(connection, programme_id, known, members, some, problems)


def _check(
    connection: Connection,
    programme_id: int,
    known: list[Version],
    members: Mapping[int, Row[*tuple[Any, ...]]],
    people: Sequence[tuple[int, list[OrderItem]]],
    problems: list[Problem],
) -> None:
    stored = stored_facts(connection, programme_id, [person for person, _ in people])
    for person, items in people:
        problems.extend(_judged_otherwise(person, items))
        mine: dict[int, set[Kept]] = {
            item.object_id: stored.pop(item.object_id) for item in items if item.object_id in stored
        }
        row = members.get(person)
        if row is None or row.tier_at is None:
            continue  # of before there were tiers, and not gone through yet
        then = [one for one in known if one.published_at <= row.tier_at]
        facts = facts_by_measure(then, items)
        if mine != kept(person, facts):
            what = "the facts that tiers are reached by are not those of the orders"
            problems.append(Problem(what=what, member=person))
        tier = tier_now(then, facts, row.tier_at)
        if tier != row.tier:
            what = f"the account has the tier {row.tier}, its orders reach {tier}"
            problems.append(Problem(what=what, member=person))
    problems.extend(
        Problem(what="facts that tiers are reached by are kept of no order", object=object_id)
        for object_id in sorted(stored)
    )


def _judged_otherwise(person: int, items: Sequence[OrderItem]) -> Iterator[Problem]:
    right = contexts(items)
    for item in items:
        if right[item.object_id] != item.context:
            yield Problem(
                what=f"an order is not judged with the tier and number it had: "
                f"{item.context.tier}, {item.context.ordinal}",
                object=item.object_id,
                member=person,
            )
