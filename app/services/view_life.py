"""What of a member's points becomes available when, and what expires when."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, literal_column, select

from app.db import tables as t
from app.programme.local_time import local_day
from app.services.inactivity import idle_members
from app.services.programmes import versions

MOST_DATES = 12

MIN, MAX = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """Points that become available, or are gone, at one moment."""

    points: int
    at: datetime

    @property
    def last(self) -> datetime:
        """Return a moment of the last day before: who is told a day has that whole day."""
        return self.at - timedelta(microseconds=1)


def becoming_available(connection: Connection, accounts: Sequence[int]) -> list[Dated]:
    """Return what is pending for these accounts of one person, the first to become available first."""
    return _dated(
        connection,
        select(func.sum(t.award.c.pending), t.award.c.matures_at)
        .where(t.award.c.member_id.in_(accounts), t.award.c.matures_at.is_not(None))
        .group_by(t.award.c.matures_at)
        .order_by(t.award.c.matures_at)
        .limit(MOST_DATES),
    )


def expiring(
    connection: Connection,
    member_id: int,
    *,
    since: datetime = MIN,
    until: datetime = MAX,
) -> list[Dated]:
    """Return what a member's next points to expire are, the first first; both ends are included."""
    return _dated(
        connection,
        select(func.sum(t.lot.c.remaining), t.lot.c.expires_at)
        .where(
            t.lot.c.member_id == member_id,
            t.lot.c.remaining > 0,
            t.lot.c.expires_at.between(since, until),
        )
        .group_by(t.lot.c.expires_at)
        .order_by(t.lot.c.expires_at)
        .limit(MOST_DATES),
    )


def going(connection: Connection, programme_id: int, member_id: int, now: datetime) -> list[Dated]:
    """Return the same, with all that is gone on one day if the member does nothing until then."""
    known = versions(connection, programme_id)
    for idle in idle_members(connection, programme_id, known, now, ahead=None, only=[member_id]):
        before = expiring(connection, member_id, until=idle.ends_at - timedelta(microseconds=1))
        rest = select(func.sum(t.lot.c.remaining)).where(
            t.lot.c.member_id == member_id,
            t.lot.c.remaining > 0,
            t.lot.c.expires_at.is_(None) | (t.lot.c.expires_at >= idle.ends_at),
        )
        points = int(connection.execute(rest).scalar() or 0)
        last = [Dated(points=points, at=idle.ends_at)] if points else []
        return before[: MOST_DATES - len(last)] + last
    return expiring(connection, member_id)


class Expiring(msgspec.Struct, frozen=True, kw_only=True):
    """What of a programme's open points is gone by the end of one month, if nobody uses it."""

    month: date | None  # its first day; None: points that never expire
    points: int
    lots: int


def expiring_by_month(
    connection: Connection, programme_id: int, zone: tzinfo, now: datetime
) -> list[Expiring]:
    """Return all open points of a programme by the month that their last day is in, the first first.

    That is also the last day of a member who does nothing any more, where the programme says so.
    """
    known = versions(connection, programme_id)
    idle = {
        one.member_id: one.ends_at
        for one in idle_members(connection, programme_id, known, now, ahead=None)
    }
    whose = [t.lot.c.member_id] if idle else []
    rows = connection.execute(
        select(t.lot.c.expires_at, func.sum(t.lot.c.remaining), func.count(), *whose)
        .join(t.member, t.member.c.id == t.lot.c.member_id)
        .where(t.member.c.programme_id == programme_id, t.lot.c.remaining > literal_column("0"))
        .group_by(t.lot.c.expires_at, *whose)
    )
    months: dict[date | None, list[int]] = {}
    for expires_at, points, lots, *holder in rows:
        ends = [one for one in (expires_at, *map(idle.get, holder)) if one is not None]
        last = local_day(min(ends) - timedelta(microseconds=1), zone) if ends else None
        sums = months.setdefault(None if last is None else last.replace(day=1), [0, 0])
        sums[0] += int(points)
        sums[1] += lots
    return [
        Expiring(month=month, points=points, lots=lots)
        for month, (points, lots) in sorted(
            months.items(), key=lambda pair: (pair[0] is None, pair[0] or date.max)
        )
    ]


def _dated(connection: Connection, query: Select[Any]) -> list[Dated]:
    return [Dated(points=int(row[0]), at=row[1]) for row in connection.execute(query)]
