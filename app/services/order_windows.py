"""Windows of several orders, of whose changed: loads what they need, judges them, posts the difference.

A programme without such windows costs no statement here. The orders looked at are not locked: who
changes one of them locks its owner, and every batch that judges a person's orders says so on the
person's row (its `rev`), for those that evaluate without locks.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from app.db import tables as t
from app.programme.events import OrderFacts
from app.programme.explanation import Explanation, Reason
from app.programme.order_windows import (
    OrderItem,
    cap_keys,
    is_cap_window,
    is_order_window,
    longest_cap,
    reach,
)
from app.programme.person import has_order_windows as looks_at_several
from app.programme.person import worth_of_orders
from app.programme.person_windows import lapsed, looks_at_all_orders
from app.programme.rules import Award
from app.programme.windows import WindowKey
from app.services.awards import context_of, encode_explanation, new_award, posted_windows
from app.services.facts import decode_facts
from app.services.gifts import give
from app.services.keys import Vault
from app.services.points_life import life_of
from app.services.posting import Cause, settle
from app.services.programmes import Version, in_force, version_of
from app.services.rows import AwardRow, ObjectRow
from app.services.tier_versions import has_tiers
from app.services.undated import shown_of
from app.services.workset import WorkSet, chunks

ORDER = "order"

ORDER_COLUMNS = (
    t.source_object.c.id,
    t.source_object.c.owner_id,
    t.source_object.c.store_id,
    t.source_object.c.occurred_at,
    t.source_object.c.earned_at,
    t.source_object.c.version,
    t.source_object.c.context,
    t.source_object.c.facts,
    t.source_object.c.undated,
)
_SPANS = 100  # conditions in one statement


class Judged(msgspec.Struct, frozen=True):
    """What a window of a person is worth now, and the award that was posted for it, if any."""

    person: int
    window: WindowKey
    posted: AwardRow | None
    award: Award
    cause: Cause

    @property
    def relief(self) -> bool:
        """Say whether a cap takes less than it did."""
        return self.posted is not None and self.posted.points < min(self.award.points, 0)


def order_item(versions: Sequence[Version], row: Row[Any] | ObjectRow) -> OrderItem:
    """Return a stored order as its windows see it, under its frozen version and context."""
    version = version_of(versions, row.version)
    facts = decode_facts(row.facts)
    return OrderItem(
        object_id=row.id,
        occurred_at=row.occurred_at,
        earned_at=row.earned_at,
        programme=version.programme,
        version=version.number,
        context=context_of(row.context),
        facts=facts if isinstance(facts, OrderFacts) else None,
        store=version.stores.get(row.store_id),
        shown=shown_of(row.undated),
    )


def has_order_windows(versions: Sequence[Version]) -> bool:
    """Say whether any version speaks of several orders together."""
    return any(looks_at_several(one.programme) for one in versions)


def judge_orders(
    connection: Connection,
    work: WorkSet,
    versions: Sequence[Version],
    rows: Iterable[ObjectRow],
    joined: Sequence[int],
) -> list[Judged]:
    """Work out the windows that changed orders take part in, and all of those just `joined` to.

    Call after the awards are loaded and before anything is posted.
    """
    if not has_order_windows(versions):
        return []
    changed = changed_by_person(work, rows)
    one_now = {work.member(one).id for one in joined}
    people = sorted(changed.keys() | one_now)
    if not people:
        return []
    counting = any(looks_at_all_orders(one.programme) for one in versions)
    if has_tiers(versions):  # then all of their orders are here already
        items = _load_items(connection, work, versions, {}, set())
    else:
        whole = set(people) if counting else one_now
        items = _load_items(connection, work, versions, changed, whole)
    posted, twice = posted_windows(work, is_order_window)
    live = in_force(versions, work.now).number
    judged = []
    for person in people:
        work.member(person).dirty = True
        judged += [_given_twice(person, award, live, work) for award in twice[person]]
        keys = None if person in one_now else _keys(versions, changed[person])
        worth = worth_of_orders(items[person], keys)
        worth |= _ended(posted[person].keys() - worth.keys(), keys, live)
        by_id = {item.object_id: item for item in items[person]}
        latest = max(changed[person], key=lambda row: (row.seen_at, row.id), default=None)
        judged += [
            Judged(
                person,
                window,
                posted[person].get(window),
                award,
                _cause(work, award, by_id, latest),
            )
            for window, award in sorted(worth.items(), key=lambda pair: pair[0])
            if award.gives or window in posted[person]
        ]
    return judged


def _keys(versions: Sequence[Version], rows: Iterable[ObjectRow]) -> frozenset[str]:
    """Return the keys of the windows of caps that these orders matter to."""
    keys: frozenset[str] = frozenset()
    for row in rows:
        keys |= cap_keys(version_of(versions, row.version).programme, row.occurred_at)
    return keys


def _ended(
    windows: Iterable[WindowKey], keys: frozenset[str] | None, version: int
) -> dict[WindowKey, Award]:
    """Return what windows are worth that were posted and that no order speaks of any more."""
    return {
        window: lapsed(window, version)
        for window in windows
        if keys is None or window.key in keys or not is_cap_window(window.key)
    }


def _given_twice(person: int, award: AwardRow, version: int, work: WorkSet) -> Judged:
    """Take back what a joined account was given for a window that the other one has as well."""
    explanation = Explanation(rule=award.rule, version=version, reason=Reason.SAME_PERSON)
    return Judged(
        person,
        WindowKey(award.rule, award.window_key),
        award,
        Award(rule=award.rule, points=0, explanation=explanation),
        Cause(occurred_at=work.now),
    )


def settle_orders(
    work: WorkSet, vault: Vault, versions: Sequence[Version], judged: Iterable[Judged]
) -> None:
    """Post the difference between what windows are worth and what was posted for them."""
    policy = in_force(versions, work.now).programme.debt
    for one in judged:
        row = one.posted or new_award(work, one.person, one.window.rule, window_key=one.window.key)
        give(work, row, one.award)
        settle(
            work,
            vault,
            row,
            points=one.award.points,
            explanation=encode_explanation(one.award.explanation),
            policy=policy,
            cause=one.cause,
        )


def changed_by_person(
    work: WorkSet, rows: Iterable[ObjectRow]
) -> defaultdict[int, list[ObjectRow]]:
    """Return the changed orders of whom they belong to, or belonged to before."""
    changed: defaultdict[int, list[ObjectRow]] = defaultdict(list)
    for row in rows:
        if row.kind == ORDER:
            owners = set(work.former_owners.get(row.id, ()))
            if row.owner_id is not None:
                owners.add(row.owner_id)
            for person in {work.member(owner).id for owner in owners}:
                changed[person].append(row)
    return changed


def _load_items(
    connection: Connection,
    work: WorkSet,
    versions: Sequence[Version],
    changed: dict[int, list[ObjectRow]],
    whole: set[int],
) -> defaultdict[int, list[OrderItem]]:
    """Return the orders of each person: all where `whole`, else those in reach of the changed ones."""
    items: defaultdict[int, list[OrderItem]] = defaultdict(list)
    here = {row.id for row in work.objects.values() if row.kind == ORDER}
    for where in _conditions(versions, changed, whole):
        query: Select[Any] = select(*ORDER_COLUMNS).where(t.source_object.c.kind == ORDER, where)
        for row in connection.execute(query):
            if row.id not in here:
                here.add(row.id)  # two conditions may overlap
                items[row.owner_id].append(order_item(versions, row))
    for order in work.objects.values():
        if order.kind == ORDER and order.owner_id is not None:
            items[work.member(order.owner_id).id].append(order_item(versions, order))
    return items


def _conditions(
    versions: Sequence[Version], changed: dict[int, list[ObjectRow]], whole: set[int]
) -> Iterator[ColumnElement[bool]]:
    """Yield which stored orders to load, for one statement each."""
    everything, spans = set(whole), set()
    longest = longest_cap(one.programme for one in versions)
    for person, rows in changed.items():
        for row in rows:
            if longest is None:
                break
            span = reach(longest, row.occurred_at)
            if span is None:
                everything.add(person)
            else:
                spans.add((person, span))
    for chunk in chunks(sorted(everything)):
        yield t.source_object.c.owner_id.in_(chunk)
    parts = [
        and_(t.source_object.c.owner_id == person, t.source_object.c.occurred_at.between(*span))
        for person, span in sorted(spans)
        if person not in everything
    ]
    for start in range(0, len(parts), _SPANS):
        yield or_(*parts[start : start + _SPANS])


def _cause(
    work: WorkSet, award: Award, items: dict[int, OrderItem], latest: ObjectRow | None
) -> Cause:
    """Return what an entry is owed to: the order that decides, told by the message that changed it.

    Points wait and live as those of that order do.
    """
    delivery_id = None if latest is None else latest.delivery_id
    version = award.explanation.version or None
    decisive = next((items[one] for one in award.explanation.objects if one in items), None)
    if decisive is None:
        occurred_at = work.now if latest is None else latest.occurred_at
        return Cause(occurred_at=occurred_at, delivery_id=delivery_id, version=version)
    available_at, expires_at = life_of(
        decisive.programme, ORDER, decisive.earned_at or decisive.occurred_at, work.now
    )
    return Cause(
        occurred_at=decisive.occurred_at,
        delivery_id=delivery_id,
        version=version,
        available_at=available_at,
        expires_at=expires_at,
    )
