"""Undoes an applied batch: takes back exactly what it gave, by the usual way of taking back.

First what is left of those very points, then (what was spent of them) the member's others, then a debt
or forgiven, as the programme says; what of them expired costs nothing. People whom it enrolled stay.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, String, cast, exists, literal, select, update

from app.db import tables as t
from app.errors import Conflict, Invalid
from app.programme.lots import Movement, Policy, take_back
from app.services import workset
from app.services.batches import (
    Kind,
    end_batch,
    entry_key,
    has_set_aside,
    lock_batch,
    next_rows,
    note_batch,
    told,
    try_again,
    write_rows,
)
from app.services.holdings import load_lots, load_open_lots
from app.services.import_stage import NO_PERSON
from app.services.keys import Vault
from app.services.life import lock_holders
from app.services.posting import Cause, account_of, append, post
from app.services.programmes import in_force, versions
from app.services.rows import LotRow
from app.services.unexpire import KEY as UNEXPIRED
from app.services.workset import WorkSet, chunks
from app.services.writeback import want_writing

_OWN = -1  # stands for an award: the points that are taken back are one thing's own


def begin_undo(
    connection: Connection,
    batch_id: int,
    *,
    reason: str,
    actor: str,
    now: datetime,
    kind: Kind = "import",
) -> bool:
    """Let a batch be undone; returns whether there is anything left to do.

    One that is only half applied can be undone, and is not applied any further. Raises Invalid without
    a reason, Conflict for one that was never applied.
    """
    if not reason.strip():
        raise Invalid(f"to undo this {kind} needs a reason")
    batch = lock_batch(connection, batch_id, kind)
    if batch.state == "undoing":
        try_again(connection, batch_id, "applied")
        return True
    if batch.state == "undone":
        return False
    if batch.state not in {"applying", "applied"}:
        raise Conflict(
            f"Batch {batch_id} was never applied ({batch.state}); to throw it away: "
            f"stempel {kind} discard {batch_id}"
        )
    audit_id = note_batch(
        connection, kind, batch.programme_id, batch_id, "undo", actor, reason, now
    )
    connection.execute(
        update(t.import_batch)
        .where(t.import_batch.c.id == batch_id)
        .values(state="undoing", undo_id=audit_id, ended_at=None)
    )
    return True


def undo_slice(
    connection: Connection, vault: Vault, batch_id: int, *, now: datetime, limit: int
) -> int:
    """Take back what up to `limit` rows gave; returns how many were dealt with, 0 when no more can be.

    Call in a writing transaction, again until it returns 0.
    """
    batch = lock_batch(connection, batch_id)
    if batch.state != "undoing":
        return 0
    rows = next_rows(connection, batch_id, "applied", limit=limit)
    if not rows:
        if not has_set_aside(connection, batch_id, "applied"):
            _forget_the_rest(connection, batch_id)
            end_batch(connection, batch_id, "undone", now)
        return 0
    work = WorkSet(batch.programme_id, now)
    given = [row for row in rows if row.entry_id is not None]
    lock_holders(connection, work, objects=(), members={row.member_id for row in given})
    load_open_lots(connection, work)
    lots = _lots_of(connection, work, given)
    expired = _expired(connection, work, lots.values())
    policy = in_force(versions(connection, batch.programme_id), now).programme.debt
    for row in given:
        _take_back(work, vault, batch, row, lots.get(row.entry_id), expired, policy)
    moved = sorted(work.moved)
    workset.flush(connection, work)
    write_rows(connection, [{"_id": row.id, "state": "undone"} for row in rows])
    want_writing(connection, moved, now)
    return len(rows)


def _forget_the_rest(connection: Connection, batch_id: int) -> None:
    """Drop the e-mails of rows that were never applied, and never will be."""
    connection.execute(
        update(t.import_row)
        .where(t.import_row.c.batch_id == batch_id, t.import_row.c.state.in_(("ready", "failed")))
        .values(NO_PERSON)
    )


class _Gone(msgspec.Struct, frozen=True):
    """An expiry that nobody has undone: its entry, and how many points it took."""

    entry: int
    points: int


def _lots_of(connection: Connection, work: WorkSet, given: Sequence[Row[Any]]) -> dict[int, LotRow]:
    """Load the lots that these rows opened, by entry, with where they went when accounts joined."""
    found: dict[int, int] = {}
    entries = {row.entry_id for row in given}
    for chunk in chunks(
        sorted({row.member_id for row in given})
    ):  # lots are found by their members
        opened = select(t.lot.c.entry_id, t.lot.c.id).where(t.lot.c.member_id.in_(chunk))
        found |= {
            row.entry_id: row.id for row in connection.execute(opened) if row.entry_id in entries
        }
    load_lots(connection, work, set(found.values()))
    return {entry: work.lots[lot] for entry, lot in found.items()}


def _expired(connection: Connection, work: WorkSet, lots: Any) -> dict[int, list[_Gone]]:
    """Return what expired of these lots and has not come back, by the lot as it was opened."""
    first = {}
    for lot in lots:
        step: int | None = lot.id
        while step is not None:
            first[step] = lot.id
            step = work.links.get(step)
    found: dict[int, list[_Gone]] = defaultdict(list)
    undone = t.entry.alias("undone")
    for chunk in chunks(sorted(first)):
        rows = connection.execute(
            select(t.entry.c.id, t.lot_use.c.lot_id, t.lot_use.c.points)
            .join(t.lot_use, t.lot_use.c.entry_id == t.entry.c.id)
            .where(
                t.lot_use.c.lot_id.in_(chunk),
                t.entry.c.kind == "expire",
                t.lot_use.c.points < 0,
                ~exists().where(undone.c.key == literal(UNEXPIRED) + cast(t.entry.c.id, String)),
            )
            .order_by(t.entry.c.id)
        )
        for row in rows:
            found[first[row.lot_id]].append(_Gone(row.id, -row.points))
    return found


def _take_back(
    work: WorkSet,
    vault: Vault,
    batch: Row[Any],
    row: Row[Any],
    lot: LotRow | None,
    expired: dict[int, list[_Gone]],
    policy: Policy,
) -> None:
    member = work.member(row.member_id)
    explanation = told(batch, batch.undo_id)
    gone = [] if lot is None else expired.get(lot.id, [])
    movement = _movement(work, row, lot, sum(one.points for one in gone), policy)
    for one in gone:
        # Under the key of an undone expiry: what is taken back here cannot come back that way too.
        append(
            work,
            vault,
            member,
            kind="expire",
            points=one.points,
            cause=Cause(occurred_at=work.now),
            award_id=None,
            rule=None,
            key=f"{UNEXPIRED}{one.entry}",
            explanation=explanation,
        )
    post(
        work,
        vault,
        member,
        movement,
        kind="adjust",
        points=-row.points,
        award=None,
        cause=Cause(occurred_at=work.now),
        key=f"{entry_key(batch, row, row.member_id)}:undo",
        explanation=explanation,
    )


def _movement(
    work: WorkSet, row: Row[Any], lot: LotRow | None, expired: int, policy: Policy
) -> Movement:
    """Return how the points of a row are taken back, but for its undone expiries.

    What had settled a debt is a debt again, whatever the policy is now.
    """
    account = account_of(work, work.member(row.member_id))
    own = None if lot is None else work.living_lot(lot.id)
    marked = msgspec.structs.replace(
        account,
        lots=tuple(
            msgspec.structs.replace(one, award_id=_OWN if one.id == own else None)
            for one in account.lots
        ),
    )
    movement = take_back(marked, _OWN, row.points, policy, own_expired=expired)
    settled = row.points - (0 if lot is None else lot.points)
    owed = min(movement.forgiven, settled)
    return msgspec.structs.replace(
        movement,
        balance=movement.balance - owed,
        forgiven=movement.forgiven - owed,
        unexpired=0,
    )
