"""Who can have a reward how often and when: limits of the programme document, and what follows. Pure.

```toml
[[reward]]
key = "tasting"
cost = 300
kind = "percent"
value = "50"
total = 100                    # so many for everybody together
per_member = 1                 # so many for each member …
each = "year"                  # … in a calendar year ("month", "year" or "lifetime")
tiers = ["gold"]               # only for who has one of these tiers now
segments = ["big-spenders"]    # and is in one of these segments, as members were counted last
from = 2026-12-01T00:00:00     # only from then on, by the clocks of the programme's time zone
until = 2027-01-01T00:00:00    # and not any more then
```

What counts towards a limit is what members took for points, under whichever version, and was not released.
What a rule or challenge gave, and a code in the place of one whose order was refunded, do not count.
A limit decides who can take a reward; what was taken stays good.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import msgspec

from app.errors import ConfigError
from app.programme.campaign_times import Phase, check_span, moment_of, phase
from app.programme.fields import check_known
from app.programme.reward import Each, Reward

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Hidden(StrEnum):
    """Why a reward cannot be had: in a store, now, or by somebody."""

    NO_PRODUCT = "no-product"  # the document names no product of that store
    NOT_FOR_POINTS = "not-for-points"  # a rule or challenge gives it, nobody can ask for it
    NOT_MADE = "not-made"  # the store makes no such codes, or cannot be called
    NO_MONEY = "no-money"  # the store's platform has no gift cards or store credit to give
    NOT_YET = "not-yet"
    OVER = "over"
    NONE_LEFT = "none-left"
    OTHER_TIER = "other-tier"
    OTHER_SEGMENT = "other-segment"
    HAD = "had"  # as often as one member may


class Person(msgspec.Struct, frozen=True):
    """Who asks: the present tier and segments, and how many of each reward were taken in its period."""

    tier: str | None
    taken: Mapping[str, int] = {}
    segments: frozenset[str] = frozenset()


class Supply(msgspec.Struct, frozen=True):
    """How things stand at a moment: what was taken of rewards with a total, and who asks, if anybody."""

    now: datetime
    taken: Mapping[str, int] = {}
    person: Person | None = None


def why_not_now(reward: Reward, timezone: str, supply: Supply) -> Hidden | None:
    """Say what keeps a reward from being had, wherever it were; None if nothing does."""
    running = phase(reward.from_, reward.until, timezone, supply.now)
    if running is not Phase.RUNNING:
        return Hidden.NOT_YET if running is Phase.COMING else Hidden.OVER
    person = supply.person
    if person is not None and reward.tiers and person.tier not in reward.tiers:
        return Hidden.OTHER_TIER
    if person is not None and reward.segments and not person.segments.intersection(reward.segments):
        return Hidden.OTHER_SEGMENT
    had = 0 if person is None else person.taken.get(reward.key, 0)
    if reward.per_member is not None and had >= reward.per_member:
        return Hidden.HAD
    return Hidden.NONE_LEFT if left(reward, supply) == 0 else None


def left(reward: Reward, supply: Supply) -> int | None:
    """Return how many are left for everybody; None: as many as anybody wants."""
    places = places_of(reward)
    return None if places is None else max(0, places - supply.taken.get(reward.key, 0))


def places_of(reward: Reward) -> int | None:
    """Return how many can be taken altogether, whatever the document calls it; None: no limit."""
    return next((n for n in (reward.total, reward.stock, reward.seats) if n is not None), None)


def period_start(each: Each, timezone: str, now: datetime) -> datetime | None:
    """Return when the present calendar month or year began there; None: nothing is too old to count."""
    if each == "lifetime":
        return None
    day = now.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    first = datetime(day.year, day.month if each == "month" else 1, 1)  # noqa: DTZ001 - local
    return _EPOCH + timedelta(microseconds=moment_of(first, timezone))


def check_limits(
    path: str, reward: Reward, timezone: str, tiers: Collection[str], segments: Collection[str]
) -> None:
    """Refuse limits that nobody could meet. Raises ConfigError."""
    if reward.each != "lifetime" and reward.per_member is None:
        raise ConfigError(f'{path}.each needs the key "per_member" beside it')
    for name, thing, asked, known in (
        ("tiers", "tier", reward.tiers, tiers),
        ("segments", "segment", reward.segments, segments),
    ):
        there = ", ".join(f'"{key}"' for key in sorted(known)) or "there is none yet"
        check_known(f"{path}.{name}", asked, known, f"the key of a {thing} ({there})")
    check_span(path, reward.from_, reward.until, timezone)
    if reward.cost:
        return
    for name, given in (
        ("total", reward.total),
        ("per_member", reward.per_member),
        ("tiers", reward.tiers),
        ("segments", reward.segments),
        ("from", reward.from_),
        ("until", reward.until),
    ):
        if given:
            raise ConfigError(
                f'{path}.{name} needs the key "cost" beside it: what a rule or challenge gives has no limits'
            )
