"""Joins two accounts that are one person's: what the one had moves to the other, its history stays.

Two entries in the ledger say so, one on each side. The awards stay under the account that was joined
and are judged together with those of the one it was joined to (DESIGN.md, People).
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, delete, or_, select, update

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.services import accounts, workset
from app.services.birthdays import carry_birthday
from app.services.friends import look_again, look_at_neighbours
from app.services.holdings import load_worth
from app.services.keys import Vault
from app.services.people import BY_THE_SHOP, give_reviews
from app.services.posting import join_accounts
from app.services.programmes import versions
from app.services.referral_cases import has_referrals
from app.services.rows import REDEMPTION, MemberRow
from app.services.segments import join_segments
from app.services.workset import WorkSet
from app.services.worth import settle_objects
from app.services.writeback import want_writing

_LATEST = datetime.max.replace(tzinfo=UTC)


def merge_accounts(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    one: int,
    other: int,
    now: datetime,
    keep: int | None = None,
) -> int:
    """Join two accounts; returns the one that stays. Of accounts that are one already nothing changes.

    An enrolled member stays rather than a guest, of two members the one enrolled earlier. `keep`
    stays instead, unless only the other is enrolled. Call in a writing transaction. Raises NotFound,
    Invalid for an erased account, and Conflict if another writer changed them meanwhile: do it again.
    """
    seen = WorkSet(programme_id, now)
    accounts.load_members(connection, seen, [one, other], lock=False)
    planned = _pair(seen, one, other, keep)
    if planned is None:
        return seen.member(one).id
    work = WorkSet(programme_id, now)
    _load(connection, work, seen, planned, lock=connection.dialect.name != "sqlite")
    pair = _pair(work, one, other, keep)
    if pair is None or pair[0].id != planned[0].id or pair[1].id != planned[1].id:
        raise Conflict("another writer joined one of these accounts meanwhile; try again")
    ending, staying = pair
    _give_objects(connection, work, ending, staying)
    load_worth(connection, work)
    join_accounts(work, vault, ending, staying)
    ending.state, ending.merged_into, ending.dirty = "merged", staying.id, True
    _carry_contact(connection, vault, ending, staying)
    known = versions(connection, programme_id)
    settle_objects(
        connection,
        work,
        vault,
        known,
        give_reviews(work),
        joined=[staying.id],
    )
    moved = sorted(work.moved | {ending.id, staying.id})
    workset.flush(connection, work)
    want_writing(connection, moved, now)  # before the next line: it locks in the pusher's order
    _repoint(connection, ending.id, staying.id)
    carry_birthday(connection, ending.id, staying.id)
    _repoint_claims(connection, ending.id, staying.id, now)
    join_segments(connection, programme_id, known, ending.id, staying.id, now)
    if has_referrals(known):
        look_again(connection, work.members, work.members, now)
        look_at_neighbours(connection, work.members, now)
    return staying.id


def proved_claims(connection: Connection, *, limit: int | None = None) -> list[int]:
    """Return the claims that a shop vouches for and that have not been settled yet, oldest first."""
    return list(
        connection.execute(
            select(t.claim.c.id)
            .where(t.claim.c.status == "proved", t.claim.c.decided_at.is_(None))
            .order_by(t.claim.c.id)
            .limit(limit)
        ).scalars()
    )


def settle_proved(connection: Connection, vault: Vault, claim_id: int, now: datetime) -> int | None:
    """Join the accounts of a proved claim; returns the one that stays, None if it was settled before.

    Raises as `merge_accounts` does.
    """
    claim = connection.execute(
        select(t.claim).where(
            t.claim.c.id == claim_id, t.claim.c.status == "proved", t.claim.c.decided_at.is_(None)
        )
    ).one_or_none()
    if claim is None:
        return None
    staying = merge_accounts(
        connection,
        vault,
        programme_id=claim.programme_id,
        one=claim.member_id,
        other=claim.holder_id,
        now=now,
        keep=claim.holder_id if claim.email_hash == BY_THE_SHOP else None,
    )
    connection.execute(
        update(t.claim)
        .where(t.claim.c.id == claim_id, t.claim.c.decided_at.is_(None))
        .values(decided_at=now)
    )
    return staying


def leave_to_manager(connection: Connection, claim_id: int) -> None:
    """Let a proved claim that cannot be settled wait for a person."""
    connection.execute(
        update(t.claim)
        .where(
            t.claim.c.id == claim_id, t.claim.c.status == "proved", t.claim.c.decided_at.is_(None)
        )
        .values(status="pending")
    )


def _pair(
    work: WorkSet, one: int, other: int, keep: int | None
) -> tuple[MemberRow, MemberRow] | None:
    """Return (the account that ends, the one that stays), None if they are one already."""
    for member_id in (one, other):
        if member_id not in work.members:
            raise NotFound(f"There is no member {member_id}.")
    pair = (work.member(one), work.member(other))
    if pair[0] is pair[1]:
        return None
    for member in pair:
        if member.programme_id != work.programme_id:
            raise Invalid(f"Member {member.id} belongs to another programme.")
        if member.state == "erased":
            raise Invalid(f"Member {member.id} was erased: nothing can be joined to it.")
    kept = None if keep is None else work.member(keep)

    def rank(member: MemberRow) -> tuple[bool, bool, datetime, int]:
        guest, since, _ = precedence(member.state, member.enrolled_at, member.id)
        return guest, member is not kept, since, member.id

    staying, ending = sorted(pair, key=rank)
    return ending, staying


def precedence(
    state: str, enrolled_at: datetime | None, member_id: int
) -> tuple[bool, datetime, int]:
    """Rank accounts of one person: the least one stays when they are joined."""
    enrolled = state == "member"
    return not enrolled, enrolled_at if enrolled and enrolled_at else _LATEST, member_id


def _load(
    connection: Connection,
    work: WorkSet,
    seen: WorkSet,
    planned: tuple[MemberRow, MemberRow],
    *,
    lock: bool,
) -> None:
    """Load and lock: objects before people, as everybody does."""
    hashes = {m.email_hash for m in seen.members.values() if m.email_hash is not None}
    in_shops = select(t.store_customer.c.email_hash).where(
        t.store_customer.c.member_id.in_([member.id for member in planned])
    )
    hashes |= {one for one in connection.execute(in_shops).scalars() if one}
    if lock:
        connection.execute(
            select(t.source_object.c.id)
            .where(t.source_object.c.owner_id == planned[0].id)
            .order_by(t.source_object.c.kind == REDEMPTION, t.source_object.c.id)
            .with_for_update()
        ).all()
    workset.load_reviews_by_writer(connection, work, hashes, lock=lock)
    owners = workset.load_object_awards(connection, work)
    owners |= {member.id for member in planned}
    accounts.load_people(connection, work, customers=(), hashes=hashes, owners=owners, lock=lock)


def _give_objects(
    connection: Connection, work: WorkSet, ending: MemberRow, staying: MemberRow
) -> None:
    """Let the account that stays own the other's objects: what they are worth stays as it is."""
    connection.execute(
        update(t.source_object)
        .where(t.source_object.c.owner_id == ending.id)
        .values(owner_id=staying.id, rev=t.source_object.c.rev + 1)
    )
    for row in work.objects.values():
        if row.owner_id == ending.id:
            row.owner_id, row.rev = staying.id, row.rev + 1


