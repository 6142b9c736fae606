"""Times as a person writes them and days as a calendar shows them, in a programme's time zone. Pure."""

import calendar
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.errors import ConfigError

_FORM = 'a time as "2027-01-01T00:00"'


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment that the clocks in `zone` show as `text`, in UTC.

    Raises ConfigError for what is no time, and for one that the clocks skip or show twice when they are
    put forward or back; written with its offset, as 02:30+02:00, each is one moment.
    """
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{text!r} is not {_FORM}") from None
    try:
        if local.tzinfo is not None:
            return local.astimezone(UTC)
        early, late = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if early == late:
            return early
        skipped = early.astimezone(zone).replace(tzinfo=None) != local
    except OverflowError:
        raise ConfigError(f"{text!r} is beyond the calendar; give {_FORM}") from None
    if skipped:
        raise ConfigError(f"{text!r} never was: the clocks of {zone.key} are put forward past it")
    first, second = (_offset(local, zone, fold) for fold in (0, 1))
    raise ConfigError(
        f"{text!r} comes twice, the clocks of {zone.key} are put back: write {text}{first} or {text}{second}"
    )


def local(moment: datetime, zone: ZoneInfo) -> str:
    """Write a moment as the clocks in `zone` show it, with its offset: "2027-01-01T00:00:00+01:00"."""
    try:
        return moment.astimezone(zone).isoformat(timespec="seconds")
    except OverflowError:  # the first and the last hours of the calendar have no date elsewhere
        return moment.isoformat(timespec="seconds")


def local_day(moment: datetime, zone: str | tzinfo) -> date:
    """Return the day that a calendar in that zone showed."""
    try:
        return moment.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone).date()
    except OverflowError:  # the first and the last hours of the calendar have no date elsewhere
        return moment.date()


@lru_cache(maxsize=4096)  # many things are asked about the same days
def midnight(day: date, timezone: str) -> datetime:
    """Return when a day begins as the calendar in `timezone` has it."""
    try:
        return datetime.combine(day, time.min, ZoneInfo(timezone)).astimezone(UTC)
    except OverflowError:  # the first day of the calendar has no midnight in the east
        return datetime.combine(day, time.min, UTC)


def period_of(each: str, day: date) -> str:
    """Return which day, week (from Monday), month or year it is; anything else is one period for ever."""
    match each:
        case "day":
            return day.isoformat()
        case "week":
            year, week, _ = day.isocalendar()
            return f"{year:04}-W{week:02}"
        case "month":
            return day.isoformat()[:7]
        case "year":
            return day.isoformat()[:4]
        case _:
            return each


def within(each: str, day: date, days: Iterable[date]) -> bool:
    """Say whether any of these days is in the same period as `day`."""
    period = period_of(each, day)
    return any(period_of(each, one) == period for one in days)


def months_later(day: date, months: int) -> date | None:
    """Return the day so many months later, None if no calendar has it.

    A month without that day has an earlier last one: 31 January and one month is 28 or 29 February.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    if year > date.max.year:
        return None
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def midnight_after(day: date, timezone: str) -> datetime | None:
    """Return when a day is over as the calendar in `timezone` has it, None beyond all calendars."""
    return None if day == date.max else midnight(day + timedelta(days=1), timezone)


def _offset(local: datetime, zone: ZoneInfo, fold: int) -> str:
    return local.replace(tzinfo=zone, fold=fold).isoformat()[-6:]
