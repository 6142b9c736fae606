"""Puts the rows of a file aside before anything is done with them: nobody's points change here.

Of a row only what is imported is kept. E-mails are sealed like those of members, and gone from here
as soon as the row is dealt with or its batch thrown away.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.errors import Conflict, Invalid
from app.programme import import_values
from app.programme.import_columns import Columns
from app.programme.import_csv import Survey
from app.programme.import_values import Fault
from app.services.batches import begin_batch, lock_staging, stored_faults
from app.services.keys import Vault
from app.services.people import email_hash_of
from app.services.stores import Store, list_stores
from app.services.workset import chunks

NUMBERED = frozenset({"shopify", "woocommerce"})
"""Platforms whose customers have numbers."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants of a file, besides what is in it."""

    programme_id: int
    reason: str
    actor: str
    store: Store | None = None  # that the customers' ids are of
    sum_up: bool = False  # several rows of a person with the same end are added up, not refused
    match_accounts: bool = False  # an e-mail that one shop account carries is that account's
    again: bool = False  # though the same file was imported before


class Settings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a file was read: kept with its batch."""

    columns: dict[str, str]
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    encoding: str
    delimiter: str
    match_accounts: bool = False
    sum_up: bool = False


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """Where the customers' ids of a file belong."""

    default: int | None
    by_key: Mapping[str, int]
    numbered: bool


def begin_stage(
    connection: Connection,
    vault: Vault,
    wish: Wish,
    survey: Survey,
    columns: Columns,
    now: datetime,
) -> int:
    """Open a batch for a file; returns its id. Raises Invalid without a reason.

    Raises Conflict if the same file is in another batch that has not been undone or thrown away.
    """
    if not wish.reason.strip():
        raise Invalid("an import needs a reason")
    digest = vault.keyring.lookup("import-file", survey.digest)
    known = connection.execute(
        select(t.import_batch.c.id, t.import_batch.c.state).where(
            t.import_batch.c.programme_id == wish.programme_id,
            t.import_batch.c.digest == digest,
            t.import_batch.c.state.not_in(("undone", "discarded", "staging")),
        )
    ).first()
    if known is not None and not wish.again:
        raise Conflict(
            f"This very file is batch {known.id} already ({known.state}). "
            f"See: stempel import show {known.id}. To read it in another way, first: stempel import "
            f"discard {known.id}; to import it once more, say --again."
        )
    settings = Settings(
        columns={name: columns.name(index) for name, index in columns.at.items()},
        unknown=columns.unknown,
        notes=survey.notes,
        encoding=survey.encoding,
        delimiter=survey.delimiter,
        match_accounts=wish.match_accounts,
        sum_up=wish.sum_up,
    )
    return begin_batch(
        connection,
        programme_id=wish.programme_id,
        kind="import",
        act="stage",
        settings=settings,
        reason=wish.reason,
        actor=wish.actor,
        now=now,
        store_id=None if wish.store is None else wish.store.id,
        system=columns.system,
        digest=digest,
    )


def places_of(connection: Connection, wish: Wish) -> Places:
    """Return the stores that the customers' ids of a file may be of."""
    stores = list_stores(connection, programme_id=wish.programme_id)
    asked = [wish.store] if wish.store is not None else stores
    return Places(
        default=None if wish.store is None else wish.store.id,
        by_key={one.key: one.id for one in stores},
        numbered=all(one.platform in NUMBERED for one in asked),
    )


def stage_slice(
    connection: Connection,
    vault: Vault,
    wish: Wish,
    batch_id: int,
    places: Places,
    rows: Sequence[tuple[int, import_values.Row | tuple[Fault, ...]]],
    *,
    first: int,
) -> int:
    """Keep some rows, each with its line in the file; returns the number that the next one has.

    `first` is the number that the first of them has. Raises Conflict if the batch was thrown away meanwhile.
    """
    lock_staging(connection, batch_id, "import")
    made: list[dict[str, Any]] = []
    for line, row in rows:
        found = [_bad(line, row)] if isinstance(row, tuple) else _placed(row, wish, vault, places)
        for values in found:
            values |= {"id": new_id(), "batch_id": batch_id, "number": first + len(made)}
            made.append(values)
    if not wish.sum_up:
        _refuse_repeated(connection, batch_id, made)
    for values in made:
        typed = values.pop("typed")
        if values["state"] == "ready" and typed is not None:
            key_id, sealed = vault.seal_email(connection, wish.programme_id, values["id"], typed)
            values |= {"data_key_id": key_id, "email": sealed}
    if made:
        connection.execute(insert(t.import_row), made)
    return first + len(made)


