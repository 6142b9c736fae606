"""Programmes and their immutable versions: publishing a document, finding the one in force."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, insert, select

from app.db import tables as t
from app.db.ids import new_id
from app.db.types import holds
from app.errors import Conflict, NotFound
from app.programme.document import Programme, dump, load, parse
from app.programme.rule import named_stores
from app.services.keys import Vault


class Version(msgspec.Struct, frozen=True):
    """One published document. `effective_at` is None for the first: it judges all the past.

    `stores` has the keys of the programme's stores by id, if any version has rules about products.
    """

    number: int
    programme: Programme
    effective_at: datetime | None
    published_at: datetime
    stores: Mapping[int, str] = msgspec.field(default_factory=dict)


class Published(msgspec.Struct, frozen=True):
    """The result of applying a document. `changed` is False if it was in force already."""

    programme_id: int
    key: str
    version: int
    changed: bool


def publish(connection: Connection, vault: Vault, source: str, now: datetime) -> Published:
    """Validate a document and make it the programme's next version, in force from now on.

    The same document again changes nothing. Raises ConfigError for a document that is wrong and
    Conflict where a later version may not differ (the currency that all points stand on).
    """
    document = parse(source)
    programme_id = connection.execute(
        select(t.programme.c.id).where(t.programme.c.key == document.key)
    ).scalar()
    if programme_id is None:
        programme_id = new_id()
        connection.execute(
            insert(t.programme).values(id=programme_id, key=document.key, created_at=now)
        )
        vault.data_keys.for_people(connection, programme_id)
    known = versions(connection, programme_id)
    canonical = dump(document)
    if known and dump(known[-1].programme) == canonical:
        return Published(programme_id, document.key, known[-1].number, changed=False)
    if known and known[-1].programme.currency != document.currency:
        raise Conflict(
            f"programme.currency: {document.currency!r} is not allowed, the programme {document.key!r} "
            f"counts in {known[-1].programme.currency} since version 1. Start a programme with another key."
        )
    number = len(known) + 1
    connection.execute(
        insert(t.programme_version).values(
            programme_id=programme_id,
            number=number,
            document=canonical,
            source=source,
            effective_at=None if number == 1 else now,
            published_at=now,
        )
    )
    return Published(programme_id, document.key, number, changed=True)


def versions(connection: Connection, programme_id: int) -> list[Version]:
    """Return every version of a programme, oldest first."""
    rows = connection.execute(
        select(t.programme_version)
        .where(t.programme_version.c.programme_id == programme_id)
        .order_by(t.programme_version.c.number)
    )
    documents = [(row, load(row.document)) for row in rows]
    stores: dict[int, str] = {}
    if any(named_stores(rule) for _, document in documents for rule in document.rules):
        # Keys are given once and for all, so what a version is worth cannot change with them.
        stores = {
            row.id: row.key
            for row in connection.execute(
                select(t.store.c.id, t.store.c.key).where(t.store.c.programme_id == programme_id)
            )
        }
    return [
        Version(row.number, document, row.effective_at, row.published_at, stores)
        for row, document in documents
    ]


def in_force(known: Sequence[Version], moment: datetime) -> Version:
    """Return the version that judges what occurred at `moment`."""
    return max(
        (v for v in known if v.effective_at is None or v.effective_at <= moment),
        key=lambda v: v.number,
    )


def version_of(known: Sequence[Version], number: int) -> Version:
    """Return the version with this number; raises NotFound for one that was never published."""
    if not 1 <= number <= len(known):
        raise NotFound(f"The programme has no version {number}.")
    return known[number - 1]


def programme_id_of(connection: Connection, key: str) -> int:
    """Return the id of the programme with this key; raises NotFound naming those there are."""
    query = select(t.programme.c.id).where(t.programme.c.key == key)
    found: int | None = connection.execute(query).scalar() if holds(key) else None
    if found is not None:
        return found
    keys = programme_keys(connection)
    hint = f"There are: {', '.join(keys)}." if keys else "See: stempel programme presets"
    raise NotFound(f"There is no programme {key!r}. {hint}")


def programme_keys(connection: Connection) -> list[str]:
    """Return the keys of all programmes."""
    return list(connection.execute(select(t.programme.c.key).order_by(t.programme.c.key)).scalars())


def source_of(
    connection: Connection, programme_id: int, number: int | None = None
) -> tuple[int, str]:
    """Return (number, TOML source) of a version, the newest if none is named."""
    query = select(t.programme_version.c.number, t.programme_version.c.source).where(
        t.programme_version.c.programme_id == programme_id
    )
    if number is not None:
        query = query.where(t.programme_version.c.number == number)
    row = connection.execute(query.order_by(t.programme_version.c.number.desc())).first()
    if row is None:
        raise NotFound(f"The programme has no version {number}.")
    return row.number, row.source
