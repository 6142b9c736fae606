"""Joining the programme by a manager's hand, and confirming that two accounts are one person."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.errors import Conflict, Invalid, NotFound
from app.programme.emails import fold
from app.programme.events import EnrolmentFacts
from app.services import accounts, workset
from app.services.audit import Act, note_act
from app.services.facts import encode_facts
from app.services.keys import Vault
from app.services.merge import merge_accounts
from app.services.people import give_reviews, new_member, set_contact, with_contact
from app.services.programmes import in_force, versions
from app.services.rows import MemberRow, ObjectKey, ObjectRow
from app.services.stores import own_store_id
from app.services.views import key_of
from app.services.workset import WorkSet
from app.services.worth import settle_objects
from app.services.writeback import want_writing


def add_member(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    email: str,
    now: datetime,
    actor: str = "manager",
) -> int:
    """Enrol the person with this e-mail; returns the member's id, also if there was one already.

    What guests gathered under the e-mail is theirs, unless a shop account carries the same e-mail:
    then that is the member, and the guest's points wait as its claim. Call in a writing transaction.
    Raises Invalid if this is no e-mail.
    """
    folded = fold(email)
    if folded is None:
        raise Invalid(f"{email!r} is not an e-mail address")
    hashed = vault.email_hash(programme_id, folded)
    work = WorkSet(programme_id, now)
    lock = connection.dialect.name != "sqlite"
    workset.load_reviews_by_writer(connection, work, [hashed], lock=lock)
    owners = workset.load_object_awards(connection, work)
    accounts.load_people(connection, work, customers=(), hashes=[hashed], owners=owners, lock=lock)
    member = _found(work, hashed)
    if member is None:
        member = new_member(work, enrolled=True)
        work.identities[hashed] = member.id
        work.insert(t.identity, programme_id=programme_id, email_hash=hashed, member_id=member.id)
    elif member.state == "member":
        return member.id
    member.state, member.enrolled_at, member.dirty = "member", now, True
    set_contact(connection, work, vault, member, email)
    known = versions(connection, programme_id)
    key: ObjectKey = (own_store_id(connection, programme_id, now), "enrolment", str(member.id))
    work.objects[key] = ObjectRow(
        new=True,
        id=new_id(),
        programme_id=programme_id,
        store_id=key[0],
        kind=key[1],
        external_id=key[2],
        number=None,
        facts=encode_facts(EnrolmentFacts(by="manager")),
        modified_at=now,
        truth_at=None,
        accepted_at=now,
        occurred_at=now,
        earned_at=now,
        version=in_force(known, now).number,
        context="{}",
        owner_id=member.id,
        owner_ref=f"enrolment:{member.id}",
        owner_known_at=now,
        delivery_id=None,
        rev=1,
        seen_at=now,
    )
    settle_objects(connection, work, vault, known, [key, *give_reviews(work)])
    workset.flush(connection, work)
    note_act(
        connection,
        Act(
            programme_id=programme_id,
            actor=actor,
            action="member.add",
            subject=f"member {member.id}",
            reason="enrolled by hand",
            detail={},
        ),
        now,
    )
    want_writing(connection, [member.id], now)
    return member.id


def confirm_claim(
    connection: Connection, vault: Vault, *, claim_id: int, actor: str, reason: str, now: datetime
) -> int:
    """Join the two accounts of a claim by a manager's word; returns the id of the one that stays.

    Raises NotFound, Conflict if the claim is settled, and what `merge_accounts` raises.
    """
    claim = connection.execute(
        select(t.claim).where(t.claim.c.id == key_of(claim_id))
    ).one_or_none()
    if claim is None:
        raise NotFound(f"There is no claim {claim_id}. See: stempel member claims")
    # Ours before anybody else's: a second confirmation finds it settled.
    done = connection.execute(
        update(t.claim)
        .where(t.claim.c.id == claim_id, t.claim.c.status == "pending")
        .values(status="confirmed", decided_at=now)
    )
    if done.rowcount != 1:
        settled = "settled" if claim.status == "pending" else claim.status
        raise Conflict(f"Claim {claim_id} is {settled} already.")
    staying = merge_accounts(
        connection,
        vault,
        programme_id=claim.programme_id,
        one=claim.member_id,
        other=claim.holder_id,
        now=now,
    )
    note_act(
        connection,
        Act(
            programme_id=claim.programme_id,
            actor=actor,
            action="claim.confirm",
            subject=f"member {staying}",
            reason=reason,
            detail={
                "claim": str(claim_id),
                "claimed_by": str(claim.member_id),
                "holder": str(claim.holder_id),
            },
        ),
        now,
    )
    return staying


def _found(work: WorkSet, hashed: bytes) -> MemberRow | None:
    """Return the account to be enrolled: a member by proof, then the one shop account, then the guest.

    A shop account goes before the guest of the same e-mail, whose points it claims.
    """
    holder = work.member(work.identities[hashed]) if hashed in work.identities else None
    if holder is not None and holder.state == "member":
        return holder
    accounts = [row for row in with_contact(work, hashed) if row.email is not None]
    for state in ("member", "guest"):
        several = [row for row in accounts if row.state == state]
        if len(several) == 1:
            return several[0]
    return holder
