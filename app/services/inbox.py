"""The queue of deliveries: claiming a batch, opening bodies, remembering what a store's links say."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, func, select, update

from app.db import tables as t
from app.errors import ConfigError
from app.services.keys import Vault
from app.services.outcomes import IN_VAIN, READING
from app.services.stores import WEBHOOK_SECRET


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed delivery with its body, None if retention has removed it.

    `unreadable` says why a body that is there cannot be opened: that delivery's own failure.
    """

    id: int
    programme_id: int
    store_id: int
    platform: str
    source: str
    topic: str
    received_at: datetime
    repeated_at: datetime | None
    began_at: datetime | None
    tries: int
    in_vain: bool = False  # the shop was asked about what it states, and does not show it
    body: bytes | None
    unreadable: ConfigError | None = None
    store_ref: str | None
    store_shop_id: str | None
    store_host: str | None
    # The path named the store, or no other store has a secret that could have signed it.
    trusted: bool = True


def next_store(
    connection: Connection, now: datetime, *, after: int = 0, only: int | None = None
) -> tuple[int, int] | None:
    """Return (programme id, store id) of the next store with due deliveries, round-robin by id."""
    due = (t.delivery_queue.c.due_at <= now, t.delivery_queue.c.reading != READING)
    for bound in (t.delivery_queue.c.store_id > after, t.delivery_queue.c.store_id <= after):
        query = (
            select(t.delivery_queue.c.programme_id, t.delivery_queue.c.store_id)
            .where(*due, bound)
            .order_by(t.delivery_queue.c.store_id)
            .limit(1)
        )
        if only is not None:
            query = query.where(t.delivery_queue.c.store_id == only)
        row = connection.execute(query).first()
        if row is not None:
            return row.programme_id, row.store_id
    return None


def claim(
    connection: Connection,
    vault: Vault,
    now: datetime,
    *,
    store_id: int,
    limit: int,
    ids: Sequence[int] | None = None,
) -> list[Queued]:
    """Take due deliveries of a store, oldest first. On PostgreSQL the row locks are the lease."""
    queue = (
        select(t.delivery_queue.c.delivery_id, t.delivery_queue.c.tries, t.delivery_queue.c.reading)
        .where(
            t.delivery_queue.c.store_id == store_id,
            t.delivery_queue.c.reading != READING,
            t.delivery_queue.c.due_at <= now,
        )
        .order_by(t.delivery_queue.c.due_at, t.delivery_queue.c.delivery_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if ids is not None:
        queue = queue.where(t.delivery_queue.c.delivery_id.in_(ids))
    queued = {row.delivery_id: row for row in connection.execute(queue)}
    if not queued:
        return []
    rows = connection.execute(
        select(
            t.delivery,
            t.store.c.platform,
            t.store.c.ref,
            t.store.c.shop_id,
            t.store.c.host,
            t.delivery_body.c.body,
            t.delivery_body.c.data_key_id,
        )
        .join(t.store, t.store.c.id == t.delivery.c.store_id)
        .outerjoin(t.delivery_body, t.delivery_body.c.delivery_id == t.delivery.c.id)
        .where(t.delivery.c.id.in_(list(queued)))
        .order_by(t.delivery.c.received_at, t.delivery.c.id)
    ).all()
    shared = any(row.by_header for row in rows) and _shares_secrets(connection, store_id)
    claimed = []
    for row in rows:
        body, unreadable = _opened(connection, vault, row.data_key_id, row.id, row.body)
        one = Queued(
            id=row.id,
            programme_id=row.programme_id,
            store_id=row.store_id,
            platform=row.platform,
            source=row.source,
            topic=row.topic,
            received_at=row.received_at,
            repeated_at=row.repeated_at,
            began_at=row.began_at,
            tries=queued[row.id].tries,
            in_vain=queued[row.id].reading == IN_VAIN,
            body=body,
            unreadable=unreadable,
            store_ref=row.ref,
            store_shop_id=row.shop_id,
            store_host=row.host,
            trusted=not (row.by_header and shared),
        )
        claimed.append(one)
    return claimed


def still_queued(connection: Connection, ids: Sequence[int]) -> bool:
    """Say whether all these deliveries are still waiting (SQLite: asked inside the write lock)."""
    query = select(func.count()).where(
        t.delivery_queue.c.delivery_id.in_(ids), t.delivery_queue.c.reading != READING
    )
    return connection.execute(query).scalar_one() == len(ids)


def learn_shop(
    connection: Connection, store_id: int, *, host: str | None, shop_id: str | None
) -> None:
    """Remember what a shop's own words call it: the host of its links if none is known, and its id."""
    if host is not None:
        connection.execute(
            update(t.store)
            .where(t.store.c.id == store_id, t.store.c.host.is_(None))
            .values(host=host)
        )
    if shop_id is not None:
        connection.execute(update(t.store).where(t.store.c.id == store_id).values(shop_id=shop_id))


def flag_copy(connection: Connection, store_id: int, host: str) -> None:
    """Note that a copy of the shop sends with our secret; the owner can accept a move."""
    connection.execute(update(t.store).where(t.store.c.id == store_id).values(copy_host=host))


def waiting(connection: Connection) -> int:
    """Count the deliveries that are not done yet."""
    return int(connection.execute(select(func.count()).select_from(t.delivery_queue)).scalar_one())


def _shares_secrets(connection: Connection, store_id: int) -> bool:
    """Say whether another store's deliveries are signed with a secret of this one: one app, many shops."""
    other = t.store_secret.alias("other")
    query = (
        select(other.c.id)
        .join(t.store_secret, t.store_secret.c.digest == other.c.digest)
        .where(
            t.store_secret.c.store_id == store_id,
            t.store_secret.c.name == WEBHOOK_SECRET,
            other.c.store_id != store_id,
        )
        .limit(1)
    )
    return connection.execute(query).first() is not None


def _opened(
    connection: Connection, vault: Vault, data_key_id: int | None, row_id: int, sealed: bytes | None
) -> tuple[bytes | None, ConfigError | None]:
    if sealed is None or data_key_id is None:
        return None, None
    try:
        return vault.open_body(connection, data_key_id, row_id, sealed), None
    except ConfigError as error:
        return None, error


def tries_of(connection: Connection, delivery_id: int) -> int | None:
    """Return how often a queued delivery was tried, None if it is not queued any more."""
    tries: int | None = connection.execute(
        select(t.delivery_queue.c.tries).where(t.delivery_queue.c.delivery_id == delivery_id)
    ).scalar()
    return tries
