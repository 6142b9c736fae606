"""What people do besides buying: recorded once by its key, withdrawn, and paid by whatever rules say.

Each action is a source object of the programme's own store, so that the windows of
`app.programme.action_windows` converge over actions as they do over reviews.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from app.db.ids import new_id
from app.db.types import holds
from app.errors import Conflict, Invalid, NotFound
from app.programme.actions import (
    ACTION_NAME,
    ANNIVERSARY,
    BIRTHDAY,
    QUIZ,
    SURVEY,
    is_action_name,
    kind_of,
)
from app.programme.events import ActionFacts
from app.services import accounts, workset
from app.services.audit import Act, note_act
from app.services.facts import decode_facts, encode_facts
from app.services.keys import Vault
from app.services.programmes import Version, in_force, versions
from app.services.rows import MemberRow, ObjectKey, ObjectRow
from app.services.stores import own_store_id
from app.services.workset import WorkSet
from app.services.worth import settle_objects
from app.services.writeback import want_writing

KIND = "action"

OWN_KEYS = "stempel:"
"""Begins the keys that we choose ourselves: of birthdays, anniversaries, quizzes, surveys."""

LONGEST_KEY = 200

_ELSEWHERE = {
    BIRTHDAY: "stempel member birthday",
    ANNIVERSARY: "the day of joining",
    QUIZ: "stempel quiz answer",
    SURVEY: "stempel quiz answer",
}
"""What is told in another way than by name."""


class NewAction(msgspec.Struct, frozen=True, kw_only=True):
    """An action to be stored. The same `key` of a programme is the same action."""

    member_id: int
    key: str
    facts: ActionFacts
    occurred_at: datetime


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An action as it is stored, and the balance of whom it belongs to. `new` tells if it is so only now."""

    id: int
    member_id: int
    key: str
    facts: ActionFacts
    occurred_at: datetime
    balance: int
    new: bool


def record_action(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    member_id: int,
    action: str,
    key: str,
    now: datetime,
    at: datetime | None = None,
    actor: str = "manager",
    reason: str = "",
) -> Recorded:
    """Record that a member did something; what it is worth is posted at once.

    The same `key` again changes nothing, also if the action was withdrawn meanwhile. Call in a writing
    transaction. Raises Invalid for what is no action, NotFound for an unknown member, Conflict if the key
    belongs to another action, another member's, or one of another time.
    """
    if not is_action_name(action):
        raise Invalid(f"{action!r} is no name of an action; give {ACTION_NAME}")
    if kind_of(action) in _ELSEWHERE:
        raise Invalid(f'"{action}" is not told by its name, see: {_ELSEWHERE[kind_of(action)]}')
    _check_key(key)
    if at is not None and at > now:
        raise Invalid("an action cannot be of the future")
    wanted = NewAction(
        member_id=member_id,
        key=key,
        facts=ActionFacts(action=action),
        occurred_at=at or now,
    )
    [recorded] = put_actions(connection, vault, programme_id, [wanted], now)
    same = recorded.facts.action == action and (at is None or at == recorded.occurred_at)
    if not same:
        raise Conflict(
            f"the key {key!r} belongs to the action {recorded.facts.action!r} of "
            f"{recorded.occurred_at.isoformat()}; another action needs another key"
        )
    if recorded.new:
        _note(connection, programme_id, recorded, "action.record", actor, reason, now)
    return recorded


def withdraw_action(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    key: str,
    reason: str,
    now: datetime,
    actor: str = "manager",
) -> Recorded:
    """Take an action back, as if it had never been; `new` tells whether this changed anything.

    Call in a writing transaction. Raises NotFound for an unknown key, Invalid without a reason.
    """
    if not reason.strip():
        raise Invalid("withdrawing an action needs a reason")
    work, lock = WorkSet(programme_id, now), connection.dialect.name != "sqlite"
    place: ObjectKey = (own_store_id(connection, programme_id, now), KIND, key)
    if holds(key):
        workset.load_objects(connection, work, [place], lock=lock)
    row = work.objects.get(place)
    facts = None if row is None else decode_facts(row.facts)
    if row is None or row.owner_id is None or not isinstance(facts, ActionFacts):
        raise NotFound(f"There is no action with the key {key!r}. See: stempel action list")
    _load_owners(connection, work, [row.owner_id], lock=lock)
    owner = work.member(row.owner_id)
    if facts.removed:
        return _recorded(row, facts, owner, new=False)
    facts = msgspec.structs.replace(facts, removed=True)
    row.facts, row.dirty = encode_facts(facts), True
    _settle(connection, vault, work, versions(connection, programme_id), [place])
    recorded = _recorded(row, facts, owner, new=True)
    _note(connection, programme_id, recorded, "action.withdraw", actor, reason, now)
    return recorded


