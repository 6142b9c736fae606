"""What one person is given under the live programme and under a draft that began at some moment. Pure."""

from datetime import date, datetime, timedelta

import msgspec

from app.programme.document import Programme
from app.programme.local_time import local_day, midnight
from app.programme.person import History, given_alone, points_by_object, windows_by_span
from app.programme.simulate import as_if

TOGETHER = 0
"""Stands for an object where several are worth something together."""


class Given(msgspec.Struct, frozen=True):
    """What one object, or several together on one day, give under both."""

    object_id: int
    day: date
    live: int
    draft: int


def compare(draft: Programme, history: History, since: datetime) -> tuple[Given, ...]:
    """Return what everything that occurred from `since` on gives, by the days of the draft's time zone.

    What occurred earlier is judged as it was, as if the draft had been published at that moment: it is
    only looked at where earlier events matter, as the first order of a person does.
    """
    would = as_if(draft, history, since)
    moments = {one.object_id: one.occurred_at for one in history.orders}
    moments |= {one.object_id: one.occurred_at for one in history.others}
    days = {
        one: local_day(moment, draft.timezone) for one, moment in moments.items() if moment >= since
    }
    alone = given_alone(history.orders)
    anew = {**alone, **given_alone(one for one in would.orders if one.occurred_at >= since)}
    was, now = points_by_object(history, alone), points_by_object(would, anew)
    found = [Given(one, day, was[one], now[one]) for one, day in days.items()]
    named = sorted(set(days.values()))
    bounds = [max(midnight(day, draft.timezone), since) for day in named]
    live = windows_by_span(history, bounds, alone).points
    judged = windows_by_span(would, bounds, anew).points
    found += [
        Given(TOGETHER, day, live.get(span, 0), judged.get(span, 0))
        for span, day in enumerate(named, start=1)
        if live.get(span, 0) or judged.get(span, 0)
    ]
    return tuple(found)


def day_number(day: date) -> int:
    """Return a day as the number of days since 1970."""
    return (day - date(1970, 1, 1)).days


def day_of(number: int) -> date:
    """Return the day with that number."""
    return date(1970, 1, 1) + timedelta(days=number)
