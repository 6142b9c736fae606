"""The life of points: held, available, spent first-expiring first, expired, and what undoes that."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from sqlalchemy.exc import DBAPIError

from app.errors import Conflict
from app.programme.lots import GRACE
from app.services import life
from tests.aging import NEW_YEAR, bought, open_aging
from tests.pipeline import Pipeline

YEAR = "expire_months = 12"
HOLD = "hold_days = 14"
DAY = timedelta(days=1)


def day(month: int, number: int, year: int = 2026) -> datetime:
    return datetime(year, month, number, 12, tzinfo=UTC)


def test_what_is_left_of_january_is_what_expires_next_january(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, YEAR)
    aging.at(day(1, 15))
    aging.buy(1, "300.00")
    aging.at(day(3, 10))
    aging.buy(2, "100.00")
    aging.at(day(6, 1))
    aging.spend(150)
    january, march = datetime(2027, 1, 15, 23, tzinfo=UTC), datetime(2027, 3, 10, 23, tzinfo=UTC)
    assert aging.lots() == [(150, january), (100, march)]
    aging.at(january - timedelta(minutes=2))
    assert aging.has() == (250, 0)
    aging.at(january)
    assert aging.has() == (100, 0)
    assert aging.lots() == [(100, march)]
    assert aging.entries()[-1] == ("expire", -150, 0)
    aging.at(march)
    assert aging.has() == (0, 0)


def test_without_a_life_points_are_there_at_once_and_for_ever(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, "hold_days = 0")
    aging.buy(1, "300.00")
    aging.at(day(1, 1, 2126))
    assert aging.has() == (300, 0)
    assert aging.lots() == [(300, None)]


def test_points_of_an_order_are_pending_until_the_hold_is_over(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, f"{HOLD}\n{YEAR}")
    aging.buy(1, "300.00")
    assert aging.has() == (0, 300)
    with pytest.raises(Conflict):
        aging.spend(5)
    aging.at(NEW_YEAR + 14 * DAY - timedelta(minutes=1))
    assert aging.has() == (0, 300)
    aging.at(NEW_YEAR + 14 * DAY + timedelta(minutes=1))
    assert aging.has() == (300, 0)
    assert aging.entries() == [("earn", 0, 300), ("earn", 300, -300)]
    # Both hold and life began when it was paid.
    assert aging.lots() == [(300, datetime(2027, 1, 1, 23, tzinfo=UTC))]
    aging.at(NEW_YEAR + 30 * DAY)
    assert len(aging.entries()) == 2


def test_a_refund_while_points_are_pending_takes_only_those(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, HOLD)
    aging.buy(1, "300.00")
    aging.at(NEW_YEAR + 15 * DAY)
    second = aging.now
    aging.buy(2, "100.00", second)
    assert aging.has() == (300, 100)
    aging.refund(2, "100.00", second, "40.00")
    assert aging.has() == (300, 60)
    assert aging.entries()[-1] == ("reverse", 0, -40)
    aging.refund(2, "100.00", second, None)
    assert aging.has() == (300, 100)
    aging.refund(2, "100.00", second, "100.00")
    assert aging.has() == (300, 0)
    aging.at(NEW_YEAR + 60 * DAY)
    assert aging.has() == (300, 0)
    assert len(aging.entries()) == 6


def test_a_late_older_state_that_shows_an_earlier_payment_ends_the_hold_earlier(
    pipeline: Pipeline,
) -> None:
    aging = open_aging(pipeline, HOLD)
    aging.at(NEW_YEAR + 3 * DAY)
    aging.people.tell(0, bought(1, "100.00", aging.now))
    early = bought(1, "100.00", NEW_YEAR)
    aging.people.tell(0, early)
    aging.at(NEW_YEAR + 15 * DAY)
    assert aging.has() == (100, 0)


def test_an_order_heard_of_after_its_hold_is_available_at_once(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, HOLD)
    aging.at(NEW_YEAR + 20 * DAY)
    aging.buy(1, "100.00", NEW_YEAR)
    assert aging.has() == (100, 0)


def test_points_that_become_available_settle_a_debt_first(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, HOLD)
    aging.buy(1, "100.00")
    aging.give(-30)
    assert aging.has() == (-30, 100)
    aging.at(NEW_YEAR + 15 * DAY)
    assert aging.has() == (70, 0)
    assert aging.lots() == [(70, None)]


def test_points_posted_late_live_thirty_days_from_then(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, YEAR)
    aging.at(day(1, 1, 2030))
    aging.buy(1, "100.00", NEW_YEAR)
    [(points, end)] = aging.lots()
    assert points == 100
    assert end is not None
    assert timedelta() <= end - (day(1, 1, 2030) + GRACE) < timedelta(minutes=1)


def test_a_correction_by_hand_lives_from_the_day_it_was_made(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, f"{HOLD}\n{YEAR}")
    aging.buy(1, "10.00")
    aging.at(day(5, 5))
    aging.give(25)
    assert (25, datetime(2027, 5, 5, 22, tzinfo=UTC)) in aging.lots()
    aging.at(day(5, 6, 2027))
    assert aging.has() == (0, 0)


@pytest.mark.parametrize("first", ["spend", "expire"])
def test_in_the_second_of_its_end_a_lot_is_spent_or_expires_wholly(
    pipeline: Pipeline, first: Literal["spend", "expire"]
) -> None:
    aging = open_aging(pipeline, YEAR)
    aging.buy(1, "120.00")
    end = datetime(2027, 1, 1, 23, tzinfo=UTC)
    if first == "spend":
        pipeline.clock.moment = end - timedelta(milliseconds=5)
        aging.spend(120)
        aging.at(end)
        assert ("expire", -120, 0) not in aging.entries()
    else:
        aging.at(end)
        with pytest.raises(Conflict):
            aging.spend(5)
        assert aging.entries()[-1] == ("expire", -120, 0)
    assert aging.has() == (0, 0)


def test_points_whose_time_is_over_are_not_spent_though_nobody_took_them_out_yet(
    pipeline: Pipeline,
) -> None:
    aging = open_aging(pipeline, YEAR)
    aging.buy(1, "100.00")
    pipeline.clock.moment = datetime(2027, 1, 1, 23, tzinfo=UTC)
    with pytest.raises(Conflict):
        aging.spend(5)


@pytest.mark.parametrize("debt", ["debt", "forgive"])
def test_a_refund_after_the_expiry_costs_none_of_the_other_points(
    pipeline: Pipeline, debt: str
) -> None:
    aging = open_aging(pipeline, YEAR, debt=debt)
    aging.buy(1, "100.00")
    aging.at(day(6, 1))
    aging.buy(2, "70.00")
    aging.at(day(1, 5, 2027))
    assert aging.has() == (70, 0)
    aging.refund(1, "100.00", NEW_YEAR, "100.00")
    assert aging.has() == (70, 0)
    assert aging.entries()[-2:] == [("expire", 100, 0), ("reverse", -100, 0)]
    aging.refund(1, "100.00", NEW_YEAR, None)
    assert aging.has() == (170, 0)
    aging.at(aging.now + GRACE + DAY)
    assert aging.has() == (70, 0)


def test_a_refund_of_what_was_in_part_spent_and_in_part_expired_takes_the_spent_part(
    pipeline: Pipeline,
) -> None:
    aging = open_aging(pipeline, YEAR)
    aging.buy(1, "100.00")
    aging.at(day(6, 1))
    aging.spend(30)
    aging.buy(2, "200.00")
    aging.at(day(1, 5, 2027))
    assert aging.has() == (200, 0)
    aging.refund(1, "100.00", NEW_YEAR, "100.00")
    assert aging.has() == (170, 0)


def test_what_a_refund_took_from_a_lot_comes_back_and_lives_a_while(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, YEAR)
    aging.buy(1, "100.00")
    aging.refund(1, "100.00", NEW_YEAR, "60.00")
    aging.at(day(1, 5, 2027))
    assert aging.has() == (0, 0)
    aging.refund(1, "100.00", NEW_YEAR, None)
    assert aging.has() == (60, 0)
    [(_, end)] = aging.lots()
    assert end is not None
    assert end >= day(1, 5, 2027) + GRACE
    aging.at(end)
    assert aging.has() == (0, 0)
    assert [entry for entry in aging.entries() if entry[0] == "expire"] == [
        ("expire", -40, 0),
        ("expire", -60, 0),
    ]


def test_more_than_one_slice_matures_and_expires_in_one_turn(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, f"{HOLD}\nexpire_months = 2")
    for number in range(25):
        aging.buy(number, "10.00")
    assert aging.has() == (0, 250)
    aging.at(NEW_YEAR + 15 * DAY)
    assert aging.has() == (250, 0)
    aging.at(NEW_YEAR + 70 * DAY)
    assert aging.has() == (0, 0)
    aging.at(NEW_YEAR + 71 * DAY)
    assert len([1 for kind, _, _ in aging.entries() if kind == "expire"]) == 25


@pytest.mark.parametrize("what", ["mature", "expire"])
def test_several_clocks_at_once_do_it_once(pipeline: Pipeline, what: str) -> None:
    aging = open_aging(pipeline, f"{HOLD}\nexpire_months = 2")
    for number in range(10):
        aging.buy(number, "10.00")
    moment = NEW_YEAR + 15 * DAY
    if what == "expire":
        aging.at(moment)
        moment = NEW_YEAR + 70 * DAY
    job = {"mature": life.mature, "expire": life.expire}[what]
    vault, database = pipeline.runtime.vault, pipeline.database

    def work(_: int) -> int:
        return database.run(lambda connection: job(connection, vault, moment, limit=20))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert aging.has() == ((100, 0) if what == "mature" else (0, 0))


def test_expiry_and_redemptions_in_one_moment_never_take_the_same_points(
    pipeline: Pipeline,
) -> None:
    aging = open_aging(pipeline, YEAR)
    for number in range(5):
        aging.buy(number, "10.00")
    end = datetime(2027, 1, 1, 23, tzinfo=UTC)
    pipeline.clock.moment = end - timedelta(milliseconds=8)
    database, vault = pipeline.database, pipeline.runtime.vault
    member = aging.member

    def spend(_: int) -> int:
        try:
            aging.people.spend(member, 5)
        except (Conflict, DBAPIError):
            return 0
        return 5

    def expire(_: int) -> int:
        return database.run(lambda c: life.expire(c, vault, end, limit=20))

    with ThreadPoolExecutor(4) as pool:
        spent = pool.map(spend, range(4))
        list(pool.map(expire, range(2)))
        total = sum(spent)
    aging.at(end + timedelta(minutes=2))
    gone = -sum(points for kind, points, _ in aging.entries() if kind == "expire")
    assert (total + gone, aging.has()) == (50, (0, 0))
