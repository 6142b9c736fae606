"""Connected stores: adding them, their secrets, and what the edge needs to know of one."""

import re
import secrets as random_source
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, insert, or_, select, update

from app.crypto import Keyring
from app.db import tables as t
from app.db.ids import new_id
from app.db.leases import is_free
from app.db.types import holds
from app.errors import ConfigError, Conflict, NotFound
from app.programme.redemption import AT_ONCE

OWN_PLATFORM = "stempel"
"""The platform of a programme's own source: enrolments and adjustments made here."""

WEBHOOK_SECRET = "webhook-secret"  # noqa: S105 - the name of a field, not a secret

_KEY_FORM = re.compile(r"[a-z0-9][a-z0-9-]{2,62}")


class EdgeSecret(msgspec.Struct, frozen=True):
    """One webhook secret and when it counts."""

    name: str
    value: bytes
    not_before: datetime
    not_after: datetime | None

    def active(self, now: datetime) -> bool:
        """Say whether deliveries signed with it are accepted now."""
        return self.not_before <= now and (self.not_after is None or now < self.not_after)

    def __repr__(self) -> str:
        return f"EdgeSecret({self.name})"


class EdgeStore(msgspec.Struct, frozen=True):
    """What the edge needs to accept a delivery."""

    id: int
    programme_id: int
    key: str
    platform: str
    secrets: tuple[EdgeSecret, ...]


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """One connected store, without its secrets."""

    id: int
    programme_id: int
    key: str
    platform: str
    url: str
    ref: str | None
    host: str | None
    shop_id: str | None
    blocked_reason: str | None
    paused_until: datetime | None
    copy_host: str | None
    pinged_at: datetime | None


