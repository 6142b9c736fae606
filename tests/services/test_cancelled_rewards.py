"""Codes whose order was cancelled: what their members get back, as the reward says."""

import pytest

from app.errors import Conflict
from tests.attack.counter import Shop, open_shop
from tests.pipeline import Pipeline
from tests.way.connected import unsound

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[reward]]
key = "none"
cost = 40
kind = "percent"
value = "10"
cancelled = "{cancelled}"
"""


@pytest.fixture
def backend() -> str:
    """Return SQLite: nothing here is about locks."""
    return "sqlite"


def opened(pipeline: Pipeline, cancelled: str) -> Shop:
    shop = open_shop(pipeline, SOURCE.format(cancelled=cancelled))
    shop.earn(5, 100)
    return shop


@pytest.mark.parametrize(
    ("cancelled", "state", "points", "usable"),
    [
        ("code", "issued", 60, True),
        ("points", "released", 100, False),
        ("none", "lapsed", 60, False),
    ],
)
def test_a_cancelled_order_gives_back_what_its_reward_says(
    pipeline: Pipeline, cancelled: str, state: str, points: int, usable: bool
) -> None:
    shop = opened(pipeline, cancelled)
    taken = shop.issued(5)
    number = shop.told(taken.code)  # for 10.00
    assert (shop.row(taken.id).state, shop.points(5)) == ("used", 70)
    shop.told(taken.code, number, status="cancelled", modified=1)
    shop.push()
    assert (shop.row(taken.id).state, shop.points(5)) == (state, points)
    assert shop.codes.usable(taken.code) is usable
    shop.told(taken.code, number, modified=2)  # it counts again after all
    shop.push()
    assert (shop.row(taken.id).state, shop.points(5)) == ("used", 70)
    shop.told(taken.code, number, status="cancelled", modified=3)
    shop.push()
    assert (shop.row(taken.id).state, shop.points(5)) == (state, points)
    assert unsound(pipeline) == []


@pytest.mark.parametrize(("cancelled", "state"), [("points", "released"), ("none", "lapsed")])
def test_an_order_that_was_cancelled_before_we_heard_of_it_comes_to_the_same(
    pipeline: Pipeline, cancelled: str, state: str
) -> None:
    shop = opened(pipeline, cancelled)
    taken = shop.issued(5)
    shop.told(taken.code, status="cancelled")
    shop.push()
    assert shop.row(taken.id).state == state
    assert unsound(pipeline) == []


def test_nobody_can_release_what_a_cancelled_order_gives_nothing_back_for(
    pipeline: Pipeline,
) -> None:
    shop = opened(pipeline, "none")
    taken = shop.issued(5)
    number = shop.told(taken.code)
    with pytest.raises(Conflict, match="not even if that order is cancelled"):
        shop.release(taken.id)
    shop.told(taken.code, number, status="cancelled", modified=1)
    for _ in range(2):  # before the shop ended its code, and after that
        with pytest.raises(Conflict, match="gives nothing back for that"):
            shop.release(taken.id)
        shop.push()


def test_what_was_released_before_gives_its_points_back_whatever_becomes_of_its_order(
    pipeline: Pipeline,
) -> None:
    shop = opened(pipeline, "none")
    taken = shop.issued(5)
    shop.release(taken.id)
    number = shop.told(taken.code)  # placed before the code was dead
    shop.told(taken.code, number, status="cancelled", modified=1)
    shop.push()
    assert (shop.row(taken.id).state, shop.points(5)) == ("released", 100)
