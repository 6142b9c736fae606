"""Lets time pass over points: pending ones become available, those that nobody spent expire.

Each call is one slice in one transaction: accounts locked in id order, entries like any other. A slice
that is done again finds nothing left to do.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, literal_column, select

from app.db import tables as t
from app.programme.lots import Movement, Policy, open_points, take_back
from app.services import accounts, workset
from app.services.holdings import load_open_lots
from app.services.keys import Vault
from app.services.posting import Cause, account_of, append, move_lots, post
from app.services.programmes import in_force, versions
from app.services.rows import REDEMPTION, AwardRow, LotRow
from app.services.workset import WorkSet, add_awards, chunks
from app.services.writeback import want_writing


def mature(
    connection: Connection, vault: Vault, now: datetime, *, limit: int, skip: Collection[int] = ()
) -> int:
    """Make up to `limit` awards available whose hold is over; returns how many there were."""
    due = connection.execute(ripe(now, skip).limit(limit)).all()
    if not due:
        return 0
    work, mine = _open(connection, due, now)
    _load_awards(connection, work, [row.id for row in mine])
    load_open_lots(connection, work)
    policy = in_force(versions(connection, work.programme_id), work.now).programme.debt
    # Others may have seen to some of them meanwhile.
    held = [
        one
        for one in work.awards.values()
        if one.pending and one.matures_at is not None and one.matures_at <= now
    ]
    for award in sorted(held, key=lambda one: (one.matures_at or now, one.id)):
        _mature(work, vault, award, policy)
    _write(connection, work)
    return len(mine)


def ripe(now: datetime, skip: Collection[int]) -> Select[Any]:
    """Choose the awards whose hold is over, the first first, by `id`; `skip` names some to pass over."""
    return (
        select(t.award.c.id, t.award.c.programme_id, t.award.c.member_id, t.award.c.object_id)
        .where(t.award.c.matures_at <= now, t.award.c.id.not_in(skip))
        .order_by(t.award.c.matures_at, t.award.c.id)
    )


def over(now: datetime, skip: Collection[int]) -> Select[Any]:
    """Choose the lots whose time is over, the first first, by `id`; `skip` names some to pass over."""
    return (
        select(
            t.lot.c.id,
            t.lot.c.member_id,
            t.lot.c.award_id,
            t.member.c.programme_id,
            t.award.c.object_id,
        )
        .join(t.member, t.member.c.id == t.lot.c.member_id)
        .outerjoin(t.award, t.award.c.id == t.lot.c.award_id)
        .where(*_over(now), t.lot.c.id.not_in(skip))
        .order_by(t.lot.c.expires_at, t.lot.c.id)
    )


def _over(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    # Written out: with a bound figure the index of open lots would not be found.
    return t.lot.c.remaining > literal_column("0"), t.lot.c.expires_at <= now


def expire(
    connection: Connection, vault: Vault, now: datetime, *, limit: int, skip: Collection[int] = ()
) -> int:
    """Take out what is left of up to `limit` lots whose time is over; returns how many there were."""
    due = connection.execute(over(now, skip).limit(limit)).all()
    if not due:
        return 0
    work, mine = _open(connection, due, now)
    _load_awards(connection, work, sorted({row.award_id for row in mine if row.award_id}))
    for chunk in chunks(sorted(row.id for row in mine)):
        for row in connection.execute(select(t.lot).where(t.lot.c.id.in_(chunk), *_over(now))):
            work.add_lot(workset.row_of(LotRow, row))
    for lot in sorted(work.lots.values(), key=lambda one: (one.expires_at or now, one.id)):
        expire_lot(work, vault, lot, ended_at=lot.expires_at or now)
    _write(connection, work)
    return len(mine)


def _open(
    connection: Connection, due: Sequence[Row[*tuple[Any, ...]]], now: datetime
) -> tuple[WorkSet, list[Row[*tuple[Any, ...]]]]:
    """Lock the accounts of what is due first, of one programme; returns which of it that is."""
    programme_id = due[0].programme_id
    mine = [row for row in due if row.programme_id == programme_id]
    work = WorkSet(programme_id, now)
    lock_holders(
        connection,
        work,
        objects={row.object_id for row in mine if row.object_id is not None},
        members={row.member_id for row in mine},
    )
    return work, mine


def lock_holders(
    connection: Connection, work: WorkSet, *, objects: Iterable[int], members: Iterable[int]
) -> None:
    """Load accounts, locked as everybody does: objects before people.

    Whoever changes an object has read its awards by then, and relies on them until he is done.
    """
    lock = connection.dialect.name != "sqlite"
    for chunk in chunks(sorted(objects)) if lock else ():
        connection.execute(
            select(t.source_object.c.id)
            .where(t.source_object.c.id.in_(chunk))
            .order_by(t.source_object.c.kind == REDEMPTION, t.source_object.c.id)
            .with_for_update()
        ).all()
    accounts.load_members(connection, work, members, lock=lock)


def _load_awards(connection: Connection, work: WorkSet, ids: Sequence[int]) -> None:
    for chunk in chunks(sorted(ids)):
        add_awards(connection, work, t.award.c.id.in_(chunk))


def _mature(work: WorkSet, vault: Vault, award: AwardRow, policy: Policy) -> None:
    """Turn what is pending of an award into points, or, of one below 0, take them now."""
    member = work.member(award.member_id)
    account, pending = account_of(work, member), award.pending
    if pending > 0:
        movement = open_points(account, pending)
    else:
        movement = take_back(account, award.id, -pending, policy)
    due = Cause(occurred_at=award.matures_at or work.now, expires_at=award.expires_at)
    post(
        work,
        vault,
        member,
        msgspec.structs.replace(movement, pending=-pending),
        kind="earn" if pending > 0 else "reverse",
        points=0,  # what it is worth does not change
        award=award,
        cause=due,
    )
    award.matures_at = award.expires_at = None


def expire_lot(
    work: WorkSet,
    vault: Vault,
    lot: LotRow,
    *,
    ended_at: datetime,
    key: str = "expire:",
    explanation: str = "{}",
) -> None:
    """Take out what is left of a lot whose time was over at `ended_at`; its award must be loaded."""
    award = work.awards.get(lot.award_id or 0)
    gone = Movement(balance=-lot.remaining, lots=((lot.id, -lot.remaining),))
    member = work.member(lot.member_id)
    entry_id = append(
        work,
        vault,
        member,
        kind="expire",
        points=gone.balance,
        cause=Cause(occurred_at=ended_at),
        award_id=lot.award_id,
        rule=award.rule if award else None,
        # Points that come back to the lot expire once more, so its id alone would not do.
        key=f"{key}{lot.id}:{member.entries + 1}",
        explanation=explanation,
    )
    move_lots(work, entry_id, gone)
    if award is not None:
        award.expired -= gone.balance
        award.dirty = True
    work.moved.add(member.id)


def _write(connection: Connection, work: WorkSet) -> None:
    moved = sorted(work.moved)
    workset.flush(connection, work)
    want_writing(connection, moved, work.now)
