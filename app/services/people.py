"""Who is behind an object: accounts, guests, enrolment, and claims that wait for proof.

Earning as a registered customer of one store needs no proof. An e-mail that nobody vouches for proves
nobody: guests accrue under its keyed hash, and an account whose e-mail is somebody else's waits as a
pending claim. What a shop vouches for becomes a proved claim, which `app.services.merge` settles by
joining the two accounts (DESIGN.md, People).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from app.db import tables as t
from app.db.ids import new_id
from app.programme.emails import fold
from app.programme.events import Event, Person
from app.services.keys import Vault
from app.services.rows import CustomerRow, MemberRow, ObjectKey, ObjectRow
from app.services.workset import WorkSet

GUEST_REF = "guest"

BY_THE_SHOP = b""
"""Stands for the e-mail in a claim between two customers that their shop made one."""


NO_EMAIL = b""
"""Stands for the e-mail of a shop account that has none."""


def email_hash_of(vault: Vault, programme_id: int, email: str | None) -> bytes | None:
    """Return the look-up hash of an e-mail as typed, None if it is none."""
    folded = fold(email)
    return vault.email_hash(programme_id, folded) if folded else None


def owner_of(
    work: WorkSet, vault: Vault, store_id: int, person: Person, *, enrol: bool
) -> tuple[MemberRow, str] | None:
    """Return (account, owner reference) for the person a shop names, made if new; None for nobody."""
    if person.erased:
        return None
    if person.customer is not None:
        row = customer_account(work, store_id, person.customer, enrol=enrol)
        return work.member(row.member_id), f"customer:{person.customer}"
    hashed = email_hash_of(vault, work.programme_id, person.email)
    if hashed is None:
        return None
    return guest_account(work, hashed), GUEST_REF


def adopt_owner(
    work: WorkSet, row: ObjectRow, owner: tuple[MemberRow, str] | None, modified_at: datetime
) -> bool:
    """Give the object to the newest known person; returns whether the owner changed.

    An identified customer beats a guest, a later state beats an earlier one, nobody beats no one:
    deleted customers leave `customer_id 0` on orders that belong to a member. The same result in
    every order of receipt.
    """
    if owner is None:
        return False
    member, ref = owner
    known = row.owner_known_at
    if row.owner_id is not None and row.owner_ref is not None and known is not None:
        present = _rank(row.owner_ref, known, work.member(row.owner_id))
        if _rank(ref, modified_at, member) <= present:
            return False
    changed = row.owner_id is None or work.member(row.owner_id) is not member
    if changed and row.owner_id is not None:
        work.former_owners.setdefault(row.id, set()).add(row.owner_id)
    row.owner_id, row.owner_ref, row.owner_known_at = member.id, ref, modified_at
    row.dirty = True
    return changed


def _rank(
    ref: str, known_at: datetime, member: MemberRow
) -> tuple[bool, datetime, str, bytes, int]:
    """Order what names an owner. Guests of one second are told apart by their e-mail's hash."""
    return (ref != GUEST_REF, known_at, ref, member.email_hash or b"", member.id)


def give_reviews(work: WorkSet) -> list[ObjectKey]:
    """Give the loaded reviews to the accounts with their writers' e-mails; returns what changed hands.

    The one enrolled account of the same shop that carries the e-mail has them, else the only one that
    carries it anywhere, else who has proved it (or the guest under it); who has proved it carries it,
    unless they left it. It is worked out anew
    whenever an account appears, so it does not matter which came first. A review alone makes no
    account, and one that belongs to somebody never becomes nobody's.
    """
    moved = []
    for row in work.objects.values():
        if row.kind != "review" or row.writer_hash is None:
            continue
        owner = _writer(work, row.store_id, row.writer_hash)
        if owner is None or (row.owner_id is not None and work.member(row.owner_id) is owner):
            continue
        if row.owner_id is not None:
            work.former_owners.setdefault(row.id, set()).add(row.owner_id)
        row.owner_id, row.owner_ref, row.owner_known_at = owner.id, "writer", row.occurred_at
        row.dirty = True
        moved.append(row.key)
    return moved


def _writer(work: WorkSet, store_id: int, email_hash: bytes) -> MemberRow | None:
    held = work.identities.get(email_hash)
    holder = None if held is None else work.member(held)
    carrying = {member.id: member for member in with_contact(work, email_hash)}
    if holder is not None and not _left(work, holder, email_hash):
        carrying[holder.id] = holder
    enrolled = [member for member in carrying.values() if member.state == "member"]
    here = {work.member(member).id for member, store in work.homes if store == store_id}
    here |= {work.member(c.member_id).id for c in work.customers.values() if c.store_id == store_id}
    for several in ([member for member in enrolled if member.id in here], enrolled):
        if len(several) == 1:
            return several[0]
    return holder


def with_contact(work: WorkSet, email_hash: bytes) -> list[MemberRow]:
    """Return the accounts with this e-mail: as contact, of one joined to them, or in a shop."""
    found = {m.id for m in work.members.values() if m.email_hash == email_hash}
    found |= {c.member_id for c in work.customers.values() if c.email_hash == email_hash}
    return [work.members[one] for one in sorted({work.member(one).id for one in found})]


def customer_account(work: WorkSet, store_id: int, external_id: str, *, enrol: bool) -> CustomerRow:
    """Return the shop customer, with a member of its own if it is seen for the first time."""
    row = work.customers.get((store_id, external_id))
    if row is None:
        member = new_member(work, enrolled=enrol)
        row = CustomerRow(
            new=True,
            id=new_id(),
            programme_id=work.programme_id,
            store_id=store_id,
            external_id=external_id,
            member_id=member.id,
            wanted_rev=1,
            due_at=work.now if enrol else None,
        )
        work.customers[store_id, external_id] = row
    return row


