"""Memberships that are over: the shops are to show their perks no more."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from app.db import tables as t
from app.services.accounts import staying
from app.services.writeback import want_writing


def end_memberships(connection: Connection, now: datetime, *, limit: int) -> int:
    """Have the shops' view of up to `limit` people written whose membership is over; returns how many.

    Nothing else is to be done: who is a member follows from `until` whenever a shop is written to.
    """
    over = connection.execute(
        select(t.award.c.id, t.award.c.member_id)
        .where(t.award.c.lapses_at <= now)
        .order_by(t.award.c.lapses_at, t.award.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not over:
        return 0
    connection.execute(
        update(t.award).where(t.award.c.id.in_([row.id for row in over])).values(lapses_at=None)
    )
    want_writing(connection, sorted(staying(connection, {row.member_id for row in over})), now)
    return len(over)
