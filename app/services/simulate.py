"""Runs a draft over stored events: streams them person by person, and writes nothing."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from app.db import tables as t
from app.errors import ConfigError, Conflict
from app.programme.document import Programme, parse
from app.programme.order_windows import OrderItem
from app.programme.outcome import MOST_MOVING, Outcome, Period
from app.programme.person import History, has_order_windows
from app.programme.presets import preset_source
from app.programme.referrals import referral_rules
from app.programme.rules import evaluate
from app.programme.simulate import Case, simulate
from app.programme.windows import WindowItem
from app.services.order_windows import ORDER, ORDER_COLUMNS, order_item
from app.services.programmes import Version, in_force, versions
from app.services.referral_cases import has_referrals
from app.services.rows import REDEMPTION
from app.services.simulate_friends import points_for_friends
from app.services.worth import window_item

_MEMBERS = 300  # whose events are in memory at once
_ROWS = 1_000

COLUMNS = (*ORDER_COLUMNS, t.source_object.c.kind)
"""What `case_of` needs of a stored object."""


def draft_source(connection: Connection, programme_id: int, name: str, now: datetime) -> str:
    """Return the document of a preset as this programme would have it: its key, currency and zone."""
    live = in_force(versions(connection, programme_id), now).programme
    return preset_source(
        name,
        key=live.key,
        currency=live.currency,
        language=live.language,
        timezone=live.timezone,
    )


def read_draft(connection: Connection, programme_id: int, source: str) -> Programme:
    """Return the draft that a document is. Raises ConfigError, also for one of another programme."""
    draft = parse(source)
    live = versions(connection, programme_id)[-1].programme
    if draft.key != live.key:
        raise ConfigError(
            f'programme.key: the draft is of "{draft.key}", not of the programme "{live.key}"'
        )
    if draft.currency != live.currency:
        raise Conflict(
            f"programme.currency: the draft counts in {draft.currency}, the programme "
            f'"{live.key}" in {live.currency} since its first version.'
        )
    return draft


def simulate_stored(
    connection: Connection,
    programme_id: int,
    draft: Programme,
    period: Period,
    *,
    most_moving: int = MOST_MOVING,
) -> Outcome:
    """Judge the stored events of a period by a draft. Call in a snapshot: nothing is written."""
    known = versions(connection, programme_id)
    live = in_force(known, period.end).programme
    several = cases(connection, programme_id, known, draft, period)
    outcome = simulate(draft, period, several, live, most_moving=most_moving)
    outcome.friends_unknown = bool(referral_rules(draft)) and not has_referrals(known)
    return outcome


def cases(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    draft: Programme,
    period: Period,
) -> Iterator[Case]:
    """Yield each person with their events, some hundred of them in memory at once.

    Orders from before the period are left out where none of the versions looks at several together.
    """
    known = with_stores(connection, programme_id, known)
    whole = has_order_windows(draft) or any(has_order_windows(one.programme) for one in known)
    when = t.source_object.c.occurred_at < period.end
    if not whole:
        within = t.source_object.c.occurred_at >= period.begin
        when = and_(when, or_(t.source_object.c.kind != ORDER, within))
    friends = points_for_friends(connection, programme_id, known, draft, period.end)
    after = -1
    while True:
        members = list(
            connection.execute(
                select(t.member.c.id)
                .where(t.member.c.programme_id == programme_id, t.member.c.id > after)
                .order_by(t.member.c.id)
                .limit(_MEMBERS)
            ).scalars()
        )
        if not members:
            break
        after = members[-1]
        objects = _by_owner(connection, members, when)
        for member in sorted(objects.keys() | (friends.keys() & set(members))):
            case = case_of(known, member, objects[member])
            if member in friends:
                case = msgspec.structs.replace(case, friends=tuple(friends[member]))
            yield case
    yield from _of_nobody(connection, programme_id, known, when)


def with_stores(
    connection: Connection, programme_id: int, known: Sequence[Version]
) -> Sequence[Version]:
    """Return the versions with the keys of all stores: a draft may name products where none of them did."""
    query = select(t.store.c.id, t.store.c.key).where(t.store.c.programme_id == programme_id)
    stores = {row.id: row.key for row in connection.execute(query)}
    return [msgspec.structs.replace(one, stores=stores) for one in known]


def case_of(known: Sequence[Version], member: int | None, rows: Sequence[Row[Any]]) -> Case:
    """Return what stored objects of one person are, under the versions and contexts frozen with them."""
    orders: list[OrderItem] = []
    others: list[WindowItem] = []
    spent: list[tuple[datetime, int]] = []
    for row in rows:
        if row.kind == ORDER:
            orders.append(order_item(known, row))
            continue
        item = window_item(known, row)
        if row.kind != REDEMPTION:
            others.append(item)
            continue
        awards = evaluate(item.programme, item.version, item.context, item.facts, item.occurred_at)
        spent.append((item.occurred_at, -sum(award.points for award in awards)))

    return Case(History(member, tuple(orders), tuple(others)), tuple(spent))


def _by_owner(
    connection: Connection, members: Sequence[int], when: ColumnElement[bool]
) -> defaultdict[int, list[Row[Any]]]:
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    query: Select[Any] = select(*COLUMNS).where(t.source_object.c.owner_id.in_(members), when)
    for row in connection.execute(query):
        found[row.owner_id].append(row)
    return found


def _of_nobody(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    when: ColumnElement[bool],
) -> Iterator[Case]:
    after = -1
    while True:
        query: Select[Any] = (
            select(*COLUMNS)
            .where(
                t.source_object.c.owner_id.is_(None),
                t.source_object.c.programme_id == programme_id,
                t.source_object.c.kind == ORDER,
                t.source_object.c.id > after,
                when,
            )
            .order_by(t.source_object.c.id)
            .limit(_ROWS)
        )
        rows = connection.execute(query).all()
        if not rows:
            return
        after = rows[-1].id
        yield case_of(known, None, rows)
