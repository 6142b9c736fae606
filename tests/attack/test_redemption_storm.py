"""Redemptions while nearly everything fails: each is one working code or its points.

Hundreds of them, a thousand on each platform and database in `make chaos`.
"""

import random
from collections.abc import Iterator

import pytest

from tests.attack.redemption_help import EARNED, Life, Troubled, open_troubled
from tests.pipeline import Pipeline
from tests.sizes import sized
from tests.way.rewards import PLATFORMS

ROUNDS = 20
SEED = 20261122


@pytest.fixture(params=PLATFORMS)
def shop(request: pytest.FixtureRequest, pipeline: Pipeline) -> Iterator[Troubled]:
    random.seed(SEED)  # by which failed calls wait
    with open_troubled(pipeline, request.param) as opened:
        yield opened


@pytest.mark.timeout(sized(300, 1800))
def test_each_of_many_redemptions_in_a_storm_is_one_code_or_its_points(
    shop: Troubled,
) -> None:
    life = Life(shop, random.Random(SEED))
    redemptions = sized(200, 1000)
    life.join(redemptions // 10)
    for number in range(ROUNDS):
        shop.storm(SEED + number)
        shop.line().dice = life.dice
        if number % 7 == 3:
            shop.forbid()
        life.redeem(redemptions // ROUNDS)
        for _ in range(4):
            life.work()
            life.release(0.01)
            life.pipeline.clock.advance(seconds=life.dice.uniform(1, 120))
        if number % 7 == 4:
            shop.allow()
            shop.resume()
        life.use(0.15)
        life.cancel(0.04)
        life.delete(0.02)
        shop.shop.way.sent()
    shop.calm()
    shop.line().dice = None
    shop.allow()
    shop.resume()
    for hours in (1, 8, 30):
        life.later(hours=hours)
    assert life.rows("reserved") == []
    assert life.wrong() == []
    assert life.due() == 0
    assert life.done["arrived late"] > 1
    for what in ("used", "cancelled", "released while issued", "released while reserved"):
        assert life.done[what] > redemptions / 100, what
    life.later(days=32)
    assert {life.taken[row.id][1] for row in life.rows("issued")} == {"voucher"}
    assert life.wrong() == []


@pytest.mark.parametrize("lost", ["the first call to make it", "the call to end it"])
def test_a_lost_call_that_arrives_after_the_release_leaves_no_code_beside_the_points(
    shop: Troubled, lost: str
) -> None:
    life = Life(shop, random.Random(SEED))
    life.join(1)
    [ola] = life.people
    taken = shop.shop.redeem(ola, "ten-percent")
    life.taken[taken] = (ola, "ten-percent")
    if lost == "the first call to make it":
        shop.line().losing = 5
    life.settle()
    life.later(seconds=10)
    assert (shop.shop.state(taken), life.wrong()) == ("issued", [])
    if lost == "the call to end it":
        shop.line().losing = 5
    shop.shop.release(taken)
    life.settle()
    for _ in range(4):
        life.later(minutes=4)
    assert life.done["arrived late"] == 1
    assert (shop.shop.state(taken), life.wrong()) == ("released", [])
    assert shop.shop.points(ola) == EARNED
