"""Orders of the sandbox: sums that add up through edits and refunds, and bodies that stay as loaded."""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.base import Access, Delivery, Event, Ref
from connectors.http import GuardedClient
from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.sandbox import Sandbox, SandboxError, Shop, serve
from tests.connectors.outcomes import event, event_of_all
from tests.connectors.shopify.captured import (
    NOW,
    captured,
    deliveries,
    inbound,
    raw,
    webhook,
    with_credits,
)

ORDERS = [
    one.name
    for one in deliveries()
    if one.topic.startswith("orders/") and b'"total_line_items_price"' in one.body
]


@pytest.fixture
def shop() -> Shop:
    made = Sandbox().open_shop("kawa", currency="EUR", tax_rate="0.19")
    made.add_discount("SIX", "6.00", "fixed_amount")
    return made


def sums(body: Any) -> dict[str, str]:
    names = ("subtotal_price", "total_price", "total_tax", "total_discounts", "total_outstanding")
    current = (f"current_{name}" for name in names[:4])
    return {name: body[name] for name in (*names, *current)}


def the_life(shop: Shop) -> Any:
    """Place the order that `case-life-*` tell of."""
    lines = [
        {"title": "T-shirt", "price": "20.00", "quantity": 3, "sku": "TEE-1"},
        {"title": "Mug", "price": "12.00", "quantity": 1, "sku": "MUG-1"},
    ]
    return shop.place_order(lines, codes=["six"], shipping="5.00", paid=False)


def test_an_order_adds_up_as_the_one_of_the_samples(shop: Shop) -> None:
    placed = the_life(shop)
    sample = captured("case-life-1-pending").json
    assert sums(placed) == sums(sample)
    assert placed["discount_codes"] == [{**sample["discount_codes"][0], "code": "SIX"}]
    assert [line["tax_lines"][0]["price"] for line in placed["line_items"]] == ["8.78", "1.76"]
    assert placed["financial_status"] == "pending"
    paid = shop.pay(placed["id"])
    assert sums(paid) == sums(captured("case-life-3-paid").json)
    assert paid["financial_status"] == "paid"


def test_refunds_add_up_as_those_of_the_samples(shop: Shop) -> None:
    placed = the_life(shop)
    shop.pay(placed["id"])
    shirts, mug = (line["id"] for line in placed["line_items"])
    first = shop.refund(placed["id"], lines={shirts: 1})
    assert first["refund_line_items"][0]["subtotal"] == 18.33
    assert first["transactions"][0]["amount"] == "18.33"
    body = shop.order(placed["id"])
    sample = captured("case-life-5-partially-refunded").json
    assert sums(body) == sums(sample)
    assert body["financial_status"] == sample["financial_status"] == "partially_refunded"
    last = shop.refund(placed["id"], lines={shirts: 2, mug: 1}, shipping="5.00")
    assert [part["subtotal"] for part in last["refund_line_items"]] == [36.67, 11.0]
    assert last["transactions"][0]["amount"] == "52.67"
    body = shop.order(placed["id"])
    assert sums(body) == sums(captured("case-life-7-cancelled-refunded").json)
    assert body["financial_status"] == "refunded"


def test_cancelling_gives_everything_back(shop: Shop) -> None:
    placed = the_life(shop)
    shop.pay(placed["id"])
    shop.refund(placed["id"], amount="7.00")
    body = shop.cancel_order(placed["id"])
    assert body["current_total_price"] == body["total_outstanding"] == "0.00"
    assert [one["amount"] for refund in body["refunds"] for one in refund["transactions"]] == [
        "7.00",
        "64.00",
    ]


def test_a_cancelled_order_that_was_never_paid_is_voided(shop: Shop) -> None:
    body = shop.cancel_order(the_life(shop)["id"])
    sample = captured("case-unpaid-voided").json
    for name in ("financial_status", "total_outstanding"):
        assert body[name] == sample[name]
    assert body["refunds"] == []


def test_tax_on_top_of_prices(shop: Shop) -> None:
    shop.change_settings(taxes_included=False)
    lines = [
        {"title": "T-shirt", "price": "25.00", "quantity": 2},
        {"title": "Mug", "price": "12.50", "quantity": 1},
    ]
    placed = shop.place_order(lines, shipping="4.90")
    assert sums(placed) == sums(captured("case-plain-vat-on-top").json)


