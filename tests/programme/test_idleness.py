"""When the points of idle members go as the rule comes, changes and is taken away."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from app.programme.idleness import Loss, Reign, loss, once_told
from app.programme.life import Life

WARSAW = "Europe/Warsaw"
LONG_AGO = datetime(2024, 1, 10, 12, tzinfo=UTC)
YEAR, HALF, NEVER = (Life(inactive_months=months) for months in (12, 6, None))


def reigns(*lives: tuple[Life, datetime | None]) -> list[Reign]:
    """Return versions 1, 2 … that follow upon each other."""
    begins = [begin for _, begin in lives]
    return [
        Reign(
            version=number,
            life=life,
            timezone=WARSAW,
            begins=begin,
            ends=(*begins, None)[number] or datetime.max.replace(tzinfo=UTC),
        )
        for number, (life, begin) in enumerate(lives, start=1)
    ]


def last_day(
    versions: list[Reign], last: datetime, now: datetime, fresh: datetime = LONG_AGO
) -> tuple[date, int] | None:
    """Return the last day in Warsaw on which the points are there, and the version that ends them."""
    found = loss(versions, last, fresh, now)
    if found is None:
        return None
    midnight = found.at.astimezone(ZoneInfo(WARSAW))
    assert (midnight.hour, midnight.minute) == (0, 0)
    return midnight.date() - timedelta(days=1), found.version


def at(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


def test_a_new_rule_takes_nothing_before_thirty_days_are_over() -> None:
    known = reigns((NEVER, None), (YEAR, at(3, 10)))
    assert last_day(known, at(1, 5, 2025), at(3, 10)) == (date(2026, 4, 9), 2)
    assert last_day(known, at(6, 5, 2025), at(3, 10)) == (date(2026, 6, 5), 2)


@pytest.mark.parametrize(
    ("days", "last"),
    [((60, 7), date(2026, 5, 9)), ((7,), date(2026, 3, 17)), ((), date(2026, 4, 9))],
)
def test_the_longest_reminder_is_the_notice_and_thirty_days_without_any(
    days: tuple[int, ...], last: date
) -> None:
    rule = Life(inactive_months=12, remind_days=days)
    known = reigns((NEVER, None), (rule, at(3, 10)))
    assert last_day(known, at(1, 5, 2025), at(3, 10)) == (last, 2)


def test_a_shorter_time_needs_notice_and_the_longer_one_holds_meanwhile() -> None:
    known = reigns((YEAR, None), (HALF, at(3, 10)))
    assert last_day(known, at(6, 1, 2025), at(3, 10)) == (date(2026, 4, 9), 2)
    assert last_day(known, at(3, 20, 2025), at(3, 10)) == (date(2026, 3, 20), 2)
    assert last_day(known, at(12, 1, 2025), at(3, 10)) == (date(2026, 6, 1), 2)


def test_a_longer_time_holds_at_once_and_a_shorter_one_later_begins_anew() -> None:
    known = reigns((HALF, None), (YEAR, at(3, 10)), (HALF, at(5, 10)))
    assert last_day(known, at(10, 1, 2025), at(3, 10)) == (date(2026, 6, 9), 3)
    assert last_day(reigns((HALF, None)), at(10, 1, 2025), at(3, 10)) == (date(2026, 4, 1), 1)


def test_a_version_without_the_rule_ends_what_was_announced() -> None:
    known = reigns((NEVER, None), (YEAR, at(3, 10)), (NEVER, at(4, 1)))
    assert last_day(known, at(1, 5, 2025), at(3, 10)) is None
    again = reigns((NEVER, None), (YEAR, at(3, 10)), (NEVER, at(4, 1)), (YEAR, at(4, 2)))
    assert last_day(again, at(1, 5, 2025), at(4, 2)) == (date(2026, 5, 2), 4)


def test_a_version_that_waits_is_looked_at_before_it_begins() -> None:
    known = reigns((NEVER, None), (YEAR, at(6, 1)))
    assert last_day(known, at(1, 5, 2025), at(3, 10)) == (date(2026, 7, 1), 2)


def test_the_same_rule_in_a_new_version_asks_for_no_more_notice() -> None:
    known = reigns((YEAR, None), (Life(inactive_months=12, hold_days=3), at(3, 10)))
    assert last_day(known, at(3, 15, 2025), at(3, 11)) == (date(2026, 3, 15), 2)


def test_notice_over_a_change_of_clocks_ends_with_its_day() -> None:
    known = reigns((NEVER, None), (YEAR, at(3, 10)))
    assert loss(known, LONG_AGO, LONG_AGO, at(3, 10)) == Loss(
        at=datetime(2026, 4, 9, 22, tzinfo=UTC), version=2
    )


def test_what_came_just_now_stays_for_thirty_days() -> None:
    known = reigns((YEAR, None))
    assert loss(known, LONG_AGO, at(3, 1), at(3, 10)) == Loss(at=at(3, 31), version=1)


def test_the_end_of_the_calendar_is_never_reached() -> None:
    end = datetime(9999, 12, 20, tzinfo=UTC)
    assert loss(reigns((NEVER, None), (YEAR, end)), LONG_AGO, LONG_AGO, end) is None
    assert loss(reigns((YEAR, None)), end, LONG_AGO, end) is None
    assert loss(reigns((YEAR, None)), LONG_AGO, end, end) is None


@pytest.mark.parametrize(
    ("told", "last"),
    [
        (at(3, 1), date(2026, 3, 20)),  # in time
        (at(3, 14), date(2026, 3, 20)),  # the reminder of seven days, looked for once a day
        (at(3, 18), date(2026, 3, 23)),
        (None, date(2026, 3, 26)),  # as of today, the 19th
    ],
)
def test_who_was_told_late_has_the_days_of_the_last_reminder(
    told: datetime | None, last: date
) -> None:
    [reign] = reigns((YEAR, None))
    lost = Loss(at=datetime(2026, 3, 20, 23, tzinfo=UTC), version=1)
    found = once_told(lost, reign, told, at(3, 19)).at.astimezone(ZoneInfo(WARSAW))
    assert found.date() - timedelta(days=1) == last
    silent = msgspec.structs.replace(reign, life=Life(inactive_months=12, remind_days=()))
    assert once_told(lost, silent, told, at(3, 19)) == lost
