"""Points of members who have neither earned nor spent for long: they go, and return if that was wrong.

Who is idle is asked of the ledger itself, once a day: nothing is kept for it elsewhere. An act counts by
when it happened; one that is told late and happened in time undoes what went.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.db import tables as t
from app.programme.document import Programme
from app.programme.life import idle_until
from app.programme.lots import GRACE
from app.services import workset
from app.services.holdings import load_open_lots
from app.services.keys import Vault
from app.services.life import expire_lot, lock_holders
from app.services.unexpire import expiries, give_back_expired, not_undone
from app.services.workset import WorkSet, add_awards, chunks
from app.services.writeback import want_writing

KEY = "inactive:"
"""What the keys of these entries begin with."""

_SHORTEST_MONTH = timedelta(days=28)


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """A member whose points go at `ends_at`, since nothing happened after `last`, the entry `entry_id`."""

    member_id: int
    last: datetime
    ends_at: datetime
    entry_id: int


class _Since(msgspec.Struct, frozen=True):
    """The explanation of such an entry: when something had happened last."""

    inactive_since: datetime


def idle_members(
    connection: Connection,
    programme_id: int,
    programme: Programme,
    now: datetime,
    *,
    ahead: timedelta = timedelta(),
    only: Collection[int] | None = None,
) -> list[Idle]:
    """Return who has points that go by so far `ahead` of now, the first to lose them first.

    What came, or came back, within the last 30 days keeps them all. `only` looks at some members.
    """
    months = programme.life.inactive_months
    if months is None:
        return []
    by = now + ahead
    fresh = func.max(t.entry.c.recorded_at).filter(t.entry.c.points > 0)
    acted = func.max(t.entry.c.occurred_at).filter(_is_act())
    query = (
        select(
            t.entry.c.member_id,
            acted.label("last"),
            func.max(t.entry.c.id).filter(_is_act()).label("entry_id"),
        )
        .join(t.member, t.member.c.id == t.entry.c.member_id)
        .where(t.entry.c.programme_id == programme_id, t.member.c.balance > 0)
        .group_by(t.entry.c.member_id)
        .having(acted <= by - months * _SHORTEST_MONTH, fresh <= by - GRACE)
    )
    if only is not None:
        query = query.where(t.entry.c.member_id.in_(only))
    found = [
        Idle(member_id=row.member_id, last=row.last, ends_at=ends_at, entry_id=row.entry_id)
        for row in connection.execute(query)
        if (ends_at := idle_until(programme.life, programme.timezone, row.last)) is not None
        and ends_at <= by
    ]
    return sorted(found, key=lambda idle: (idle.ends_at, idle.member_id))


def lapse(
    connection: Connection,
    vault: Vault,
    programme_id: int,
    programme: Programme,
    members: Sequence[int],
    now: datetime,
) -> None:
    """Take out what these members have open, if they are idle still. Call in a writing transaction."""
    work = WorkSet(programme_id, now)
    lock_holders(connection, work, objects=_earned_by(connection, members), members=members)
    idle = idle_members(connection, programme_id, programme, now, only=members)
    load_open_lots(connection, work)
    awards = {lot.award_id for lot in work.lots.values() if lot.award_id is not None}
    for chunk in chunks(sorted(awards)):
        add_awards(connection, work, t.award.c.id.in_(chunk))
    for one in idle:
        why = msgspec.json.encode(_Since(one.last)).decode()
        for lot_id in list(work.lots_of.get(one.member_id, ())):
            lot = work.lots[lot_id]
            expire_lot(work, vault, lot, ended_at=one.ends_at, key=KEY, explanation=why)
    moved = sorted(work.moved)
    workset.flush(connection, work)
    want_writing(connection, moved, now)


def _earned_by(connection: Connection, members: Sequence[int]) -> set[int]:
    """Return the objects that these members' open points were given for.

    None is missing once the accounts are locked: whose points came meanwhile is not idle.
    """
    found: set[int] = set()
    for chunk in chunks(sorted(members)):
        query = (
            select(t.award.c.object_id)
            .join(t.lot, t.lot.c.award_id == t.award.c.id)
            .where(
                t.lot.c.member_id.in_(chunk),
                t.lot.c.remaining > 0,
                t.award.c.object_id.is_not(None),
            )
        )
        found |= set(connection.execute(query).scalars())
    return found


def lapsed_wrongly(connection: Connection, programme_id: int) -> list[int]:
    """Return the entries that took points of members who, as was told later, had not been idle."""
    late = t.entry.alias("late")
    rows = connection.execute(
        select(t.entry.c.id, t.entry.c.explanation, func.max(late.c.occurred_at).label("acted"))
        .join(
            late,
            and_(
                late.c.member_id == t.entry.c.member_id,
                late.c.id > t.entry.c.id,
                late.c.occurred_at <= t.entry.c.occurred_at,
                late.c.kind.in_(("earn", "spend")),
            ),
        )
        .where(
            t.entry.c.programme_id == programme_id,
            t.entry.c.kind == "expire",
            t.entry.c.key.startswith(KEY),
            not_undone(),
        )
        .group_by(t.entry.c.id, t.entry.c.explanation)
        .order_by(t.entry.c.id)
    )
    return [
        row.id
        for row in rows
        if row.acted > msgspec.json.decode(row.explanation, type=_Since).inactive_since
    ]


def revive(
    connection: Connection, vault: Vault, programme_id: int, entries: Sequence[int], now: datetime
) -> None:
    """Give back what these entries took, to the lots it came from. Call in a writing transaction."""
    rows = connection.execute(expiries(t.entry.c.id.in_(entries), not_undone())).all()
    give_back_expired(connection, vault, programme_id, rows, explanation="{}", now=now)


def _is_act() -> ColumnElement[bool]:
    """Choose entries that show a living member; a gift and joined accounts begin a new time as well."""
    return or_(
        t.entry.c.kind.in_(("earn", "spend", "merge")),
        and_(t.entry.c.kind == "adjust", t.entry.c.points > 0),
    )
