"""Members on their way out: who they are, what they have and until when, one row for each last day.

The rows are what `stempel import members --from plain` reads: a programme can be moved as it is.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from app.db import tables as t
from app.services.keys import Vault
from app.services.workset import pages

COLUMNS = (
    "email",
    "store",
    "customer_id",
    "points",
    "expires",
    "tier",
    "joined",
    "balance",
    "pending",
    "accounts",
    "member",
)
"""Of each row. `store` and `customer_id` are the oldest account in a shop, `accounts` all of them."""

_PAGE = 400


def member_rows(
    connection: Connection, vault: Vault, programme_id: int, now: datetime
) -> Iterator[dict[str, str]]:
    """Yield the rows of every enrolled member, in pages; one who has nothing has one row of 0 points.

    Points whose time is over are gone, also if nobody has taken them out yet.
    """
    members = select(t.member).where(
        t.member.c.programme_id == programme_id, t.member.c.state == "member"
    )
    for page in pages(connection, members, t.member.c.id, _PAGE):
        ids = [row.id for row in page]
        lots, shops = _lots(connection, ids, now), _accounts(connection, ids)
        for row in page:
            yield from _rows(connection, vault, row, lots[row.id], shops[row.id])


def left_out(connection: Connection, programme_id: int) -> tuple[int, int]:
    """Return (accounts, points) of guests: they have points and never joined, and no e-mail is known."""
    row = connection.execute(
        select(func.count(), func.coalesce(func.sum(t.member.c.balance), 0)).where(
            t.member.c.programme_id == programme_id,
            t.member.c.state == "guest",
            t.member.c.balance != 0,
        )
    ).one()
    return int(row[0]), int(row[1])


def _rows(
    connection: Connection,
    vault: Vault,
    row: Row[Any],
    lots: dict[datetime | None, int],
    shops: Sequence[tuple[str, str]],
) -> Iterator[dict[str, str]]:
    email = ""
    if row.email is not None and row.data_key_id is not None:
        email = vault.open_email(connection, row.data_key_id, row.id, row.email)
    store, customer = shops[0] if shops else ("", "")
    common = {
        "email": email,
        "store": store,
        "customer_id": customer,
        "tier": getattr(row, "tier", None) or "",
        "joined": "" if row.enrolled_at is None else row.enrolled_at.isoformat(),
        "balance": str(row.balance),
        "pending": str(row.pending),
        "accounts": " ".join(f"{key}:{number}" for key, number in shops),
        "member": str(row.id),
    }
    for ends, points in lots.items() or [(None, 0)]:
        life = "" if not points else "never" if ends is None else ends.isoformat()
        yield common | {"points": str(points), "expires": life}


def _lots(
    connection: Connection, ids: Sequence[int], now: datetime
) -> dict[int, dict[datetime | None, int]]:
    """Return what these members can spend, by its end, the first to end first."""
    found: dict[int, dict[datetime | None, int]] = defaultdict(dict)
    rows = connection.execute(
        select(t.lot.c.member_id, t.lot.c.expires_at, func.sum(t.lot.c.remaining).label("points"))
        .where(
            t.lot.c.member_id.in_(ids),
            t.lot.c.remaining > 0,
            t.lot.c.expires_at.is_(None) | (t.lot.c.expires_at > now),
        )
        .group_by(t.lot.c.member_id, t.lot.c.expires_at)
        .order_by(t.lot.c.expires_at.is_(None), t.lot.c.expires_at)
    )
    for row in rows:
        found[row.member_id][row.expires_at] = int(row.points)
    return found


def _accounts(connection: Connection, ids: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Return the living shop accounts of these members, the oldest first."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    rows = connection.execute(
        select(t.store_customer.c.member_id, t.store.c.key, t.store_customer.c.external_id)
        .join(t.store, t.store.c.id == t.store_customer.c.store_id)
        .where(t.store_customer.c.member_id.in_(ids), t.store_customer.c.gone == 0)
        .order_by(t.store_customer.c.id)
    )
    for row in rows:
        found[row.member_id].append((row.key, row.external_id))
    return found
