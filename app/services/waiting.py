"""The waiting list of an event: whoever waits longest gets the seat that is free first.

Nobody pays for waiting. A seat that becomes free is kept for the first of the line who can have it: one who
cannot (the points are gone, say) is asked again later and keeps nobody else from it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.errors import Conflict, Invalid, NotFound
from app.programme.by_hand import EVENT
from app.programme.limits import Hidden, left, why_not_now
from app.programme.reward import Reward
from app.services import accounts, workset
from app.services.audit import Act, note_act
from app.services.limits import Asking, await_turn, supply_of
from app.services.programmes import Version, in_force, versions
from app.services.reward_words import hidden_words
from app.services.workset import WorkSet

_AGAIN = timedelta(hours=1)


class NoEvent(Conflict):
    """What somebody waits for, or wants to, has no seats."""


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A free seat, and who is to have it."""

    waiting_id: int
    programme_id: int
    member_id: int
    reward: str


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's place in a line, from 1 on. `note` says why a free seat was not theirs."""

    member_id: int
    reward: str
    place: int
    since: datetime
    note: str | None


def wait(
    connection: Connection,
    *,
    programme_id: int,
    member_id: int,
    reward: str,
    actor: str,
    now: datetime,
) -> int:
    """Let a member wait for a seat; returns the place in the line, that of before for who waits already.

    Call in a writing transaction. Raises NotFound for an unknown member or reward, Invalid for who has not
    joined, Conflict where nothing is to be waited for.
    """
    work = WorkSet(programme_id, now)
    lock = connection.dialect.name != "sqlite"
    workset.load_programme(connection, work, lock=lock)
    version = in_force(versions(connection, programme_id), now)
    event = _event(version, reward)
    await_turn(connection, programme_id, version.programme, reward)
    member = accounts.load_member(connection, work, member_id)
    if member.state != "member":
        raise Invalid(f"member {member.id} is a {member.state}: only who has joined can wait")
    same = work.accounts_of(member_id)
    known = _place_of(connection, programme_id, reward, same)
    if known is not None:
        return known
    asking = Asking(same, member.tier)
    supply = supply_of(connection, programme_id, version.programme, now, asking, only=reward)
    why = why_not_now(event, version.programme.timezone, supply)
    if why is None:
        raise Conflict(f"There is a seat for {reward!r}: it can be taken at once.")
    if why is not Hidden.NONE_LEFT:
        raise Conflict(
            f"The reward {reward!r} cannot be waited for now ({hidden_words(why, 'en')})."
        )
    connection.execute(
        insert(t.waiting).values(
            id=new_id(),
            programme_id=programme_id,
            member_id=member.id,
            reward=reward,
            created_at=now,
            due_at=now,
        )
    )
    _note(connection, programme_id, "reward.wait", member.id, reward, actor, now)
    return len(line_of(connection, programme_id, reward))


def leave(
    connection: Connection,
    *,
    programme_id: int,
    members: Sequence[int],
    reward: str,
    actor: str,
    now: datetime,
) -> None:
    """Let a person, with all accounts, wait no more; raises NotFound for who does not wait."""
    if not end_waiting(connection, members, reward):
        raise NotFound(f"This member does not wait for {reward!r}.")
    _note(connection, programme_id, "reward.leave", members[0], reward, actor, now)


def end_waiting(
    connection: Connection, members: Sequence[int], reward: str, *, redemption_id: int | None = None
) -> int:
    """Take a person out of the line, for the seat that they got or without one; returns how often."""
    ended = connection.execute(
        update(t.waiting)
        .where(
            t.waiting.c.member_id.in_(members),
            t.waiting.c.reward == reward,
            t.waiting.c.due_at.is_not(None),
        )
        .values(due_at=None, note=None, redemption_id=redemption_id)
    )
    return ended.rowcount


def line_of(connection: Connection, programme_id: int, reward: str | None = None) -> list[Place]:
    """Return who waits, the first first, for one event or for each."""
    query = (
        select(t.waiting)
        .where(t.waiting.c.programme_id == programme_id, t.waiting.c.due_at.is_not(None))
        .order_by(t.waiting.c.reward, t.waiting.c.id)
    )
    if reward is not None:
        query = query.where(t.waiting.c.reward == reward)
    places: dict[str, int] = {}
    found = []
    for row in connection.execute(query):
        places[row.reward] = places.get(row.reward, 0) + 1
        found.append(
            Place(
                member_id=row.member_id,
                reward=row.reward,
                place=places[row.reward],
                since=row.created_at,
                note=row.note,
            )
        )
    return found


