"""E-mails to members: each is noted with what it tells of, and worked out when it is sent."""

from datetime import datetime

from sqlalchemy import Connection

from app.db import tables as t
from app.db.ids import new_id
from app.db.upsert import insert_missing

CODE = "code"
"""A redemption's code is ready."""


def want_mail(
    connection: Connection,
    *,
    programme_id: int,
    member_id: int,
    kind: str,
    subject_id: int,
    now: datetime,
) -> None:
    """Note that a member shall be told of something; noted twice it is told once."""
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
