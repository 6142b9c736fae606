"""Rewards that are issued by themselves: to whom, from which shop, and how often."""

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from app.db import tables as t
from app.errors import Invalid
from app.services.automatic import REST, automatic_programmes, due_members
from app.services.programmes import publish
from app.services.redeem import Outlet
from app.services.release import release
from jobs.automatic import issue_automatic
from jobs.outlets import outlets
from jobs.turns import Rests, Turns
from jobs.worker import Worker
from tests.asked import asked_of
from tests.people import JAN, OLA, People, account, gone, order, removed
from tests.pipeline import Pipeline

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
key = "ten"
cost = 100
kind = "percent"
value = "10"
automatic = true

[[reward]]
key = "voucher"
cost = 50
kind = "fixed"
value = "5.00"
"""
VOUCHER_TOO = SOURCE + "automatic = true\n"
MUG = """
[[reward]]
key = "mug"
cost = 300
kind = "free-product"
automatic = true
"""


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return opened(pipeline, SOURCE)


def opened(pipeline: Pipeline, source: str) -> People:
    """Open a programme with two shops that can make codes of every kind."""
    programme_id = pipeline.programme(source=source)
    stores = [
        pipeline.shopify(
            programme_id, f"shop-{number}", token=f"shpat_{number}", key=f"shop-{number}"
        )
        for number in (1, 2)
    ]
    return People(pipeline, programme_id, stores)


def joins(people: People, number: str, points: int, *, store: int = 0, nr: int = 0) -> int:
    """Let somebody open an account and buy; returns the member."""
    people.tell(store, account(number, f"{number}@example.pl"))
    people.tell(store, order(nr or int(number), f"{points}.00", customer=number))
    return people.member(store, number)


def taken(people: People) -> list[tuple[int, str, str]]:
    """Return (member, reward, shop) of every redemption, oldest first."""
    query = (
        select(t.redemption.c.member_id, t.award.c.rule, t.store.c.key)
        .join(t.award, t.award.c.object_id == t.redemption.c.object_id)
        .join(t.store, t.store.c.id == t.redemption.c.store_id)
        .order_by(t.redemption.c.id)
    )
    with people.pipeline.database.snapshot() as connection:
        return [tuple(row) for row in connection.execute(query)]


def turn(people: People, *, limit: int = 20) -> int:
    """Issue what is due; whoever is tried is served."""
    rests: Rests = {}
    done = issue_automatic(people.pipeline.runtime, limit, rests)
    assert rests == {}
    return done


def publish_again(people: People, source: str) -> None:
    pipeline = people.pipeline
    with pipeline.database.transaction() as connection:
        publish(connection, pipeline.runtime.vault, source, pipeline.clock())


def give_up(people: People, redemption: Row[Any]) -> None:
    pipeline = people.pipeline
    with pipeline.database.transaction() as connection:
        state = release(
            connection,
            pipeline.runtime.vault,
            redemption_id=redemption.id,
            reason="not wanted",
            actor="test",
            now=pipeline.clock(),
        )
    assert state == "released"


def set_row(people: People, table: str, row_id: int, **values: object) -> None:
    chosen = t.metadata.tables[table]
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(chosen).where(chosen.c.id == row_id).values(values))


def shops_of(people: People) -> list[Outlet]:
    runtime = people.pipeline.runtime
    with people.pipeline.database.snapshot() as connection:
        return outlets(
            connection, runtime.settings.keyring, runtime.connectors, people.programme_id
        )


def due(people: People, shops: Sequence[Outlet], *, limit: int = 20) -> list[tuple[str, str]]:
    """Return (reward, shop) of who is due one."""
    with people.pipeline.database.snapshot() as connection:
        now = people.pipeline.clock()
        [automatic] = automatic_programmes(connection, now)
        found = due_members(connection, automatic, shops, now, limit=limit)
    return [(one.reward, one.store_key) for one in found]


def test_a_code_is_issued_as_soon_as_the_balance_reaches_the_cost(people: People) -> None:
    ola = joins(people, "1", 99)
    assert turn(people) == 0
    people.tell(0, order(20, "1.00", customer="1"))
    assert turn(people) == 1
    assert taken(people) == [(ola, "ten", "shop-1")]
    assert people.balances() == [0]
    assert turn(people) == 0
    [act] = people.rows("audit", action="redemption.reserve")
    assert act.actor == "automatic"
    assert people.problems() == []


def test_a_large_balance_gives_one_code_a_turn_until_it_is_below_the_cost(people: People) -> None:
    joins(people, "1", 350)
    assert [turn(people) for _ in range(4)] == [1, 1, 1, 0]
    assert people.balances() == [50]
    assert len({row.code for row in people.rows("redemption")}) == 3
    assert people.problems() == []


def test_a_turn_serves_no_more_members_than_it_may_the_richest_first(people: People) -> None:
    members = [joins(people, str(number), 100 + number) for number in range(1, 6)]
    assert [turn(people, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert [member for member, _, _ in taken(people)] == list(reversed(members))


def test_rewards_that_members_ask_for_are_not_issued_by_themselves(people: People) -> None:
    joins(people, "1", 60)
    assert turn(people) == 0


def test_of_two_automatic_rewards_the_dearest_that_can_be_paid_is_issued(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, VOUCHER_TOO)
    ola = joins(people, "1", 160)
    jan = joins(people, "2", 50)
    assert [turn(people) for _ in range(3)] == [2, 1, 0]
    assert taken(people) == [
        (ola, "ten", "shop-1"),
        (jan, "voucher", "shop-1"),
        (ola, "voucher", "shop-1"),
    ]
    assert people.balances() == [0, 10]


def test_without_an_account_in_a_shop_nothing_is_issued(people: People) -> None:
    people.tell(0, order(1, "200.00", email=OLA))
    joins(people, "2", 200)
    people.tell(0, gone("2"))
    assert people.balances() == [200, 200]
    assert turn(people) == 0


def test_who_has_not_joined_the_programme_is_given_nothing(pipeline: Pipeline) -> None:
    people = opened(pipeline, SOURCE.replace("[[rule]]", 'enrolment = "opt-in"\n\n[[rule]]', 1))
    guest = joins(people, "1", 200)
    assert [(row.id, row.state, row.balance) for row in people.rows("member")] == [
        (guest, "guest", 200)
    ]
    assert turn(people) == 0


def test_the_code_is_of_the_shop_of_the_oldest_account_that_offers_the_reward(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, SOURCE)
    people.tell(1, account("7", JAN))
    people.tell(0, account("3", JAN))
    people.tell(0, order(1, "400.00", customer="3"))
    jan = people.member(1, "7")
    assert people.member(0, "3") == jan
    assert turn(people) == 1
    publish_again(people, SOURCE + MUG + '[[reward.product]]\nstore = "shop-1"\nid = "17"\n')
    assert turn(people) == 1
    assert taken(people) == [(jan, "ten", "shop-2"), (jan, "mug", "shop-1")]


def test_a_shop_that_a_person_must_mend_first_makes_no_codes_by_itself(people: People) -> None:
    people.tell(0, account("1", OLA))
    people.tell(1, account("2", OLA))
    people.tell(0, order(1, "200.00", customer="1"))
    set_row(people, "store", people.stores[0].id, blocked_reason="the keys were revoked")
    assert turn(people) == 1
    assert [shop for _, _, shop in taken(people)] == ["shop-2"]
    set_row(people, "store", people.stores[1].id, blocked_reason="the keys were revoked")
    assert turn(people) == 0


def test_a_shop_without_keys_makes_no_codes(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme(source=SOURCE)
    people = People(pipeline, programme_id, [pipeline.store(programme_id)])
    joins(people, "1", 200)
    assert turn(people) == 0


def test_points_whose_time_is_over_buy_nothing(people: People) -> None:
    joins(people, "1", 60)
    people.tell(0, order(20, "60.00", customer="1"))
    [lot, _] = people.rows("lot")
    set_row(people, "lot", lot.id, expires_at=people.pipeline.clock())
    assert people.balances() == [120]
    assert turn(people) == 0
    set_row(people, "lot", lot.id, expires_at=people.pipeline.clock() + timedelta(days=1))
    assert turn(people) == 1


def test_a_released_code_is_not_drawn_anew_for_a_month(people: People) -> None:
    joins(people, "1", 100)
    assert turn(people) == 1
    [first] = people.rows("redemption")
    give_up(people, first)
    assert people.balances() == [100]
    assert turn(people) == 0
    people.pipeline.clock.advance(seconds=(REST - timedelta(minutes=1)).total_seconds())
    assert turn(people) == 0
    people.pipeline.clock.advance(minutes=2)
    assert turn(people) == 1
    assert people.balances() == [0]
    assert people.problems() == []


def test_a_new_version_of_the_programme_ends_the_wait_after_a_release(people: People) -> None:
    joins(people, "1", 100)
    assert turn(people) == 1
    [first] = people.rows("redemption")
    give_up(people, first)
    publish_again(people, SOURCE.replace('value = "10"', 'value = "12"'))
    assert turn(people) == 1


def test_a_release_of_one_reward_does_not_hold_back_another(pipeline: Pipeline) -> None:
    people = opened(pipeline, VOUCHER_TOO)
    joins(people, "1", 100)
    assert turn(people) == 1
    [first] = people.rows("redemption")
    give_up(people, first)
    assert [turn(people) for _ in range(3)] == [1, 1, 0]
    assert [reward for _, reward, _ in taken(people)] == ["ten", "voucher", "voucher"]


def test_points_that_are_taken_back_later_become_a_debt_and_no_second_code(people: People) -> None:
    joins(people, "1", 100)
    assert turn(people) == 1
    people.tell(0, removed(order(1, "100.00", customer="1")))
    assert people.balances() == [-100]
    assert turn(people) == 0
    people.tell(0, order(20, "100.00", customer="1"))
    assert people.balances() == [0]
    assert turn(people) == 0


def test_an_older_version_that_issued_rewards_does_so_no_more(people: People) -> None:
    joins(people, "1", 200)
    publish_again(people, SOURCE.replace("automatic = true", "automatic = false"))
    assert turn(people) == 0
    publish_again(people, SOURCE)
    assert turn(people) == 1


def test_a_member_for_whom_it_fails_keeps_nobody_else_waiting(
    people: People, caplog: pytest.LogCaptureFixture
) -> None:
    broken = joins(people, "1", 900)
    ola = joins(people, "2", 100)
    people.tell(0, order(30, "5.00", email="guest@example.pl"))
    # An account that says of itself both that it lives and that it was joined to a guest's.
    set_row(people, "member", broken, merged_into=people.holder("guest@example.pl"))
    rests: Rests = {}
    runtime = people.pipeline.runtime
    assert [issue_automatic(runtime, 1, rests) for _ in range(3)] == [0, 1, 0]
    assert [member for member, _, _ in taken(people)] == [ola]
    [told] = [record for record in caplog.records if record.name == "stempel.automatic"]
    assert told.getMessage() == f"member {broken} is not given the reward ten now"
    assert told.exc_info is not None
    assert told.exc_info[0] is Invalid
    assert set(rests) == {broken}
    people.pipeline.clock.advance(minutes=11)
    set_row(people, "member", broken, merged_into=None)
    assert issue_automatic(runtime, 1, rests) == 1
    assert rests == {}


def test_a_programme_of_rewards_to_ask_for_is_not_looked_at(pipeline: Pipeline) -> None:
    pipeline.programme(source=SOURCE.replace("automatic = true\n", ""))
    with pipeline.database.snapshot() as connection:
        assert automatic_programmes(connection, pipeline.clock()) == []


def test_a_shop_that_makes_other_kinds_of_codes_is_passed_over(people: People) -> None:
    people.tell(0, account("1", OLA))
    people.tell(1, account("2", OLA))
    people.tell(0, order(1, "200.00", customer="1"))
    first, second = (outlet.store for outlet in shops_of(people))
    percent, fixed = frozenset({"percent"}), frozenset({"fixed"})
    assert due(people, [Outlet(first, fixed), Outlet(second, percent)]) == [("ten", "shop-2")]
    assert due(people, [Outlet(first, fixed), Outlet(second, fixed)]) == []
    assert due(people, []) == []


def test_who_is_due_is_not_looked_for_all_the_time(people: People) -> None:
    turns = Turns(lambda: issue_automatic(people.pipeline.runtime))
    assert turns.turn() == 0
    joins(people, "1", 200)
    turns._not_before = time.monotonic() + 60
    with asked_of(people.pipeline.database) as statements:
        assert turns.turn() == 0
    assert statements == []
    turns._not_before = time.monotonic()
    assert [turns.turn(), turns.turn(), turns.turn()] == [1, 1, 0]
    assert turns._not_before > time.monotonic()


def test_the_worker_issues_rewards(people: People) -> None:
    joins(people, "1", 250)
    worker = Worker(people.pipeline.runtime)
    thread = threading.Thread(target=worker._drain)
    thread.start()
    until = time.monotonic() + 20
    while len(people.rows("redemption")) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    worker.stop()
    thread.join()
    assert people.balances() == [50]
    assert people.problems() == []
