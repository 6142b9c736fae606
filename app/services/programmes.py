"""Programmes and their immutable versions: publishing a document, finding the one in force."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Select, and_, func, insert, or_, select

from app.db import tables as t
from app.db.ids import new_id
from app.db.types import holds
from app.errors import Conflict, NotFound
from app.programme.document import Programme, dump, load, parse
from app.programme.local_time import local
from app.programme.rule import named_stores
from app.services.audit import Act, note_act
from app.services.keys import Vault
from app.services.notice import check_notice

PUBLISHED = "programme.publish"
"""What the audit log calls it."""

LATEST = datetime.max.replace(tzinfo=UTC)

_FIRST = (
    "The first version of a programme judges all the past and takes no other time; which orders earn at "
    "all is said by the document's earns_from."
)


class Version(msgspec.Struct, frozen=True):
    """One published document. `effective_at` is None for the first: it judges all the past.

    `stores` has the keys of the programme's stores by id, if any version speaks of single ones: of their
    products, or in tables of their own.
    """

    number: int
    programme: Programme
    effective_at: datetime | None
    published_at: datetime
    stores: Mapping[int, str] = msgspec.field(default_factory=dict)


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The result of applying a document. `changed` is False if it was published already.

    `replaced` are the versions that shall never begin now, `before` is the one that it takes over from.
    """

    programme_id: int
    key: str
    version: int
    changed: bool
    effective_at: datetime | None = None  # None: it judges all the past
    replaced: tuple[int, ...] = ()
    before: int | None = None


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """How a document shall become a version: from when (None: at once), by whom and why.

    `replace` allows that versions which wait to begin never do, `short_notice` that members hear of what
    they lose later than the programme promises.
    """

    since: datetime | None = None
    replace: bool = False
    short_notice: bool = False
    actor: str = "command line"
    reason: str = ""


_AT_ONCE = Publication()


def publish(
    connection: Connection,
    vault: Vault,
    source: str,
    now: datetime,
    how: Publication = _AT_ONCE,
) -> Published:
    """Validate a document and make it the programme's next version.

    Versions begin in the order of their numbers: what is published is in force from its moment on until
    a later number begins. So one that would begin before another that waits takes that one's place for
    good, and is refused unless that is wanted (`replace`). The same document again changes nothing.

    Raises ConfigError for a document that is wrong and Conflict where a later version may not differ
    (the currency that all points stand on) or begin (before now, before one that waits, before the notice
    that members were promised is over).
    """
    document = parse(source)
    programme_id = connection.execute(
        select(t.programme.c.id).where(t.programme.c.key == document.key).with_for_update()
    ).scalar()
    if programme_id is None:
        if how.since is not None:
            raise Conflict(_FIRST)
        programme_id = new_id()
        connection.execute(
            insert(t.programme).values(id=programme_id, key=document.key, created_at=now)
        )
        vault.data_keys.for_people(connection, programme_id)
    known = versions(connection, programme_id)
    canonical = dump(document)
    if known and dump(known[-1].programme) == canonical and _stands(known[-1], how.since, now):
        return Published(
            programme_id=programme_id,
            key=document.key,
            version=known[-1].number,
            changed=False,
            effective_at=known[-1].effective_at,
        )
    if known and known[-1].programme.currency != document.currency:
        raise Conflict(
            f"programme.currency: {document.currency!r} is not allowed, the programme {document.key!r} "
            f"counts in {known[-1].programme.currency} since version 1. Start a programme with another key."
        )
    begins = begins_at(known, how.since, now)
    replaced = _replaced(known, begins or now, now) if known else ()
    if replaced and not how.replace:
        raise Conflict(_waiting(known, replaced, begins or now))
    before = in_force(known, begins or now) if known else None
    if before is not None and begins is not None and not how.short_notice:
        check_notice(before.programme, document, begins, now)
    number = len(known) + 1
    connection.execute(
        insert(t.programme_version).values(
            programme_id=programme_id,
            number=number,
            document=canonical,
            source=source,
            effective_at=begins,
            published_at=now,
        )
    )
    note_act(
        connection,
        Act(
            programme_id=programme_id,
            actor=how.actor,
            action=PUBLISHED,
            subject=f"version {number}",
            reason=how.reason,
            detail={"version": str(number)},
        ),
        now,
    )
    return Published(
        programme_id=programme_id,
        key=document.key,
        version=number,
        changed=True,
        effective_at=begins,
        replaced=replaced,
        before=None if before is None else before.number,
    )


