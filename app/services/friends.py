"""Notes, while deliveries are dealt with, which friends must be judged and what can be compared later.

A programme without rules about friends costs nothing here, and nothing is collected in it.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, and_, or_, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.db.upsert import insert_missing
from app.programme.events import Event
from app.programme.referral_score import CROWD_DAYS, Trait, TraitKind
from app.programme.referrals import State, referral_rules
from app.programme.traits import block, mailbox, place, telephone, thrown_away
from app.services.keys import Vault
from app.services.people import email_hash_of
from app.services.programmes import Version, in_force
from app.services.referral_cases import KINDS, code_holders, has_referrals, named_codes
from app.services.rows import ObjectKey
from app.services.workset import WorkSet, chunks

if TYPE_CHECKING:
    from app.services.ingest import Incoming

_TRAIT_KEY = ("member_id", "kind", "hash")


class Noted(msgspec.Struct, frozen=True):
    """What a batch tells about friends."""

    traits: tuple[tuple[int, Trait], ...] = ()  # new ones, or seen earlier than was known
    named: tuple[int, ...] = ()  # people whose objects name a member's code
    changed: tuple[int, ...] = ()  # accounts of people whose orders or accounts changed


def note(
    connection: Connection,
    vault: Vault,
    work: WorkSet,
    versions: Sequence[Version],
    incoming: Iterable["Incoming"],
    changed: Iterable[ObjectKey],
) -> Noted:
    """Find out what a batch tells about friends. Call when the owners of its objects are known."""
    if not has_referrals(versions):
        return Noted()
    rows = [work.objects[key] for key in changed if key[1] in KINDS]
    holders = code_holders(connection, work.programme_id, named_codes(rows))
    named, people = set(), set()
    for row in rows:
        owners = set(work.former_owners.get(row.id, ()))
        if row.owner_id is not None:
            owners.add(row.owner_id)
            if holders.keys() & named_codes([row]):
                named.add(work.member(row.owner_id).id)
        people |= {work.member(owner).id for owner in owners}
    # Until a version begins that pays for friends no more, the present one does.
    asking = (in_force(versions, work.now), versions[-1])
    collecting = any(referral_rules(one.programme) for one in asking)
    return Noted(
        traits=_unknown(connection, _told(vault, work, incoming)) if collecting else (),
        named=tuple(sorted(named)),
        changed=_accounts(work, people),
    )


def write(connection: Connection, work: WorkSet, noted: Noted) -> None:
    """Write down what was noted. Call when the batch's members are written."""
    if noted.traits:
        _keep(connection, work.programme_id, noted.traits)
    if noted.named:
        rows = [new_referral(work.programme_id, person, work.now) for person in noted.named]
        insert_missing(connection, t.referral, rows, keys=("friend_id",))
    seen = _accounts(work, {work.member(member_id).id for member_id, _ in noted.traits})
    look_again(connection, {*noted.changed, *seen}, seen, work.now)
    movers = {member_id for member_id, one in noted.traits if one.kind is TraitKind.BLOCK}
    if movers:
        look_at_neighbours(connection, _accounts(work, movers), work.now)


def look_again(
    connection: Connection, friends: Collection[int], referrers: Collection[int], now: datetime
) -> None:
    """Have the referrals of these accounts judged: as friends, and as those who brought friends."""
    of = t.referral.c
    for column, several in ((of.friend_id, friends), (of.referrer_id, referrers)):
        for chunk in chunks(sorted(several)):
            connection.execute(update(t.referral).where(column.in_(chunk)).values(due_at=now))


def look_at_neighbours(connection: Connection, friends: Collection[int], now: datetime) -> None:
    """Have those judged who came after these friends to the same person: they may be a crowd now.

    Or none any more. `friends` are all accounts of each of them.
    """
    rows = connection.execute(
        select(t.referral.c.referrer_id, t.referral.c.stated_at).where(
            t.referral.c.friend_id.in_(sorted(friends)),
            t.referral.c.referrer_id.is_not(None),
            t.referral.c.stated_at.is_not(None),
        )
    ).all()
    days = timedelta(days=CROWD_DAYS)
    after = [
        and_(
            t.referral.c.referrer_id == row.referrer_id,
            t.referral.c.stated_at.between(row.stated_at, row.stated_at + days),
        )
        for row in rows
    ]
    if after:
        connection.execute(update(t.referral).where(or_(*after)).values(due_at=now))