def guest_account(work: WorkSet, email_hash: bytes) -> MemberRow:
    """Return the account that this e-mail's guest orders accrue on, made if it is the first."""
    member_id = work.identities.get(email_hash)
    if member_id is not None:
        return work.member(member_id)
    member = new_member(work, enrolled=False)
    member.email_hash = email_hash
    _hold(work, member, email_hash)
    return member


def new_member(work: WorkSet, *, enrolled: bool) -> MemberRow:
    """Make an account: a member if enrolled, else one that only accrues."""
    member = MemberRow(
        new=True,
        id=new_id(),
        programme_id=work.programme_id,
        state="member" if enrolled else "guest",
        enrolled_at=work.now if enrolled else None,
        created_at=work.now,
    )
    work.members[member.id] = member
    return member


def set_contact(
    connection: Connection, work: WorkSet, vault: Vault, member: MemberRow, email: str | None
) -> None:
    """Keep an account's own e-mail as contact. It never moves the member and proves nothing."""
    hashed = email_hash_of(vault, work.programme_id, email)
    if (
        hashed is None
        or email is None
        or (member.email is not None and member.email_hash == hashed)
    ):
        return
    member.data_key_id, member.email = vault.seal_email(
        connection, work.programme_id, member.id, email.strip()
    )
    member.email_hash = hashed
    member.dirty = True
    claim_between(work, hashed)


def note_email(
    connection: Connection,
    work: WorkSet,
    vault: Vault,
    customer: CustomerRow,
    email: str | None,
) -> None:
    """Note which e-mail a shop gives its customer now."""
    hashed = email_hash_of(vault, work.programme_id, email) or NO_EMAIL
    member = work.member(customer.member_id)
    if customer.email_hash != hashed:
        customer.email_hash, customer.dirty = hashed, True
        member.dirty = True  # whoever evaluated without this does it anew
        if hashed != NO_EMAIL:
            claim_between(work, hashed)
    if customer.kept_as is None or member.email is None:
        set_contact(connection, work, vault, member, email)


def note_proof(work: WorkSet, vault: Vault, store_id: int, person: Person) -> None:
    """Note that a shop vouches for its customer's e-mail: who holds that e-mail is the same person.

    Each shop account proves one e-mail, its first: a changed one moves nobody, it only claims. So does
    one that its holder has left: the mailbox may be somebody else's by now.
    """
    hashed = email_hash_of(vault, work.programme_id, person.email)
    customer = work.customers.get((store_id, person.customer or ""))
    if not person.verified or hashed is None or customer is None:
        return
    if customer.proved_hash is None:
        customer.proved_hash, customer.dirty = hashed, True
        work.member(customer.member_id).dirty = True  # whoever evaluated without this does it anew
    member = work.member(customer.member_id)
    if hashed not in work.identities:
        if customer.proved_hash == hashed:
            _hold(work, member, hashed)
        return
    holder = work.member(work.identities[hashed])
    if holder is member:
        return
    proved = customer.proved_hash == hashed and not _left(work, holder, hashed)
    claims = work.proofs if proved else work.claims
    claims.add((member.id, holder.id, hashed))


def _left(work: WorkSet, holder: MemberRow, email_hash: bytes) -> bool:
    theirs = [c.email_hash for c in work.customers.values() if work.member(c.member_id) is holder]
    return has_left(theirs, email_hash)


def has_left(emails: Sequence[bytes | None], email_hash: bytes) -> bool:
    """Say whether an account with these e-mails in the shops carries this one in none of them.

    One without any shop account has left nothing, nor one whose e-mail in a shop is not known yet.
    """
    return bool(emails) and None not in emails and email_hash not in emails


def ended_in_merge(work: WorkSet, store_id: int, event: Event) -> bool:
    """Say whether this speaks of a customer that its shop merged into another one."""
    if event.kind != "customer":
        return False
    known = work.customers.get((store_id, event.external_id))
    return event.into is not None or (known is not None and known.kept_as is not None)


def note_shop_merge(
    work: WorkSet, store_id: int, ended: str, kept: str, *, enrol: bool
) -> CustomerRow:
    """Note that a shop made one customer of two; returns the one that ended, made if it is new."""
    staying = customer_account(work, store_id, kept, enrol=enrol)
    row = work.customers.get((store_id, ended))
    if row is None:
        row = CustomerRow(
            new=True,
            id=new_id(),
            programme_id=work.programme_id,
            store_id=store_id,
            external_id=ended,
            member_id=work.member(staying.member_id).id,
        )
        work.customers[store_id, ended] = row
    row.kept_as, row.gone, row.due_at, row.dirty = kept, 1, None, True
    one, other = work.member(row.member_id), work.member(staying.member_id)
    one.dirty = other.dirty = True  # whoever evaluated without this does it anew
    if one is not other:
        work.proofs.add((one.id, other.id, BY_THE_SHOP))
    return row


def _hold(work: WorkSet, member: MemberRow, email_hash: bytes) -> None:
    """Let an e-mail be this account's; others that carry it as contact claim to be the same."""
    work.identities[email_hash] = member.id
    work.insert(
        t.identity, programme_id=work.programme_id, email_hash=email_hash, member_id=member.id
    )
    claim_between(work, email_hash)


def claim_between(work: WorkSet, email_hash: bytes) -> None:
    """Note that accounts with this contact e-mail claim to be the person that holds it."""
    holder_id = work.identities.get(email_hash)
    if holder_id is None:
        return
    holder = work.member(holder_id)
    for member in with_contact(work, email_hash):
        if member is not holder:
            work.claims.add((member.id, holder.id, email_hash))
