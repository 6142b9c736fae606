"""E-mails to members: noted in the transaction that gives a reason for one, sent by a job."""

from datetime import datetime

from sqlalchemy import Connection

from app.db import tables as t
from app.db.ids import new_id
from app.db.upsert import insert_missing


def want_mail(
    connection: Connection,
    *,
    programme_id: int,
    member_id: int,
    kind: str,
    subject_id: int,
    now: datetime,
) -> None:
    """Note that a member is to be written to, once per kind and subject."""
    row = {
        "id": new_id(),
        "programme_id": programme_id,
        "member_id": member_id,
        "kind": kind,
        "subject_id": subject_id,
        "created_at": now,
        "due_at": now,
    }
    insert_missing(connection, t.mail, [row], keys=("kind", "subject_id"))
