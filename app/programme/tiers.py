"""Which tier a sum reaches, and which orders make up the sum at a moment: pure.

The tier at a moment is the highest that any day of the last `grace_days` reaches, that day included,
with everything taken off that was given back by now. So time takes a tier away only when the grace is
over, a refund at once, and neither depends on when anybody looked.

Days are those of the programme's time zone. An order belongs to the day that it was earned; a rolling
window of 12 months ends with that day a year later (29 February: with 28 February).
"""

import calendar
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import msgspec

from app.programme.document import Programme
from app.programme.local_time import midnight, midnight_after
from app.programme.tier import Tier, Tiers

UNIT = 10_000
"""Sums are kept in ten-thousandths: of money, of a point, of an order."""

_MIN, _MAX = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_MONTHS = 12

Span = tuple[datetime, datetime]
"""From (included) and until (not included) an order must have been earned."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person stands. `reached` is the sum of the present window, in `UNIT`."""

    tier: Tier | None
    reached: int
    next: Tier | None = None
    missing: int = 0  # until the next tier


def tier_of(programme: Programme, key: str | None) -> Tier | None:
    """Return the tier with this key, None if this version of the programme has no such tier."""
    return next((one for one in programme.tiers if one.key == key), None)


def units_of(tier: Tier) -> int:
    """Return what a tier takes, as sums are kept."""
    return int(tier.from_ * UNIT)


def reached_by(tiers: Sequence[Tier], units: int) -> Tier | None:
    """Return the highest tier that a sum reaches."""
    return next((one for one in reversed(tiers) if units_of(one) <= units), None)


def stand(programme: Programme, sums: Sequence[int]) -> Standing:
    """Return where a person stands with these sums of the spans of a day (`spans`)."""
    held = reached_by(programme.tiers, max(sums))
    above = programme.tiers[0 if held is None else programme.tiers.index(held) + 1 :]
    if not above:
        return Standing(tier=held, reached=sums[0])
    return Standing(tier=held, reached=sums[0], next=above[0], missing=units_of(above[0]) - sums[0])


@lru_cache(maxsize=4096)  # many people are asked about the same days
def spans(tiering: Tiers, timezone: str, day: date) -> tuple[Span, ...]:
    """Return the spans whose largest sum decides on a day; the first is that of the day itself."""
    match tiering.window:
        case "lifetime":
            return ((_MIN, _MAX),)
        case "year":
            first = _back(day, tiering.grace_days).year
            return tuple(
                (midnight(date(year, 1, 1), timezone), _end(date(year, _MONTHS, 31), timezone))
                for year in range(day.year, first - 1, -1)
            )
        case "rolling":
            days = (_back(day, back) for back in range(tiering.grace_days + 1))
            return tuple(
                (midnight(_first_day(one, tiering.months or 0), timezone), _end(one, timezone))
                for one in dict.fromkeys(days)
            )


def _back(day: date, days: int) -> date:
    return date.fromordinal(max(day.toordinal() - days, 1))


def _first_day(day: date, months: int) -> date:
    """Return the first day whose orders still count on `day`, so many months later."""
    years, month = divmod(day.year * _MONTHS + day.month - 1 - months, _MONTHS)
    if years < 1:
        return date.min
    if day.day <= calendar.monthrange(years, month + 1)[1]:
        return date(years, month + 1, day.day)
    return date(years, month + 1, calendar.monthrange(years, month + 1)[1]) + timedelta(days=1)


def _end(day: date, timezone: str) -> datetime:
    return midnight_after(day, timezone) or _MAX
