"""How many open points are never spent, by what became of others as old."""

from decimal import Decimal
from fractions import Fraction

import pytest

from app.programme.breakage import Ended, liability, measure, told

QUARTER = {1: Ended(spent=1_500), 12: Ended(expired=500)}


def test_10_000_open_points_of_2_gr_are_150_zloty_if_a_quarter_expires() -> None:
    found = measure({0: 10_000}, QUARTER)
    assert (found.source, found.percent, found.ended, found.unknown) == (
        "measured",
        Decimal(25),
        2_000,
        0,
    )
    assert liability(10_000, Fraction("0.02"), found.share) == Fraction("150.00")


@pytest.mark.parametrize(("points", "percent"), [(999, "20"), (1_000, "10")])
def test_of_fewer_than_1_000_points_nobody_can_tell(points: int, percent: str) -> None:
    ended = {2: Ended(spent=points - 100, expired=100)}
    found = measure({2: 50}, ended)
    assert found.percent == Decimal(percent)
    assert found.source == ("too-few" if points < 1_000 else "measured")


def test_who_kept_points_for_long_is_held_against_those_who_kept_theirs_as_long() -> None:
    ended = {0: Ended(spent=6_000), 6: Ended(spent=1_000), 11: Ended(expired=3_000)}
    at_once, later, late = (measure({age: 10}, ended).percent for age in (0, 1, 7))
    assert (at_once, later, late) == (Decimal(30), Decimal(75), Decimal(100))
    # Points of every age weigh as much as there are.
    assert measure({0: 300, 1: 100, 7: 100}, ended).percent == Decimal(53)


def test_ages_of_which_too_little_is_known_are_named_and_the_others_are_measured() -> None:
    found = measure({0: 300, 12: 100}, QUARTER)
    assert (found.source, found.open, found.unknown) == ("measured", 400, 100)
    assert found.percent == Decimal("23.75")  # 300 of a quarter and 100 of a fifth


def test_what_was_given_back_was_not_spent() -> None:
    ended = {0: Ended(spent=1_500), 3: Ended(spent=-500), 5: Ended(expired=1_000)}
    assert measure({0: 1}, ended).percent == Decimal(50)
    assert measure({3: 1}, ended).percent == Decimal(100)


def test_without_open_points_new_ones_are_looked_at() -> None:
    assert measure({}, QUARTER).percent == Decimal(25)
    assert measure({}, {}).percent == Decimal(20)
    assert measure({}, {}).source == "too-few"


def test_what_somebody_says_is_taken() -> None:
    assert (told(Decimal("12.5")).share, told(Decimal("12.5")).percent) == (
        Fraction(1, 8),
        Decimal("12.5"),
    )
