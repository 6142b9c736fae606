"""What staff do about referrals: give a member's code and link, decide about what is held, note a claim."""

import secrets
from datetime import datetime
from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection, select, update

from app.db import tables as t
from app.db.upsert import insert_missing
from app.errors import Conflict, Invalid, NotFound
from app.programme.referral import LETTERS, LETTERS_IN_CODE, code_in
from app.programme.referrals import State, Verdict
from app.services import accounts
from app.services.audit import Act, note_act
from app.services.friends import new_referral
from app.services.keys import Vault
from app.services.programmes import versions
from app.services.referral_cases import Case, has_referrals
from app.services.referrals import Decision, judge
from app.services.rows import MemberRow
from app.services.views import key_of
from app.services.workset import WorkSet

_DRAWS = 5
_HALF = LETTERS_IN_CODE // 2


class Invitation(msgspec.Struct, frozen=True):
    """A member's code as people see it, and the links with it: (store, address)."""

    code: str
    links: tuple[tuple[str, str], ...]


def shown(code: str) -> str:
    """Return a code as people read it, as K7QM3-XTD9R."""
    large = code.upper()
    return f"{large[:_HALF]}-{large[_HALF:]}"


def invitation_of(connection: Connection, member_id: int, now: datetime) -> Invitation:
    """Return a member's code, made if it is asked for the first time, and a link for each store.

    Call in a writing transaction. Raises NotFound, and Invalid for who is no member.
    """
    member = _member(connection, member_id, now)
    if member.state != "member":
        raise Invalid(
            f"member {member.id} is a {member.state}: only who has joined the programme has a code"
        )
    code = _code(connection, member)
    stores = connection.execute(
        select(t.store.c.key, t.store.c.url)
        .where(t.store.c.programme_id == member.programme_id, t.store.c.platform != "stempel")
        .order_by(t.store.c.id)
    )
    asked = urlencode({"ref": shown(code)})
    links = tuple((row.key, f"{row.url.rstrip('/')}/?{asked}") for row in stores)
    return Invitation(shown(code), links)


def decide(
    connection: Connection,
    vault: Vault,
    referral_id: int,
    verdict: Verdict,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> Case:
    """Approve or refuse a referral, by a person's word; returns what it was judged by.

    The last word counts. Call in a writing transaction. Raises NotFound, Conflict if that was decided
    before or another referral of the same person counts, and what `judge` and `note_act` raise.
    """
    row = connection.execute(
        select(t.referral).where(t.referral.c.id == key_of(referral_id))
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no referral {referral_id}. See: stempel referral list")
    if row.verdict == verdict.value:
        raise Conflict(f"Referral {referral_id} is {verdict} already.")
    if row.state == State.JOINED.value:
        raise Conflict(f"Referral {referral_id} was joined to another one of the same person.")
    note_act(
        connection,
        Act(
            programme_id=row.programme_id,
            actor=actor,
            action=f"referral.{'approve' if verdict is Verdict.APPROVED else 'refuse'}",
            subject=f"referral {referral_id}",
            reason=reason,
            detail={"friend": str(row.friend_id), "score": str(row.score)},
        ),
        now,
    )
    return judge(connection, vault, referral_id, now, Decision(verdict=verdict))


def claim(
    connection: Connection,
    vault: Vault,
    friend_id: int,
    code: str,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> Case:
    """Note who recommended the shop to a person, as staff were told; it counts if the shop knows nothing.

    Call in a writing transaction. Raises NotFound for an unknown person or code, Invalid for one's own
    code or a programme without such a rule, and Conflict if somebody else was noted before.
    """
    friend = _member(connection, friend_id, now)
    stored = code_in(code)
    holder = connection.execute(
        select(t.member.c.id).where(
            t.member.c.programme_id == friend.programme_id,
            t.member.c.referral_code == (stored or ""),
        )
    ).scalar()
    if holder is None:
        raise NotFound(f"There is no member with the code {code!r} in this programme.")
    referrer = _member(connection, holder, now)
    if referrer.id == friend.id:
        raise Invalid("This is the person's own code: nobody can recommend the shop to themselves.")
    if not has_referrals(versions(connection, friend.programme_id)):
        raise Invalid('The programme has no rule on "referral".')
    rows = [new_referral(friend.programme_id, friend.id, now)]
    insert_missing(connection, t.referral, rows, keys=("friend_id",))
    row = connection.execute(select(t.referral).where(t.referral.c.friend_id == friend.id)).one()
    if row.claimed_id is not None and _member(connection, row.claimed_id, now).id != referrer.id:
        raise Conflict(f"Somebody else was noted for member {friend.id} before.")
    note_act(
        connection,
        Act(
            programme_id=friend.programme_id,
            actor=actor,
            action="referral.claim",
            subject=f"member {friend.id}",
            reason=reason,
            detail={"referrer": str(referrer.id), "referral": str(row.id)},
        ),
        now,
    )
    return judge(connection, vault, row.id, now, Decision(claimed_id=referrer.id))


def _member(connection: Connection, member_id: int, now: datetime) -> MemberRow:
    """Return the account behind an id, following merges; raises NotFound."""
    work = WorkSet(0, now)
    accounts.load_members(connection, work, [member_id], lock=False)
    if member_id not in work.members:
        raise NotFound(f"There is no member {member_id}.")
    return work.member(member_id)


def _code(connection: Connection, member: MemberRow) -> str:
    """Return the code of a person, drawn if there is none yet: the database holds it unique."""
    this = t.member.c.id == member.id
    known = connection.execute(select(t.member.c.referral_code).where(this)).scalar()
    for _ in range(_DRAWS):
        if known is not None:
            return str(known)
        drawn = "".join(secrets.choice(LETTERS) for _ in range(LETTERS_IN_CODE)).lower()
        taken = select(t.member.c.id).where(
            t.member.c.programme_id == member.programme_id, t.member.c.referral_code == drawn
        )
        if connection.execute(taken).first() is None:
            connection.execute(
                update(t.member)
                .where(this, t.member.c.referral_code.is_(None))
                .values(referral_code=drawn)
            )
            known = connection.execute(select(t.member.c.referral_code).where(this)).scalar()
    raise Conflict("no code could be drawn; try again")
