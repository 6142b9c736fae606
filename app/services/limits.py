"""How many of each limited reward were taken: what decides whether somebody can have one more.

What is released frees its place at once; nothing is counted anywhere but here, from the redemptions.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, exists, func, select

from app.db import tables as t
from app.db.dialect import lock_hashes
from app.programme.by_hand import EVENT
from app.programme.document import Programme
from app.programme.events import RedemptionState
from app.programme.limits import Person, Supply, period_start, places_of
from app.programme.reward import Reward
from app.services.accounts import accounts_of
from app.services.workset import chunks


class Asking(msgspec.Struct, frozen=True):
    """Who wants a reward: all accounts of one person, and the person's tier."""

    members: Sequence[int]
    tier: str | None


def asking_of(connection: Connection, member_id: int) -> Asking:
    """Return who has this account, with all that were joined to it."""
    tier = select(t.member.c.tier).where(t.member.c.id == member_id)
    return Asking(
        sorted(accounts_of(connection, [member_id])), connection.execute(tier).scalar_one()
    )


def await_turn(
    connection: Connection, programme_id: int, programme: Programme, reward: str
) -> None:
    """Let one transaction at a time take a reward of which there are only so many, until it ends.

    Call before any member is locked: who waits for a turn must not keep another one waiting.
    """
    if any(one.key == reward and places_of(one) is not None for one in programme.rewards):
        named = hashlib.sha256(f"reward {programme_id} {reward}".encode()).digest()
        lock_hashes(connection, [named])


def supply_of(
    connection: Connection,
    programme_id: int,
    programme: Programme,
    now: datetime,
    asking: Asking | None = None,
    *,
    only: str | None = None,
    keeping: bool = True,
) -> Supply:
    """Return how things stand now, for everybody and for who asks; with `only`, for this reward alone.

    Seats that are kept for who waits for them count as taken, unless `keeping` is off. A programme
    without limits costs no statement.
    """
    rewards = [one for one in programme.rewards if only in {None, one.key}]
    limited = [one.key for one in rewards if places_of(one) is not None]
    taken: dict[str, int] = {}
    for chunk in chunks(limited):
        query = _counted(t.redemption.c.programme_id == programme_id).where(
            t.redemption.c.reward.in_(chunk)
        )
        taken |= {row.reward: row.n for row in connection.execute(query)}
    for event in (one for one in rewards if keeping and one.kind == EVENT):
        ahead = _ahead(
            connection, programme_id, event.key, () if asking is None else asking.members
        )
        taken[event.key] = taken.get(event.key, 0) + ahead
    person = None
    if asking is not None:
        taken_by = _taken_by(connection, programme, rewards, asking, now)
        person = Person(asking.tier, taken_by, _segments_of(connection, rewards, asking))
    return Supply(now, taken, person)


def taken_lately(
    programme: Programme, reward: Reward, now: datetime, member: ColumnElement[int]
) -> ColumnElement[int]:
    """Return how often a member, of the query around, took a reward in its present period."""
    query = (
        select(func.count())
        .select_from(t.redemption)
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .where(
            *_COUNTS,
            t.redemption.c.programme_id == t.member.c.programme_id,
            t.redemption.c.reward == reward.key,
            t.source_object.c.owner_id == member,
        )
    )
    since = period_start(reward.each, programme.timezone, now)
    if since is not None:
        query = query.where(t.redemption.c.created_at >= since)
    return query.correlate(t.member).scalar_subquery()


def in_segments(reward: Reward, member: ColumnElement[int]) -> ColumnElement[bool]:
    """Say whether a member, of the query around, is in a segment that a reward is for."""
    rows = t.segment_member.c
    return exists().where(
        rows.programme_id == t.member.c.programme_id,
        rows.member_id == member,
        rows.segment.in_(reward.segments),
        rows.until.is_(None),
    )


def _segments_of(
    connection: Connection, rewards: Iterable[Reward], asking: Asking
) -> frozenset[str]:
    """Return the segments that a person was in when members were counted last."""
    wanted = sorted({segment for reward in rewards for segment in reward.segments})
    if not wanted:
        return frozenset()
    rows = t.segment_member.c
    query = select(rows.segment).where(
        rows.member_id.in_(asking.members), rows.segment.in_(wanted), rows.until.is_(None)
    )
    return frozenset(connection.execute(query).scalars())


def _taken_by(
    connection: Connection,
    programme: Programme,
    rewards: Iterable[Reward],
    asking: Asking,
    now: datetime,
) -> dict[str, int]:
    taken: dict[str, int] = {}
    for reward in rewards:
        if reward.per_member is None:
            continue
        query = _counted(
            t.redemption.c.member_id.in_(asking.members), t.redemption.c.reward == reward.key
        )
        since = period_start(reward.each, programme.timezone, now)
        if since is not None:
            query = query.where(t.redemption.c.created_at >= since)
        taken |= {row.reward: row.n for row in connection.execute(query)}
    return taken


def _ahead(connection: Connection, programme_id: int, reward: str, members: Sequence[int]) -> int:
    """Return for how many a free seat is kept: those before who asks and not passed over."""
    line = connection.execute(
        select(t.waiting.c.member_id, t.waiting.c.note)
        .where(
            t.waiting.c.programme_id == programme_id,
            t.waiting.c.reward == reward,
            t.waiting.c.due_at.is_not(None),
        )
        .order_by(t.waiting.c.id)
    ).all()
    places = (place for place, row in enumerate(line) if row.member_id in members)
    own = next(places, len(line))
    return sum(1 for row in line[:own] if row.note is None)


_COUNTS = (
    t.redemption.c.state != RedemptionState.RELEASED.value,
    t.redemption.c.granted_by.is_(None),
    t.redemption.c.replaces_id.is_(None),
)


def _counted(*where: ColumnElement[bool]) -> Select[tuple[str, int]]:
    return (
        select(t.redemption.c.reward, func.count().label("n"))
        .where(*where, *_COUNTS)
        .group_by(t.redemption.c.reward)
    )
