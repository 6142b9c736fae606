"""Points of members who have neither earned nor spent for long: they go, and return if that was wrong.

Who is idle is asked of the ledger itself, once a day: nothing is kept for it elsewhere. An act counts by
when it happened; one that is told late and happened in time undoes what went.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from app.db import tables as t
from app.programme.idleness import Loss, Reign, loss, once_told
from app.programme.life import MOST_MONTHS
from app.programme.lots import GRACE
from app.services import workset
from app.services.holdings import load_open_lots
from app.services.keys import Vault
from app.services.life import expire_lot, lock_holders
from app.services.mail import INACTIVITY
from app.services.programmes import LATEST, Version, ended_at
from app.services.unexpire import expiries, give_back_expired, not_undone
from app.services.workset import WorkSet, add_awards, chunks
from app.services.writeback import want_writing

KEY = "inactive:"
"""What the keys of these entries begin with."""

BY_VERSION = "-by-"
"""Stands before the version, in the kind of an e-mail, by which the points go."""

_SHORTEST_MONTH = timedelta(days=28)
_LONGEST_REMINDER = timedelta(days=366)  # with the day that it is late


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """A member whose points go at `ends_at`, since nothing happened after `last`, the entry `entry_id`.

    `version` is the one by which they go, `remind_days` are its days.
    """

    member_id: int
    last: datetime
    ends_at: datetime
    entry_id: int
    version: int
    remind_days: tuple[int, ...]

    def told_of(self, now: datetime) -> int | None:
        """Return of how many days the member is told now, None if it is too early or too late."""
        within = (days for days in self.remind_days if self.ends_at <= now + timedelta(days=days))
        return min(within, default=None) if self.ends_at > now else None


class _Since(msgspec.Struct, frozen=True):
    """The explanation of such an entry: when something had happened last."""

    inactive_since: datetime


def idle_members(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    now: datetime,
    *,
    ahead: timedelta | None = timedelta(),
    only: Collection[int] | None = None,
) -> list[Idle]:
    """Return who has points that go by so far `ahead` of now, the first to lose them first.

    Versions that wait to begin count too. What came, or came back, within the last 30 days keeps all
    points, and nobody loses them untold. `ahead` is None for all that ever go as things stand, `only`
    looks at some members.
    """
    reigns = reigns_of(known)
    if not reigns or all(one.life.inactive_months is None for one in reigns if one.ends > now):
        return []
    fresh = func.max(t.entry.c.recorded_at).filter(t.entry.c.points > 0)
    acted = func.max(t.entry.c.occurred_at).filter(_is_act())
    query: Select[Any] = (
        select(
            t.entry.c.member_id,
            acted.label("last"),
            fresh.label("fresh"),
            func.max(t.entry.c.id).filter(_is_act()).label("entry_id"),
        )
        .join(t.member, t.member.c.id == t.entry.c.member_id)
        .where(t.entry.c.programme_id == programme_id, t.member.c.balance > 0)
        .group_by(t.entry.c.member_id)
        .having(acted.is_not(None), fresh.is_not(None))
    )
    if only is not None:
        query = query.where(t.entry.c.member_id.in_(only))
    if ahead is not None:
        shortest = min(one.life.inactive_months or MOST_MONTHS for one in reigns)
        by = now + ahead
        query = query.having(acted <= by - shortest * _SHORTEST_MONTH, fresh <= by - GRACE)
    losses = [
        (row, lost)
        for row in connection.execute(query)
        if (lost := loss(reigns, row.last, row.fresh, now)) is not None
        and (ahead is None or lost.at <= now + ahead)
    ]
    found = _once_told(connection, reigns, losses, now)
    within = [idle for idle in found if ahead is None or idle.ends_at <= now + ahead]
    return sorted(within, key=lambda idle: (idle.ends_at, idle.member_id))


def _once_told(
    connection: Connection,
    reigns: Sequence[Reign],
    losses: Sequence[tuple[Row[Any], Loss]],
    now: datetime,
) -> Iterator[Idle]:
    """Yield who loses points when, as it is once they were told."""
    by_version = {one.version: one for one in reigns}
    soon = [row.entry_id for row, lost in losses if lost.at <= now + _LONGEST_REMINDER]
    told: dict[tuple[int, int], datetime] = {}
    for chunk in chunks(sorted(soon)):
        mails = select(t.mail.c.subject_id, t.mail.c.kind, t.mail.c.created_at).where(
            t.mail.c.subject_id.in_(chunk), t.mail.c.kind.startswith(INACTIVITY)
        )
        for mail in connection.execute(mails):
            key = mail.subject_id, int(mail.kind.rpartition(BY_VERSION)[2])
            told[key] = min(mail.created_at, told.get(key, mail.created_at))
    for row, lost in losses:
        reign = by_version[lost.version]
        when = told.get((row.entry_id, lost.version))
        yield Idle(
            member_id=row.member_id,
            last=row.last,
            ends_at=once_told(lost, reign, when, now).at,
            entry_id=row.entry_id,
            version=lost.version,
            remind_days=reign.life.remind_days,
        )


def idle_soon(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    now: datetime,
    *,
    only: Collection[int] | None = None,
) -> list[Idle]:
    """Return whose points go within the longest time that members are told of before."""
    days = (max(one.life.remind_days, default=0) for one in reigns_of(known) if one.ends > now)
    ahead = timedelta(days=max(days, default=0))
    return idle_members(connection, programme_id, known, now, ahead=ahead, only=only)


def reigns_of(known: Sequence[Version]) -> list[Reign]:
    """Return when which version's table holds, in the order of time."""
    found = (
        Reign(
            version=one.number,
            life=one.programme.life,
            timezone=one.programme.timezone,
            begins=one.effective_at,
            ends=ended_at(known, one, LATEST),
        )
        for one in known
    )
    return [one for one in found if one.begins is None or one.begins < one.ends]


def lapse(
    connection: Connection,
    vault: Vault,
    programme_id: int,
    known: Sequence[Version],
    members: Sequence[int],
    now: datetime,
) -> None:
    """Take out what these members have open, if they are idle still. Call in a writing transaction."""
    work = WorkSet(programme_id, now)
    lock_holders(connection, work, objects=_earned_by(connection, members), members=members)
    idle = idle_members(connection, programme_id, known, now, only=members)
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
