"""What of a member's points becomes available when, and what expires when."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from app.db import tables as t

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


def _dated(connection: Connection, query: Select[Any]) -> list[Dated]:
    return [Dated(points=int(row[0]), at=row[1]) for row in connection.execute(query)]
