"""How long points live: when they can be spent, and when those that nobody spent are gone.

Hold and expiry both begin when a thing was earned, whenever we hear of it.
"""

import calendar
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.local_time import local_day, midnight_after, months_later
from app.programme.reading import wrong

_LATEST = datetime.max.replace(tzinfo=UTC)
_MONTHS = 12

MOST_MONTHS = 120
"""The longest time that a [points] table names."""

_MOST_REMINDERS = 5
_DAYS = "a whole number of days from 1 to 365"


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """The [points] table of a programme document. By default points are there at once, for ever."""

    hold_days: Annotated[
        Annotated[int, Meta(ge=0, le=365)],
        Meta(description="a whole number of days from 0 to 365"),
    ] = 0  # that points for orders are pending: the time to send things back
    expire_months: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_MONTHS)] | None,
        Meta(description="a whole number of months from 1 to 120; left out, points never expire"),
    ] = None
    expire: Annotated[
        Literal["day", "month-end", "year-end"],
        Meta(description='"day", "month-end" or "year-end"'),
    ] = "day"  # the last day: that one, or the end of its month or year
    inactive_months: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_MONTHS)] | None,
        Meta(description="a whole number of months from 1 to 120; left out, nobody is ever idle"),
    ] = None  # who neither earns nor spends for so long loses all points
    remind_days: Annotated[
        tuple[Annotated[int, Meta(ge=1, le=365, description=_DAYS)], ...],
        Meta(description="a list of numbers of days, as [30, 7]; [] for no reminders"),
    ] = (30, 7)  # so long before points expire their members are told


def check_life(life: Life) -> None:
    """Raise ConfigError for a table whose keys do not fit together."""
    if len(life.remind_days) > _MOST_REMINDERS:
        raise wrong(
            "points.remind_days", list(life.remind_days), f"at most {_MOST_REMINDERS} numbers"
        )
    if len(set(life.remind_days)) != len(life.remind_days):
        raise wrong("points.remind_days", list(life.remind_days), "each number once")
    if life.expire != "day" and life.expire_months is None:
        raise ConfigError('points.expire needs the key "expire_months" beside it')


def available_from(life: Life, earned_at: datetime) -> datetime:
    """Return when points for an order that was earned then can be spent."""
    hold = timedelta(days=life.hold_days)
    return earned_at + hold if _LATEST - earned_at > hold else _LATEST


def expires_at(life: Life, timezone: str, earned_at: datetime) -> datetime | None:
    """Return the moment that points earned then are gone, None for never.

    They live through the whole of their last day as the calendar in `timezone` has it, so this is the
    midnight after it. A month without that day has an earlier last one: 31 January and one month is
    28 or 29 February. What would end after the year 9999 never does.
    """
    if life.expire_months is None:
        return None
    last = _last_day(life, local_day(earned_at, timezone))
    return None if last is None else midnight_after(last, timezone)


def idle_until(life: Life, timezone: str, last: datetime) -> datetime | None:
    """Return when the points of somebody are gone who did something last at that moment, None for never.

    As with the life of points that is the midnight after the last day.
    """
    if life.inactive_months is None:
        return None
    return expires_at(Life(expire_months=life.inactive_months), timezone, last)


def _last_day(life: Life, day: date) -> date | None:
    """Return the last day of points of this day, None if no calendar has it."""
    later = months_later(day, life.expire_months or 0)
    if later is None:
        return None
    match life.expire:
        case "day":
            return later
        case "month-end":
            return later.replace(day=calendar.monthrange(later.year, later.month)[1])
        case "year-end":
            return date(later.year, _MONTHS, 31)
