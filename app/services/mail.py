"""E-mails to members: each is noted with what it tells of, and worked out when it is sent.

Its row is the outbox: claimed with a lease and a fencing number, sent with no transaction open, noted.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.db.leases import is_free
from app.db.upsert import insert_missing

CODE = "code"
"""A redemption's code is ready; the subject is the redemption."""

EXPIRY = "expiry-"
"""Points will expire, in as many days as follow in the kind; the subject is the first lot that does."""

INACTIVITY = "inactive-"
"""The same, because nothing was earned or spent for long, by the version that is named behind the days; the
subject is the last entry before."""

DRAWN = "drawn"
"""A ticket has won; the subject is its redemption."""

LEASE = timedelta(minutes=10)
"""More than a mail server may take for what is claimed at once."""

OLD = timedelta(days=7)
"""What could not be sent for so long is not sent any more: it would surprise more than help."""


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed e-mail. Results count only while `fence` is still the row's."""

    id: int
    programme_id: int
    member_id: int
    kind: str
    subject_id: int
    created_at: datetime
    tries: int
    fence: int


def want_mail(
    connection: Connection,
    *,
    programme_id: int,
    member_id: int,
    kind: str,
    subject_id: int,
    now: datetime,
) -> None:
    """Note that a member shall be told of something; noted twice it is told once.

    Without a mail server nothing becomes of it; if there is one later, what is not too old is sent.
    """
    insert_missing(
        connection,
        t.mail,
        [
            {
                "id": new_id(),
                "programme_id": programme_id,
                "member_id": member_id,
                "kind": kind,
                "subject_id": subject_id,
                "created_at": now,
                "due_at": now,
            }
        ],
        keys=("kind", "subject_id"),
    )


def mail_due(connection: Connection, now: datetime) -> bool:
    """Say whether any e-mail is due: looked up before a transaction that writes is begun."""
    found = connection.execute(select(t.mail.c.id).where(is_free(t.mail, now)).limit(1))
    return found.first() is not None


def claim_mail(connection: Connection, now: datetime, *, limit: int) -> list[Mail]:
    """Lease e-mails that are due; call in a short transaction."""
    ids = list(connection.execute(_free(now).limit(limit)).scalars())
    if not ids:
        return []
    connection.execute(
        update(t.mail)
        .where(t.mail.c.id.in_(ids))
        .values(lease_until=now + LEASE, fence=t.mail.c.fence + 1)
    )
    names = Mail.__struct_fields__
    rows = connection.execute(
        select(*(t.mail.c[name] for name in names))
        .where(t.mail.c.id.in_(ids))
        .order_by(t.mail.c.id)
    )
    return [Mail(**row) for row in rows.mappings()]


def mail_sent(connection: Connection, mail: Mail, now: datetime) -> bool:
    """Note that the mail server took it; False if the lease was lost meanwhile."""
    return _set(connection, mail, sent_at=now, due_at=None, error=None)


def close_mail(connection: Connection, mail: Mail, reason: str) -> bool:
    """Note why it is never sent."""
    return _set(connection, mail, due_at=None, error=reason)


def postpone_mail(
    connection: Connection, several: Sequence[Mail], *, due_at: datetime, error: str | None
) -> None:
    """Put e-mails that were not sent back for later; those without an error were not tried."""
    for mail in several:
        tried = {} if error is None else {"error": error, "tries": mail.tries + 1}
        _set(connection, mail, due_at=due_at, **tried)


def let_mail_rest(connection: Connection, now: datetime, until: datetime) -> None:
    """Put off all e-mails that are due: the mail server is away, whichever is tried next."""
    connection.execute(update(t.mail).where(t.mail.c.id.in_(_free(now))).values(due_at=until))


def _free(now: datetime) -> Select[tuple[int]]:
    query = select(t.mail.c.id).where(is_free(t.mail, now)).order_by(t.mail.c.due_at, t.mail.c.id)
    return query.with_for_update(skip_locked=True)


def _set(connection: Connection, mail: Mail, **values: Any) -> bool:
    done = connection.execute(
        update(t.mail)
        .where(t.mail.c.id == mail.id, t.mail.c.fence == mail.fence)
        .values(lease_until=None, **values)
    )
    return done.rowcount == 1
