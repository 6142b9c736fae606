"""Birthdays and anniversaries, day by day as a programme's calendar has them.

Each day becomes actions of the members that it is a day of, so that all else converges as it does for
any action. Days that were missed are gone through later, from the day when this was first done.
"""

import logging
from calendar import isleap
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import msgspec
from sqlalchemy import Connection, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.db import tables as t
from app.db.dialect import is_contention
from app.programme.action_windows import falls_on
from app.programme.actions import ANNIVERSARY, BIRTHDAY, MOST_YEARS
from app.programme.document import Programme
from app.programme.events import ActionFacts
from app.programme.local_time import local_day, midnight
from app.services.actions import OWN_KEYS, NewAction, put_actions
from app.services.birthdays import LEAP_DAY, month_and_day, number_of
from app.services.keys import Vault
from app.services.programmes import Version, in_force, versions

log = logging.getLogger("stempel.celebrate")

_EPOCH = date(1970, 1, 1)
_LOOKED_THROUGH = 100  # members, for each that a slice may record
_MOST_DAYS = 100  # without anything to celebrate, in one slice


class _Day(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a programme: what is celebrated on it, and when it begins and ends."""

    day: date
    zone: str
    birthdays: bool
    anniversaries: bool

    @property
    def begin(self) -> datetime:
        """When it begins."""
        return midnight(self.day, self.zone)

    @property
    def end(self) -> datetime:
        """When it is over."""
        return midnight(_next(self.day), self.zone)


def celebrate(connection: Connection, vault: Vault, now: datetime, *, limit: int) -> int:
    """Record the birthdays and anniversaries of up to `limit` members; returns 0 once all is done.

    A slice that is done again finds the same actions and changes nothing.
    """
    programmes = connection.execute(select(t.programme.c.id).order_by(t.programme.c.id))
    for programme_id in programmes.scalars().all():
        done = _celebrate_in(connection, vault, programme_id, now, limit)
        if done:
            return done
    return 0


def _celebrate_in(
    connection: Connection, vault: Vault, programme_id: int, now: datetime, limit: int
) -> int:
    known = versions(connection, programme_id)
    if not any(_celebrates(version.programme) for version in known):
        return 0
    here = t.celebration.c.programme_id == programme_id
    today = local_day(now, in_force(known, now).programme.timezone)
    place = connection.execute(select(t.celebration).where(here).with_for_update()).one_or_none()
    if place is None:
        started = {"programme_id": programme_id, "day": _number(today), "after_id": 0}
        connection.execute(insert(t.celebration).values(started))
        return 1
    number, after = place.day, place.after_id
    if number > _number(today):
        return 0
    for number in range(place.day, min(_number(today), place.day + _MOST_DAYS) + 1):
        day = _of_day(known, _EPOCH + timedelta(days=number))
        found, last = _members(connection, programme_id, day, after, limit)
        after = last or 0
        if found:
            wanted = [action for member in found for action in _actions(day, member)]
            _record(connection, vault, programme_id, wanted, now)
        if found or last is not None:
            break
    following = number if after else number + 1
    values = {"day": following, "after_id": after}
    connection.execute(update(t.celebration).where(here).values(values))
    return 1


def _record(
    connection: Connection,
    vault: Vault,
    programme_id: int,
    wanted: Sequence[NewAction],
    now: datetime,
) -> None:
    """Record the actions of a slice; an account that cannot be posted to keeps nobody else waiting.

    Its actions are stored all the same: they are posted for with its next one.
    """
    try:
        with connection.begin_nested():
            put_actions(connection, vault, programme_id, wanted, now)
    except Exception as failure:
        if is_contention(failure) and not isinstance(failure, IntegrityError):
            raise  # the whole slice is done anew
        if len(wanted) > 1:
            for one in wanted:
                _record(connection, vault, programme_id, [one], now)
            return
        log.exception("nothing can be posted to member %s", wanted[0].member_id)
        put_actions(connection, vault, programme_id, wanted, now, posting=False)


class _Found(msgspec.Struct, frozen=True):
    """A member whose day it is."""

    member_id: int
    enrolled_at: datetime
    birthday: bool = False


def _members(
    connection: Connection, programme_id: int, day: _Day, after: int, limit: int
) -> tuple[list[_Found], int | None]:
    """Return the next members whose birthday or anniversary of joining this is, in order of their ids.

    Beside them: after which id to go on, None once the day has been gone through. Who joined when is
    looked through a part at a time, for no index of the members' table is worth a day's question.
    """
    mine = and_(t.member.c.programme_id == programme_id, t.member.c.id > after)
    until: int | None = None
    if day.anniversaries:
        part = select(t.member.c.id).where(mine).order_by(t.member.c.id)
        until = connection.execute(part.offset(_LOOKED_THROUGH * limit - 1).limit(1)).scalar()
    if until is not None:
        mine = and_(mine, t.member.c.id <= until)
    enrolled = (
        select(t.member.c.id, t.member.c.enrolled_at)
        .where(mine, t.member.c.state == "member", t.member.c.enrolled_at < day.end)
        .order_by(t.member.c.id)
        .limit(limit)
    )
    found: dict[int, _Found] = {}
    spans: list[tuple[datetime, datetime]] = []
    if day.anniversaries:
        first = select(func.min(t.member.c.enrolled_at)).where(mine)
        spans = _joined_on(day, connection.execute(first).scalar())
    if spans:
        joined = t.member.c.enrolled_at
        that_day = or_(*(and_(joined >= begin, joined < end) for begin, end in spans))
        for row in connection.execute(enrolled.where(that_day)):
            found[row.id] = _Found(row.id, row.enrolled_at)
    if day.birthdays:
        born = enrolled.join(t.birthday, t.birthday.c.member_id == t.member.c.id).where(
            t.birthday.c.programme_id == programme_id,
            t.birthday.c.day.in_(_numbers(day.day)),
            t.birthday.c.told_at < day.begin,
        )
        for row in connection.execute(born):
            found[row.id] = _Found(row.id, row.enrolled_at, birthday=True)
    taken = [found[one] for one in sorted(found)[:limit]]
    return taken, taken[-1].member_id if len(found) >= limit else until


def _actions(day: _Day, member: _Found) -> list[NewAction]:
    """Return what a member celebrates on a day."""
    written = day.day.isoformat()
    actions = []
    if member.birthday:
        facts = ActionFacts(action=BIRTHDAY)
        actions.append((f"{BIRTHDAY}:{member.member_id}:{written}", facts))
    joined = local_day(member.enrolled_at, day.zone)
    years = day.day.year - joined.year
    if day.anniversaries and 1 <= years <= MOST_YEARS:
        comes = falls_on(joined.month, joined.day, day.day.year)
        if comes == day.day:
            facts = ActionFacts(action=ANNIVERSARY, years=years)
            actions.append((f"{ANNIVERSARY}:{member.member_id}:{years}", facts))
    return [
        NewAction(
            member_id=member.member_id, key=OWN_KEYS + key, facts=facts, occurred_at=day.begin
        )
        for key, facts in actions
    ]


def _of_day(known: Sequence[Version], day: date) -> _Day:
    """Return a day under the version in force when it begins."""
    programme = known[0].programme
    for _ in range(2):  # the version says in which zone the day begins, the day which version it is
        programme = in_force(known, midnight(day, programme.timezone)).programme
    triggers = {rule.on for rule in programme.rules}
    return _Day(
        day=day,
        zone=programme.timezone,
        birthdays=BIRTHDAY in triggers,
        anniversaries=ANNIVERSARY in triggers,
    )


def _joined_on(day: _Day, earliest: datetime | None) -> list[tuple[datetime, datetime]]:
    """Return when those joined whose anniversary this is: from, and before."""
    if earliest is None:
        return []
    first = max(local_day(earliest, day.zone).year, day.day.year - MOST_YEARS)
    spans = []
    for year in range(first, day.day.year):
        for number in _numbers(day.day):
            if number != LEAP_DAY or isleap(year):
                joined = date(year, *month_and_day(number))
                spans.append((midnight(joined, day.zone), midnight(_next(joined), day.zone)))
    return spans


def _numbers(day: date) -> list[int]:
    """Return which days of the year are celebrated on a day: 29 February on 28 in other years."""
    leap_day = falls_on(*month_and_day(LEAP_DAY), day.year)
    return sorted({number_of(day)} | ({LEAP_DAY} if day == leap_day else set()))


def _celebrates(programme: Programme) -> bool:
    return any(rule.on in {BIRTHDAY, ANNIVERSARY} for rule in programme.rules)


def _next(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)


def _number(day: date) -> int:
    return (day - _EPOCH).days
