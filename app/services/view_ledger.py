"""Ledger entries as people read them: what each is about, what it came to, and why."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, Select, func, select

from app.db import tables as t
from app.programme.explanation import Explanation
from app.services.explain import read_explanation, render
from app.services.explain_multipliers import NO_NAMES, Names
from app.services.inactivity import KEY as INACTIVE
from app.services.names import names_for
from app.services.views import Page, key_of, page_of, page_size

_CHUNK = 400


class ObjectName(msgspec.Struct, frozen=True, kw_only=True):
    """A source object by the names people know it by."""

    id: int
    kind: str
    external_id: str
    number: str | None
    store: str
    owner_id: int | None


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """One ledger entry. `balance` is the member's after it, where a ledger is shown.

    `worth` is what its award came to with it (a later entry of the same order says 314 altogether, not
    45), `note` the reason that staff gave for a correction by hand. Where two accounts were joined,
    `other` is the one at the other end, and `stays` says whether this is the one that stayed. `batch` is
    the import, or bonus to many, that gave the points or, undone, took them back.
    """

    id: int
    member_id: int
    programme_id: int
    seq: int
    kind: str
    points: int
    pending: int
    rule: str | None
    version: int | None
    occurred_at: datetime
    recorded_at: datetime
    delivery_id: int | None
    award_id: int | None
    window: str
    about: ObjectName | None
    explanation: Explanation | None
    worth: int | None
    note: str | None
    key: str
    other: int | None = None
    stays: bool | None = None
    batch: int | None = None
    bonus: bool = False  # `batch` is no import but a bonus to many
    balance: int | None = None
    names: Names = NO_NAMES  # of what the explanation tells by key


def ledger_of(
    connection: Connection, member_id: int, *, before: int | None = None, limit: int | None = None
) -> Page[EntryView]:
    """Return a member's entries, newest first; `before` is a sequence number."""
    size = page_size(limit)
    query = _query().where(t.entry.c.member_id == member_id).order_by(t.entry.c.seq.desc())
    if before is not None:
        query = query.where(t.entry.c.seq < key_of(before))
    rows = connection.execute(query.limit(size + 1)).mappings().all()
    entries = _views(connection, rows)
    if not entries:
        return Page([])
    balance = int(
        connection.execute(
            select(func.coalesce(func.sum(t.entry.c.points), 0)).where(
                t.entry.c.member_id == member_id, t.entry.c.seq <= entries[0].seq
            )
        ).scalar_one()
    )
    running = []
    for entry in entries:
        running.append(msgspec.structs.replace(entry, balance=balance))
        balance -= entry.points
    return page_of(running, [entry.seq for entry in running], size)


def entries_of_delivery(connection: Connection, delivery_id: int) -> list[EntryView]:
    """Return the entries that a delivery caused, oldest first."""
    rows = connection.execute(
        _query().where(t.entry.c.delivery_id == delivery_id).order_by(t.entry.c.id)
    )
    return _views(connection, rows.mappings().all())


def entries_of_object(connection: Connection, object_id: int) -> list[EntryView]:
    """Return the entries of what a source object is worth, oldest first."""
    rows = connection.execute(
        _query().where(t.award.c.object_id == object_id).order_by(t.entry.c.id)
    )
    return _views(connection, rows.mappings().all())


def entries_of_award(connection: Connection, award_id: int) -> list[EntryView]:
    """Return the entries that an award was posted with, oldest first."""
    rows = connection.execute(
        _query()
        .where(t.entry.c.award_id == award_id)
        .order_by(t.entry.c.recorded_at, t.entry.c.seq)
    )
    return _views(connection, rows.mappings().all())


def entry_of(connection: Connection, entry_id: int) -> EntryView | None:
    """Return the entry with this id, None if there is none."""
    rows = connection.execute(_query().where(t.entry.c.id == entry_id)).mappings().all()
    return next(iter(_views(connection, rows)), None)


def objects_named(connection: Connection, ids: Sequence[int]) -> list[ObjectName]:
    """Return these source objects by the names people know them by, the earliest first."""
    found: list[ObjectName] = []
    for start in range(0, len(ids), _CHUNK):
        rows = connection.execute(
            select(t.source_object, t.store.c.key.label("store"))
            .join(t.store, t.store.c.id == t.source_object.c.store_id)
            .where(t.source_object.c.id.in_(ids[start : start + _CHUNK]))
            .order_by(t.source_object.c.occurred_at, t.source_object.c.id)
        )
        found += [
            ObjectName(
                id=row.id,
                kind=row.kind,
                external_id=row.external_id,
                number=row.number,
                store=row.store,
                owner_id=row.owner_id,
            )
            for row in rows
        ]
    return found