def begins_at(known: Sequence[Version], since: datetime | None, now: datetime) -> datetime | None:
    """Return when a version that is published now begins; None for the first, which judges all the past.

    Raises Conflict for a moment that is over: what happened keeps the version that it happened under.
    """
    if not known:
        if since is not None:
            raise Conflict(_FIRST)
        return None
    if since is not None and since < now:
        raise Conflict(
            f"A version never begins before it is published: {_written(known[-1], since)} is over."
        )
    return since or now


def _stands(newest: Version, since: datetime | None, now: datetime) -> bool:
    """Say whether the newest version, the same document, begins as asked for. Raises Conflict."""
    begins = newest.effective_at
    if since is None or begins is None or begins <= now or since == begins:
        return True
    if since > begins:
        raise Conflict(
            f"Version {newest.number} is this document and begins {_written(newest, begins)} already. "
            "To put it off, first publish the one that is in force again (--replace)."
        )
    return False


def _replaced(known: Sequence[Version], begins: datetime, now: datetime) -> tuple[int, ...]:
    """Return the versions that wait and would never begin after one that begins then."""
    return tuple(
        one.number
        for one in known
        if one.effective_at is not None
        and one.effective_at > now
        and begins <= one.effective_at < ended_at(known, one, LATEST)
    )


def _waiting(known: Sequence[Version], replaced: Sequence[int], begins: datetime) -> str:
    waiting = known[replaced[0] - 1]
    assert waiting.effective_at is not None
    return (
        f"Version {waiting.number} waits to begin {_written(waiting, waiting.effective_at)} and never would "
        f"after one that begins {_written(waiting, begins)}. Publish this one from a later time, or give "
        "--replace to have it instead."
    )


def _written(version: Version, moment: datetime) -> str:
    return local(moment, ZoneInfo(version.programme.timezone))


def ended_at(known: Sequence[Version], version: Version, never: datetime) -> datetime:
    """Return when a later number takes over from a version, `never` if none is to.

    Not after it began: it never began, or never will.
    """
    return min(
        (one.effective_at for one in known[version.number :] if one.effective_at is not None),
        default=never,
    )


def versions(connection: Connection, programme_id: int) -> list[Version]:
    """Return every version of a programme, oldest first."""
    rows = connection.execute(
        select(t.programme_version)
        .where(t.programme_version.c.programme_id == programme_id)
        .order_by(t.programme_version.c.number)
    )
    documents = [(row, load(row.document)) for row in rows]
    stores: dict[int, str] = {}
    if any(_names_stores(document) for _, document in documents):
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


def _names_stores(document: Programme) -> bool:
    membership = () if document.membership is None else (document.membership,)
    return bool(document.stores) or any(
        map(named_stores, (*document.rules, *document.campaigns, *membership))
    )


def in_force(known: Sequence[Version], moment: datetime) -> Version:
    """Return the version that judges what occurred at `moment`."""
    return max(
        (v for v in known if v.effective_at is None or v.effective_at <= moment),
        key=lambda v: v.number,
    )


def all_in_force(now: datetime) -> Select[Any]:
    """Choose the version in force of every programme: `programme_id`, `number` and `document`."""
    version, begins = t.programme_version.c, t.programme_version.c.effective_at
    newest = (
        select(version.programme_id, func.max(version.number).label("number"))
        .where(or_(begins.is_(None), begins <= now))
        .group_by(version.programme_id)
        .subquery()
    )
    return (
        select(version.programme_id, version.number, version.document)
        .join(
            newest,
            and_(newest.c.programme_id == version.programme_id, newest.c.number == version.number),
        )
        .order_by(version.programme_id)
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
