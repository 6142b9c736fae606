"""Orders paid with gift cards, all the way: the programme's own earn nothing, all others are money."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from app.db import tables as t
from app.db.engine import Database
from app.settings import Settings
from tests.pipeline import Pipeline
from tests.way.rewards import ShopifyRewards, open_rewards
from tests.way.test_gift_cards import CARD
from tests.way.test_store_credit import CREDIT


@pytest.fixture
def shop(
    request: pytest.FixtureRequest, sqlite_database: Database, settings: Settings
) -> Iterator[ShopifyRewards]:
    pipeline = Pipeline(sqlite_database, settings)
    with open_rewards(pipeline, "shopify", getattr(request, "param", CARD)) as opened:
        assert isinstance(opened, ShopifyRewards)
        yield opened
        assert pipeline.verified().problems == []
        assert pipeline.rebuilt().ok
    pipeline.close()


def buy(shop: ShopifyRewards, customer: int, price: str, *cards: str, foreign: str = "0") -> int:
    """Let a customer buy something with the codes of gift cards, or with a card that we know nothing of."""
    item = {"title": "Mug", "price": price, "quantity": 1}
    made = shop._shop.place_order([item], customer_id=customer, gift_cards=cards, gift_card=foreign)
    shop.quiet()
    return int(made["id"])


def reads(shop: ShopifyRewards) -> int:
    """Return how often an order was read."""
    with shop.pipeline.database.snapshot() as connection:
        query = select(func.count()).where(t.delivery.c.topic == "read.order")
        return int(connection.execute(query).scalar_one())


def test_what_our_card_paid_earns_nothing_and_what_goes_back_to_it_was_not_paid_with_it(
    shop: ShopifyRewards,
) -> None:
    ola = shop.member(600)
    _, code = shop.issued(ola, "card")
    order = buy(shop, ola, "80.00", code)
    assert shop.points(ola) == 100 + 30
    shop._shop.refund(order, amount="50.00", card=code)
    shop.quiet()
    assert shop.points(ola) == 100 + 30  # 30.00 are left, all of it paid with money
    shop._shop.refund(order, amount="30.00")
    shop.quiet()
    assert shop.points(ola) == 100
    paid, before = buy(shop, ola, "50.00", code), reads(shop)
    assert shop.points(ola) == 100
    shop._shop.fulfil(paid)
    shop.quiet()
    assert (shop.points(ola), reads(shop)) == (100, before)  # its payments are known


def test_money_refunded_leaves_what_the_card_paid(shop: ShopifyRewards) -> None:
    ola = shop.member(600)
    _, code = shop.issued(ola, "card")
    order = buy(shop, ola, "80.00", code)
    shop._shop.refund(order, amount="10.00")
    shop.quiet()
    assert shop.points(ola) == 100 + 20
    shop._shop.cancel_order(order)
    shop.quiet()
    assert shop.points(ola) == 100


def test_a_card_that_was_bought_is_money_and_nothing_is_read_before_we_gave_one(
    shop: ShopifyRewards,
) -> None:
    ola = shop.member(600)
    before = reads(shop)
    buy(shop, ola, "80.00", foreign="50.00")
    assert (shop.points(ola), reads(shop)) == (680, before)
    shop.issued(ola, "card")
    shop._shop.add_gift_card("BOUGHTBYOLA12345", "50.00")
    buy(shop, ola, "80.00", "BOUGHTBYOLA12345")
    assert (shop.points(ola), reads(shop)) == (260, before + 1)
    buy(shop, ola, "20.00")
    assert (shop.points(ola), reads(shop)) == (280, before + 1)


@pytest.mark.parametrize("shop", [CREDIT], indirect=True)
def test_our_store_credit_is_spent_before_the_sellers_and_earns_nothing(
    shop: ShopifyRewards,
) -> None:
    ola = shop.member(600)
    shop.redeem(ola, "credit")
    shop.quiet()
    shop._shop.add_store_credit(ola, "100.00")
    line = {"title": "Mug", "price": "80.00", "quantity": 1}
    for credit, points in (("30.00", 100 + 50), ("40.00", 150 + 60), ("40.00", 210 + 80)):
        shop._shop.place_order([line], customer_id=ola, store_credit=credit)
        shop.quiet()
        assert shop.points(ola) == points
        shop.later(minutes=5)
