"""Applies a staged batch: its people become members, their points entries, slice by slice.

Who a row speaks of (DESIGN.md, People): a customer's id in a store is that shop account. An e-mail alone
proves nobody: its points are on the account behind it, as a guest's are, and a shop account with the
e-mail claims them by the usual rules. Only if the batch says so is the one shop account that carries
the e-mail taken, as when a manager enrols by hand.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select, update

from app.db import tables as t
from app.errors import Conflict
from app.services import accounts, workset
from app.services.batches import (
    Kind,
    end_batch,
    entry_key,
    has_set_aside,
    lock_batch,
    next_rows,
    note_batch,
    told,
    try_again,
    write_rows,
)
from app.services.import_stage import (
    NO_PERSON,
    SKIPPED_AS_ERASED,
    SKIPPED_AS_JOINED,
    Settings,
)
from app.services.keys import Vault
from app.services.people import (
    customer_account,
    give_reviews,
    guest_account,
    set_contact,
    with_contact,
)
from app.services.points_life import expiry_of_today
from app.services.posting import Cause, adjust
from app.services.programmes import Version, in_force, versions
from app.services.rows import MemberRow
from app.services.workset import WorkSet
from app.services.worth import settle_objects
from app.services.writeback import want_writing


def begin_apply(
    connection: Connection,
    batch_id: int,
    *,
    actor: str,
    now: datetime,
    skip_bad: bool = False,
    kind: Kind = "import",
) -> bool:
    """Let a batch be applied; returns whether there is anything left to do.

    One that was begun before goes on. Raises Conflict for one that cannot be applied (any more), and
    for one with rows that are wrong, unless they are to be left out.
    """
    batch = lock_batch(connection, batch_id, kind)
    if batch.state == "applying":
        try_again(connection, batch_id, "ready")
        return True
    if batch.state == "applied":
        return False
    if batch.state != "staged":
        raise Conflict(f"Batch {batch_id} {_WHY_NOT[batch.state]} {_ANEW[kind]}")
    bad = connection.execute(
        select(func.count()).where(
            t.import_row.c.batch_id == batch_id, t.import_row.c.state == "bad"
        )
    ).scalar_one()
    if bad and not skip_bad:
        raise Conflict(
            f"{bad} rows of batch {batch_id} are wrong (stempel import check {batch_id}). Mend the "
            "file and import it anew, or say --skip-bad to leave them out."
        )
    audit_id = note_batch(
        connection, kind, batch.programme_id, batch_id, "apply", actor, batch.reason, now
    )
    connection.execute(
        update(t.import_batch)
        .where(t.import_batch.c.id == batch_id)
        .values(state="applying", audit_id=audit_id)
    )
    return True


_WHY_NOT = {
    "staging": "was not read to its end:",
    "undoing": "is being undone:",
    "undone": "was undone:",
    "discarded": "was thrown away:",
}
_ANEW: dict[Kind, str] = {
    "import": "import the file anew.",
    "bonus": "prepare another one.",
}


def apply_slice(
    connection: Connection, vault: Vault, batch_id: int, *, now: datetime, limit: int
) -> int:
    """Post up to `limit` rows; returns how many were dealt with, 0 when no more can be.

    Call in a writing transaction, again until it returns 0. Two callers take turns, and whoever calls
    again after a crash goes on where the last whole slice ended.
    """
    batch = lock_batch(connection, batch_id)
    if batch.state != "applying":
        return 0
    rows = next_rows(connection, batch_id, "ready", limit=limit)
    if not rows:
        if not has_set_aside(connection, batch_id, "ready"):
            end_batch(connection, batch_id, "applied", now)
        return 0
    published = versions(connection, batch.programme_id)
    work = WorkSet(batch.programme_id, now)
    _load(connection, work, rows)
    slice_ = _Slice(
        connection=connection,
        vault=vault,
        work=work,
        batch=batch,
        published=published,
        match_accounts=batch.kind == "import"
        and msgspec.json.decode(batch.settings, type=Settings).match_accounts,
        served=_served(connection, work, batch),
    )
    found = [(row, *_account(slice_, row)) for row in rows]
    settle_objects(connection, work, vault, published, give_reviews(work))
    done = [_apply(slice_, row, member, made=made) for row, member, made in found]
    moved = sorted(work.moved | {member.id for _, member, _ in found})
    workset.flush(connection, work)
    write_rows(connection, done)
    want_writing(connection, moved, now)
    return len(rows)


class _Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What all rows of a slice need."""

    connection: Connection
    vault: Vault
    work: WorkSet
    batch: Row[Any]
    published: Sequence[Version]
    match_accounts: bool
    served: set[int]  # who have what a bonus gives, and shall not have it again


