"""Joining the programme by a manager's hand, and confirming that two accounts are one person."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.errors import Conflict, Invalid, NotFound
from app.programme.emails import fold
from app.programme.events import EnrolmentFacts
from app.services import workset
from app.services.audit import Act, note_act
from app.services.facts import encode_facts
from app.services.keys import Vault
from app.services.people import give_reviews, new_member, set_contact
from app.services.posting import Cause, adjust
from app.services.programmes import Version, in_force, versions
from app.services.rows import MemberRow, ObjectKey, ObjectRow
from app.services.stores import own_store_id
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
    workset.load_people(connection, work, customers=(), hashes=[hashed], owners=owners, lock=lock)
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
    """Join what a guest gathered to the account that claims it; returns the member's id.

    Every object of the guest becomes the member's: it converges to 0 there and is earned here. Raises
    NotFound, and Conflict if the claim is settled or its holder is a member too.
    """
    claim = connection.execute(select(t.claim).where(t.claim.c.id == claim_id)).one_or_none()
    if claim is None:
        raise NotFound(f"There is no claim {claim_id}. See: stempel member claims")
    if claim.status != "pending":
        raise Conflict(f"Claim {claim_id} is {claim.status} already.")
    work = WorkSet(claim.programme_id, now)
    lock = connection.dialect.name != "sqlite"
    # Objects before people, as everybody locks them; then those that came until the people were ours.
    _load_gathered(connection, work, claim.holder_id, lock=lock)
    workset.load_members(connection, work, [claim.member_id, claim.holder_id], lock=lock)
    _load_gathered(connection, work, claim.holder_id, lock=lock)
    guest, member = work.members[claim.holder_id], work.member(claim.member_id)
    if guest.state != "guest" or guest is member:
        raise Conflict(
            f"The e-mail of claim {claim_id} belongs to the {guest.state} {guest.id}: only what a "
            "guest gathered can be joined."
        )
    owners = workset.load_object_awards(connection, work)
    workset.load_members(connection, work, owners, lock=lock)
    for row in work.objects.values():
        if row.owner_id == guest.id:
            row.owner_id, row.dirty = member.id, True
            work.former_owners[row.id] = {guest.id}
    known = versions(connection, claim.programme_id)
    settle_objects(connection, work, vault, _never_forgiving(known), list(work.objects))
    _move_rest(work, vault, guest, member, claim_id)
    guest.state, guest.merged_into, guest.dirty = "merged", member.id, True
    workset.flush(connection, work)
    connection.execute(
        update(t.identity)
        .where(
            t.identity.c.programme_id == claim.programme_id,
            t.identity.c.email_hash == claim.email_hash,
        )
        .values(member_id=member.id)
    )
    connection.execute(
        update(t.claim).where(t.claim.c.id == claim_id).values(status="confirmed", decided_at=now)
    )
    connection.execute(
        delete(t.claim).where(t.claim.c.holder_id == guest.id, t.claim.c.status == "pending")
    )
    note_act(
        connection,
        Act(
            programme_id=claim.programme_id,
            actor=actor,
            action="claim.confirm",
            subject=f"member {member.id}",
            reason=reason,
            detail={"claim": str(claim_id), "guest": str(guest.id)},
        ),
        now,
    )
    want_writing(connection, [member.id], now)
    return member.id


def _found(work: WorkSet, hashed: bytes) -> MemberRow | None:
    """Return the account to be enrolled: a member by proof, then the one shop account, then the guest.

    A shop account goes before the guest of the same e-mail: it claims what the guest gathered, and a
    claim between two members could not be confirmed any more.
    """
    holder = work.member(work.identities[hashed]) if hashed in work.identities else None
    if holder is not None and holder.state == "member":
        return holder
    accounts = [
        row
        for row in work.members.values()
        if row.email_hash == hashed and row.email is not None and row.merged_into is None
    ]
    for state in ("member", "guest"):
        several = [row for row in accounts if row.state == state]
        if len(several) == 1:
            return several[0]
    return holder


def _never_forgiving(known: Sequence[Version]) -> list[Version]:
    """Return the versions under a debt policy of "debt".

    What the guest lacks when its objects go belongs to the same person: it moves with the rest.
    """
    *earlier, last = known
    strict = msgspec.structs.replace(last.programme, debt="debt")
    return [*earlier, msgspec.structs.replace(last, programme=strict)]


def _load_gathered(connection: Connection, work: WorkSet, guest_id: int, *, lock: bool) -> None:
    kinds = ("order", "customer", "review")
    workset.load_window_objects(connection, work, [guest_id], kinds, lock=lock)


def _move_rest(
    work: WorkSet, vault: Vault, guest: MemberRow, member: MemberRow, claim_id: int
) -> None:
    """Move what no object explains: points that were given to the guest by hand."""
    rest = guest.balance
    if not rest:
        return
    cause = Cause(occurred_at=work.now)
    for row, points in ((guest, -rest), (member, rest)):
        adjust(
            work,
            vault,
            row,
            points=points,
            key=f"claim:{claim_id}:{row.id}",
            explanation="{}",
            cause=cause,
            policy="debt",
        )
