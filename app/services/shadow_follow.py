"""Follows what changes for a shadow, and works out anew what its people are given under both.

Changes are found by ids, which grow with time: new objects, outcomes of deliveries, entries. What is
younger than the longest transaction waits for a later turn, so that nothing is passed over. People of
whom something changed are noted first, in the transaction that moves on; then they are judged from all
their stored objects. So a crash loses nothing, and late arrivals and refunds come to the same figures.

Everything is looked up and judged in a snapshot (`look`), which keeps nobody waiting; what came out is
written down in a moment (`keep`).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.db.upsert import insert_missing
from app.errors import ConfigError
from app.programme.document import Programme, parse
from app.programme.shadow import compare, day_number
from app.services.facts import UNREADABLE
from app.services.programmes import Version, versions
from app.services.simulate import COLUMNS, case_of, with_stores
from app.services.workset import chunks

LAG_SECONDS = 60
"""No transaction that makes ids takes longer."""

_SECOND = 1 << 32  # in an id
_CHANGES = 1_000  # looked at in one turn
_ROWS = 1_000  # written in one turn, and those of one person more
_NOT_JUDGED = (*UNREADABLE, ArithmeticError)


class Marks(msgspec.Struct, frozen=True):
    """Up to which id each kind of change was followed."""

    objects: int
    outcomes: int
    entries: int


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be written down: who changed up to which marks, or what some people are given."""

    shadow_id: int
    marks: Marks  # those that it was found under
    changes: int = 0
    moved: Marks | None = None
    changed: tuple[int, ...] = ()  # people
    judged: tuple[int, ...] = ()  # people
    given: Sequence[dict[str, int]] = ()  # theirs
    error: str | None = None

    @property
    def done(self) -> int:
        """Say how much was done, 0 when there is no more to do."""
        return self.changes + len(self.judged)


def look(
    connection: Connection, shadow_id: int, *, limit: int, lag_seconds: int = LAG_SECONDS
) -> Found | None:
    """Find out what changed, or if nothing did judge some of those noted, at most `limit`.

    None if there is nothing to write down. Call in a snapshot: nothing is written.
    """
    shadow = connection.execute(
        select(t.shadow).where(t.shadow.c.id == shadow_id, t.shadow.c.ended_at.is_(None))
    ).first()
    if shadow is None:
        return None
    marks = _marks(shadow)
    try:
        draft = parse(shadow.source)
    except ConfigError as error:  # an update of Stempel may refuse what it once took
        text = f"the document: {error}"
        told = shadow.error == text
        return None if told else Found(shadow_id=shadow_id, marks=marks, error=text)
    found = _changes(connection, shadow, marks, new_id() - lag_seconds * _SECOND)
    return found or _judged(connection, shadow, marks, draft, limit)


def keep(connection: Connection, found: Found) -> int:
    """Write down what was found; returns how much was done.

    Nothing is, if the shadow has ended or somebody else has followed it meanwhile: what was found may
    have been overtaken. Call in a writing transaction.
    """
    shadow = connection.execute(
        select(t.shadow)
        .where(t.shadow.c.id == found.shadow_id, t.shadow.c.ended_at.is_(None))
        .with_for_update()
    ).first()
    if shadow is None or _marks(shadow) != found.marks:
        return 0
    values: dict[str, Any] = {}
    if found.error is not None:
        values["error"] = found.error
    if found.moved is not None:
        values |= {f"{kind}_to": to for kind, to in msgspec.structs.asdict(found.moved).items()}
    if values:
        connection.execute(update(t.shadow).where(t.shadow.c.id == shadow.id).values(values))
    if found.changed:
        rows = [{"shadow_id": shadow.id, "member_id": one} for one in found.changed]
        insert_missing(connection, t.shadow_due, rows, keys=("shadow_id", "member_id"))
    for table in (t.shadow_award, t.shadow_due) if found.judged else ():
        connection.execute(
            delete(table).where(table.c.shadow_id == shadow.id, table.c.member_id.in_(found.judged))
        )
    if found.given:
        connection.execute(insert(t.shadow_award), found.given)
    return found.done


def _marks(shadow: Row[Any]) -> Marks:
    return Marks(shadow.objects_to, shadow.outcomes_to, shadow.entries_to)


def _changes(connection: Connection, shadow: Row[Any], marks: Marks, settled: int) -> Found | None:
    objects = list(
        connection.execute(
            select(t.source_object.c.id)
            .where(
                t.source_object.c.programme_id == shadow.programme_id,
                t.source_object.c.id > marks.objects,
                t.source_object.c.id <= settled,
            )
            .order_by(t.source_object.c.id)
            .limit(_CHANGES)
        ).scalars()
    )
    outcomes = connection.execute(
        select(t.delivery_outcome.c.id, t.delivery_outcome.c.delivery_id)
        .where(t.delivery_outcome.c.id > marks.outcomes, t.delivery_outcome.c.id <= settled)
        .order_by(t.delivery_outcome.c.id)
        .limit(_CHANGES)
    ).all()
    entries = connection.execute(
        select(t.entry.c.id, t.entry.c.member_id)
        .where(
            t.entry.c.programme_id == shadow.programme_id,
            t.entry.c.id > marks.entries,
            t.entry.c.id <= settled,
        )
        .order_by(t.entry.c.id)
        .limit(_CHANGES)
    ).all()
    if not (objects or outcomes or entries):
        return None
    changed = {*objects, *_told_by(connection, {row.delivery_id for row in outcomes})}
    people = {row.member_id for row in entries} | _people(connection, shadow, changed)
    return Found(
        shadow_id=shadow.id,
        marks=marks,
        changes=len(objects) + len(outcomes) + len(entries),
        moved=Marks(
            objects[-1] if objects else marks.objects,
            outcomes[-1].id if outcomes else marks.outcomes,
            entries[-1].id if entries else marks.entries,
        ),
        changed=tuple(sorted(people)),
    )


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


def _judged(
    connection: Connection, shadow: Row[Any], marks: Marks, draft: Programme, limit: int
) -> Found | None:
    due = connection.execute(
        select(t.shadow_due.c.member_id)
        .where(t.shadow_due.c.shadow_id == shadow.id)
        .order_by(t.shadow_due.c.member_id)
        .limit(limit)
    ).scalars()
    people = list(due)
    if not people:
        return None
    known = with_stores(connection, shadow.programme_id, versions(connection, shadow.programme_id))
    judged: list[int] = []
    given: list[dict[str, int]] = []
    error: str | None = None
    for member in people:
        query: Select[Any] = select(*COLUMNS).where(t.source_object.c.owner_id == member)
        try:
            given += _given(shadow, draft, known, member, connection.execute(query).all())
        except _NOT_JUDGED as failure:  # of this person alone: the others' figures stand
            error = f"member {member}: {type(failure).__name__}"
        judged.append(member)
        if len(given) >= _ROWS:
            break
    return Found(shadow_id=shadow.id, marks=marks, judged=tuple(judged), given=given, error=error)


def _given(
    shadow: Row[Any],
    draft: Programme,
    known: Sequence[Version],
    member: int,
    rows: Sequence[Row[Any]],
) -> list[dict[str, int]]:
    history = case_of(known, member, rows).history
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
