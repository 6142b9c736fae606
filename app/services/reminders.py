"""Notes e-mails about points that will expire, so many days before as the programme says.

A lot is told of once for each number of days. What expires within the following week is told in the
same e-mail: who buys daily would else be written to daily.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, literal_column, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.db import tables as t
from app.programme.document import load
from app.services import accounts
from app.services.expiry_letter import TOGETHER
from app.services.inactivity import BY_VERSION, idle_soon
from app.services.mail import EXPIRY, INACTIVITY, want_mail
from app.services.programmes import all_in_force, versions
from app.services.workset import WorkSet


def remind(connection: Connection, now: datetime, *, limit: int) -> int:
    """Note reminders for up to `limit` members of one programme; returns how many there were.

    Call in a writing transaction, again until there are none. A day that was missed is caught up with:
    what is left of the time is told.
    """
    for programme_id, _, document in connection.execute(all_in_force(now)).all():
        # The shortest first: who is told of seven days need not be told of thirty as well.
        for days in sorted(load(document).life.remind_days):
            done = _remind(connection, programme_id, days, now, limit)
            if done:
                return done
    return 0


def remind_idle(connection: Connection, now: datetime) -> None:
    """Note reminders for members whose points go because they do nothing. Call in a writing transaction.

    Each time that nothing is done for long is told of once for each number of days, and again if another
    version lets the points go on another day. Versions that wait to begin are looked at as well.
    """
    for programme_id in connection.execute(select(t.programme.c.id)).scalars().all():
        for idle in idle_soon(connection, programme_id, versions(connection, programme_id), now):
            days = idle.told_of(now)
            if days is not None:
                want_mail(
                    connection,
                    programme_id=programme_id,
                    member_id=idle.member_id,
                    kind=f"{INACTIVITY}{days}{BY_VERSION}{idle.version}",
                    subject_id=idle.entry_id,
                    now=now,
                )


def _remind(connection: Connection, programme_id: int, days: int, now: datetime, limit: int) -> int:
    soon = _untold(days, now, now + timedelta(days=days))
    due = connection.execute(
        select(t.lot.c.member_id, func.min(t.lot.c.expires_at))
        .join(t.member, t.member.c.id == t.lot.c.member_id)
        .where(t.member.c.programme_id == programme_id, t.member.c.state == "member", soon)
        .group_by(t.lot.c.member_id)
        .order_by(t.lot.c.member_id)
        .limit(limit)
    ).all()
    if not due:
        return 0
    # Lots are changed by who has locked their member.
    lock = connection.dialect.name != "sqlite"
    work = WorkSet(programme_id, now)
    accounts.load_members(connection, work, [row.member_id for row in due], lock=lock)
    for member_id, first in due:
        mine = (t.lot.c.member_id == member_id, _untold(days, now, first + TOGETHER))
        lot = connection.execute(
            select(t.lot.c.id).where(*mine).order_by(t.lot.c.expires_at, t.lot.c.id).limit(1)
        ).scalar()
        if lot is None:  # spent while we waited for the lock
            continue
        connection.execute(update(t.lot).where(*mine).values(reminded=days))
        want_mail(
            connection,
            programme_id=programme_id,
            member_id=member_id,
            kind=f"{EXPIRY}{days}",
            subject_id=lot,
            now=now,
        )
    return len(due)


def _untold(days: int, now: datetime, until: datetime) -> ColumnElement[bool]:
    """Choose open lots that expire from now on until then and that were not told of so late yet."""
    return (
        # Written out: with a bound figure the index of open lots would not be found.
        (t.lot.c.remaining > literal_column("0"))
        & (t.lot.c.expires_at > now)
        & (t.lot.c.expires_at <= until)
        & or_(t.lot.c.reminded.is_(None), t.lot.c.reminded > days)
    )
