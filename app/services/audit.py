"""What staff did and why: appended, never changed."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert

from app.db import tables as t
from app.db.ids import new_id
from app.db.types import holds
from app.errors import Invalid

LONGEST_REASON = 2_000


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One staff action. `detail` holds ids and figures, no personal data."""

    programme_id: int
    actor: str
    action: str
    subject: str
    reason: str
    detail: Mapping[str, str]
    id: int | None = None  # chosen by the caller where an entry refers to it


def note_act(connection: Connection, act: Act, now: datetime) -> None:
    """Append a staff action to the audit log, in the transaction that does it.

    Raises Invalid for a reason or a name that no database can hold.
    """
    if not (holds(act.actor) and holds(act.reason)):
        raise Invalid("the reason and the name of who does it cannot hold such characters")
    connection.execute(
        insert(t.audit).values(
            id=act.id or new_id(),
            programme_id=act.programme_id,
            at=now,
            actor=act.actor,
            action=act.action,
            subject=act.subject,
            reason=act.reason[:LONGEST_REASON],
            detail=msgspec.json.encode(act.detail).decode(),
        )
    )
