"""What orders were paid with of the programme's own gift cards and store credit: kept in their contexts.

Only for programmes of which a version has such rewards: others pay no statement. What is kept is worked
out anew whenever an order, or credit that a person was given, changes; of store credit from all that the
person was given and has paid with in a shop, so one order may matter to later ones.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from app.db import tables as t
from app.programme.events import CreditUse, Event, OrderFacts, RedemptionFacts, RedemptionState
from app.programme.own_credit import (
    Given,
    OwnCredit,
    Paid,
    joined,
    unread_kinds,
    with_cards,
    with_store_credit,
)
from app.programme.shop_money import GIFT_CARD, SHOP_MONEY, STORE_CREDIT
from app.services.awards import context_of, encode_context
from app.services.facts import decode_facts
from app.services.order_windows import ORDER
from app.services.programmes import Version
from app.services.rows import REDEMPTION, ObjectRow
from app.services.tiers import load_awards_of
from app.services.workset import WorkSet, add_objects, chunks

Issuers = frozenset[tuple[int, str]]
"""(store, kind): where gift cards or store credit were given as rewards at any time."""

Card = tuple[int, str, str]
"""Of a gift card that an order was paid with: the store, the platform's id, its last characters."""

_NEVER_SPENT = frozenset({RedemptionState.RELEASED, RedemptionState.LAPSED})


def gives_credit(versions: Sequence[Version]) -> bool:
    """Say whether any version has rewards that orders are paid with."""
    return any(reward.kind in SHOP_MONEY for one in versions for reward in one.programme.rewards)


def load_issuers(
    connection: Connection,
    programme_id: int,
    versions: Sequence[Version],
    events: Iterable[tuple[int, Event]],
) -> Issuers:
    """Return where such rewards were given, if any event (each with its store) makes that matter."""
    if not gives_credit(versions):
        return frozenset()
    stores = {
        store_id
        for store_id, event in events
        if isinstance(event.facts, OrderFacts) and unread_kinds(event.facts)
    }
    found: set[tuple[int, str]] = set()
    for store_id in sorted(stores):
        for kind in sorted(SHOP_MONEY):
            query = select(t.redemption.c.id).where(
                t.redemption.c.programme_id == programme_id,
                t.redemption.c.store_id == store_id,
                t.redemption.c.kind == kind,
            )
            if connection.execute(query.limit(1)).first() is not None:
                found.add((store_id, kind))
    return frozenset(found)


def settle_own_credit(
    connection: Connection,
    work: WorkSet,
    versions: Sequence[Version],
    rows: Sequence[ObjectRow],
    joined_to: Sequence[int],
) -> list[ObjectRow]:
    """Bring up to date what of these orders, and of what depends on them, own credit paid for.

    Returns which other orders are judged otherwise now. Call before awards are loaded.
    """
    if not gives_credit(versions):
        return []
    here, asked = set(work.objects), {row.id for row in rows}
    people = {work.member(one).id for one in joined_to}
    for row in rows:
        if _concerns_store_credit(row):
            people |= _owners(work, row)
    for chunk in chunks(sorted(people)):
        add_objects(connection, work, _of_store_credit(chunk), lock=False)
    for person in people:
        work.member(person).dirty = True  # whoever evaluated without this does it anew
    known = list(work.objects.values())
    theirs = {row.id for row in known if not people.isdisjoint(_owners(work, row, former=False))}
    orders = [
        row
        for row in known
        if row.kind == ORDER and shows_credit(row) and (row.id in asked or row.id in theirs)
    ]
    given = [
        row
        for row in known
        if row.kind == REDEMPTION and row.id in theirs and _concerns_store_credit(row)
    ]
    right = credit_of(connection, work.programme_id, orders, given, lambda one: work.member(one).id)
    moved = [row for row in orders if _keep(row, right[row.id]) and row.id not in asked]
    # Of all that were added here: a tier may be another one for those that credit has not moved.
    fresh = [row.id for row in known if row.kind == ORDER and row.key not in here]
    load_awards_of(connection, work, fresh)
    return moved


def _keep(row: ObjectRow, credit: tuple[OwnCredit, ...]) -> bool:
    """Keep with an order what own credit paid for of it; say whether that is news."""
    context = context_of(row.context)
    if context.credit == credit:
        return False
    row.context = encode_context(msgspec.structs.replace(context, credit=credit))
    row.dirty = True
    return True


def _owners(work: WorkSet, row: ObjectRow, *, former: bool = True) -> set[int]:
    """Return whose an object is, and was before."""
    owners = set(work.former_owners.get(row.id, ())) if former else set()
    if row.owner_id is not None:
        owners.add(row.owner_id)
    return {work.member(owner).id for owner in owners}


def credit_of(
    connection: Connection,
    programme_id: int,
    orders: Sequence[ObjectRow],
    given: Sequence[ObjectRow],
    person_of: Callable[[int], int],
) -> Mapping[int, tuple[OwnCredit, ...]]:
    """Return what own credit paid for of each of these orders, by object id.

    `given` are the redemptions of store credit of whoever has orders with it, `orders` all of these.
    """
    facts = {row.id: _order(row) for row in orders}
    cards = _own_cards(connection, programme_id, orders, facts)
    spent = _spent(connection, orders, facts, given, person_of)
    found = {}
    for row in orders:
        order = facts[row.id]

        def is_own(use: CreditUse, store_id: int = row.store_id) -> bool:
            return (store_id, use.card, use.last) in cards

        with_card = () if order is None else with_cards(order, row.occurred_at, is_own)
        found[row.id] = joined((*with_card, *spent.get(row.id, ())))
    return found


