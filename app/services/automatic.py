"""Who is due a reward that the programme issues by itself, as soon as the balance reaches its cost."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from app.db import tables as t
from app.programme.document import Programme, load
from app.programme.events import RedemptionState
from app.programme.limits import Supply, left
from app.programme.reward import Reward
from app.programme.rewards import offers
from app.services.limits import in_segments, supply_of, taken_lately
from app.services.programmes import all_in_force
from app.services.redeem import Outlet

REST = timedelta(days=30)
"""How long one whose code was released is not given the same reward by itself again, under one version.

A shop may refuse to make a code each time, and who had it released may want the points for something else.
"""

_MOST_FAILED = 500  # in one statement


class Automatic(msgspec.Struct, frozen=True):
    """A programme whose version in force issues rewards by itself."""

    programme_id: int
    version: int
    programme: Programme


class Due(msgspec.Struct, frozen=True):
    """One member who is to get a reward, and the store whose code it shall be."""

    programme_id: int
    member_id: int
    reward: str
    store_key: str


def automatic_programmes(connection: Connection, now: datetime) -> list[Automatic]:
    """Return the programmes whose version in force has such rewards."""
    # Asked each second: no document is read in vain.
    with_such = t.programme_version.c.document.contains('"automatic":true')
    rows = connection.execute(all_in_force(now).where(with_such))
    return [Automatic(row.programme_id, row.number, load(row.document)) for row in rows]


def due_members(
    connection: Connection,
    automatic: Automatic,
    outlets: Sequence[Outlet],
    now: datetime,
    *,
    limit: int,
    but: Iterable[int] = (),
) -> list[Due]:
    """Return up to `limit` members who are due a reward, those with the most points first.

    Of several rewards the dearest that a member can pay comes first. The store is that of the member's
    oldest account whose shop offers the reward and need not be mended by a person first. Members in `but`
    are left out.
    """
    left_out = set(but)
    found: list[Due] = []
    rewards = [reward for reward in automatic.programme.rewards if reward.automatic]
    supply = supply_of(connection, automatic.programme_id, automatic.programme, now)
    for reward in sorted(rewards, key=lambda reward: -reward.cost):
        # Of one that is short nobody more is due than there are left.
        there = left(reward, supply)
        most = limit - len(found) if there is None else min(there, limit - len(found))
        stores = {
            outlet.store.id: outlet.store.key
            for outlet in outlets
            if outlet.store.blocked_reason is None and _offers(automatic, reward, outlet, supply)
        }
        members = _members(connection, automatic, reward, stores, now, most, left_out)
        left_out |= set(members)
        homes = _oldest_accounts(connection, members, stores)
        found += [
            Due(automatic.programme_id, member_id, reward.key, stores[homes[member_id]])
            for member_id in members
        ]
    return found


def _offers(automatic: Automatic, reward: Reward, outlet: Outlet, supply: Supply) -> bool:
    there = offers(automatic.programme, outlet.store.key, outlet.makes, supply)
    return any(offer.reward == reward and offer.hidden is None for offer in there)


def _members(
    connection: Connection,
    automatic: Automatic,
    reward: Reward,
    stores: Iterable[int],
    now: datetime,
    limit: int,
    but: Iterable[int],
) -> list[int]:
    if not stores or limit <= 0:
        return []
    has_account = exists().where(
        t.store_customer.c.member_id == t.member.c.id,
        t.store_customer.c.store_id.in_(sorted(stores)),
        t.store_customer.c.gone == 0,
    )
    # The balance counts points whose time is over until they are taken out.
    spendable = (
        select(func.sum(t.lot.c.remaining))
        .where(
            t.lot.c.member_id == t.member.c.id,
            t.lot.c.remaining > 0,
            or_(t.lot.c.expires_at.is_(None), t.lot.c.expires_at > now),
        )
        .scalar_subquery()
    )
    query = (
        select(t.member.c.id)
        .where(
            t.member.c.programme_id == automatic.programme_id,
            t.member.c.state == "member",
            t.member.c.balance >= reward.cost,
            t.member.c.id.not_in(sorted(but)[:_MOST_FAILED]),
            has_account,
            spendable >= reward.cost,
            ~_rests(automatic, reward, now),
        )
        .order_by(t.member.c.balance.desc(), t.member.c.id.desc())
        .limit(limit)
    )
    if reward.tiers:
        query = query.where(t.member.c.tier.in_(reward.tiers))
    if reward.segments:
        query = query.where(in_segments(reward, t.member.c.id))
    if reward.per_member is not None:
        had = taken_lately(automatic.programme, reward, now, t.member.c.id)
        query = query.where(had < reward.per_member)
    return list(connection.execute(query).scalars())


def _rests(automatic: Automatic, reward: Reward, now: datetime) -> ColumnElement[bool]:
    return (
        exists()
        .where(
            t.redemption.c.member_id == t.member.c.id,
            t.redemption.c.state == RedemptionState.RELEASED.value,
            t.redemption.c.dead_at > now - REST,
            t.source_object.c.id == t.redemption.c.object_id,
            t.source_object.c.version == automatic.version,
            t.award.c.object_id == t.redemption.c.object_id,
            t.award.c.rule == reward.key,
        )
        .correlate(t.member)
    )


def _oldest_accounts(
    connection: Connection, members: Sequence[int], stores: Iterable[int]
) -> dict[int, int]:
    """Return the store of each member's oldest living account in these stores."""
    rows = connection.execute(
        select(t.store_customer.c.member_id, t.store_customer.c.store_id)
        .where(
            t.store_customer.c.member_id.in_(members),
            t.store_customer.c.store_id.in_(sorted(stores)),
            t.store_customer.c.gone == 0,
        )
        .order_by(t.store_customer.c.id.desc())
    )
    return {row.member_id: row.store_id for row in rows}
