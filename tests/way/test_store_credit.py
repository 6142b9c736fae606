"""Points become credit in the shop: given once, used when some of it is spent, held where nobody can tell."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import update

from app.db import tables as t
from app.errors import Conflict, Invalid
from app.services.code_answers import HELD
from app.services.settle_credit import settle_credit
from jobs.codes import push_codes
from tests.pipeline import Pipeline
from tests.way.rewards import ShopifyRewards, open_rewards

CREDIT = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[reward]]
key = "credit"
cost = 500
kind = "store-credit"
value = "50.00"
valid_days = 30

[[reward]]
key = "card"
cost = 500
kind = "gift-card"
value = "50.00"

[[reward]]
key = "for-ever"
cost = 500
kind = "store-credit"
value = "50.00"
"""


@pytest.fixture
def shop(pipeline: Pipeline) -> Iterator[ShopifyRewards]:
    with open_rewards(pipeline, "shopify", CREDIT) as opened:
        assert isinstance(opened, ShopifyRewards)
        yield opened
        assert opened.pipeline.verified().problems == []


def balance(shop: ShopifyRewards, customer: int) -> str:
    accounts = shop._shop.store_credit_of(customer)
    return accounts[0]["balance"] if accounts else "0"


def spend(shop: ShopifyRewards, customer: int, amount: str) -> None:
    """Let the customer pay with credit for what earns no points."""
    line = {"title": "Card", "price": amount, "quantity": 1, "gift_card": True}
    shop._shop.place_order([line], customer_id=customer, store_credit=amount)
    shop.quiet()


def test_points_become_credit_that_is_used_once_some_of_it_is_spent(shop: ShopifyRewards) -> None:
    ola = shop.member(1100)
    taken = shop.redeem(ola, "credit")
    shop.quiet()
    assert (shop.state(taken), shop.row(taken).code, balance(shop, ola)) == (
        "issued",
        None,
        "50.00",
    )
    spend(shop, ola, "20.00")
    assert (shop.state(taken), shop.points(ola)) == ("issued", 600)
    shop.later(days=1)
    assert (shop.state(taken), balance(shop, ola)) == ("used", "30.00")
    with pytest.raises(Conflict, match="some of the money was spent"):
        shop.release(taken)
    whole = shop.redeem(ola, "for-ever")
    shop.quiet()
    shop.release(whole)
    shop.quiet()
    # The shop takes what ends soonest, which would be the rest of the other one.
    assert (shop.state(whole), balance(shop, ola)) == ("issued", "80.00")
    assert "ends sooner" in str(shop.row(whole).error)
    spend(shop, ola, "30.00")
    shop.later(days=1)
    assert (shop.state(whole), balance(shop, ola), shop.points(ola)) == ("released", "0.00", 600)


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
def test_after_a_lost_answer_nothing_is_done_twice(shop: ShopifyRewards, fault: str) -> None:
    ola = shop.member(1100)
    shop._shop.faults.add(fault, operation="StoreCreditGive")
    taken = shop.redeem(ola, "credit")
    shop.quiet()
    shop.later(minutes=1)
    landed = fault == "reset_after"
    assert shop._shop.mutations["storeCreditAccountCredit"] == landed
    assert shop.state(taken) == ("issued" if landed else "reserved")
    shop.later(minutes=10)
    assert (shop.state(taken), balance(shop, ola)) == ("issued", "50.00")
    shop._shop.faults.add(fault, operation="StoreCreditTake")
    shop.release(taken)
    shop.quiet()
    shop.later(minutes=1)
    assert shop._shop.mutations["storeCreditAccountDebit"] == landed
    shop.later(minutes=11)
    assert (shop.state(taken), balance(shop, ola), shop.points(ola)) == ("released", "0.00", 1100)


def test_what_is_taken_back_is_never_another_rewards_credit(shop: ShopifyRewards) -> None:
    ola = shop.member(1100)
    first = shop.redeem(ola, "for-ever")
    shop.quiet()
    second = shop.redeem(ola, "for-ever")
    shop.quiet()
    shop.release(second)
    shop.later(days=1)
    shop.later(days=1)
    # Of credits that never end the shop takes the oldest: it would count as taken from the first.
    assert (shop.state(first), shop.state(second)) == ("issued", "issued")
    assert "which is older" in str(shop.row(second).error)
    spend(shop, ola, "50.00")
    shop.later(days=1)
    shop.later(days=1)
    assert (shop.state(first), shop.state(second)) == ("used", "released")
    assert (balance(shop, ola), shop.points(ola)) == ("0.00", 600)


