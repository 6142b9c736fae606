"""Workers that die or sleep while points become a code: one code each in the end, points taken once."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from jobs.push import push
from jobs.shops import Shops
from tests.attack import mortal
from tests.attack.redemption_help import EARNED, Life, open_troubled
from tests.attack.slow_line import hurry
from tests.pipeline import Pipeline
from tests.way.rewards import PLATFORMS

SEED = 9
PLACES = ("claimed", "answered", "noting", "noted")
LEASE = 6  # minutes after which another worker takes over what a dead one had


@pytest.fixture(params=PLATFORMS)
def life(request: pytest.FixtureRequest, pipeline: Pipeline) -> Iterator[Life]:
    random.seed(SEED)  # by which failed calls wait
    with open_troubled(pipeline, request.param) as shop:
        yield Life(shop, random.Random(SEED))


def mortal_workers(life: Life, *failpoints: str) -> list[int]:
    """Let workers work at once until they die or nothing is left; returns how each ended."""
    moment, store_id = life.pipeline.clock.moment, life.shop.shop.way.store.id
    settings = [replace(life.pipeline.settings, failpoints=one) for one in failpoints]
    return mortal.run(mortal.work, *((one, moment, store_id) for one in settings))


def made_once(life: Life) -> list[str]:
    """Name what is wrong, codes that were made twice among it."""
    ever = life.shop.ever()
    return life.wrong() + [f"{one} was made {n} times" for one, n in ever.items() if n != 1]


@pytest.mark.parametrize("act", ["make", "look", "end"])
def test_a_worker_killed_at_any_point_leaves_one_code_and_takes_the_points_once(
    life: Life, act: str
) -> None:
    life.join(3)
    for place in PLACES:
        life.redeem(2)
        if act != "make":
            life.settle()
        if act == "look":
            life.pipeline.clock.advance(days=1, minutes=1)
        if act == "end":
            life.release(1.0)
        at = "codes.claimed@1" if place == "claimed" else f"codes.{act}.{place}@1"
        assert mortal_workers(life, at) == [mortal.KILLED], place
        seen = life.shop.ever().total(), life.shop.usable().total()
        life.settle()  # another worker, at once: what the dead one had is not taken from him yet
        assert (life.shop.ever().total(), life.shop.usable().total()) == seen, place
        life.pipeline.clock.advance(minutes=LEASE)
        mortal_workers(life, at)  # the next one dies there too, if there is anything left to do
        life.later(minutes=LEASE)
        life.later(minutes=LEASE)
        assert made_once(life) == [], place
        assert (life.rows("reserved"), life.due()) == ([], 0), place
    issued, released = len(life.rows("issued")), len(life.rows("released"))
    assert (issued, released) == ((0, 8) if act == "end" else (8, 0))


def test_workers_killed_again_and_again_in_a_storm_leave_one_code_or_the_points(life: Life) -> None:
    life.join(6)
    deaths = 0
    for number in range(10):
        life.shop.storm(SEED + number)
        life.redeem(4)
        making, ending = (life.dice.choice(PLACES[1:]) for _ in range(2))
        deadly = f"codes.claimed@4,codes.make.{making}@1,codes.end.{ending}@1"
        workers = 1 if life.pipeline.database.embedded else 3
        deaths += mortal_workers(life, *[deadly] * workers).count(mortal.KILLED)
        life.pipeline.clock.advance(minutes=life.dice.choice([1, LEASE]))
        life.use(0.2)
        life.release(0.1)
        life.cancel(0.1)
        life.shop.shop.way.sent()
    life.shop.calm()
    for hours in (1, 8, 30):
        life.later(hours=hours)
    assert deaths > 5
    assert life.rows("reserved") == []
    assert made_once(life) == []
    assert life.due() == 0


@pytest.mark.parametrize("committed", [False, True])
def test_a_click_whose_process_is_killed_was_made_wholly_or_not_at_all(
    life: Life, committed: bool
) -> None:
    life.join(1)
    [ola] = life.people
    shop, pipeline = life.shop.shop, life.pipeline
    programme_id, member_id = shop.way.programme_id, shop.member_id(ola)
    click = (pipeline.settings, pipeline.clock.moment, programme_id, member_id, committed)
    assert mortal.run(mortal.click, click) == [mortal.KILLED]
    assert len(life.rows("reserved")) == committed
    assert shop.points(ola) == EARNED - 100 * committed
    again = shop.redeem(ola, "ten-percent", request_key="one click")
    life.taken[again] = (ola, "ten-percent")
    life.settle()
    assert shop.points(ola) == EARNED - 100
    assert [row.id for row in life.rows("issued")] == [again]
    assert made_once(life) == []


def test_what_a_worker_was_told_before_it_slept_past_its_lease_counts_no_more(life: Life) -> None:
    life.join(1)
    life.redeem(1)
    [taken] = life.taken
    code = life.shop.shop.row(taken).code
    life.shop.occupy(code)  # so the shop says that it is another one's
    slept: list[str] = []

    def sleep(place: str) -> None:
        if place == "codes.make.answered" and not slept:
            slept.append(place)
            life.shop.shop.delete(code)
            life.pipeline.clock.advance(minutes=LEASE)
            life.settle()  # another worker, who is not told so
            assert life.shop.shop.state(taken) == "issued"

    asleep = replace(life.pipeline.runtime, reach=sleep)
    with Shops(asleep) as shops:
        hurry(shops.get(life.shop.shop.way.store), life.pipeline.clock)
        push(asleep, shops)
    life.later(minutes=LEASE)
    assert slept
    assert life.shop.shop.row(taken).code == code
    assert life.shop.shop.codes() == [code]
    assert made_once(life) == []
