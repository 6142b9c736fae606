"""Time and new rules move everybody's tiers, in slices, without an order being touched."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import update

from app.db import tables as t
from app.db.engine import Database
from app.services.tier_run import Slices, recalculate
from app.settings import Settings
from tests.locks import wait_for_lock
from tests.people import REWARDS
from tests.pipeline import Pipeline
from tests.services.test_tiers import HEAD, RULE, TIERS, judged, opened, placed, tier

ONE_BY_ONE = Slices(1, 1)
GRACE = TIERS.replace("months = 12", "months = 12\ngrace_days = 30")


def run(pipeline: Pipeline, slices: Slices = ONE_BY_ONE) -> int:
    """Recalculate until nothing is left; returns how many slices it took."""
    for turn in range(50):
        with pipeline.database.transaction() as connection:
            if not recalculate(connection, pipeline.clock(), slices):
                return turn
    raise AssertionError("the work never ends")


def test_tiers_of_a_later_version_are_given_for_earlier_orders(pipeline: Pipeline) -> None:
    people = opened(pipeline, "")
    people.tell(0, placed(1, "500.00"))
    people.tell(0, placed(2, "10.00", customer="6"))
    pipeline.programme(source=HEAD + RULE + TIERS)
    assert (tier(people), people.problems()) == (None, [])
    [before] = people.rows("store_customer", external_id="5")
    assert run(pipeline) == 3
    assert (tier(people), tier(people, "6")) == ("silver", "bronze")
    assert (judged(people)["1"], people.windows()) == ((None, None), {})
    [after] = people.rows("store_customer", external_id="5")
    assert after.wanted_rev > before.wanted_rev
    assert (run(pipeline), people.problems()) == (0, [])
    pipeline.programme(source=HEAD + RULE + TIERS.replace('"500"', '"600"'))
    run(pipeline)
    assert (tier(people), people.problems()) == ("bronze", [])


def test_time_takes_a_tier_away_when_its_grace_is_over_and_tells_the_shops(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, GRACE)
    people.tell(0, placed(1, "500.00"))
    run(pipeline)
    pipeline.clock.advance(days=356 + 10)  # within the grace
    run(pipeline)
    [kept] = people.rows("store_customer", external_id="5")
    assert tier(people) == "silver"
    pipeline.clock.advance(days=21)
    run(pipeline)
    [lost] = people.rows("store_customer", external_id="5")
    assert (tier(people), people.windows()) == ("bronze", {"silver tier": 100})
    assert lost.wanted_rev == kept.wanted_rev + 1
    [member] = people.rows("member", id=people.member(0, "5"))
    assert member.tier_since < pipeline.clock.moment - timedelta(hours=1)  # at midnight
    assert people.problems() == []


def test_who_is_changed_by_somebody_else_meanwhile_is_left_to_them(
    postgres_database: Database, settings: Settings
) -> None:
    """Sums that were read before somebody else's change say nothing of the account any more."""
    pipeline = Pipeline(postgres_database, settings)
    people = opened(pipeline)
    people.tell(0, placed(1, "10.00"))
    run(pipeline)
    pipeline.clock.advance(days=1)
    set_tier = update(t.member).values(rev=t.member.c.rev + 1)
    with postgres_database.transaction() as connection:
        connection.execute(set_tier.values(tier="gold"))
    with ThreadPoolExecutor(1) as pool:
        with postgres_database.transaction() as connection:
            connection.execute(set_tier.values(tier="silver", tier_at=pipeline.clock()))
            running = pool.submit(run, pipeline, Slices(100, 100))
            wait_for_lock(postgres_database)
        running.result(30)
    assert tier(people) == "silver"
    pipeline.close()


def test_who_only_spends_meanwhile_is_moved_all_the_same(
    postgres_database: Database, settings: Settings
) -> None:
    pipeline = Pipeline(postgres_database, settings)
    people = opened(pipeline)
    people.tell(0, placed(1, "500.00"))
    run(pipeline)
    pipeline.clock.advance(days=400)
    with ThreadPoolExecutor(1) as pool:
        with postgres_database.transaction() as connection:
            connection.execute(update(t.member).values(rev=t.member.c.rev + 1))
            running = pool.submit(run, pipeline, Slices(100, 100))
            wait_for_lock(postgres_database)
        running.result(30)
    assert (tier(people), people.problems()) == ("bronze", [])
    pipeline.close()


def test_another_measure_in_the_middle_of_a_day_is_worked_out_for_everybody(
    sqlite_database: Database, settings: Settings
) -> None:
    pipeline = Pipeline(sqlite_database, settings)
    people = opened(pipeline)
    people.tell(0, placed(1, "10.00"))
    people.tell(0, placed(2, "10.00", customer="6"))
    run(pipeline)
    pipeline.clock.advance(days=1)
    with sqlite_database.transaction() as connection:
        assert recalculate(connection, pipeline.clock(), ONE_BY_ONE) == 1
    by_orders = TIERS.replace("months = 12", 'months = 12\nby = "orders"')
    by_orders = by_orders.replace('"500"', "1").replace('"2000"', "9")
    pipeline.programme(source=HEAD + RULE + by_orders + REWARDS)
    run(pipeline)
    assert (tier(people), tier(people, "6")) == ("silver", "silver")
    assert people.problems() == []
    pipeline.close()
