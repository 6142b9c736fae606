"""Time as aware UTC datetimes, and as the microseconds since 1970 that the database keeps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns now, aware, UTC. Passed in wherever time matters, so that tests can choose it."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def to_micros(moment: datetime) -> int:
    """Return whole microseconds since 1970; raises ValueError for a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment.isoformat()}")
    return (moment - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the aware UTC datetime of `micros` microseconds since 1970."""
    return EPOCH + timedelta(microseconds=micros)
