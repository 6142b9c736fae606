"""Follows what changes for a shadow, and works out anew what its people are given under both.

Changes are found by ids, which grow with time: new objects, outcomes of deliveries, entries. What is
younger than the longest transaction waits for a later turn, so that nothing is passed over. People of
whom something changed are noted first, in the transaction that moves on; then they are judged from all
their stored objects. So a crash loses nothing, and late arrivals and refunds come to the same figures.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.db.upsert import insert_missing
from app.errors import ConfigError, Invalid, NotFound
from app.programme.document import Programme, parse
from app.programme.shadow import compare, day_number
from app.services.programmes import Version, versions
from app.services.shadow import running
from app.services.simulate import COLUMNS, case_of, with_stores
from app.services.workset import chunks

LAG_SECONDS = 60
"""No transaction that makes ids takes longer."""

_SECOND = 1 << 32  # in an id
_CHANGES = 1_000  # looked at in one turn
_UNREADABLE = (msgspec.DecodeError, Invalid, NotFound, ValueError, ArithmeticError)


def follow_all(connection: Connection, *, limit: int, lag_seconds: int = LAG_SECONDS) -> int:
    """Follow every shadow a little; returns how much was done."""
    return sum(
        follow(connection, one, limit=limit, lag_seconds=lag_seconds) for one in running(connection)
    )


def follow(
    connection: Connection, shadow_id: int, *, limit: int, lag_seconds: int = LAG_SECONDS
) -> int:
    """Note who changed and judge some of those noted; returns how much was done, 0 when there is no more.

    Call in a writing transaction.
    """
    shadow = connection.execute(
        select(t.shadow).where(t.shadow.c.id == shadow_id, t.shadow.c.ended_at.is_(None))
    ).first()
    if shadow is None:
        return 0
    try:
        draft = parse(shadow.source)
    except ConfigError as error:  # an update of Stempel may refuse what it once took
        _note_error(connection, shadow, f"the document: {error}")
        return 0
    noted = _note_changes(connection, shadow, new_id() - lag_seconds * _SECOND)
    return noted + _judge(connection, shadow, draft, limit)


def _note_changes(connection: Connection, shadow: Row[Any], settled: int) -> int:
    objects = connection.execute(
        select(t.source_object.c.id)
        .where(
            t.source_object.c.programme_id == shadow.programme_id,
            t.source_object.c.id > shadow.objects_to,
            t.source_object.c.id <= settled,
        )
        .order_by(t.source_object.c.id)
        .limit(_CHANGES)
    ).scalars()
    outcomes = connection.execute(
        select(t.delivery_outcome.c.id, t.delivery_outcome.c.delivery_id)
        .where(t.delivery_outcome.c.id > shadow.outcomes_to, t.delivery_outcome.c.id <= settled)
        .order_by(t.delivery_outcome.c.id)
        .limit(_CHANGES)
    ).all()
    entries = connection.execute(
        select(t.entry.c.id, t.entry.c.member_id)
        .where(
            t.entry.c.programme_id == shadow.programme_id,
            t.entry.c.id > shadow.entries_to,
            t.entry.c.id <= settled,
        )
        .order_by(t.entry.c.id)
        .limit(_CHANGES)
    ).all()
    new = list(objects)
    changed = {*new, *_told_by(connection, {row.delivery_id for row in outcomes})}
    people = {row.member_id for row in entries} | _people(connection, shadow, changed)
    if not (new or outcomes or entries):
        return 0
    if people:
        rows = [{"shadow_id": shadow.id, "member_id": one} for one in sorted(people)]
        insert_missing(connection, t.shadow_due, rows, keys=("shadow_id", "member_id"))
    connection.execute(
        update(t.shadow)
        .where(t.shadow.c.id == shadow.id)
        .values(
            objects_to=new[-1] if new else shadow.objects_to,
            outcomes_to=outcomes[-1].id if outcomes else shadow.outcomes_to,
            entries_to=entries[-1].id if entries else shadow.entries_to,
        )
    )
    return len(new) + len(outcomes) + len(entries)


def _told_by(connection: Connection, deliveries: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for chunk in chunks(sorted(deliveries)):
        query = select(t.object_delivery.c.object_id)
        found |= set(
            connection.execute(query.where(t.object_delivery.c.delivery_id.in_(chunk))).scalars()
        )
    return found


def _people(connection: Connection, shadow: Row[Any], objects: Iterable[int]) -> set[int]:
    """Return whose these objects are, and whose they were when they were last looked at."""
    found: set[int] = set()
    for chunk in chunks(sorted(objects)):
        owners = select(t.source_object.c.owner_id).where(
            t.source_object.c.id.in_(chunk),
            t.source_object.c.programme_id == shadow.programme_id,
            t.source_object.c.owner_id.is_not(None),
        )
        before = select(t.shadow_award.c.member_id).where(
            t.shadow_award.c.shadow_id == shadow.id, t.shadow_award.c.object_id.in_(chunk)
        )
        found |= set(connection.execute(owners).scalars())
        found |= set(connection.execute(before).scalars())
    return found


def _judge(connection: Connection, shadow: Row[Any], draft: Programme, limit: int) -> int:
    due = list(
        connection.execute(
            select(t.shadow_due.c.member_id)
            .where(t.shadow_due.c.shadow_id == shadow.id)
            .order_by(t.shadow_due.c.member_id)
            .limit(limit)
        ).scalars()
    )
    if not due:
        return 0
    known = with_stores(connection, shadow.programme_id, versions(connection, shadow.programme_id))
    rows: defaultdict[int, list[Any]] = defaultdict(list)
    for row in connection.execute(select(*COLUMNS).where(t.source_object.c.owner_id.in_(due))):
        rows[row.owner_id].append(row)
    for table in (t.shadow_award, t.shadow_due):
        connection.execute(
            delete(table).where(table.c.shadow_id == shadow.id, table.c.member_id.in_(due))
        )
    found: list[dict[str, int]] = []
    error: str | None = None
    for member in due:
        try:
            found += _given(shadow, draft, known, member, rows[member])
        except _UNREADABLE as failure:  # of this person alone: the others' figures stand
            error = f"member {member}: {type(failure).__name__}"
    if found:
        connection.execute(insert(t.shadow_award), found)
    if error is not None:
        _note_error(connection, shadow, error)
    return len(due)


def _note_error(connection: Connection, shadow: Row[Any], error: str) -> None:
    connection.execute(update(t.shadow).where(t.shadow.c.id == shadow.id).values(error=error))


def _given(
    shadow: Row[Any],
    draft: Programme,
    known: Iterable[Version],
    member: int,
    rows: list[Row[Any]],
) -> list[dict[str, int]]:
    history = case_of(list(known), member, rows).history
    return [
        {
            "shadow_id": shadow.id,
            "member_id": member,
            "object_id": one.object_id,
            "day": day_number(one.day),
            "live": one.live,
            "draft": one.draft,
        }
        for one in compare(draft, history, shadow.started_at)
    ]