def sentence(entry: EntryView, language: str, currency: str | None = None) -> str:
    """Return the sentence that explains an entry; `currency` is its programme's."""
    kind, points = entry.kind, entry.points + entry.pending
    if entry.pending and not points:
        kind, points = "mature" if entry.points > 0 else "limit", entry.points
    elif kind == "expire" and points > 0:
        kind = "unexpire"
    elif kind == "expire" and entry.key.startswith(INACTIVE):
        kind = "idle"
    elif kind == "adjust" and entry.batch is not None:
        kind = ("" if points > 0 else "un") + ("bonus" if entry.bonus else "import")
    return render(
        entry.explanation,
        kind,
        points,
        language,
        worth=entry.worth,
        window=entry.window,
        currency=currency,
        stays=entry.stays,
        pending=entry.pending > 0,
        names=entry.names,
    )


def _query() -> Select[Any]:
    return (
        select(
            t.entry,
            func.coalesce(t.award.c.window_key, "").label("window"),
            t.source_object.c.id.label("object_id"),
            t.source_object.c.kind.label("object_kind"),
            t.source_object.c.external_id,
            t.source_object.c.number,
            t.source_object.c.owner_id,
            t.store.c.key.label("store"),
        )
        .outerjoin(t.award, t.award.c.id == t.entry.c.award_id)
        .outerjoin(t.source_object, t.source_object.c.id == t.award.c.object_id)
        .outerjoin(t.store, t.store.c.id == t.source_object.c.store_id)
    )


def _views(connection: Connection, rows: Sequence[RowMapping]) -> list[EntryView]:
    worth = _worth_after(connection, sorted({row["award_id"] for row in rows if row["award_id"]}))
    notes = _notes(connection, rows)
    told = [read_explanation(row["explanation"]) for row in rows]
    names = names_for(connection, zip((row["programme_id"] for row in rows), told, strict=True))
    return [
        EntryView(
            **{
                name: row[name]
                for name in EntryView.__struct_fields__
                if name in row and name != "explanation"
            },
            **_ends(row),
            about=None
            if row["object_id"] is None
            else ObjectName(
                id=row["object_id"],
                kind=row["object_kind"],
                external_id=row["external_id"],
                number=row["number"],
                store=row["store"],
                owner_id=row["owner_id"],
            ),
            explanation=why,
            worth=worth.get(row["id"]),
            note=notes.get(row["id"]),
            names=names.get(row["programme_id"], NO_NAMES),
        )
        for row, why in zip(rows, told, strict=True)
    ]


def _worth_after(connection: Connection, award_ids: Sequence[int]) -> dict[int, int]:
    """Return, per entry of these awards, what the award had been given up to and with it."""
    after: dict[int, int] = {}
    for start in range(0, len(award_ids), _CHUNK):
        rows = connection.execute(
            select(
                t.entry.c.id,
                t.entry.c.award_id,
                t.entry.c.kind,
                t.entry.c.points,
                t.entry.c.pending,
            )
            .where(t.entry.c.award_id.in_(award_ids[start : start + _CHUNK]))
            .order_by(t.entry.c.award_id, t.entry.c.recorded_at, t.entry.c.seq)
        )
        sums: dict[int, int] = {}
        for row in rows:
            change = row.points + row.pending if row.kind in {"earn", "reverse"} else 0
            sums[row.award_id] = sums.get(row.award_id, 0) + change
            after[row.id] = sums[row.award_id]
    return after


class _Join(msgspec.Struct, frozen=True, rename={"arrived": "from", "left": "into"}):
    """What the explanation of a join holds: the account at the other end."""

    arrived: str | None = None
    left: str | None = None


def _ends(row: RowMapping) -> dict[str, Any]:
    if row["kind"] == "adjust":
        return _batch_of(row["explanation"])
    if row["kind"] != "merge":
        return {}
    join = msgspec.json.decode(row["explanation"], type=_Join)
    other = join.arrived or join.left
    return {"other": int(other) if other else None, "stays": join.arrived is not None}


def _batch_of(explanation: str) -> dict[str, Any]:
    try:
        by_hand = msgspec.json.decode(explanation, type=_ByHand)
        batch = by_hand.batch or by_hand.bonus
        return {"batch": None if batch is None else int(batch), "bonus": by_hand.bonus is not None}
    except (msgspec.ValidationError, ValueError):
        return {}


class _ByHand(msgspec.Struct, frozen=True, rename={"batch": "import"}):
    """What the explanation of a correction by hand, of an import or of an expiry undone holds.

    `audit` is where its reason is, `batch` the import, `bonus` the bonus to many.
    """

    audit: str
    batch: str | None = None
    bonus: str | None = None


def _notes(connection: Connection, rows: Sequence[RowMapping]) -> dict[int, str]:
    """Return the reasons that staff gave for their corrections, by entry."""
    acts = {}
    for row in rows:
        if row["kind"] in {"adjust", "expire"}:
            try:
                acts[row["id"]] = int(msgspec.json.decode(row["explanation"], type=_ByHand).audit)
            except (msgspec.ValidationError, ValueError):
                continue
    if not acts:
        return {}
    found = connection.execute(
        select(t.audit.c.id, t.audit.c.reason).where(t.audit.c.id.in_(sorted(acts.values())))
    )
    reasons = {row.id: row.reason for row in found}
    return {entry: reasons[act] for entry, act in acts.items() if act in reasons}
