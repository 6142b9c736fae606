"""Redemptions whose circumstances change on the way: points that end, people, programmes, stores."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.errors import Conflict, Invalid
from app.programme.events import RedemptionState
from app.programme.lots import GRACE
from app.services import writeback
from app.services.codes import NO_KEYS
from app.services.merge import merge_accounts
from app.services.programmes import publish
from app.services.redeem import Outlet, redeem
from app.services.verdicts import BY_HAND
from jobs.schedule import run_due
from tests.attack.counter import PRICE, Shop, open_shop
from tests.attack.redeeming import MAKES, TEN
from tests.pipeline import Pipeline
from tests.services.model import COST, PLAIN
from tests.way.connected import unsound

FREE = "new-code"  # the reward for which a full refund gives another code


@pytest.fixture
def shop(pipeline: Pipeline) -> Iterator[Shop]:
    opened = open_shop(pipeline)
    yield opened
    assert unsound(pipeline) == []


# --- points that end -------------------------------------------------------------------------


def end_lots(shop: Shop, customer: int, at: datetime) -> None:
    with shop.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.lot).where(t.lot.c.member_id == shop.member(customer)).values(expires_at=at)
        )


def redeem_at(shop: Shop, customer: int, now: datetime) -> int:
    with shop.pipeline.database.transaction() as connection:
        return redeem(
            connection,
            shop.pipeline.runtime.vault,
            programme_id=shop.programme_id,
            member_id=shop.member(customer),
            reward=TEN,
            outlets=[Outlet(shop.store, MAKES)],
            actor="test",
            now=now,
        )


def test_points_cannot_be_redeemed_in_the_very_moment_they_end_but_just_before(shop: Shop) -> None:
    shop.earn(5, PRICE)
    ending = shop.pipeline.clock() + timedelta(days=1)
    end_lots(shop, 5, ending)
    with pytest.raises(Conflict, match=f"costs {PRICE} points, member .* has 0 to spend"):
        redeem_at(shop, 5, ending)
    assert shop.points(5) == PRICE
    redeem_at(shop, 5, ending - timedelta(microseconds=1))
    assert shop.points(5) == 0


def test_points_whose_time_ended_while_they_were_reserved_come_back_for_thirty_days(
    shop: Shop,
) -> None:
    shop.earn(5, PRICE)
    end_lots(shop, 5, shop.pipeline.clock() + timedelta(days=1))
    row = shop.issued(5)
    shop.pipeline.clock.advance(days=3)
    shop.release(row.id)
    shop.push()
    assert (shop.row(row.id).state, shop.points(5)) == ("released", PRICE)
    with shop.pipeline.database.snapshot() as connection:
        [lot] = connection.execute(select(t.lot).where(t.lot.c.remaining > 0)).all()
    released_at = shop.row(row.id).dead_at
    assert (lot.remaining, lot.expires_at) == (PRICE, released_at + GRACE)
    assert redeem_at(shop, 5, lot.expires_at - timedelta(seconds=1))


def test_a_released_code_that_shows_up_takes_even_points_whose_time_is_over(shop: Shop) -> None:
    shop.earn(5, PRICE)
    row = shop.issued(5)
    shop.release(row.id)
    shop.push()
    end_lots(shop, 5, shop.pipeline.clock())
    shop.told(row.code)
    assert (shop.row(row.id).state, shop.points(5)) == ("used", 10)


# --- people ----------------------------------------------------------------------------------


def join(shop: Shop, ending: int, staying: int) -> None:
    runtime = shop.pipeline.runtime
    with runtime.database.transaction() as connection:
        assert merge_accounts(
            connection,
            runtime.vault,
            programme_id=shop.programme_id,
            one=shop.member(ending),
            other=shop.member(staying),
            keep=shop.member(staying),
            now=runtime.clock(),
        ) == shop.member(staying)


@pytest.fixture
def two(shop: Shop) -> tuple[int, int]:
    """Return two customers; the account of the first is the one that ends when they are joined."""
    shop.earn(6, 5)
    shop.earn(5, PRICE)
    return 5, 6


def test_a_code_taken_before_the_accounts_were_joined_is_made_and_used_after(
    shop: Shop, two: tuple[int, int]
) -> None:
    taken = shop.redeem(5)
    join(shop, *two)
    shop.push()
    row = shop.row(taken)
    assert (row.state, shop.codes.made[row.code_key].wanted.customer) == ("issued", "5")
    shop.told(row.code, customer=5)
    assert (shop.row(taken).state, shop.points(6)) == ("used", 5 + 10)


def test_points_come_back_to_the_account_that_stayed(shop: Shop, two: tuple[int, int]) -> None:
    row = shop.issued(5)
    join(shop, *two)
    shop.release(row.id)
    shop.push()
    assert (shop.row(row.id).state, shop.points(6)) == ("released", 5 + PRICE)
    again = shop.issued(6)  # with the points that came back
    assert (again.state, shop.points(6)) == ("issued", 5)


def test_a_code_used_before_the_accounts_were_joined_and_cancelled_after_gives_points_back(
    shop: Shop, two: tuple[int, int]
) -> None:
    row = shop.issued(5)
    number = shop.told(row.code)
    join(shop, *two)
    shop.codes.uses = lambda _: 1  # the shop does not give the use back
    shop.told(row.code, number, modified=5, status="cancelled")
    shop.push()
    assert (shop.row(row.id).state, shop.points(6)) == ("released", 5 + PRICE)


def test_the_same_request_after_the_accounts_were_joined_is_the_same_redemption(
    shop: Shop, two: tuple[int, int]
) -> None:
    shop.earn(5, PRICE)
    runtime = shop.pipeline.runtime
    taken = set()
    for customer in two:
        with runtime.database.transaction() as connection:
            taken.add(
                redeem(
                    connection,
                    runtime.vault,
                    programme_id=shop.programme_id,
                    member_id=shop.member(customer),
                    reward=TEN,
                    outlets=[Outlet(shop.store, MAKES)],
                    request_key="one click",
                    actor="test",
                    now=runtime.clock(),
                )
            )
        if shop.member(5) != shop.member(6):
            join(shop, *two)
    assert len(taken) == 1
    assert shop.points(6) == 5 + PRICE


def erase(shop: Shop, customer: int) -> None:
    """Mark a member as a privacy request leaves them."""
    with shop.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.member).where(t.member.c.id == shop.member(customer)).values(state="erased")
        )


def test_no_code_is_made_for_somebody_who_was_erased_meanwhile(shop: Shop) -> None:
    shop.earn(5, PRICE)
    taken = shop.redeem(5)
    erase(shop, 5)
    shop.push()
    assert shop.states() == [("released", "its person was erased")]
    assert (shop.codes.made, shop.codes.asked, shop.points(5)) == ({}, {}, PRICE)
    with pytest.raises(Invalid, match="is a erased"):
        shop.redeem(5)
    assert shop.row(taken).dead_at is not None


def test_the_code_of_somebody_who_was_erased_is_ended_at_the_next_look(shop: Shop) -> None:
    shop.earn(5, PRICE)
    row = shop.issued(5)
    erase(shop, 5)
    shop.pipeline.clock.advance(days=1, minutes=1)
    shop.push()
    assert (shop.states(), shop.alive()) == ([("released", "its person was erased")], [])
    assert shop.row(row.id).state == "released"


# --- programmes ------------------------------------------------------------------------------


def change_programme(shop: Shop, source: str) -> None:
    shop.pipeline.clock.advance(minutes=1)
    with shop.pipeline.database.transaction() as connection:
        publish(connection, shop.pipeline.runtime.vault, source, shop.pipeline.clock())
    shop.pipeline.clock.advance(minutes=1)


def test_a_reward_that_is_offered_no_more_is_still_made_as_it_was_taken(shop: Shop) -> None:
    shop.earn(5, COST[FREE])
    taken = shop.redeem(5, FREE)
    change_programme(shop, PLAIN.partition("[[reward]]")[0])
    shop.push()
    row = shop.row(taken)
    made = shop.codes.made[row.code_key].wanted
    assert (row.state, made.kind, made.ends_at) == ("issued", "free-delivery", row.ends_at)
    number = shop.told(row.code, amount="50.00")
    shop.told(row.code, number, amount="50.00", modified=5, refunds=((1, "50.00"),))
    shop.push()
    assert shop.states() == [("used", None), ("issued", None)]  # and refunded as it was offered
    assert shop.points(5) == 0


def test_a_reward_whose_cost_changes_costs_what_it_did_when_it_was_taken(shop: Shop) -> None:
    shop.earn(5, 2 * PRICE + 100)
    old = shop.issued(5)
    change_programme(shop, PLAIN.replace(f"cost = {PRICE}", f"cost = {PRICE + 100}"))
    new = shop.issued(5)
    assert shop.points(5) == 0
    shop.release(old.id)
    shop.push()
    assert shop.points(5) == PRICE
    shop.release(new.id)
    shop.push()
    assert shop.points(5) == 2 * PRICE + 100


# --- stores ----------------------------------------------------------------------------------


def test_what_a_blocked_store_must_do_is_done_when_it_goes_on(shop: Shop) -> None:
    shop.earn(5, 2 * PRICE)
    shop.codes.trouble = "before"
    taken = shop.redeem(5)
    shop.push()
    assert (shop.row(taken).state, shop.row(taken).due_at > shop.pipeline.clock()) == (
        "reserved",
        True,
    )
    with shop.pipeline.database.transaction() as connection:
        writeback.block(connection, shop.store.id, "its key was revoked")
    with shop.pipeline.database.transaction() as connection:
        writeback.unblock(connection, shop.store.id, shop.pipeline.clock())
    shop.push()
    assert (shop.row(taken).state, shop.row(taken).error) == ("issued", None)


@pytest.fixture
def keyless(shop: Shop) -> Shop:
    """A store that had keys when its first reward was taken, and has none now."""
    shop.earn(5, 3 * PRICE)
    return shop


def test_a_store_that_lost_its_keys_says_so_and_what_was_never_asked_can_be_released(
    keyless: Shop,
) -> None:
    taken = keyless.redeem(5)
    keyless.pipeline.settle()  # as the worker does, which has nobody to call
    assert (keyless.row(taken).state, keyless.row(taken).error) == ("reserved", NO_KEYS)
    assert keyless.release(taken) == "released"
    assert keyless.points(5) == 3 * PRICE


def test_codes_of_a_store_without_keys_give_their_points_back_two_days_after_their_end(
    keyless: Shop,
) -> None:
    row = keyless.issued(5)
    clock = keyless.pipeline.clock
    clock.moment = row.ends_at + timedelta(hours=47)
    keyless.pipeline.settle()
    run_due(keyless.pipeline.runtime)
    assert keyless.row(row.id).state == RedemptionState.ISSUED
    clock.advance(hours=2)
    run_due(keyless.pipeline.runtime)
    assert (keyless.states(), keyless.points(5)) == (
        [("released", "its time is over")],
        3 * PRICE,
    )


def test_keys_given_to_a_store_again_let_its_codes_be_made_at_once(keyless: Shop) -> None:
    taken = keyless.redeem(5)
    keyless.pipeline.settle()
    with keyless.pipeline.database.transaction() as connection:
        writeback.unblock(connection, keyless.store.id, keyless.pipeline.clock())
    keyless.push()
    assert (keyless.row(taken).state, keyless.row(taken).error) == ("issued", None)


def test_a_use_that_the_shop_counts_late_is_put_right_by_its_order(shop: Shop) -> None:
    shop.earn(5, PRICE)
    row = shop.issued(5)
    shop.pipeline.clock.moment = row.ends_at + timedelta(minutes=11)
    shop.push()  # the shop does not count the use of a minute before the end yet
    assert (shop.states(), shop.points(5)) == ([("released", "its time is over")], PRICE)
    shop.told(row.code)
    assert (shop.row(row.id).state, shop.points(5)) == ("used", 10)
    assert shop.row(row.id).due_at is None


def test_a_use_that_no_order_tells_of_keeps_the_points_and_says_why(shop: Shop) -> None:
    shop.earn(5, PRICE)
    row = shop.issued(5)
    shop.codes.uses = lambda _: 1
    shop.release(row.id)
    for _ in range(3):
        shop.push()
        shop.pipeline.clock.advance(days=1)
    assert (shop.states(), shop.points(5)) == ([("issued", BY_HAND)], 0)
    assert "its order has not come here yet" in shop.row(row.id).error
    shop.told(row.code)
    shop.push()
    assert (shop.row(row.id).state, shop.points(5)) == ("used", 10)
