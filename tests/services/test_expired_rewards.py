"""Codes that ran out unused: their points come back, or not, as the reward says."""

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
valid_days = 30
per_member = 1
expired = "{expired}"
"""


@pytest.fixture
def backend() -> str:
    """Return SQLite: nothing here is about locks."""
    return "sqlite"


def opened(pipeline: Pipeline, expired: str) -> Shop:
    shop = open_shop(pipeline, SOURCE.format(expired=expired))
    shop.earn(5, 100)
    return shop


@pytest.mark.parametrize(
    ("expired", "state", "points"), [("points", "released", 100), ("none", "lapsed", 60)]
)
def test_a_code_that_ran_out_gives_back_what_its_reward_says(
    pipeline: Pipeline, expired: str, state: str, points: int
) -> None:
    shop = opened(pipeline, expired)
    taken = shop.issued(5)
    pipeline.clock.advance(days=32)
    shop.push()
    assert (shop.row(taken.id).state, shop.points(5)) == (state, points)
    assert unsound(pipeline) == []


def test_one_that_ran_out_keeps_its_place_and_cannot_be_released(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "none")
    taken = shop.issued(5)
    pipeline.clock.advance(days=32)
    shop.push()
    with pytest.raises(Conflict, match="as often as each may"):
        shop.redeem(5)
    with pytest.raises(Conflict, match="ran out unused"):
        shop.release(taken.id)


def test_one_that_never_was_in_the_shop_gives_its_points_back(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "none")
    taken = shop.redeem(5)
    pipeline.clock.advance(days=32)
    shop.push()
    assert (shop.row(taken).state, shop.points(5)) == ("released", 100)


def test_one_that_was_released_in_time_gives_its_points_back(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "none")
    taken = shop.issued(5)
    shop.release(taken.id)
    pipeline.clock.advance(days=32)
    shop.push()
    assert (shop.row(taken.id).state, shop.points(5)) == ("released", 100)


def test_an_order_that_is_told_late_has_used_it_after_all(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "none")
    taken = shop.issued(5)
    pipeline.clock.advance(days=32)
    shop.push()
    shop.told(taken.code)  # for 10.00
    assert (shop.row(taken.id).state, shop.points(5)) == ("used", 70)
    assert unsound(pipeline) == []
