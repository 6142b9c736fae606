"""A member's tier with what is missing to the next one, and how many have each tier."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec
from sqlalchemy import Connection, func, select

from app.db import tables as t
from app.programme.tier import Tier, TierBy
from app.programme.tier_facts import Fact
from app.programme.tier_history import standing_at
from app.programme.tiers import UNIT, tier_of
from app.services.programmes import in_force, versions
from app.services.texts import Texts


class TierView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a member stands. `missing` and `reached` are money, points or orders, as `by` says."""

    key: str | None
    name: str | None
    since: datetime | None
    perks: tuple[str, ...] = ()
    by: TierBy
    currency: str
    reached: Decimal
    next_key: str | None = None
    next_name: str | None = None
    missing: Decimal | None = None


class TierCount(msgspec.Struct, frozen=True, kw_only=True):
    """One tier, or none, and how many have it now: members, and guests who only gather."""

    tier: Tier | None
    key: str | None  # known of a tier too that the programme has no more
    members: int
    guests: int


def tier_view(connection: Connection, member_id: int, now: datetime) -> TierView | None:
    """Return a member's tier, None if the programme has no tiers now."""
    row = connection.execute(
        select(t.member.c.programme_id, t.member.c.tier, t.member.c.tier_since).where(
            t.member.c.id == member_id
        )
    ).one()
    programme = in_force(versions(connection, row.programme_id), now).programme
    if not programme.tiers:
        return None
    facts = connection.execute(
        select(t.tier_fact).where(
            t.tier_fact.c.programme_id == row.programme_id,
            t.tier_fact.c.member_id == member_id,
            t.tier_fact.c.measure == programme.tiering.by,
        )
    )
    standing = standing_at(
        programme, [Fact(one.at, one.object_id, one.since, one.amount) for one in facts], now
    )
    held, above = tier_of(programme, row.tier), standing.next
    return TierView(
        key=row.tier,
        name=row.tier if held is None else held.shown,
        since=row.tier_since,
        perks=() if held is None else held.perks,
        by=programme.tiering.by,
        currency=programme.currency,
        reached=_amount(standing.reached),
        next_key=None if above is None else above.key,
        next_name=None if above is None else above.shown,
        missing=None if above is None else _amount(standing.missing),
    )


def tier_counts(connection: Connection, programme_id: int, now: datetime) -> Sequence[TierCount]:
    """Return the tiers of a programme, the lowest first, with how many have each; then who has none."""
    programme = in_force(versions(connection, programme_id), now).programme
    rows = connection.execute(
        select(t.member.c.tier, t.member.c.state, func.count().label("several"))
        .where(t.member.c.programme_id == programme_id, t.member.c.state.in_(("guest", "member")))
        .group_by(t.member.c.tier, t.member.c.state)
    )
    found = {(row.tier, row.state): int(row.several) for row in rows}
    keys: list[str | None] = [one.key for one in programme.tiers]
    keys += sorted({key for key, _ in found if key is not None} - set(keys))
    if (None, "member") in found or (None, "guest") in found:
        keys.append(None)
    return [
        TierCount(
            tier=tier_of(programme, key),
            key=key,
            members=found.get((key, "member"), 0),
            guests=found.get((key, "guest"), 0),
        )
        for key in keys
    ]


def missing_words(words: Texts, told: TierView) -> str | None:
    """Say what is missing to the next tier, None at the highest."""
    if told.missing is None:
        return None
    return words.say(
        "%(missing)s more until %(tier)s",
        missing=_measured(words, told.missing, told),
        tier=told.next_name,
    )


def tier_name(words: Texts, told: TierView) -> str:
    """Say which tier it is."""
    return told.name or words.say("no tier yet")


def _measured(words: Texts, amount: Decimal, told: TierView) -> str:
    if told.by == "spend":
        return words.money(amount, told.currency)
    if told.by == "points":
        return words.points(int(amount))
    return words.plural("%(count)s order", "%(count)s orders", int(amount))


def _amount(units: int) -> Decimal:
    """Return a sum with two decimals, or as many as it needs."""
    exact = Decimal(units) / UNIT
    return max(exact.normalize(), exact.quantize(Decimal("0.01")), key=_places)


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
