"""How far a person is with a challenge, on the day that somebody asks."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.programme.challenge_windows import challenge_states
from app.programme.document import Programme
from app.programme.order_windows import OrderItem
from tests.programme.orders import programme
from tests.programme.test_challenges import FIRST, MONTHLY, MONTHS, THREE, WEEKS, YEARLY, on


def progress(
    day: int | date, rules: Programme, *items: OrderItem
) -> tuple[int, int, date | None, bool]:
    """Return (done, needed, through, won) of the only challenge, as of noon of a day."""
    at = FIRST + timedelta(days=day) if isinstance(day, int) else day
    noon = datetime(at.year, at.month, at.day, 12, tzinfo=UTC)
    [one] = challenge_states(items, rules, noon)
    return one.done, one.needed, one.through, one.won


def test_orders_help_for_as_many_days_as_the_challenge_has() -> None:
    rules = programme(THREE)
    two = on(0, rules), on(5, rules)
    assert progress(0, rules) == (0, 3, None, False)
    assert progress(29, rules, *two) == (2, 3, FIRST + timedelta(days=29), False)
    assert progress(30, rules, *two) == (1, 3, FIRST + timedelta(days=34), False)
    assert progress(35, rules, *two) == (0, 3, None, False)


def test_only_the_latest_orders_help_the_next_one() -> None:
    """What was won in a month goes on being counted for the next one."""
    rules = programme(THREE + MONTHLY)
    march = [on(day, rules) for day in (0, 1, 2, 20, 21, 22)]
    assert progress(22, rules, *march) == (2, 3, FIRST + timedelta(days=21 + 29), True)
    assert progress(date(2026, 4, 1), rules, *march)[3] is False


@pytest.mark.parametrize(
    ("window", "asked", "won"),
    [
        ("", date(2027, 1, 1), True),
        (YEARLY, date(2026, 12, 31), True),
        (YEARLY, date(2027, 1, 1), False),
    ],
)
def test_what_was_won_can_be_won_again_in_the_next_window(
    window: str, asked: date, won: bool
) -> None:
    rules = programme(THREE + window)
    assert progress(asked, rules, *(on(day, rules) for day in (0, 1, 2)))[3] is won


def test_a_streak_waits_through_the_next_week_and_is_lost_after_it() -> None:
    rules = programme(WEEKS)
    two = on(0, rules), on(8, rules)
    sunday = FIRST + timedelta(days=20)
    assert [progress(day, rules, *two) for day in (8, 20)] == [(2, 4, sunday, False)] * 2
    assert progress(21, rules, *two) == (0, 4, None, False)


@pytest.mark.parametrize(
    ("last", "through"),
    [
        (date(2026, 11, 3), date(2026, 12, 31)),
        (date(2026, 12, 3), date(2027, 1, 31)),
        (date(2028, 1, 31), date(2028, 2, 29)),
        (date(9999, 12, 31), date.max),
    ],
)
def test_a_streak_of_months_ends_with_the_next_one(last: date, through: date) -> None:
    rules = programme(MONTHS)
    assert progress(last, rules, on(last, rules)) == (1, 3, through, False)
    assert progress(last, programme(THREE), on(last, programme(THREE)))[0] == 1


def test_who_changed_weeks_to_months_begins_anew() -> None:
    weeks, months = programme(WEEKS), programme(WEEKS + 'each = "month"\n')
    assert progress(8, months, on(0, weeks), on(7, weeks)) == (0, 4, None, False)


def test_a_challenge_that_became_shorter_is_won_with_the_next_order() -> None:
    long, short = programme(THREE), programme(THREE.replace("orders = 3", "orders = 2"))
    assert progress(2, short, on(0, long), on(1, long))[:2] == (1, 2)