def _load(connection: Connection, work: WorkSet, rows: Sequence[Row[Any]]) -> None:
    lock = connection.dialect.name != "sqlite"
    hashes = {row.email_hash for row in rows if row.email_hash is not None}
    workset.load_reviews_by_writer(connection, work, hashes, lock=lock)
    owners = workset.load_object_awards(connection, work)
    owners |= {row.member_id for row in rows if row.member_id is not None}
    customers = {(row.store_id, row.customer) for row in rows if row.customer is not None}
    accounts.load_people(
        connection, work, customers=customers, hashes=hashes, owners=owners, lock=lock
    )


def _served(connection: Connection, work: WorkSet, batch: Row[Any]) -> set[int]:
    """Return who has the bonus of a batch: accounts may have been joined since it was given to one."""
    if batch.kind != "bonus":
        return set()
    given = select(t.import_row.c.member_id).where(
        t.import_row.c.batch_id == batch.id,
        t.import_row.c.state == "applied",
        t.import_row.c.member_id.in_(list(work.members)),
    )
    return {work.member(one).id for one in connection.execute(given).scalars()}


def _account(here: _Slice, row: Row[Any]) -> tuple[MemberRow, bool]:
    """Return whose a row is, enrolled and with a contact; and whether the account is new."""
    work, known = here.work, len(here.work.members)
    member = _whose(here, row)
    made = len(work.members) > known
    if member.state == "erased":
        return member, False
    if member.state == "guest" or made:
        joined = min(row.joined_at or work.now, work.now)
        member.state, member.enrolled_at, member.dirty = "member", joined, True
    if row.email is not None and member.email is None:
        email = here.vault.open_email(here.connection, row.data_key_id, row.id, row.email)
        set_contact(here.connection, work, here.vault, member, email)
    return member, made


def _whose(here: _Slice, row: Row[Any]) -> MemberRow:
    work = here.work
    if row.member_id is not None:
        return work.member(row.member_id)
    if row.customer is not None:
        return work.member(customer_account(work, row.store_id, row.customer, enrol=True).member_id)
    if here.match_accounts and (found := _carrier(work, row.email_hash)) is not None:
        return found
    return guest_account(work, row.email_hash)


def _carrier(work: WorkSet, email_hash: bytes) -> MemberRow | None:
    """Return the one account of a shop that carries an e-mail, if nobody has proved it."""
    if email_hash in work.identities:
        return None
    members = {work.member(customer.member_id).id for customer in work.customers.values()}
    carrying = [one for one in with_contact(work, email_hash) if one.id in members]
    return carrying[0] if len(carrying) == 1 else None


def _apply(here: _Slice, row: Row[Any], member: MemberRow, *, made: bool) -> dict[str, Any]:
    """Post the points of a row; returns what becomes of the row."""
    if member.state == "erased":
        return {"_id": row.id, "member_id": None, "entry_id": None, "made": 0, **SKIPPED_AS_ERASED}
    if member.id in here.served:
        return {"_id": row.id, "member_id": row.member_id, "entry_id": None, "made": 0} | {
            **SKIPPED_AS_JOINED
        }
    entry_id = None
    if here.batch.kind == "bonus":
        here.served.add(member.id)
    if row.points:
        expires_at = row.expires_at
        if expires_at is None and not row.forever:
            expires_at = expiry_of_today(here.published, here.work.now)
        entry_id = adjust(
            here.work,
            here.vault,
            member,
            points=row.points,
            key=entry_key(here.batch, row, member.id),
            explanation=told(here.batch, here.batch.audit_id),
            cause=Cause(occurred_at=here.work.now, expires_at=expires_at),
            policy=in_force(here.published, here.work.now).programme.debt,
        )
    return {
        "_id": row.id,
        "state": "applied",
        "faults": None,
        "member_id": member.id,
        "entry_id": entry_id,
        "made": int(made),
        **NO_PERSON,
    }
