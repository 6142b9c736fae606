"""Caps and milestones of points that are held, and of rules about the products of one store."""

from datetime import timedelta

from tests.aging import open_aging
from tests.pipeline import Pipeline
from tests.services.test_order_windows import DAILY, FIRST

HOLD = "hold_days = 14\nexpire_months = 12\n\n"


def test_what_a_cap_takes_off_held_points_waits_with_them(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, HOLD + DAILY)
    bought = aging.now
    aging.buy(1, "60.00")
    assert aging.has() == (0, 30)
    aging.buy(2, "10.00")
    assert aging.has() == (0, 30)
    aging.at(bought + timedelta(days=15))
    assert aging.has() == (30, 0)
    aging.refund(1, "60.00", bought, "60.00")
    assert aging.has() == (10, 0)


def test_an_order_given_back_while_it_is_held_leaves_nothing_of_cap_or_milestone(
    pipeline: Pipeline,
) -> None:
    aging = open_aging(pipeline, HOLD + DAILY + FIRST)
    bought = aging.now
    aging.buy(1, "60.00")
    assert aging.has() == (0, 30 + 50)
    aging.refund(1, "60.00", bought, "60.00")
    assert aging.has() == (0, 0)
    aging.at(bought + timedelta(days=15))
    assert aging.has() == (0, 0)
