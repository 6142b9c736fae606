"""Orders in a shop, as their webhooks say them and as our reader finds them, over real HTTP."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Access, Delivery, Observed, Ref
from connectors.http import GuardedClient
from connectors.shopify.connector import connector
from connectors.shopify.sandbox.server import serve
from connectors.shopify.sandbox.shop import Shop
from connectors.shopify.sandbox.shops import Sandbox
from connectors.shopify.sandbox.state import SandboxError
from tests.connectors.outcomes import event, event_of_all
from tests.connectors.shopify.captured import (
    NOW,
    captured,
    deliveries,
    inbound,
    webhook,
    with_credits,
)

# The official samples do not add up, and their ids are rounded; their sums cannot be told twice.
CAPTURED = [
    one.name
    for one in deliveries()
    if one.topic.startswith("orders/") and "line_items" in one.json and "__case-" in one.name
]
PLENTY = 1e9  # points: nothing here is about waiting
SHOPS = [
    ("EUR", "0.19", True),
    ("EUR", "0.19", False),
    ("JPY", "0.10", True),
    ("KWD", "0.05", False),
    ("PLN", "0", True),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[Sandbox, str]]:
    made = Sandbox()
    with serve(made) as running:
        yield made, running.origin


def read(shop: Shop, origin: str, number: str) -> Observed:
    """Read an order as the reader does and normalise its answer as a worker would."""
    access = Access(
        store_key="k",
        url=f"https://{shop.domain}",
        credentials={"access-token": shop.token},
        origin=origin,
    )
    opened = connector.connect(access, GuardedClient(allow_private=True))
    assert opened.reader is not None
    answer = opened.reader.read(Ref("order", number))
    opened.close()
    outcome = inbound.normalise(
        Delivery(
            source="read",
            topic=answer.topic,
            body=answer.body,
            received_at=NOW,
            began_at=answer.began_at,
        )
    )
    assert isinstance(outcome, Observed)
    return outcome


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_order_read_back_says_the_same(sandbox: tuple[Sandbox, str], name: str) -> None:
    made, origin = sandbox
    shop = made.open_shop(f"captured-{CAPTURED.index(name)}", bucket_size=PLENTY)
    body = captured(name).json
    shop.load_order(body)
    told = event_of_all(webhook(body))
    found = event(read(shop, origin, told.external_id))
    assert found == with_credits(told, found)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_to_an_order_both_say_the_same(
    sandbox: tuple[Sandbox, str], seed: int
) -> None:
    made, origin = sandbox
    currency, rate, included = SHOPS[seed % len(SHOPS)]
    shop = made.open_shop(
        f"life-{seed}",
        currency=currency,
        tax_rate=rate,
        taxes_included=included,
        bucket_size=PLENTY,
    )
    dice = random.Random(seed)
    order = _placed(shop, dice)
    for _ in range(6):
        told = event_of_all(webhook(shop.rendered(order["id"])))
        found = event(read(shop, origin, str(order["id"])))
        assert found == with_credits(told, found)
        _something(shop, dice, order["id"])


def _placed(shop: Shop, dice: random.Random) -> Any:
    goods = [shop.add_product(f"thing {number}", _price(dice)) for number in range(3)]
    card = shop.add_product("gift card", "50", gift_card=True)
    shop.add_discount("TEN", "10")
    shop.add_discount("SIX", "6", "fixed_amount")
    person = shop.create_customer("ada@example.com", verified=dice.random() < 0.5)
    chosen = {one["product_id"]: dice.randint(1, 4) for one in dice.sample([*goods, card], 3)}
    foreign = dice.choice([None, ("USD", "1.0837"), ("JPY", "151.37")])
    return shop.place_order(
        chosen,
        customer_id=dice.choice([person["id"], None]),
        email="ada@example.com",
        codes=dice.choice([(), ("TEN",), ("SIX",), ("TEN", "SIX")]),
        shipping=dice.choice([None, _price(dice)]),
        tip=dice.choice(["0", _price(dice)]),
        paid=dice.random() < 0.7,
        gift_card=dice.choice(["0", "7"]),
        presentment=foreign if shop.settings.currency != "JPY" else None,
        source_name=dice.choice(["web", "pos", "subscription_contract_checkout_one"]),
    )


def _something(shop: Shop, dice: random.Random, number: int) -> None:
    """Do one thing to the order; what the shop refuses is not done."""
    order = shop.order(number)
    lines = [line["id"] for line in order["line_items"] if line["current_quantity"]]
    try:
        match dice.choice(["refund", "refund", "amount", "delivery", "edit", "pay", "send", "end"]):
            case "refund" if lines:
                shop.refund(number, lines={dice.choice(lines): 1})
            case "amount":
                shop.refund(number, amount=str(dice.randint(1, 5)))
            case "delivery":
                shop.refund(number, shipping="1")
            case "edit" if lines:
                added = {"title": "extra", "price": Decimal(_price(dice)), "quantity": 2}
                shop.edit_order(number, remove={dice.choice(lines): 1}, add=[added])
            case "pay":
                shop.pay(number)
            case "send":
                shop.fulfil(number)
            case "end":
                shop.cancel_order(number)
            case _:
                pass
    except SandboxError:
        pass


def _price(dice: random.Random) -> str:
    return str(dice.randint(3, 60))
