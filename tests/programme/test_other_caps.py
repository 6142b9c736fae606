"""Caps on reviews and actions: the earliest of a period are paid, whatever order they are told in."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import msgspec
import pytest

from app.errors import ConfigError
from app.programme.document import Programme, parse
from app.programme.events import ActionFacts, ReviewFacts
from app.programme.explanation import Reason
from app.programme.person import has_order_windows, worth_of_others
from app.programme.windows import WindowItem

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\ntimezone = "Europe/Warsaw"\n'
REVIEWS = '[[rule]]\nkey = "opinion"\non = "review.published"\npoints = 20\nphoto_points = 50\n'
APP = '[[rule]]\nkey = "app"\non = "action"\naction = "app"\npoints = 30\ntimes = 9\n'
THREE = '[[cap]]\nkey = "few"\ntimes = 3\nper = "month"\nof = "reviews"\n'
MOST = '[[cap]]\nkey = "most"\npoints = {}\nper = "{}"\nof = "{}"\n'


def programme(*tables: str) -> Programme:
    return parse(HEAD + REVIEWS + APP + "".join(tables))


def item(
    number: int, facts: ReviewFacts | ActionFacts, rules: Programme, at: datetime = NOON
) -> WindowItem:
    return WindowItem(
        object_id=number, store_id=1, occurred_at=at, programme=rules, version=1, facts=facts
    )


def review(
    number: int, rules: Programme, at: datetime = NOON, *, photos: int = 0, removed: bool = False
) -> WindowItem:
    """Return a review of a product of its own."""
    facts = ReviewFacts(
        product=str(number),
        rating=3,
        published=True,
        verified=True,
        removed=removed,
        photos=photos,
    )
    return item(number, facts, rules, at)


def taken(*items: WindowItem) -> dict[str, int]:
    """Return what caps take, by the window's key."""
    worth = worth_of_others(items)
    return {window.key: award.points for window, award in worth.items() if award.points < 0}


def given(*items: WindowItem) -> int:
    return sum(award.points for award in worth_of_others(items).values())


def test_three_reviews_a_month_earn_the_earliest_ones() -> None:
    rules = programme(THREE)
    five = [review(n, rules, NOON + timedelta(hours=n), photos=n == 5) for n in range(1, 6)]
    next_month = review(6, rules, NOON + timedelta(days=20))
    assert {given(*several) for several in permutations([*five, next_month])} == {80}
    assert taken(*five, next_month) == {"besides:month:2026-11": -20 - 50}
    gone = review(1, rules, NOON + timedelta(hours=1), removed=True)
    assert given(gone, *five[1:], next_month) == 80
    assert taken(gone, *five[1:]) == {"besides:month:2026-11": -50}


def test_of_one_moment_those_that_give_more_are_paid_whichever_was_told_first() -> None:
    rules = programme(THREE.replace("times = 3", "times = 1"))
    for photos in (1, 2):
        both = [review(number, rules, photos=number == photos) for number in (1, 2)]
        assert given(*both) == 50


def test_points_for_reviews_end_at_the_most_within_a_month() -> None:
    rules = programme(MOST.format(60, "month", "reviews"))
    three = [review(n, rules, NOON + timedelta(hours=n), photos=n == 2) for n in range(3)]
    [cap] = [award for award in worth_of_others(three).values() if award.points < 0]
    assert given(*three) == 60
    assert cap.parts == ((2, -30),)
    told = cap.explanation
    assert (told.reason, told.cap, told.raw, told.objects) == (Reason.OVER_CAP, 60, 90, (2,))


def test_caps_of_actions_and_reviews_are_apart_and_orders_have_their_own() -> None:
    day = MOST.format(40, "day", "actions")
    rules = programme(day, THREE)
    several = [item(n, ActionFacts(action="app"), rules) for n in range(1, 4)]
    assert given(*several, review(9, rules)) == 40 + 20
    assert not has_order_windows(rules)
    assert has_order_windows(programme(MOST.format(40, "day", "orders")))


def test_a_shorter_cap_goes_first_and_nothing_is_taken_twice() -> None:
    rules = programme(
        MOST.format(60, "month", "reviews"), THREE.replace("3", "1").replace("month", "day")
    )
    two_days = [review(n, rules, NOON + timedelta(days=n // 2)) for n in range(6)]
    assert given(*two_days) == 60
    assert taken(*two_days) == {f"besides:day:2026-11-{day}": -20 for day in (21, 22, 23)}


@pytest.mark.parametrize(
    ("earlier", "later", "together"),
    [
        (
            datetime(2026, 10, 24, 22, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
            True,
        ),
        (
            datetime(2026, 10, 25, 22, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 23, 30, tzinfo=UTC),
            False,
        ),
        (datetime(2028, 2, 29, 12, tzinfo=UTC), datetime(2028, 2, 29, 22, 30, tzinfo=UTC), True),
        (datetime(9999, 12, 31, 12, tzinfo=UTC), datetime(9999, 12, 31, 23, 30, tzinfo=UTC), True),
    ],
)
def test_days_are_those_of_the_programme(
    earlier: datetime, later: datetime, *, together: bool
) -> None:
    rules = programme(MOST.format(20, "day", "reviews"))
    assert given(review(1, rules, earlier), review(2, rules, later)) == (20 if together else 40)


def test_reviews_of_before_the_cap_take_no_part() -> None:
    before, now = programme(), programme(THREE.replace("3", "1"))
    old = [review(n, before, NOON - timedelta(days=n)) for n in range(1, 4)]
    assert given(*old, review(5, now), review(6, now, NOON + timedelta(hours=1))) == 80


def test_a_stored_version_without_the_new_keys_is_a_cap_on_orders() -> None:
    [cap] = programme(MOST.format(40, "day", "orders")).caps
    stored = {"key": "most", "points": 40, "per": "day", "rules": []}
    assert msgspec.convert(stored, type(cap)) == cap


@pytest.mark.parametrize(
    ("cap", "said"),
    [
        (THREE + "points = 5\n", r"cap\[0\] needs either points \(so many\) or times"),
        (THREE.replace("times = 3", ""), r"cap\[0\] needs either points"),
        (THREE.replace("3", "0"), r"cap\[0\].times: 0 .* from 1 to"),
        (THREE.replace('"reviews"', '"stars"'), r'cap\[0\].of: "stars" .*"actions"'),
        (THREE + 'rules = ["app"]\n', r'cap\[0\].rules\[0\]: "app" .*on "review.published"'),
        (MOST.format(5, "day", "orders") + 'rules = ["opinion"]\n', r'"order.paid"'),
    ],
)
def test_a_cap_that_says_too_little_or_too_much_is_refused(cap: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        programme(cap)
