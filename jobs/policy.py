"""What a failure means: when to try again, or that it is over. The one table that decides.

Full jitter, at least 12 tries over at least 75 hours; `Retry-After` is obeyed within reason.
"""

import random
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
from sqlalchemy.exc import InterfaceError, OperationalError

from app.errors import Blocked, ConfigError, Invalid, Passing

MOST_TRIES = 16
BUG_TRIES = 5
_LONGEST_RETRY_AFTER = timedelta(hours=6)
# Upper ends of the waits: 16 of them add up to about 150 hours, so half of that is waited on average.
_WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 15, 60, 180, 600, 1800, 3600, 7200, 14400, 28800, *(86400,) * 6)
)


class Decision(msgspec.Struct, frozen=True):
    """What to do next. `retry_at` None means: never again by itself."""

    status: str  # failed | dead
    reason: str
    retry_at: datetime | None
    error: str | None  # class, message and traceback, for support
    blocks_store: bool = False
    rest_until: datetime | None = None  # the store is not called before that


def decide(
    error: BaseException,
    *,
    tries: int,
    now: datetime,
    jitter: Callable[[float, float], float] = random.uniform,
) -> Decision:
    """Turn a failure at try number `tries` (from 0) into a decision."""
    text = describe(error)
    match error:
        case Invalid():
            return Decision("dead", f"cannot work: {error}", None, text)
        case Blocked():
            wait = timedelta(hours=1)
            return Decision(
                "failed", f"a person must act: {error}", now + wait, text, blocks_store=True
            )
        case Passing():
            asked = timedelta(seconds=max(0.0, min(error.retry_after or 0.0, 10**6)))
            rest = max(_wait(0, jitter), min(asked, _LONGEST_RETRY_AFTER))
            if tries + 1 >= MOST_TRIES:
                reason = f"given up after {tries + 1} tries: {error}"
                return Decision("dead", reason, None, text, rest_until=now + rest)
            wait = max(_wait(tries, jitter), rest)
            reason = f"will be tried again: {error}"
            return Decision("failed", reason, now + wait, text, rest_until=now + rest)
        case ConfigError():
            wait = _wait(min(tries, len(_WAITS) - 1), jitter)
            return Decision("failed", f"a person must act: {error}", now + wait, text)
        case _:
            name = type(error).__name__
            if tries + 1 >= BUG_TRIES:
                return Decision("dead", f"a fault of ours ({name}), given up", None, text)
            return Decision("failed", f"a fault of ours ({name})", now + _wait(tries, jitter), text)


def is_databases(error: BaseException) -> bool:
    """Say whether the database is away or too busy: the fault of nothing that is dealt with."""
    return isinstance(error, OperationalError | InterfaceError)


def much_later(now: datetime) -> datetime:
    """Return when something that must become true one day is tried again after all tries failed."""
    return now + _WAITS[-1]


def describe(error: BaseException) -> str:
    """Return class, message and traceback; of database errors only what holds no personal data."""
    where = "".join(traceback.format_tb(error.__traceback__)[-8:])
    return f"{type(error).__name__}: {safe_message(error)}\n{where}"


def safe_message(error: BaseException) -> str:
    """Return the message of our own errors; of a database's only its code and constraint."""
    if isinstance(error, Passing | Blocked | Invalid | ConfigError):
        return str(error)
    original = getattr(error, "orig", None)
    if original is not None:
        code = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
        diagnosis = getattr(original, "diag", None)
        constraint = getattr(diagnosis, "constraint_name", None)
        if code is not None and str(code).startswith("SQLITE_CONSTRAINT"):
            constraint = str(original)  # SQLite names only table and column
        return " ".join(str(part) for part in (code, constraint) if part)
    # The text of an unexpected error may quote the payload; its class and place must do.
    return ""


def _wait(tries: int, jitter: Callable[[float, float], float]) -> timedelta:
    longest = _WAITS[min(tries, len(_WAITS) - 1)].total_seconds()
    return timedelta(seconds=jitter(longest / 2, longest))
