"""When a campaign or an offer begins and ends: local times of the programme's zone as moments.

A time that the clocks show twice, when they are put back, is the first of the two; one that they leave
out, when they are put forward, is the moment at which they jump over it. So of two local times the
later one is never the earlier moment, and what ends as another begins leaves no gap and no overlap.

Moments are whole microseconds since 1970 in UTC: a local time in the first or the last hours of the
calendar has no date there.
"""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.programme.reading import wrong

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times have no zone
_UNIT = timedelta(microseconds=1)


class Phase(StrEnum):
    """Where a campaign is at some moment."""

    COMING = "coming"
    RUNNING = "running"
    OVER = "over"


def microseconds(moment: datetime) -> int:
    """Return a moment as it is compared here."""
    return (moment - _EPOCH) // _UNIT


@lru_cache(maxsize=4096)  # asked for each order anew
def moment_of(local: datetime, timezone: str) -> int:
    """Return the moment when clocks in that zone first show this time, or jump over it."""
    there = local.replace(tzinfo=ZoneInfo(timezone))
    wall = (local - _LOCAL_EPOCH) // _UNIT
    first, second = (_offset(there.replace(fold=fold)) for fold in (0, 1))
    if first >= second:
        return wall - first
    # Left out: the clocks change somewhere between what it would be by either offset.
    before, after = wall - second, wall - first
    while after - before > 1:
        middle = (before + after) // 2
        shown = _offset((_EPOCH + middle * _UNIT).astimezone(there.tzinfo))
        before, after = (before, middle) if shown == second else (middle, after)
    return after


def phase(begins: datetime | None, ends: datetime | None, timezone: str, now: datetime) -> Phase:
    """Return where something stands that lasts from one local time (None: ever) until just before another."""
    moment = microseconds(now)
    if begins is not None and moment < moment_of(begins, timezone):
        return Phase.COMING
    over = ends is not None and moment >= moment_of(ends, timezone)
    return Phase.OVER if over else Phase.RUNNING


def check_span(path: str, begins: datetime | None, ends: datetime | None, timezone: str) -> None:
    """Refuse what would be over before it begins. Raises ConfigError."""
    if begins is None or ends is None:
        return
    if moment_of(ends, timezone) <= moment_of(begins, timezone):
        raise wrong(f"{path}.until", ends.isoformat(), "a time after `from`")


def _offset(there: datetime) -> int:
    return (there.utcoffset() or timedelta()) // _UNIT