def new_referral(programme_id: int, friend_id: int, now: datetime) -> dict[str, Any]:
    """Return the row of a referral that is to be judged."""
    return {
        "id": new_id(),
        "programme_id": programme_id,
        "friend_id": friend_id,
        "state": State.PENDING.value,
        "created_at": now,
        "due_at": now,
    }


def forget_traits(connection: Connection, members: Collection[int]) -> None:
    """Remove what is kept of people to compare them, and their codes: their erasure asks for it.

    How their referrals were judged stays as it is.
    """
    for chunk in chunks(sorted(members)):
        connection.execute(t.trait.delete().where(t.trait.c.member_id.in_(chunk)))
        connection.execute(
            update(t.member).where(t.member.c.id.in_(chunk)).values(referral_code=None)
        )


def _told(
    vault: Vault, work: WorkSet, incoming: Iterable["Incoming"]
) -> dict[tuple[int, str, bytes], datetime]:
    """Return what deliveries tell of people: when which trait of whom was seen first."""
    found: dict[tuple[int, str, bytes], datetime] = {}
    for one in incoming:
        for event in one.events if one.sure else ():
            member_id = _account(vault, work, one.store_id, event)
            row = work.objects.get((one.store_id, event.kind, event.external_id))
            if member_id is None or row is None:
                continue
            # An account's address is that of its last change, not of the day it was made.
            dated = event.modified_at if event.kind == "customer" else event.occurred_at
            for kind, value in _values(event):
                key = (member_id, kind.value, _hash(vault, work.programme_id, kind, value))
                moment = dated or row.occurred_at
                found[key] = min(found.get(key, moment), moment)
    return found


def _account(vault: Vault, work: WorkSet, store_id: int, event: Event) -> int | None:
    person = event.person
    if event.kind not in KINDS or event.facts is None or person.erased:
        return None
    if person.customer is not None:
        customer = work.customers.get((store_id, person.customer))
        return None if customer is None else work.member(customer.member_id).id
    hashed = email_hash_of(vault, work.programme_id, person.email)
    held = None if hashed is None else work.identities.get(hashed)
    return None if held is None else work.member(held).id


def _values(event: Event) -> list[tuple[TraitKind, str]]:
    person, contact = event.person, event.contact
    several = [
        (TraitKind.EMAIL, mailbox(person.email)),
        (TraitKind.ACCOUNT, person.email and person.email.lower() if person.customer else None),
        (TraitKind.ADDRESS, place(contact.address)),
        (TraitKind.BLOCK, block(contact.ip)),
        (TraitKind.THROWAWAY, "" if thrown_away(person.email) else None),
        *((TraitKind.PHONE, telephone(phone)) for phone in contact.phones),
    ]
    return [(kind, value) for kind, value in several if value is not None]


def _hash(vault: Vault, programme_id: int, kind: TraitKind, value: str) -> bytes:
    """Return the keyed hash that a trait is compared by, of this programme and kind alone."""
    return vault.keyring.lookup(
        "trait", programme_id.to_bytes(8, "big"), kind.value.encode(), value.encode()
    )


def _unknown(
    connection: Connection, told: dict[tuple[int, str, bytes], datetime]
) -> tuple[tuple[int, Trait], ...]:
    """Return the traits that are not known yet, or only from later on."""
    known: dict[tuple[int, str, bytes], datetime] = {}
    for chunk in chunks(sorted({member_id for member_id, _, _ in told})):
        rows = connection.execute(select(t.trait).where(t.trait.c.member_id.in_(chunk)))
        known |= {(row.member_id, row.kind, row.hash): row.seen_at for row in rows}
    return tuple(
        (key[0], Trait(TraitKind(key[1]), key[2], moment))
        for key, moment in sorted(told.items())
        if key not in known or moment < known[key]
    )


def _keep(connection: Connection, programme_id: int, traits: Sequence[tuple[int, Trait]]) -> None:
    rows = [
        {
            "programme_id": programme_id,
            "member_id": member_id,
            "kind": one.kind.value,
            "hash": one.hash,
            "seen_at": one.seen_at,
        }
        for member_id, one in traits
    ]
    insert_missing(connection, t.trait, rows, keys=_TRAIT_KEY)
    for row in rows:
        connection.execute(
            update(t.trait)
            .where(*(t.trait.c[name] == row[name] for name in _TRAIT_KEY))
            .where(t.trait.c.seen_at > row["seen_at"])
            .values(seen_at=row["seen_at"])
        )


def _accounts(work: WorkSet, people: Collection[int]) -> tuple[int, ...]:
    return tuple(
        sorted(one.id for one in work.members.values() if work.member(one.id).id in people)
    )