def add_store(
    connection: Connection,
    keyring: Keyring,
    *,
    programme_id: int,
    platform: str,
    url: str,
    values: Mapping[str, Sequence[str]],
    now: datetime,
    key: str | None = None,
    ref: str | None = None,
) -> Store:
    """Connect a store; `values` are its secrets by name (each may repeat). Raises ConfigError.

    Those under `WEBHOOK_SECRET` sign its deliveries. `ref` is what the deliveries call the store.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ConfigError(f"The shop's address must look like https://shop.example, not {url!r}.")
    if any(ord(char) < 0x21 for char in url) or parts.query or parts.fragment:
        raise ConfigError(f"The shop's address must have no blanks, query or fragment: {url!r}.")
    key = key or new_store_key(parts.hostname)
    if not _KEY_FORM.fullmatch(key):
        raise ConfigError(f"A store key is 3 to 63 of a-z, 0-9 and -, not {key!r}.")
    if connection.execute(select(t.store.c.id).where(t.store.c.key == key)).first():
        raise ConfigError(f"There is a store with the key {key!r} already.")
    taken = select(t.store.c.key).where(t.store.c.platform == platform, t.store.c.ref == ref)
    if ref is not None and (other := connection.execute(taken).scalar()) is not None:
        raise ConfigError(
            f"{ref} is connected already, as the store {other!r}: add --key {other} to change "
            "its keys or webhooks."
        )
    row_id = new_id()
    connection.execute(
        insert(t.store).values(
            id=row_id,
            programme_id=programme_id,
            key=key,
            platform=platform,
            ref=ref,
            url=url.rstrip("/"),
            created_at=now,
        )
    )
    for name, several in values.items():
        for value in several:
            if not value:
                raise ConfigError(f"--{name} is empty: an empty secret would sign nothing.")
            add_secret(connection, keyring, store_id=row_id, name=name, value=value, now=now)
    return get_store(connection, key)


def add_secret(
    connection: Connection, keyring: Keyring, *, store_id: int, name: str, value: str, now: datetime
) -> None:
    """Keep one more secret of a store, encrypted."""
    key_id, ciphertext = keyring.wrap(value.encode())
    digest = keyring.lookup("secret", name.encode(), value.encode())
    connection.execute(
        insert(t.store_secret).values(
            id=new_id(),
            store_id=store_id,
            name=name,
            key_id=key_id,
            ciphertext=ciphertext,
            digest=digest,
            not_before=now,
        )
    )


def new_store_key(hostname: str) -> str:
    """Return an address-like, unguessable key: part of a webhook URL."""
    stem = re.sub(r"[^a-z0-9]+", "-", hostname.lower()).strip("-")[:40] or "shop"
    return f"{stem}-{random_source.token_hex(6)}"


def get_store(connection: Connection, key: str) -> Store:
    """Return the store with this key; raises NotFound."""
    for store in list_stores(connection, key=key) if holds(key) else ():
        return store
    raise NotFound(f"There is no store with the key {key!r}. See: stempel store list")


def list_stores(
    connection: Connection,
    *,
    programme_id: int | None = None,
    key: str | None = None,
    ids: Sequence[int] | None = None,
) -> list[Store]:
    """Return connected shops (without the programmes' own sources), oldest first."""
    query = select(t.store).where(t.store.c.platform != OWN_PLATFORM).order_by(t.store.c.id)
    if programme_id is not None:
        query = query.where(t.store.c.programme_id == programme_id)
    if key is not None:
        query = query.where(t.store.c.key == key)
    if ids is not None:
        query = query.where(t.store.c.id.in_(ids))
    fields = Store.__struct_fields__
    return [
        Store(**{name: row[name] for name in fields})
        for row in connection.execute(query).mappings()
    ]


def credentials(connection: Connection, keyring: Keyring, store_id: int) -> dict[str, str]:
    """Return the store's decrypted API credentials: the newest of each name, no webhook secrets."""
    rows = connection.execute(
        select(t.store_secret)
        .where(t.store_secret.c.store_id == store_id, t.store_secret.c.name != WEBHOOK_SECRET)
        .order_by(t.store_secret.c.id)
    ).all()  # at once: an error over a half-read result would keep SQLite's snapshot open
    return {row.name: keyring.unwrap(row.ciphertext).decode() for row in rows}


def edge_name(platform: str, ref: str) -> str:
    """Return the name for `load_edge_store` of a store that only its deliveries' headers name."""
    return f"{platform}:{ref}"


def load_edge_store(connection: Connection, keyring: Keyring, name: str) -> EdgeStore | None:
    """Return what the edge needs about a store, None if there is none.

    `name` is its key (which holds no colon) or what `edge_name` makes.
    """
    platform, colon, ref = name.partition(":")
    wanted = (
        (t.store.c.platform == platform) & (t.store.c.ref == ref)
        if colon
        else t.store.c.key == name
    )
    store = connection.execute(
        select(t.store).where(wanted, t.store.c.platform != OWN_PLATFORM)
    ).one_or_none()
    if store is None:
        return None
    rows = connection.execute(
        select(t.store_secret)
        .where(t.store_secret.c.store_id == store.id, t.store_secret.c.name == WEBHOOK_SECRET)
        .order_by(t.store_secret.c.id.desc())
    )
    return EdgeStore(
        store.id,
        store.programme_id,
        store.key,
        store.platform,
        tuple(
            EdgeSecret(row.name, keyring.unwrap(row.ciphertext), row.not_before, row.not_after)
            for row in rows
        ),
    )


def accept_move(connection: Connection, store: Store) -> str:
    """Believe the host that was taken for a copy's; raises Conflict if no other host has sent."""
    if store.copy_host is None:
        raise Conflict(f"No other host has sent deliveries for the store {store.key!r}.")
    connection.execute(
        update(t.store).where(t.store.c.id == store.id).values(host=store.copy_host, copy_host=None)
    )
    return store.copy_host


def own_store_id(connection: Connection, programme_id: int, now: datetime) -> int:
    """Return the programme's own source, made on first use."""
    query = select(t.store.c.id).where(
        t.store.c.programme_id == programme_id, t.store.c.platform == OWN_PLATFORM
    )
    known: int | None = connection.execute(query).scalar()
    if known is not None:
        return known
    row_id = new_id()
    connection.execute(
        insert(t.store).values(
            id=row_id,
            programme_id=programme_id,
            key=f"own-{row_id}",
            platform=OWN_PLATFORM,
            url="",
            created_at=now,
        )
    )
    return row_id


def due_stores(connection: Connection, now: datetime) -> list[int]:
    """Return the stores that have outbound work now and may be called: not blocked, not paused."""
    reads = select(t.outbox_task.c.store_id).where(
        t.outbox_task.c.answer_id.is_(None), is_free(t.outbox_task, now)
    )
    writes = select(t.store_customer.c.store_id).where(
        t.store_customer.c.gone == 0, is_free(t.store_customer, now)
    )
    codes = select(t.redemption.c.store_id).where(
        t.redemption.c.kind.not_in(sorted(AT_ONCE)), is_free(t.redemption, now)
    )
    query = (
        select(t.store.c.id)
        .where(
            t.store.c.platform != OWN_PLATFORM,
            t.store.c.blocked_reason.is_(None),
            or_(t.store.c.paused_until.is_(None), t.store.c.paused_until <= now),
            t.store.c.id.in_(reads.union(writes, codes)),
        )
        .order_by(t.store.c.id)
    )
    return list(connection.execute(query).scalars())
