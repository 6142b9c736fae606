"""Tiers of whose orders changed: contexts, facts and the tier itself, worked out from all their orders.

A programme that never had tiers costs no statement here. Whoever judges a person's orders holds the
person's row, so the orders themselves need no locks (as in `order_windows`).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from app.db import tables as t
from app.programme.order_windows import OrderItem
from app.programme.tier import TierBy
from app.programme.tier_facts import Fact, facts_of
from app.programme.tier_history import contexts, standing_at
from app.services.accounts import load_members
from app.services.awards import encode_context
from app.services.holdings import load_window_objects
from app.services.order_windows import ORDER, changed_by_person, order_item
from app.services.programmes import Version, in_force
from app.services.rows import MemberRow, ObjectRow
from app.services.tier_versions import has_tiers, measures_of
from app.services.workset import WorkSet, add_awards, chunks

Kept = tuple[int, str, datetime, datetime, int]
"""A stored fact of one object: whose, measure, at, since, amount."""


def settle_tiers(
    connection: Connection,
    work: WorkSet,
    versions: Sequence[Version],
    rows: Sequence[ObjectRow],
    joined: Sequence[int],
) -> list[ObjectRow]:
    """Bring the tiers of the people of these objects up to date.

    Returns which of their other orders are judged otherwise now: what those are worth is to be settled
    too. Call before awards are loaded.
    """
    if not has_tiers(versions):
        return []
    _start(work, versions)
    changed = changed_by_person(work, rows)
    people = sorted(changed.keys() | {work.member(one).id for one in joined})
    if not people:
        return []
    here = set(work.objects)
    load_window_objects(connection, work, people, {ORDER})
    orders = orders_by_owner(work)
    stored = _stored_facts(connection, work, set(people))
    moved = []
    for person in people:
        items = [order_item(versions, row) for row in orders[person]]
        judged = contexts(items)
        for row, item in zip(orders[person], items, strict=True):
            if judged[row.id] != item.context:
                row.context, row.dirty = encode_context(judged[row.id]), True
                moved.append(row)
        facts = keep_facts(work, versions, person, orders[person], stored)
        keep_tier(work, versions, work.member(person), facts)
    asked = {row.key for row in rows}
    moved = [row for row in moved if row.key not in asked]
    load_awards_of(connection, work, [row.id for row in moved if row.key not in here])
    return moved


def orders_by_owner(work: WorkSet) -> defaultdict[int, list[ObjectRow]]:
    """Return the loaded orders of each account."""
    orders: defaultdict[int, list[ObjectRow]] = defaultdict(list)
    for row in work.objects.values():
        if row.kind == ORDER and row.owner_id is not None:
            orders[work.member(row.owner_id).id].append(row)
    return orders


def facts_by_measure(
    versions: Sequence[Version], items: Iterable[OrderItem]
) -> dict[TierBy, list[Fact]]:
    """Return the facts of one person's orders, in every measure that is kept."""
    several = list(items)
    return {
        by: [fact for item in several for fact in facts_of(item, by)]
        for by in measures_of(versions)
    }


def kept(member_id: int, facts: dict[TierBy, list[Fact]]) -> dict[int, set[Kept]]:
    """Return facts as they are stored, by object."""
    found: dict[int, set[Kept]] = defaultdict(set)
    for by, several in facts.items():
        for fact in several:
            found[fact.object_id].add((member_id, by, fact.at, fact.since, fact.amount))
    return found


def tier_now(
    versions: Sequence[Version], facts: dict[TierBy, list[Fact]], now: datetime
) -> str | None:
    """Return the key of the tier that a person has."""
    programme = in_force(versions, now).programme
    if not programme.tiers:
        return None
    held = standing_at(programme, facts[programme.tiering.by], now).tier
    return None if held is None else held.key


def _replace_facts(
    work: WorkSet, member_id: int, wanted: dict[int, set[Kept]], stored: dict[int, set[Kept]]
) -> None:
    for object_id in wanted.keys() | stored.keys():
        if wanted.get(object_id) == stored.get(object_id):
            continue
        if object_id in stored:
            work.replaced.setdefault(t.tier_fact, set()).add(object_id)
        for _, by, at, since, amount in sorted(wanted.get(object_id, ())):
            work.insert(
                t.tier_fact,
                programme_id=work.programme_id,
                member_id=member_id,
                object_id=object_id,
                measure=by,
                at=at,
                since=since,
                amount=amount,
            )


def _start(work: WorkSet, versions: Sequence[Version]) -> None:
    """Give accounts that begin here the tier that everybody has; take it from those that end."""
    for member in work.members.values():
        if member.new and member.tier_at is None:
            keep_tier(work, versions, member, {by: [] for by in measures_of(versions)})
        elif member.merged_into is not None and member.tier_at is not None:
            member.tier = member.tier_since = member.tier_at = None
            member.dirty = True


def keep_facts(
    work: WorkSet,
    versions: Sequence[Version],
    person: int,
    orders: Sequence[ObjectRow],
    stored: dict[int, set[Kept]],
) -> dict[TierBy, list[Fact]]:
    """Have the facts of all orders of a person written where they differ from what is stored."""
    facts = facts_by_measure(versions, [order_item(versions, row) for row in orders])
    mine = {row.id: stored[row.id] for row in orders if row.id in stored}
    _replace_facts(work, person, kept(person, facts), mine)
    return facts


def keep_tier(
    work: WorkSet, versions: Sequence[Version], member: MemberRow, facts: dict[TierBy, list[Fact]]
) -> None:
    """Give a person the tier that these facts reach now."""
    tier = tier_now(versions, facts, work.now)
    if tier != member.tier:
        member.tier, member.tier_since = tier, work.now
        work.moved.add(member.id)
    member.tier_at, member.dirty = work.now, True


def _stored_facts(connection: Connection, work: WorkSet, people: set[int]) -> dict[int, set[Kept]]:
    """Return the facts that are stored for these people's accounts, by object."""
    ids = sorted(
        one.id for one in work.members.values() if not one.new and work.member(one.id).id in people
    )
    return stored_facts(connection, work.programme_id, ids)


def stored_facts(
    connection: Connection, programme_id: int, member_ids: Sequence[int]
) -> dict[int, set[Kept]]:
    """Return the facts that are stored for these accounts, by object."""
    found: dict[int, set[Kept]] = defaultdict(set)
    for chunk in chunks(member_ids):
        query = select(t.tier_fact).where(
            t.tier_fact.c.programme_id == programme_id, t.tier_fact.c.member_id.in_(chunk)
        )
        for row in connection.execute(query):
            found[row.object_id].add((row.member_id, row.measure, row.at, row.since, row.amount))
    return found


def load_awards_of(connection: Connection, work: WorkSet, object_ids: Sequence[int]) -> None:
    """Load what orders were given that nobody spoke of, and whoever else was given it once."""
    for chunk in chunks(sorted(object_ids)):
        add_awards(connection, work, t.award.c.object_id.in_(chunk))
    strangers = {one.member_id for one in work.awards.values()} - work.members.keys()
    if strangers:
        # They were brought to 0 when the order changed hands: nothing is posted to them.
        load_members(connection, work, strangers, lock=False)