def _carry_contact(
    connection: Connection, vault: Vault, ending: MemberRow, staying: MemberRow
) -> None:
    """Keep the earlier day of joining, and the one contact e-mail where only the other has it."""
    if ending.enrolled_at and staying.enrolled_at:
        staying.enrolled_at = min(ending.enrolled_at, staying.enrolled_at)
    if staying.email is None and ending.email is not None and ending.data_key_id is not None:
        email = vault.open_email(connection, ending.data_key_id, ending.id, ending.email)
        staying.data_key_id, staying.email = vault.seal_email(
            connection, staying.programme_id, staying.id, email
        )
        staying.email_hash = ending.email_hash
    staying.dirty = True


def _repoint(connection: Connection, ending: int, staying: int) -> None:
    for table in (t.identity, t.store_customer):
        connection.execute(
            update(table).where(table.c.member_id == ending).values(member_id=staying)
        )


def _repoint_claims(connection: Connection, ending: int, staying: int, now: datetime) -> None:
    """Let open claims speak of the account that stays; those between the two are settled by this."""
    claims = connection.execute(
        select(t.claim)
        .where(
            or_(t.claim.c.member_id == ending, t.claim.c.holder_id == ending),
            t.claim.c.decided_at.is_(None),
        )
        .order_by(t.claim.c.id)
    ).all()
    for claim in claims:
        this = t.claim.c.id == claim.id
        member, holder = (
            staying if party == ending else party for party in (claim.member_id, claim.holder_id)
        )
        if member == holder:
            status = "proved" if claim.status == "proved" else "joined"
            connection.execute(update(t.claim).where(this).values(status=status, decided_at=now))
            continue
        same = (
            t.claim.c.member_id == member,
            t.claim.c.holder_id == holder,
            t.claim.c.email_hash == claim.email_hash,
        )
        if connection.execute(select(t.claim.c.id).where(*same)).first() is None:
            connection.execute(
                update(t.claim).where(this).values(member_id=member, holder_id=holder)
            )
            continue
        connection.execute(delete(t.claim).where(this))
        if claim.status == "proved":
            connection.execute(
                update(t.claim).where(*same, t.claim.c.status == "pending").values(status="proved")
            )
