"""Points become a gift card of the shop: given once, used as soon as some of it is spent, else given back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.errors import Conflict
from connectors.shopify.sandbox.shops import SCOPES
from jobs.grants import give_grants
from tests.pipeline import Pipeline
from tests.way import shop as woocommerce
from tests.way.rewards import ShopifyRewards, WooRewards, open_rewards

CARD = """
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
key = "card"
cost = 500
kind = "gift-card"
value = "50.00"
valid_days = 30
"""


@pytest.fixture
def shop(pipeline: Pipeline) -> Iterator[ShopifyRewards]:
    with open_rewards(pipeline, "shopify", CARD) as opened:
        assert isinstance(opened, ShopifyRewards)
        yield opened
        assert opened.pipeline.verified().problems == []


def spend(shop: ShopifyRewards, code: str, price: str = "20.00") -> None:
    """Let somebody without an account pay with a card."""
    shop._shop.place_order([{"title": "Mug", "price": price, "quantity": 1}], gift_cards=[code])


def balances(shop: ShopifyRewards) -> list[str]:
    """Return what is on the cards that can be spent."""
    return [one["balance"] for one in shop._shop.gift_cards_made() if one["enabled"]]


def test_points_become_a_gift_card_that_is_used_once_some_of_it_is_spent(
    shop: ShopifyRewards,
) -> None:
    ola = shop.member(600)
    taken, code = shop.issued(ola, "card")
    assert (len(code), code.isalnum(), balances(shop)) == (16, True, ["50.00"])
    assert [one["code"] for one in shop._shop.gift_cards_made()] == [code]
    spend(shop, code)
    shop.later(days=1)
    assert (shop.state(taken), shop.points(ola), balances(shop)) == ("used", 100, ["30.00"])
    with pytest.raises(Conflict, match="some of the money was spent"):
        shop.release(taken)
    shop.later(days=40)
    assert (shop.state(taken), shop.points(ola), balances(shop)) == ("used", 100, ["30.00"])


@pytest.mark.parametrize("fault", ["reset_before", "reset_after"])
def test_whatever_answer_is_lost_there_is_one_card(shop: ShopifyRewards, fault: str) -> None:
    ola = shop.member(600)
    shop._shop.faults.add(fault, operation="GiftCardCreate")
    taken = shop.redeem(ola, "card")
    shop.quiet()
    assert shop.state(taken) == "reserved"
    shop.later(minutes=1)
    assert (shop.state(taken), balances(shop)) == ("issued", ["50.00"])
    shop._shop.faults.add(fault, operation="GiftCardDeactivate")
    shop.release(taken)
    shop.quiet()
    assert (shop.state(taken), shop.points(ola)) == ("issued", 100)
    shop.later(minutes=11)
    assert (shop.state(taken), shop.points(ola), balances(shop)) == ("released", 600, [])


def test_a_whole_card_gives_its_points_back_at_its_end_and_not_sooner_than_the_shop_says(
    shop: ShopifyRewards,
) -> None:
    ola = shop.member(600)
    taken, _ = shop.issued(ola, "card")
    shop._shop.faults.add("500", operation="GiftCards", times=None)
    shop.later(days=31)
    shop.later(days=5)  # a code would be given up by now: an order would have told of its use
    assert (shop.state(taken), shop.points(ola)) == ("issued", 100)
    shop._shop.faults.clear()
    shop.later(days=2)
    assert (shop.state(taken), shop.points(ola), balances(shop)) == ("released", 600, [])


def test_a_shop_that_lacks_the_permission_gives_the_rest_and_says_what_is_missing(
    pipeline: Pipeline,
) -> None:
    percent = '[[reward]]\nkey = "ten-percent"\ncost = 50\nkind = "percent"\nvalue = "10"\n'
    with open_rewards(pipeline, "shopify", f"{CARD}\n{percent}") as shop:
        assert isinstance(shop, ShopifyRewards)
        ola = shop.member(600)
        shop._shop.revoke("write_gift_cards")
        card, code = shop.redeem(ola, "card"), shop.redeem(ola)
        shop.quiet()
        assert [shop.state(one) for one in (card, code)] == ["reserved", "issued"]
        assert "lacks the permission write_gift_cards" in str(shop.row(card).error)
        assert "stempel:points=50" in shop.way.tags(ola)  # type: ignore[attr-defined]  # Shopify's
        shop._shop.grant(SCOPES)
        shop.later(hours=1)
        assert shop.state(card) == "issued"


def test_woocommerce_has_no_gift_cards_and_the_refusal_says_so(pipeline: Pipeline) -> None:
    given = '[[reward]]\nkey = "gift"\nkind = "gift-card"\nvalue = "10.00"\n'
    rule = '[[rule]]\nkey = "welcome"\non = "customer.registered"\nreward = "gift"\n'
    with woocommerce.open_way(pipeline, source=f"{CARD}\n{rule}\n{given}") as way:
        shop = WooRewards(way)
        ola = shop.member(600)
        with pytest.raises(Conflict, match="platform has no gift cards or store credit"):
            shop.redeem(ola, "card")
        give_grants(pipeline.runtime)
        assert (shop.points(ola), way.count("redemption")) == (600, 0)
        with pipeline.database.snapshot() as connection:
            notes = connection.execute(select(t.award.c.grant_note)).scalars().all()
        assert "the person's shop cannot make it" in notes
