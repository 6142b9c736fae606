"""Challenges: so many orders in a time, or one in each week, won once per window."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.programme.challenge_windows import evaluate_challenges
from app.programme.document import Programme
from app.programme.events import OrderFacts, Standing
from app.programme.explanation import Reason
from app.programme.order_windows import OrderItem
from app.programme.person_windows import lapsed
from app.programme.windows import WindowKey
from tests.programme.orders import goods, preset, programme

FIRST = date(2026, 3, 2)  # a Monday
THREE = '[[challenge]]\nkey = "three"\norders = 3\ndays = 30\npoints = 100\n'
WEEKS = '[[challenge]]\nkey = "weeks"\nstreak = 4\npoints = 150\n'
MONTHS = '[[challenge]]\nkey = "months"\nstreak = 3\neach = "month"\npoints = 150\n'
MONTHLY, YEARLY = 'window = "month"\n', 'window = "year"\n'


def on(
    day: int | date, rules: Programme, facts: OrderFacts | None = None, number: int | None = None
) -> OrderItem:
    """Return an order of a day, given as a date or by its distance from the first Monday."""
    at = FIRST + timedelta(days=day) if isinstance(day, int) else day
    return OrderItem(
        object_id=number or at.toordinal(),
        occurred_at=datetime(at.year, at.month, at.day, 12, tzinfo=UTC),
        programme=rules,
        version=1,
        facts=facts or goods("20.00"),
    )


def won(*items: OrderItem) -> dict[str, int]:
    return {f"{one.rule} {one.key}": award.points for one, award in evaluate_challenges(items)}


def test_three_orders_in_thirty_days_are_won_once_a_month() -> None:
    rules = preset("challenges")
    assert won(on(0, rules), on(1, rules)) == {}
    march = [on(day, rules) for day in (0, 1, 2)]
    assert won(*march) == {"three-in-thirty-days challenge:2026-03": 100}
    again = [on(day, rules) for day in (3, 4, 5, 6)]
    assert won(*march, *again) == {"three-in-thirty-days challenge:2026-03": 100}
    assert won(*march, *again, on(date(2026, 4, 1), rules)) == {
        "three-in-thirty-days challenge:2026-03": 100,
        "three-in-thirty-days challenge:2026-04": 100,
    }


@pytest.mark.parametrize(("last", "found"), [(29, True), (30, False)])
def test_the_days_are_counted_with_the_first_and_the_last(last: int, found: bool) -> None:
    rules = programme(THREE)
    assert bool(won(on(0, rules), on(10, rules), on(last, rules))) is found


def test_a_refund_takes_the_win_back_and_a_late_order_brings_it() -> None:
    rules = programme(THREE)
    three = [on(0, rules), on(5, rules), on(10, rules)]
    assert won(*three) == {"three challenge:once": 100}
    cancelled = on(5, rules, goods("20.00", standing=Standing.CANCELLED))
    assert won(three[0], cancelled, three[2]) == {}
    assert won(three[0], cancelled, three[2], on(7, rules)) == {"three challenge:once": 100}
    gone = lapsed(WindowKey("three", "challenge:once"), 2)
    assert (gone.points, gone.explanation.reason) == (0, Reason.NOT_WON)


def test_an_order_helps_to_win_once() -> None:
    rules = programme(THREE + YEARLY)
    days = [date(2026, 12, day) for day in (10, 20, 30)]
    some = [on(day, rules) for day in days]
    assert won(*some, on(date(2027, 1, 1), rules)) == {"three challenge:2026": 100}
    assert won(*some, *(on(date(2027, 1, day), rules) for day in (1, 2, 3))) == {
        "three challenge:2026": 100,
        "three challenge:2027": 100,
    }


def test_four_weeks_in_a_row_from_monday_to_sunday() -> None:
    rules = programme(WEEKS)
    sunday_and_mondays = [on(day, rules) for day in (6, 7, 14, 21)]
    assert won(*sunday_and_mondays) == {"weeks challenge:once": 150}
    assert won(*(on(day, rules) for day in (0, 6, 7, 14, 20))) == {}  # only three weeks
    assert won(*(on(day, rules) for day in (0, 7, 21, 28))) == {}  # one is missing
    late = on(14, rules)
    assert won(*(on(day, rules) for day in (0, 7, 21, 28)), late) == {"weeks challenge:once": 150}


def test_weeks_go_on_over_the_new_year_and_a_streak_begins_anew_after_a_win() -> None:
    rules = programme(WEEKS + MONTHLY)
    mondays = [on(date(2026, 12, 14) + timedelta(weeks=week), rules) for week in range(12)]
    assert won(*mondays) == {
        "weeks challenge:2027-01": 150,  # 14, 21, 28 December, 4 January
        "weeks challenge:2027-02": 150,
        "weeks challenge:2027-03": 150,
    }


def test_months_in_a_row_are_those_of_the_programme_also_with_29_february_and_year_9999() -> None:
    rules = programme(MONTHS, 'timezone = "Europe/Warsaw"\n')
    zone = ZoneInfo("Europe/Warsaw")
    moments = [
        datetime(2028, 1, 31, 23, 30, tzinfo=zone),
        datetime(2028, 2, 29, 0, 30, tzinfo=zone),
        datetime(2028, 3, 1, 0, 30, tzinfo=zone),
    ]
    items = [
        msgspec.structs.replace(on(1, rules, number=n), occurred_at=moment.astimezone(UTC))
        for n, moment in enumerate(moments, start=1)
    ]
    assert won(*items) == {"months challenge:once": 150}
    ends = [on(date(9999, month, 31), rules) for month in (10, 12)]
    last = msgspec.structs.replace(
        on(date(9999, 11, 30), rules), occurred_at=datetime(9999, 11, 30, tzinfo=UTC)
    )
    at_the_end = msgspec.structs.replace(ends[1], occurred_at=datetime.max.replace(tzinfo=UTC))
    assert won(ends[0], last, at_the_end) == {"months challenge:once": 150}


def test_small_orders_do_not_help_and_money_is_compared_in_the_programme_s_own() -> None:
    rules = programme(THREE.replace("= 3\n", "= 1\n") + 'goods_from = "20.00"\n')
    assert won(on(0, rules, goods("19.99"))) == {}
    assert won(on(0, rules, goods("20.00"))) == {"three challenge:once": 100}
    euro = on(0, rules, goods("5.00", currency="EUR"))
    assert won(euro) == {}  # no rate yet
    rated = msgspec.structs.replace(euro.context, rate=4)
    assert won(msgspec.structs.replace(euro, context=rated)) == {"three challenge:once": 100}


def test_orders_of_versions_without_the_challenge_do_not_help() -> None:
    before, rules = programme(WEEKS), programme(THREE)
    assert won(on(0, before), on(1, before), on(2, rules)) == {}


def test_a_win_names_what_it_takes_and_the_orders_with_the_decisive_one_first() -> None:
    rules = preset("challenges")
    weeks = [on(day, rules, number=day + 1) for day in (0, 7, 14, 21)]
    [(window, award)] = [
        one for one in evaluate_challenges(weeks) if one[0].rule == "four-weeks-in-a-row"
    ]
    assert (window.key, award.points, award.badge) == ("challenge:2026", 150, "regular")
    assert (award.explanation.goal, award.explanation.objects) == (4, (22, 15, 8, 1))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 120), max_size=25, unique=True))
def test_a_streak_is_won_when_the_weeks_say_so_however_told(days: list[int]) -> None:
    rules = programme(WEEKS)
    items = [on(day, rules) for day in days]
    weeks = {day // 7 for day in days}
    expected = any({week, week + 1, week + 2, week + 3} <= weeks for week in weeks)
    assert bool(won(*items)) is expected
    for told in itertools.islice(itertools.permutations(items), 3):
        assert evaluate_challenges(told) == evaluate_challenges(items)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 90), max_size=12, unique=True))
def test_so_many_orders_in_so_many_days_are_found_wherever_they_are(days: list[int]) -> None:
    rules = programme(THREE.replace("= 30", "= 7"))
    ordered = sorted(days)
    expected = any(ordered[at + 2] - ordered[at] < 7 for at in range(len(ordered) - 2))
    assert bool(won(*(on(day, rules) for day in days))) is expected


@pytest.mark.parametrize(
    ("before", "after", "days", "found"),
    [
        ("", MONTHLY, (0, 1), ["challenge:once"]),
        (MONTHLY, "", (0, 100), ["challenge:2026-03"]),
        (YEARLY, MONTHLY, (0, 1), ["challenge:2026"]),
        (MONTHLY, YEARLY, (0, 100), ["challenge:2026-03"]),
        ("", MONTHLY, (0, 100), ["challenge:once", "challenge:2026-06"]),
    ],
)
def test_another_window_gives_nobody_again_what_was_won_within_it(
    before: str, after: str, days: tuple[int, int], found: list[str]
) -> None:
    one = '[[challenge]]\nkey = "any"\norders = 1\ndays = 1\npoints = 100\n'
    first, second = on(days[0], programme(one + before)), on(days[1], programme(one + after))
    assert won(first, second) == {f"any {key}": 100 for key in found}


def test_a_streak_names_the_orders_that_made_it_and_none_of_before_a_gap() -> None:
    rules = programme('[[challenge]]\nkey = "two"\nstreak = 2\npoints = 10\n')
    orders = [on(0, rules, number=1), on(21, rules, number=2), on(28, rules, number=3)]
    [(_, award)] = evaluate_challenges(orders)
    assert award.explanation.objects == (3, 2)
