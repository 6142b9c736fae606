"""Challenges of days and weeks: an order on each of so many days in a row, won anew each day or week."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.programme.challenge_windows import challenge_states, evaluate_challenges
from app.programme.document import Programme
from app.programme.events import ActionFacts
from app.programme.order_windows import OrderItem
from app.programme.person import worth_of_others
from app.programme.windows import WindowItem
from tests.programme.orders import goods, programme

WARSAW = ZoneInfo("Europe/Warsaw")
ZONE = 'timezone = "Europe/Warsaw"\n'
DAYS = '[[challenge]]\nkey = "days"\nstreak = 3\neach = "day"\npoints = 10\n'
PAIR = '[[challenge]]\nkey = "pair"\norders = 2\ndays = 1\npoints = 5\n'


def at(moment: datetime, rules: Programme) -> OrderItem:
    return OrderItem(
        object_id=int(moment.timestamp()),
        occurred_at=moment.astimezone(UTC),
        programme=rules,
        version=1,
        facts=goods("20.00"),
    )


def on(day: date, rules: Programme, hour: int = 12, minute: int = 0) -> OrderItem:
    """Return an order of a moment that the clocks in Warsaw show."""
    return at(datetime(day.year, day.month, day.day, hour, minute, tzinfo=WARSAW), rules)


def won(*items: OrderItem) -> list[str]:
    return [one.key for one, _ in evaluate_challenges(items)]


@pytest.mark.parametrize(
    "first", [date(2026, 3, 28), date(2026, 10, 24), date(2028, 2, 28), date(2026, 12, 30)]
)
def test_three_days_in_a_row_are_those_of_the_programme_whatever_its_clocks_do(
    first: date,
) -> None:
    rules = programme(DAYS, ZONE)
    days = [first + timedelta(days=n) for n in range(3)]
    ends = [on(days[0], rules, 0, 1), on(days[1], rules, 23, 59), on(days[2], rules, 23, 59)]
    assert won(*ends) == ["challenge:once"]
    assert won(ends[0], ends[2]) == []
    late = [on(days[0], rules, 23, 59), on(days[1], rules, 0, 1), on(days[1], rules, 23, 59)]
    assert won(*late) == []


def test_a_day_with_two_orders_is_one_and_a_gap_begins_anew() -> None:
    rules = programme(DAYS, ZONE)
    first = date(2026, 3, 2)
    several = [on(first + timedelta(days=n), rules, hour) for n, hour in ((0, 8), (0, 9), (1, 8))]
    assert won(*several, on(first + timedelta(days=3), rules)) == []
    assert won(*several, on(first + timedelta(days=2), rules)) == ["challenge:once"]


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ("day", ["challenge:2026-03-07", "challenge:2026-03-08", "challenge:2026-03-09"]),
        ("week", ["challenge:2026-W10", "challenge:2026-W11"]),
    ],
)
def test_it_is_won_once_a_day_or_once_a_week_from_monday(window: str, found: list[str]) -> None:
    rules = programme(PAIR + f'window = "{window}"\n', ZONE)
    days = [date(2026, 3, day) for day in (7, 8, 9)]  # Saturday to Monday
    assert won(*(on(day, rules, hour) for day in days for hour in (8, 9, 10, 11))) == found


def test_who_is_at_it_sees_how_many_days_and_that_tomorrow_counts() -> None:
    rules = programme(DAYS, ZONE)
    day = date(2026, 10, 24)
    items = [on(day, rules), on(day + timedelta(days=1), rules)]
    [state] = challenge_states(items, rules, datetime(2026, 10, 25, 22, tzinfo=UTC))
    assert (state.done, state.needed, state.through) == (2, 3, date(2026, 10, 26))
    [state] = challenge_states(items, rules, datetime(2026, 10, 26, 23, tzinfo=UTC))
    assert (state.done, state.through) == (0, None)


def test_the_last_day_of_the_calendar_ends_a_streak() -> None:
    rules = programme(DAYS)
    last = [datetime(9999, 12, day, 23, tzinfo=UTC) for day in (29, 30, 31)]
    assert won(*(at(moment, rules) for moment in last)) == ["challenge:once"]
    [state] = challenge_states([at(one, rules) for one in last[1:]], rules, last[2])
    assert (state.done, state.through) == (2, date.max)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 20), max_size=12, unique=True))
def test_a_streak_of_days_is_won_when_the_days_say_so(days: list[int]) -> None:
    rules = programme(DAYS, ZONE)
    expected = any({day, day + 1, day + 2} <= set(days) for day in days)
    found = won(*(on(date(2026, 10, 15) + timedelta(days=day), rules) for day in days))
    assert bool(found) is expected


CHECK_IN = DAYS + 'action = "check-in"\nwindow = "week"\n'


def did(
    number: int, day: date, rules: Programme, action: str = "check-in", *, removed: bool = False
) -> WindowItem:
    """Return what was done at one in the morning of a day in Warsaw."""
    moment = datetime(day.year, day.month, day.day, 1, tzinfo=WARSAW)
    return WindowItem(
        object_id=number,
        store_id=1,
        occurred_at=moment.astimezone(UTC),
        programme=rules,
        version=1,
        facts=ActionFacts(action=action, removed=removed),
    )


def test_three_days_in_a_row_with_an_action_are_won_once_a_week_however_told() -> None:
    rules = programme(CHECK_IN, ZONE)
    monday = date(2026, 10, 19)
    week = [did(n, monday + timedelta(days=n), rules) for n in range(7)]  # the clocks go back
    for told in (week, week[::-1]):
        [(window, award)] = worth_of_others(told).items()
        assert (window.key, award.points) == ("deeds:2026-W43", 10)
        assert award.explanation.objects == (2, 1, 0)
    [state] = challenge_states([], rules, datetime(2026, 10, 25, 12, tzinfo=UTC), week)
    assert (state.done, state.won) == (2, True)


def test_what_was_withdrawn_or_something_else_breaks_the_row_and_orders_do_not_help() -> None:
    rules = programme(CHECK_IN, ZONE)
    days = [date(2026, 10, 24) + timedelta(days=n) for n in range(3)]
    for broken in (did(1, days[1], rules, removed=True), did(1, days[1], rules, "app")):
        assert worth_of_others([did(0, days[0], rules), broken, did(2, days[2], rules)]) == {}
    assert won(*(on(day, rules) for day in days)) == []
