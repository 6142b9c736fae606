"""Undoes an erroneous expiry: what expired in a period comes back, as one audited batch.

Points come back to the lots that they expired from and live a while from now. What a refund has taken
back since then stays away.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    and_,
    cast,
    exists,
    literal,
    select,
)

from app.db import tables as t
from app.db.ids import new_id
from app.errors import Invalid
from app.programme.lots import give_back
from app.services import workset
from app.services.audit import Act, note_act
from app.services.holdings import load_lots, load_open_lots
from app.services.keys import Vault
from app.services.life import lock_holders
from app.services.posting import Cause, account_of, append, move_lots, open_lot
from app.services.rows import AwardRow
from app.services.workset import WorkSet, add_awards, chunks
from app.services.writeback import want_writing

KEY = "unexpire:"
"""Begins the key of an entry that undoes an expiry; that entry's id follows."""


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Which expiries: those posted in a programme from `begin` until just before `end`."""

    programme_id: int
    begin: datetime
    end: datetime


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What would come, or came, back: so many entries' points, and whose they are."""

    entries: int = 0
    points: int = 0
    members: frozenset[int] = frozenset()
    last: int = 0  # the id of the last entry looked at; 0: there was none


def plan(connection: Connection, period: Period) -> Undone:
    """Return what an undo would give back now. Changes nothing."""
    rows = connection.execute(
        select(t.entry.c.member_id, t.entry.c.award_id, t.entry.c.points, t.award.c.expired)
        .outerjoin(t.award, t.award.c.id == t.entry.c.award_id)
        .where(_of(period))
        .order_by(t.entry.c.id)
    )
    left: dict[int, int] = {}
    entries, points = 0, 0
    members: set[int] = set()
    for row in rows:
        back = -int(row.points)
        if row.award_id is not None:
            back = min(back, left.setdefault(row.award_id, row.expired))
            left[row.award_id] -= back
        if back:
            entries, points = entries + 1, points + back
            members.add(row.member_id)
    return Undone(entries=entries, members=frozenset(members), points=points)


def begin_undo(
    connection: Connection, period: Period, *, reason: str, actor: str, now: datetime
) -> int:
    """Note in the audit log who undoes what and why; returns the id of the batch.

    Raises Invalid without a reason, or for a period that has none.
    """
    if not reason.strip():
        raise Invalid("to undo an expiry needs a reason")
    if period.end <= period.begin:
        raise Invalid("the period must end after it begins")
    planned, batch = plan(connection, period), new_id()
    note_act(
        connection,
        Act(
            id=batch,
            programme_id=period.programme_id,
            actor=actor,
            action="points.unexpire",
            subject=f"programme {period.programme_id}",
            reason=reason,
            detail={
                "from": period.begin.isoformat(),
                "to": period.end.isoformat(),
                "entries": str(planned.entries),
                "points": str(planned.points),
            },
        ),
        now,
    )
    return batch


def undo_slice(
    connection: Connection,
    vault: Vault,
    period: Period,
    *,
    batch: int,
    now: datetime,
    after: int,
    limit: int,
) -> Undone:
    """Give back what up to `limit` entries took; returns what came back.

    Call in a writing transaction, again with the `last` of what it returns as `after`, until that is 0.
    """
    rows = connection.execute(expiries(_of(period), t.entry.c.id > after).limit(limit)).all()
    why = msgspec.json.encode({"audit": str(batch)}).decode()
    return give_back_expired(connection, vault, period.programme_id, rows, explanation=why, now=now)


def expiries(*where: ColumnElement[bool]) -> Select[Any]:
    """Choose entries as `give_back_expired` takes them, the oldest first."""
    return (
        select(t.entry, t.lot_use.c.lot_id, t.award.c.object_id)
        .join(t.lot_use, t.lot_use.c.entry_id == t.entry.c.id)
        .outerjoin(t.award, t.award.c.id == t.entry.c.award_id)
        .where(*where)
        .order_by(t.entry.c.id)
    )


def give_back_expired(
    connection: Connection,
    vault: Vault,
    programme_id: int,
    rows: Sequence[Row[Any]],
    *,
    explanation: str,
    now: datetime,
) -> Undone:
    """Give back what these expiries took, those that nobody gave back yet; returns what came back."""
    if not rows:
        return Undone()
    work = WorkSet(programme_id, now)
    lock_holders(
        connection,
        work,
        objects={row.object_id for row in rows if row.object_id is not None},
        members={row.member_id for row in rows},
    )
    for chunk in chunks(sorted({row.award_id for row in rows if row.award_id is not None})):
        add_awards(connection, work, t.award.c.id.in_(chunk))
    load_open_lots(connection, work)
    load_lots(connection, work, {row.lot_id for row in rows})
    done = _undone(connection, rows)
    returned = [_give_back(work, vault, row, explanation) for row in rows if row.id not in done]
    moved = sorted(work.moved)
    workset.flush(connection, work)
    want_writing(connection, moved, now)
    return Undone(
        entries=sum(points > 0 for points in returned),
        points=sum(returned),
        members=frozenset(moved),
        last=rows[-1].id,
    )


def _of(period: Period) -> ColumnElement[bool]:
    """Choose the expiries of a period that no undo has dealt with yet."""
    return and_(
        t.entry.c.programme_id == period.programme_id,
        t.entry.c.kind == "expire",
        t.entry.c.points < 0,
        t.entry.c.recorded_at >= period.begin,
        t.entry.c.recorded_at < period.end,
        not_undone(),
    )


def not_undone() -> ColumnElement[bool]:
    """Choose entries that no undo has dealt with yet."""
    undone = t.entry.alias("undone")
    return ~exists().where(undone.c.key == literal(KEY) + cast(t.entry.c.id, String))


def _undone(connection: Connection, rows: Sequence[Row[Any]]) -> set[int]:
    """Return which of these entries another undo has dealt with, now that their accounts are locked."""
    keys = {f"{KEY}{row.id}": row.id for row in rows}
    found: set[int] = set()
    for chunk in chunks(sorted(keys)):
        known = select(t.entry.c.key).where(t.entry.c.key.in_(chunk))
        found |= {keys[key] for key in connection.execute(known).scalars()}
    return found


def _give_back(work: WorkSet, vault: Vault, row: Row[Any], explanation: str) -> int:
    award = work.awards.get(row.award_id or 0)
    points = _still_gone(award, -row.points)
    if not points:
        return 0
    member = work.member(row.member_id)
    lot = work.lots[work.living_lot(row.lot_id)]
    movement = give_back(
        account_of(work, member), points, forgiven=0, uses=[(lot.id, points)], now=work.now
    )
    entry_id = append(
        work,
        vault,
        member,
        kind="expire",
        points=points,
        cause=Cause(occurred_at=work.now),
        award_id=row.award_id,
        rule=award.rule if award else None,
        key=f"{KEY}{row.id}",
        explanation=explanation,
    )
    move_lots(work, entry_id, movement)
    if movement.opened:
        open_lot(work, member, movement.opened, award, entry_id, lot.expires_at)
    if award is not None:
        award.expired -= points
        award.dirty = True
    work.moved.add(member.id)
    return points


def _still_gone(award: AwardRow | None, points: int) -> int:
    """Return how much of an expiry was not undone already because its order was refunded."""
    return points if award is None else min(points, award.expired)