def test_an_edit_changes_what_is_due_and_not_what_was_agreed(shop: Shop) -> None:
    shop.change_settings(tax_rate="0", taxes_included=False)
    lines = [
        {"title": "T-shirt", "price": "25.00", "quantity": 2},
        {"title": "Mug", "price": "12.50", "quantity": 1},
    ]
    placed = shop.place_order(lines, shipping="4.90")
    cap = {"title": "Cap", "price": "30.00", "quantity": 1}
    body = shop.edit_order(placed["id"], remove={placed["line_items"][1]["id"]: 1}, add=[cap])
    sample = captured("case-edited-line-swapped-outstanding").json
    assert sums(body) == sums(sample)
    assert body["financial_status"] == sample["financial_status"] == "partially_paid"
    quantities = [(one["quantity"], one["current_quantity"]) for one in body["line_items"]]
    assert quantities == [(2, 2), (1, 0), (1, 1)]


def test_a_tip_and_a_gift_card_are_lines_with_marks_of_their_own(shop: Shop) -> None:
    shop.change_settings(tax_rate="0")
    card = shop.add_product("Gift card 50", "50.00", gift_card=True)
    placed = shop.place_order({card["id"]: 1}, tip="4.00", codes=["six"])
    bought, tip = placed["line_items"]
    assert (bought["gift_card"], bought["discount_allocations"]) == (True, [])
    assert "tip_payment_gateway" in tip
    assert "tip_payment_gateway" not in bought
    sample = captured("case-web-tip").json["line_items"][1]
    assert list(tip) == list(sample)
    totals = ("subtotal_price", "total_tip_received", "total_price")
    assert [placed[name] for name in totals] == ["50.00", "4.00", "54.00"]


def test_a_gift_card_pays_a_part(shop: Shop) -> None:
    placed = shop.place_order([{"title": "Tea", "price": "54.90"}], gift_card="20.00")
    assert placed["payment_gateway_names"] == ["gift_card", "shopify_payments"]
    assert placed["total_outstanding"] == "0.00"


def test_a_refund_may_bring_goods_back_without_money(shop: Shop) -> None:
    placed = shop.place_order([{"title": "Tea", "price": "25.00", "quantity": 2}])
    line = placed["line_items"][0]["id"]
    made = shop.refund(placed["id"], lines={line: 1}, amount="0")
    assert (made["transactions"], made["order_adjustments"]) == ([], [])
    body = shop.order(placed["id"])
    assert (body["financial_status"], body["total_outstanding"]) == ("paid", "-25.00")


def test_money_may_go_back_without_goods(shop: Shop) -> None:
    placed = shop.place_order([{"title": "Tea", "price": "25.00", "quantity": 2}])
    made = shop.refund(placed["id"], amount="7.00", note="goodwill")
    sample = captured("case-amount-only-no-lines").json
    assert made["order_adjustments"][0]["amount"] == sample["order_adjustments"][0]["amount"]
    assert made["refund_line_items"] == []
    with pytest.raises(SandboxError, match="more than was paid"):
        shop.refund(placed["id"], amount="43.01")


def test_money_goes_back_in_the_buyer_s_currency(shop: Shop) -> None:
    tea = {"title": "Tea", "price": "25.00", "quantity": 2}
    placed = shop.place_order([tea], presentment=("USD", "1.0837"))
    assert placed["total_price_set"]["presentment_money"] == {
        "amount": "54.19",
        "currency_code": "USD",
    }
    made = shop.refund(placed["id"], lines={placed["line_items"][0]["id"]: 1})
    assert (made["transactions"][0]["amount"], made["transactions"][0]["currency"]) == (
        "27.09",
        "USD",
    )


def test_a_currency_without_decimals_has_none(shop: Shop) -> None:
    shop.change_settings(currency="JPY", tax_rate="0.10")
    placed = shop.place_order([{"title": "Tea", "price": "1250", "quantity": 3}])
    assert (placed["total_price"], placed["total_tax"]) == ("3750", "341")


def test_an_imported_order_was_placed_long_ago(shop: Shop) -> None:
    placed = shop.place_order([{"title": "Tea", "price": "5"}], placed="2019-03-01T10:00:00+01:00")
    assert placed["processed_at"] == "2019-03-01T10:00:00+01:00"
    assert placed["created_at"] > "2026"


# --- loaded bodies ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORDERS)
def test_a_loaded_order_goes_out_as_it_came(shop: Shop, name: str) -> None:
    delivery = captured(name)
    body = shop.load_order(delivery.json)
    assert shop.rendered(body["id"]) == delivery.body


def test_a_loaded_customer_stays_as_he_was_shown(shop: Shop) -> None:
    delivery = captured("customers_update__case-account-enabled")
    body = shop.load_customer(delivery.json)
    assert raw(shop.customer(body["id"])) == delivery.body
    shop.tag_customer(body["id"], "VIP")
    shop.load_customer(delivery.json)
    assert shop.tags_of(body["id"]) == ["VIP"]


