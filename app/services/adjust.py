"""Corrections by hand: points given or taken with a reason, as one more entry."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.db.ids import new_id
from app.errors import Invalid
from app.services import accounts, workset
from app.services.audit import Act, note_act
from app.services.holdings import load_worth
from app.services.keys import Vault
from app.services.points_life import expiry_of_today
from app.services.posting import Cause, adjust
from app.services.programmes import in_force, versions
from app.services.workset import WorkSet
from app.services.writeback import want_writing

MOST_POINTS = 1_000_000_000


def adjust_points(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    member_id: int,
    points: int,
    reason: str,
    key: str,
    actor: str,
    now: datetime,
) -> int:
    """Give or take points by hand; returns the new balance. The same `key` of a member posts once.

    Call in a writing transaction. Raises Invalid without points or reason, NotFound for an unknown
    member. What cannot be taken becomes a debt or is forgiven, as the programme says.
    """
    if points == 0 or abs(points) > MOST_POINTS:
        raise Invalid(
            f"points must be between 1 and {MOST_POINTS}, or as many below 0; not {points}"
        )
    if not reason.strip():
        raise Invalid("a correction by hand needs a reason")
    work = WorkSet(programme_id, now)
    member = accounts.load_member(connection, work, member_id)
    # It may have been posted before one account was joined to the other.
    same = work.accounts_of(member_id)
    if any(workset.entry_exists(connection, f"adjust:{one}:{key}") for one in same):
        return member.balance
    key = f"adjust:{member.id}:{key}"
    load_worth(connection, work)
    published = versions(connection, programme_id)
    audit_id = new_id()  # the reason is free text: it stays outside the entry
    adjust(
        work,
        vault,
        member,
        points=points,
        key=key,
        explanation=msgspec.json.encode({"audit": str(audit_id)}).decode(),
        cause=Cause(occurred_at=now, expires_at=expiry_of_today(published, now)),
        policy=in_force(published, now).programme.debt,
    )
    balance = member.balance
    workset.flush(connection, work)
    note_act(
        connection,
        Act(
            id=audit_id,
            programme_id=programme_id,
            actor=actor,
            action="points.adjust",
            subject=f"member {member.id}",
            reason=reason,
            detail={"points": str(points), "key": key},
        ),
        now,
    )
    want_writing(connection, [member.id], now)
    return balance