def test_customers_that_the_shop_merges_share_no_credit(shop: ShopifyRewards) -> None:
    ola, jan = shop.member(600), shop.member(600, "jan@example.pl")
    shop._shop.faults.add("reset_before", operation="StoreCreditGive", times=2)
    taken = [shop.redeem(one, "for-ever") for one in (ola, jan)]
    shop.quiet()
    rows = t.store_customer
    with shop.pipeline.database.transaction() as connection:
        connection.execute(
            update(rows).where(rows.c.external_id == str(ola)).values(kept_as=str(jan), gone=1)
        )
    for _ in range(3):
        shop.later(minutes=11)
    assert [shop.state(one) for one in taken] == ["issued", "issued"]
    assert balance(shop, jan) == "100.00"
    assert len({shop.row(one).remote_id for one in taken}) == 2


def test_credit_that_ran_out_whole_gives_its_points_back(shop: ShopifyRewards) -> None:
    ola = shop.member(600)
    taken = shop.redeem(ola, "credit")
    shop.quiet()
    shop.later(days=31)
    shop.later(hours=2)
    assert (shop.state(taken), shop.points(ola), balance(shop, ola)) == ("released", 600, "0.00")
    assert shop._shop.mutations["storeCreditAccountDebit"] == 0  # it ended by itself


@pytest.mark.parametrize("landed", [True, False])
def test_what_nobody_can_tell_is_held_until_a_person_says_it(
    shop: ShopifyRewards, landed: bool
) -> None:
    ola = shop.member(1600)
    fault = "reset_after" if landed else "reset_before"
    shop._shop.faults.add(fault, operation="StoreCreditGive")
    taken = shop.redeem(ola, "for-ever")
    shop.quiet()
    for _ in range(1 if landed else 2):  # by hand, as much, at the same time
        shop._shop.add_store_credit(ola, "50.00")
    waits = shop.redeem(ola, "for-ever")
    shop.later(minutes=11)
    shop.later(days=20)  # it is never given up, and never repeated
    assert [shop.state(one) for one in (taken, waits)] == ["reserved", "reserved"]
    assert str(shop.row(taken).error).startswith(
        "a person must say whether the shop has given it: "
    )
    assert (shop._shop.mutations["storeCreditAccountCredit"], balance(shop, ola)) == (
        landed,
        "100.00",
    )
    first = str(shop._shop.store_credit_of(ola)[0]["entries"][0]["id"])
    assert first in str(shop.row(taken).error)
    settle(shop, taken, first if landed else None)
    with pytest.raises(Conflict, match="does not wait for a person"):
        settle(shop, taken, None)
    shop.quiet()
    assert [shop.state(one) for one in (taken, waits)] == ["issued", "issued"]
    assert balance(shop, ola) == ("150.00" if landed else "200.00")


def test_who_settles_names_a_reason_and_a_number(shop: ShopifyRewards) -> None:
    ola = shop.member(600)
    taken = shop.redeem(ola, "credit")
    with pytest.raises(Invalid, match="needs a reason"):
        settle(shop, taken, None, reason=" ")
    with pytest.raises(Conflict, match="does not wait for a person"):
        settle(shop, taken, "17")


@pytest.mark.parametrize("number", ["0", "017", "1" * 20, "\u0661", "x", ""])
def test_a_number_that_no_shop_has_settles_nothing(shop: ShopifyRewards, number: str) -> None:
    ola = shop.member(600)
    taken = shop.redeem(ola, "for-ever")
    with shop.pipeline.database.transaction() as connection:
        connection.execute(update(t.redemption).values(error=f"{HELD}: it is not told"))
    with pytest.raises(Invalid, match="no number of a transaction"):
        settle(shop, taken, number)


class Killed(BaseException):
    """The worker is gone in this moment."""


@pytest.mark.parametrize(
    "place", ["codes.claimed", "codes.make.answered", "codes.make.noting", "codes.make.noted"]
)
@pytest.mark.parametrize("reward", ["credit", "card"])
def test_a_worker_killed_at_any_moment_leaves_one(
    shop: ShopifyRewards, reward: str, place: str
) -> None:
    def die(reached: str) -> None:
        if reached == place:
            raise Killed

    ola = shop.member(600)
    taken = shop.redeem(ola, reward)
    pipeline, store = shop.pipeline, shop.way.store
    shop.way.keep_time()
    mortal = replace(pipeline.runtime, reach=die)
    with pytest.raises(Killed):
        push_codes(mortal, store, pipeline.shops.get(store))
    shop.later(minutes=6)
    shop.later(minutes=11)
    given = [one["value"] for one in shop._shop.gift_cards_made()]
    given += [one["balance"] for one in shop._shop.store_credit_of(ola)]
    assert (shop.state(taken), given, shop.points(ola)) == ("issued", ["50.00"], 100)


def settle(
    shop: ShopifyRewards, redemption_id: int, given: str | None, reason: str = "looked at it"
) -> None:
    runtime = shop.pipeline.runtime
    runtime.database.run(
        lambda connection: settle_credit(
            connection,
            runtime.vault,
            redemption_id=redemption_id,
            given=given,
            reason=reason,
            actor="test",
            now=runtime.clock(),
        )
    )