def put_actions(
    connection: Connection,
    vault: Vault,
    programme_id: int,
    wanted: Sequence[NewAction],
    now: datetime,
    *,
    posting: bool = True,
) -> list[Recorded]:
    """Store actions that are not there yet and post what they are worth; returns each as it is stored.

    Without `posting` they are only stored: the next change of the person's actions posts for them. Call
    in a writing transaction. Raises NotFound for unknown members, Conflict for another member's key.
    """
    work, lock = WorkSet(programme_id, now), connection.dialect.name != "sqlite"
    store_id = own_store_id(connection, programme_id, now)
    places: list[ObjectKey] = [(store_id, KIND, one.key) for one in wanted]
    workset.load_objects(connection, work, places, lock=lock)
    _load_owners(connection, work, [one.member_id for one in wanted], lock=lock)
    if lock:  # those of another writer that were finished before our members were locked
        workset.load_objects(connection, work, places, lock=False)
    known = versions(connection, programme_id)
    fresh: list[ObjectKey] = []
    for one, place in zip(wanted, places, strict=True):
        member = _member(work, one.member_id)
        row = work.objects.get(place)
        if row is None:
            work.objects[place] = _new_object(known, work, member, place, one)
            fresh.append(place)
        elif row.owner_id is None or work.member(row.owner_id) is not member:
            raise Conflict(f"the key {one.key!r} belongs to an action of another member")
    if posting:
        _settle(connection, vault, work, known, fresh)
    else:
        workset.flush(connection, work)
    return [
        _stored(work.objects[place], _member(work, one.member_id), new=place in fresh)
        for one, place in zip(wanted, places, strict=True)
    ]


def _load_owners(
    connection: Connection, work: WorkSet, members: Sequence[int], *, lock: bool
) -> None:
    owners = workset.load_object_awards(connection, work) | set(members)
    accounts.load_people(connection, work, customers=(), hashes=(), owners=owners, lock=lock)


def _member(work: WorkSet, member_id: int) -> MemberRow:
    row = work.members.get(member_id)
    if row is None or row.programme_id != work.programme_id:
        raise NotFound(f"there is no member {member_id} in this programme")
    member = work.member(member_id)
    if member.state == "erased":
        raise Invalid(f"member {member.id} was erased")
    return member


def _new_object(
    known: Sequence[Version], work: WorkSet, member: MemberRow, place: ObjectKey, one: NewAction
) -> ObjectRow:
    return ObjectRow(
        new=True,
        id=new_id(),
        programme_id=work.programme_id,
        store_id=place[0],
        kind=place[1],
        external_id=place[2],
        number=one.facts.action,  # what people call it
        facts=encode_facts(one.facts),
        modified_at=work.now,
        truth_at=None,
        accepted_at=work.now,
        occurred_at=one.occurred_at,
        earned_at=one.occurred_at,
        version=in_force(known, one.occurred_at).number,
        context="{}",
        owner_id=member.id,
        owner_ref=f"member:{member.id}",
        owner_known_at=work.now,
        delivery_id=None,
        rev=1,
        seen_at=work.now,
    )


def _settle(
    connection: Connection,
    vault: Vault,
    work: WorkSet,
    known: Sequence[Version],
    changed: Sequence[ObjectKey],
) -> None:
    if not changed:
        return
    for place in changed:
        owner = work.objects[place].owner_id
        if owner is not None:
            work.member(owner).dirty = True  # whoever evaluated without this does it anew
    settle_objects(connection, work, vault, known, changed)
    moved = sorted(work.moved)
    workset.flush(connection, work)
    want_writing(connection, moved, work.now)


def _stored(row: ObjectRow, member: MemberRow, *, new: bool) -> Recorded:
    facts = decode_facts(row.facts)
    if not isinstance(facts, ActionFacts):
        raise Conflict(f"object {row.id} is no action")
    return _recorded(row, facts, member, new=new)


def _recorded(row: ObjectRow, facts: ActionFacts, member: MemberRow, *, new: bool) -> Recorded:
    return Recorded(
        id=row.id,
        member_id=member.id,
        key=row.external_id,
        facts=facts,
        occurred_at=row.occurred_at,
        balance=member.balance,
        new=new,
    )


def _check_key(key: str) -> None:
    if not key.strip() or len(key) > LONGEST_KEY or not holds(key):
        raise Invalid(f"an action needs a key of 1 to {LONGEST_KEY} characters")
    if key.startswith(OWN_KEYS):
        raise Invalid(f'keys that begin with "{OWN_KEYS}" are not free')


def _note(
    connection: Connection,
    programme_id: int,
    recorded: Recorded,
    what: str,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    note_act(
        connection,
        Act(
            programme_id=programme_id,
            actor=actor,
            action=what,
            subject=f"member {recorded.member_id}",
            reason=reason,
            detail={"action": recorded.facts.action, "object": str(recorded.id)},
        ),
        now,
    )