def forget_staged(connection: Connection, programme_id: int, email_hash: bytes) -> int:
    """Drop the rows that wait for a person who is being erased; returns how many there were."""
    batches = select(t.import_batch.c.id).where(t.import_batch.c.programme_id == programme_id)
    done = connection.execute(
        update(t.import_row)
        .where(
            t.import_row.c.email_hash == email_hash,
            t.import_row.c.batch_id.in_(batches),
            t.import_row.c.state.in_(("ready", "failed")),
        )
        .values(**SKIPPED_AS_ERASED)
    )
    return done.rowcount


NO_PERSON: Mapping[str, Any] = {"email": None, "email_hash": None, "data_key_id": None}
"""What a row loses when it has been dealt with."""

SKIPPED_AS_ERASED: Mapping[str, Any] = {
    "state": "skipped",
    "faults": stored_faults([Fault(column="", value="", what="this person was erased here")]),
    **NO_PERSON,
}


SKIPPED_AS_JOINED: Mapping[str, Any] = {
    "state": "skipped",
    "faults": stored_faults(
        [Fault(column="", value="", what="another account of this person has the bonus already")]
    ),
    **NO_PERSON,
}


def _bad(line: int, faults: Sequence[Fault]) -> dict[str, Any]:
    return _EMPTY | {"line": line, "state": "bad", "faults": stored_faults(faults)}


_EMPTY: dict[str, Any] = {
    "faults": None,
    "person": None,
    "slot": None,
    "store_id": None,
    "customer": None,
    "email_hash": None,
    "data_key_id": None,
    "email": None,
    "typed": None,
    "points": 0,
    "expires_at": None,
    "forever": 0,
    "tier": None,
    "joined_at": None,
}


def _placed(
    row: import_values.Row, wish: Wish, vault: Vault, places: Places
) -> list[dict[str, Any]]:
    """Return what is kept of a row: one thing for each end of points that it has."""
    hashed = email_hash_of(vault, wish.programme_id, row.email)
    store_id = places.default if row.store is None else places.by_key.get(row.store)
    customer = row.customer
    if customer is not None and store_id is None:
        if hashed is None:
            what = (
                "say with --store which shop's customers these are"
                if row.store is None
                else "no shop of this programme has this key: connect it first"
            )
            place = Fault(column="customer", value=customer, what=what)
            return [_bad(row.line, [place])]
        customer = None
    person = hashed or b""
    if customer is not None:
        person = vault.keyring.lookup("import-customer", str(store_id).encode(), customer.encode())
    found = []
    for part in row.parts:
        ends = "never" if part.forever else str(part.expires_at or "")
        slot = vault.keyring.lookup("import-slot", person, ends.encode())
        found.append(
            _EMPTY
            | {
                "line": row.line,
                "state": "ready",
                "person": person,
                "slot": slot,
                "store_id": store_id if customer is not None else None,
                "customer": customer,
                "email_hash": hashed,
                "typed": row.email,
                "points": part.points,
                "expires_at": part.expires_at,
                "forever": int(part.forever),
                "tier": row.tier,
                "joined_at": row.joined_at,
            }
        )
    return found


def _refuse_repeated(connection: Connection, batch_id: int, made: list[dict[str, Any]]) -> None:
    """Let only the first row stand that names a person and an end: the second may be a mistake."""
    slots = sorted({one["slot"] for one in made if one["slot"] is not None})
    lines: dict[bytes, int] = {}
    for chunk in chunks(slots):
        known = select(t.import_row.c.slot, t.import_row.c.line).where(
            t.import_row.c.batch_id == batch_id, t.import_row.c.slot.in_(chunk)
        )
        lines |= {row.slot: row.line for row in connection.execute(known)}
    for n, one in enumerate(made):
        if one["slot"] is None:
            continue
        line = lines.setdefault(one["slot"], one["line"])
        if line != one["line"]:
            what = (
                f"line {line} is about the same person, with the same last day: take one of them "
                "out, or say --sum to add such rows up"
            )
            kept = {name: one[name] for name in ("id", "batch_id", "number")}
            made[n] = _bad(one["line"], [Fault(column="", value="", what=what)]) | kept
