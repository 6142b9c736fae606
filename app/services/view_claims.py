"""Claims as support sees them: which accounts may be one person's, and what became of it."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, and_, select
from sqlalchemy.sql.elements import ColumnElement

from app.db import tables as t
from app.services.merge import precedence
from app.services.people import BY_THE_SHOP


class ClaimView(msgspec.Struct, frozen=True, kw_only=True):
    """An account that may be, or is, the same person as the holder of its e-mail.

    `staying_id` is the one that stays when they are joined. `decided_at` is when that was done.
    """

    id: int
    programme: str
    member_id: int
    member_state: str
    member_balance: int
    holder_id: int
    holder_state: str
    holder_balance: int
    staying_id: int
    status: str  # pending | confirmed | proved | joined
    by_shop: bool  # not by an e-mail: the shop made one customer of two
    created_at: datetime
    decided_at: datetime | None


def pending_claims(connection: Connection, *, programme_id: int | None = None) -> list[ClaimView]:
    """Return the claims that wait for a person to confirm them, oldest first."""
    where = t.claim.c.status == "pending"
    if programme_id is not None:
        where = and_(where, t.claim.c.programme_id == programme_id)
    return claims_where(connection, where)


def claims_where(connection: Connection, where: ColumnElement[bool]) -> list[ClaimView]:
    """Return the claims of which this is true, oldest first."""
    holder = t.member.alias("holder")
    rows = connection.execute(
        select(
            t.claim,
            t.programme.c.key.label("programme"),
            t.member.c.state.label("member_state"),
            t.member.c.balance.label("member_balance"),
            t.member.c.enrolled_at.label("member_since"),
            holder.c.state.label("holder_state"),
            holder.c.balance.label("holder_balance"),
            holder.c.enrolled_at.label("holder_since"),
        )
        .join(t.programme, t.programme.c.id == t.claim.c.programme_id)
        .join(t.member, t.member.c.id == t.claim.c.member_id)
        .join(holder, holder.c.id == t.claim.c.holder_id)
        .where(where)
        .order_by(t.claim.c.id)
    )
    return [
        ClaimView(
            id=row.id,
            programme=row.programme,
            member_id=row.member_id,
            member_state=row.member_state,
            member_balance=row.member_balance,
            holder_id=row.holder_id,
            holder_state=row.holder_state,
            holder_balance=row.holder_balance,
            staying_id=min(
                precedence(row.member_state, row.member_since, row.member_id),
                precedence(row.holder_state, row.holder_since, row.holder_id),
            )[-1],
            status=row.status,
            by_shop=row.email_hash == BY_THE_SHOP,
            created_at=row.created_at,
            decided_at=row.decided_at,
        )
        for row in rows
    ]