def test_a_loaded_order_can_be_refunded_further(shop: Shop) -> None:
    body = shop.load_order(captured("case-life-5-partially-refunded").json)
    shirts, mug = (line["id"] for line in body["line_items"])
    shop.refund(body["id"], lines={shirts: 2, mug: 1}, shipping="5.00")
    ended = shop.order(body["id"])
    assert sums(ended) == sums(captured("case-life-7-cancelled-refunded").json)


# --- webhook and read say the same ---------------------------------------------------------------------


class Reading:
    """Reads orders of a served shop with the connector itself."""

    def __init__(self, shop: Shop, origin: str) -> None:
        access = Access(
            store_key="k",
            url=f"https://{shop.domain}",
            credentials={"access-token": shop.token},
            origin=origin,
        )
        self.shop = ShopifyConnector().connect(access, GuardedClient(allow_private=True))

    def order(self, number: int) -> Event:
        assert self.shop.reader is not None
        answer = self.shop.reader.read(Ref("order", str(number)))
        return event(
            inbound.normalise(
                Delivery(
                    source="read",
                    topic=answer.topic,
                    body=answer.body,
                    received_at=NOW,
                    began_at=answer.began_at,
                )
            )
        )


@pytest.fixture
def kept_open() -> Iterator[tuple[Shop, Reading]]:
    sandbox = Sandbox()
    shop = sandbox.open_shop(
        "loyalty-test-store", shop_id=70000000001, currency="EUR", bucket_size=10**9
    )
    with serve(sandbox) as running:
        reading = Reading(shop, running.origin)
        yield shop, reading
        reading.shop.close()


@pytest.mark.parametrize("name", ORDERS)
def test_a_captured_order_is_read_as_its_webhook_says(
    kept_open: tuple[Shop, Reading], name: str
) -> None:
    shop, reading = kept_open
    body = shop.load_order(captured(name).json)
    found = reading.order(body["id"])
    assert found == with_credits(event_of_all(webhook(captured(name).body)), found)


def an_act(shop: Shop, order_id: int, lot: random.Random, product: int) -> None:
    """Let something happen to an order; what the shop refuses does not."""
    body = shop.order(order_id)
    lines = [line for line in body["line_items"] if line["current_quantity"]]
    some = lot.choice(lines) if lines else None
    match lot.choice(
        ["pay", "edit", "refund", "amount", "delivery", "restock", "cancel", "fulfil"]
    ):
        case "pay":
            shop.pay(order_id)
        case "edit":
            shop.edit_order(
                order_id,
                remove={some["id"]: 1} if some and lot.random() < 0.6 else {},
                add=[{"product_id": product, "quantity": 1}],
            )
        case "refund" if some:
            shop.refund(order_id, lines={some["id"]: lot.randint(1, some["current_quantity"])})
        case "amount":
            shop.refund(order_id, amount="1")
        case "delivery":
            shop.refund(order_id, shipping="1")
        case "restock" if some:
            shop.refund(order_id, lines={some["id"]: 1}, amount="0")
        case "cancel":
            shop.cancel_order(order_id, refund=lot.random() < 0.7)
        case _:
            shop.fulfil(order_id)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_a_read_says_what_the_webhook_says(seed: int) -> None:
    lot = random.Random(seed)
    sandbox = Sandbox()
    currency = lot.choice(["PLN", "EUR", "JPY"])
    shop = sandbox.open_shop(
        "kawa",
        currency=currency,
        taxes_included=lot.random() < 0.6,
        tax_rate=lot.choice(["0.23", "0.08", "0"]),
        bucket_size=10**9,
    )
    shop.add_discount("TEN", "10")

    def price() -> str:
        return str(Decimal(lot.randint(100, 30000)).scaleb(0 if currency == "JPY" else -2))

    products = [shop.add_product(f"Thing {n}", price())["id"] for n in range(3)]
    anna = shop.create_customer("anna@example.com", verified=lot.random() < 0.5)["id"]
    with serve(sandbox) as running:
        reading = Reading(shop, running.origin)
        placed = shop.place_order(
            {product: lot.randint(1, 4) for product in products},
            customer_id=anna if lot.random() < 0.8 else None,
            codes=["ten"] if lot.random() < 0.5 else [],
            shipping=price() if lot.random() < 0.7 else None,
            tip=price() if lot.random() < 0.3 else "0",
            paid=lot.random() < 0.7,
            presentment=lot.choice([None, ("USD", "1.0837")]),
        )
        for _ in range(6):
            body = shop.order(placed["id"])
            assert reading.order(placed["id"]) == event_of_all(webhook(body))
            received = Decimal(body["current_total_price"]) - Decimal(body["total_outstanding"])
            assert received >= 0
            try:
                an_act(shop, placed["id"], lot, products[0])
            except SandboxError:
                continue
        reading.shop.close()
