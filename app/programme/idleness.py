"""When the points of members who do nothing for long are gone, over all versions of a programme. Pure.

A rule that takes whole balances takes none before it has been in force for as long as its reminders need:
whoever is idle already when it begins, or when its time is made shorter, hears of it first.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from app.programme.life import Life, idle_until
from app.programme.local_time import local_day, midnight_after
from app.programme.lots import GRACE

_NOTICE = 30
_LATE = timedelta(days=2)  # reminders are looked for once a day
_FIRST, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Reign(msgspec.Struct, frozen=True, kw_only=True):
    """The time in which a version's [points] table holds; `begins` is None for the first one."""

    version: int
    life: Life
    timezone: str
    begins: datetime | None
    ends: datetime = _NEVER


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """When the points of somebody are gone, and by which version."""

    at: datetime
    version: int


def notice(life: Life) -> timedelta:
    """Return how long before its first loss a rule of idle members must have been in force."""
    return timedelta(days=max(life.remind_days, default=_NOTICE))


def once_told(loss: Loss, reign: Reign, told: datetime | None, now: datetime) -> Loss:
    """Return a loss as it is for somebody who was told at that moment (None: not yet).

    Nobody loses points untold: where reminders were late, the last of them gives the time that is missing.
    """
    if not reign.life.remind_days:
        return loss
    last = timedelta(days=min(reign.life.remind_days))
    moment = now + last if told is None else told + max(last - _LATE, timedelta())
    if moment <= loss.at:
        return loss
    return Loss(
        at=midnight_after(local_day(moment, reign.timezone), reign.timezone) or _NEVER,
        version=loss.version,
    )


def loss(reigns: Sequence[Reign], last: datetime, fresh: datetime, now: datetime) -> Loss | None:
    """Return what is lost next by somebody who did something last at one moment, got points at another.

    None: as versions stand, nothing ever is. `reigns` are in the order of time; those that are over by
    now take nothing any more, but what they had announced still counts.
    """
    kept = fresh + GRACE if _NEVER - fresh > GRACE else _NEVER
    for index, reign in enumerate(reigns):
        if reign.ends <= now:
            continue
        ends = min(
            (_end(one, months, last) for one, months in _terms(reigns[: index + 1])), default=_NEVER
        )
        at = max(ends, kept, reign.begins or _FIRST)
        if at < reign.ends:
            return Loss(at=at, version=reign.version)
    return None


def _terms(reigns: Sequence[Reign]) -> Iterator[tuple[Reign, int]]:
    """Yield since when so many months or fewer have been enough, as of the last of them.

    A version between without the rule, or with more time, ends what was announced before it.
    """
    longest = 0
    for reign in reversed(reigns):
        if reign.life.inactive_months is None:
            return
        longest = max(longest, reign.life.inactive_months)
        yield reign, longest


def _end(since: Reign, months: int, last: datetime) -> datetime:
    """Return the end of somebody's points by the rule that holds since then."""
    by_rule = idle_until(Life(inactive_months=months), since.timezone, last) or _NEVER
    if since.begins is None:
        return by_rule
    wait = notice(since.life)
    told = since.begins + wait if _NEVER - since.begins > wait else _NEVER
    return max(by_rule, midnight_after(local_day(told, since.timezone), since.timezone) or _NEVER)