def shows_credit(row: ObjectRow) -> bool:
    """Say whether an order was, or is judged as, paid with gift cards or store credit."""
    return '"credits"' in row.facts or '"credit"' in row.context


def _of_store_credit(owners: Sequence[int]) -> ColumnElement[bool]:
    """Return which stored objects of these accounts are about store credit."""
    columns = t.source_object.c
    return and_(
        columns.owner_id.in_(owners),
        columns.kind.in_((ORDER, REDEMPTION)),
        columns.facts.contains(f'"{STORE_CREDIT}"', autoescape=True),
    )


def _concerns_store_credit(row: ObjectRow) -> bool:
    if f'"{STORE_CREDIT}"' in row.facts:
        return row.kind in {ORDER, REDEMPTION}
    return row.kind == ORDER and '"credit"' in row.context


def _order(row: ObjectRow) -> OrderFacts | None:
    facts = decode_facts(row.facts)
    return facts if isinstance(facts, OrderFacts) else None


def _spent(
    connection: Connection,
    orders: Iterable[ObjectRow],
    facts: Mapping[int, OrderFacts | None],
    given: Sequence[ObjectRow],
    person_of: Callable[[int], int],
) -> Mapping[int, tuple[OwnCredit, ...]]:
    """Return what store credit of the programme's paid for, by order."""
    gifts: defaultdict[int, list[Given]] = defaultdict(list)
    ends = _ends(connection, [row.id for row in given])
    for row in given:
        told = decode_facts(row.facts)
        if row.owner_id is None or not isinstance(told, RedemptionFacts):
            continue
        if told.kind != STORE_CREDIT or told.value is None or told.state in _NEVER_SPENT:
            continue
        gifts[person_of(row.owner_id)].append(
            Given(
                store_id=row.store_id,
                at=row.occurred_at,
                ends_at=ends.get(row.id),
                currency=told.currency,
                amount=told.value,
            )
        )
    paid: defaultdict[int, list[Paid]] = defaultdict(list)
    ids = {}
    for row in orders:
        order = facts[row.id]
        if order is None or row.owner_id is None:
            continue
        ids[row.store_id, row.external_id] = row.id
        paid[person_of(row.owner_id)].append(
            Paid(store_id=row.store_id, key=row.external_id, at=row.occurred_at, order=order)
        )
    return {
        ids[key]: several
        for person, theirs in paid.items()
        if gifts[person]
        for key, several in with_store_credit(gifts[person], theirs).items()
    }


def _ends(connection: Connection, object_ids: Sequence[int]) -> dict[int, datetime | None]:
    found: dict[int, datetime | None] = {}
    for chunk in chunks(sorted(object_ids)):
        rows = connection.execute(
            select(t.redemption.c.object_id, t.redemption.c.ends_at).where(
                t.redemption.c.object_id.in_(chunk)
            )
        )
        found |= {row.object_id: row.ends_at for row in rows}
    return found


def _own_cards(
    connection: Connection,
    programme_id: int,
    orders: Iterable[ObjectRow],
    facts: Mapping[int, OrderFacts | None],
) -> set[Card]:
    """Return which of the gift cards that orders were paid with the programme gave."""
    shown: set[Card] = set()
    for row in orders:
        order = facts[row.id]
        for use in () if order is None else order.credits:
            if use.kind == GIFT_CARD and (use.card or use.last):
                shown.add((row.store_id, use.card, use.last))
    found: set[Card] = set()
    for chunk in chunks(sorted(shown)):
        rows = connection.execute(
            select(
                t.redemption.c.store_id, t.redemption.c.remote_id, t.redemption.c.code_key
            ).where(
                t.redemption.c.programme_id == programme_id,
                t.redemption.c.kind == GIFT_CARD,
                or_(*map(_may_be, chunk)),
            )
        ).all()
        found |= {card for card in chunk if any(_is(card, row) for row in rows)}
    return found


def _may_be(card: Card) -> ColumnElement[bool]:
    store_id, number, last = card
    alike = t.redemption.c.code_key.endswith(last, autoescape=True)
    if not number:
        return and_(t.redemption.c.store_id == store_id, alike)
    # Whose answer has not come yet is known by its code.
    unanswered = and_(t.redemption.c.remote_id.is_(None), alike) if last else None
    same = t.redemption.c.remote_id == number
    which = same if unanswered is None else or_(same, unanswered)
    return and_(t.redemption.c.store_id == store_id, which)


def _is(card: Card, row: Row[*tuple[Any, ...]]) -> bool:
    store_id, number, last = card
    if row.store_id != store_id:
        return False
    if number and row.remote_id is not None:
        return bool(row.remote_id == number)
    return bool(last) and (row.code_key or "").endswith(last)