def free_seats(connection: Connection, now: datetime, *, limit: int) -> list[Seat]:
    """Return up to `limit` seats that are free, each with who is to have it."""
    lines = connection.execute(
        select(t.waiting.c.programme_id, t.waiting.c.reward, func.count().label("n"))
        .where(t.waiting.c.due_at <= now)
        .group_by(t.waiting.c.programme_id, t.waiting.c.reward)
        .order_by(t.waiting.c.programme_id, t.waiting.c.reward)
    ).all()
    found: list[Seat] = []
    for programme_id, reward, _ in lines:
        version = in_force(versions(connection, programme_id), now)
        free = _free(connection, programme_id, version, reward, now)
        rows = connection.execute(
            select(t.waiting.c.id, t.waiting.c.member_id)
            .where(
                t.waiting.c.programme_id == programme_id,
                t.waiting.c.reward == reward,
                t.waiting.c.due_at <= now,
            )
            .order_by(t.waiting.c.id)
            .limit(max(0, min(free, limit - len(found))))
        )
        found += [
            Seat(
                waiting_id=row.id,
                programme_id=programme_id,
                member_id=row.member_id,
                reward=reward,
            )
            for row in rows
        ]
    return found


def still_waits(connection: Connection, seat: Seat, now: datetime) -> bool:
    """Say whether somebody still waits for a seat; nobody else gives it until this transaction ends.

    They may have left, or have one by now: through another worker, or another account of theirs. Raises
    NotFound or NoEvent for what is no event any more: nobody who waited for a seat wants anything else.
    """
    version = in_force(versions(connection, seat.programme_id), now)
    await_turn(connection, seat.programme_id, version.programme, seat.reward)
    query = select(t.waiting.c.id).where(
        t.waiting.c.id == seat.waiting_id, t.waiting.c.due_at <= now
    )
    waits = connection.execute(query.with_for_update()).first() is not None
    if waits:
        _event(version, seat.reward)
    return waits


def pass_over(connection: Connection, seat: Seat, why: str, now: datetime) -> None:
    """Note why somebody cannot have the seat now, so that the next one can; asked again in an hour."""
    connection.execute(
        update(t.waiting)
        .where(t.waiting.c.id == seat.waiting_id, t.waiting.c.due_at.is_not(None))
        .values(note=why[:500], due_at=now + _AGAIN)
    )


def give_up(connection: Connection, seat: Seat, why: str) -> None:
    """Take somebody out of the line who can never have the seat."""
    connection.execute(
        update(t.waiting)
        .where(t.waiting.c.id == seat.waiting_id, t.waiting.c.due_at.is_not(None))
        .values(note=why[:500], due_at=None)
    )


def _free(
    connection: Connection, programme_id: int, version: Version, reward: str, now: datetime
) -> int:
    """Return how many seats are free, those kept for who waits included."""
    event = next((one for one in version.programme.rewards if one.key == reward), None)
    if event is None or event.kind != EVENT:
        return 1  # whoever is asked next is told that it is gone
    supply = supply_of(connection, programme_id, version.programme, now, only=reward, keeping=False)
    return left(event, supply) or 0


def _event(version: Version, key: str) -> Reward:
    found = next((one for one in version.programme.rewards if one.key == key), None)
    if found is None:
        raise NotFound(f"There is no reward {key!r}.")
    if found.kind != EVENT:
        raise NoEvent(f"The reward {key!r} is no event: nobody waits for it.")
    return found


def _place_of(
    connection: Connection, programme_id: int, reward: str, members: Sequence[int]
) -> int | None:
    line = line_of(connection, programme_id, reward)
    return next((one.place for one in line if one.member_id in members), None)


def _note(
    connection: Connection,
    programme_id: int,
    action: str,
    member_id: int,
    reward: str,
    actor: str,
    now: datetime,
) -> None:
    act = Act(
        programme_id=programme_id,
        actor=actor,
        action=action,
        subject=f"member {member_id}",
        reason="for the member",
        detail={"reward": reward},
    )
    note_act(connection, act, now)
