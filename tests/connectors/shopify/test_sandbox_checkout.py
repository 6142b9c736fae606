"""Discount codes at the sandbox's checkout: who may use them, what they take off, how uses are counted."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from app.programme.events import OrderFacts
from connectors.shopify.sandbox import SandboxError
from tests.connectors.outcomes import event_of_all
from tests.connectors.shopify.captured import webhook
from tests.connectors.shopify.discount_help import (
    CODE,
    CREATE,
    LOOK,
    MISSING,
    ask,
    create,
    look,
    sample,
)
from tests.connectors.shopify.sandbox_help import World, gid, open_world
from tests.connectors.shopify.test_sandbox_orders import Reading
from tests.threads import at_once


@pytest.fixture
def world() -> Iterator[World]:
    with open_world(sells_subscriptions=True) as made:
        yield made


def totals(order: Any) -> tuple[str, str, str]:
    return order["subtotal_price"], order["total_discounts"], order["total_price"]


def test_a_fixed_amount_comes_off_once_and_an_order_tells(world: World) -> None:
    create(world)
    order = world.buy(2, codes=[CODE.lower()], shipping="12.00")
    assert totals(order) == ("94.98", "5.00", "106.98")
    assert order["discount_codes"] == [{"code": CODE, "amount": "5.00", "type": "fixed_amount"}]
    document = (
        "query Q($id: ID!) { order(id: $id) { discountCodes discountApplications(first: 5) { nodes {"
        " __typename index targetType allocationMethod targetSelection"
        " value { ... on MoneyV2 { amount currencyCode } }"
        " ... on DiscountCodeApplication { code } } } } }"
    )
    seen = world.client.run(document, id=gid("Order", order["id"])).data["order"]
    assert seen["discountCodes"] == [CODE]
    assert seen["discountApplications"]["nodes"] == [
        {
            "__typename": "DiscountCodeApplication",
            "index": 0,
            "targetType": "LINE_ITEM",
            "allocationMethod": "ACROSS",
            "targetSelection": "ALL",
            "value": {"amount": "5.0", "currencyCode": "PLN"},
            "code": CODE,
        }
    ]


def test_a_percentage_comes_off_the_goods_it_is_about(world: World) -> None:
    tea = world.shop.add_product("Tea", "10.00")["id"]
    items = {"products": {"productsToAdd": [gid("Product", tea)]}}
    changes = {"customerGets.value": {"percentage": 0.125}, "customerGets.items": items}
    create(world, **{**changes, "minimumRequirement": MISSING})
    with pytest.raises(SandboxError, match="not for the goods"):
        world.buy(codes=[CODE])
    order = world.shop.place_order({world.mug: 1, tea: 3}, customer_id=world.anna, codes=[CODE])
    assert totals(order) == ("76.24", "3.75", "76.24")
    assert [len(one["discount_allocations"]) for one in order["line_items"]] == [0, 1]


def test_pennies_of_a_discount_never_make_a_line_negative(world: World) -> None:
    create(world, **{"customerGets.value": {"percentage": 0.15}, "minimumRequirement": MISSING})
    lines = [{"title": f"Bead {n}", "price": "0.04", "quantity": 1} for n in range(10)]
    order = world.shop.place_order(lines, customer_id=world.anna, codes=[CODE])
    assert totals(order) == ("0.34", "0.06", "0.34")
    parts = [one["discount_allocations"] for one in order["line_items"]]
    assert {part["amount"] for line in parts for part in line} == {"0.01"}


def test_free_delivery_takes_the_price_of_delivery_off(world: World) -> None:
    create(world, "shipping")
    for price, refusal in ((None, "there is none"), ("15.01", "costs more")):
        with pytest.raises(SandboxError, match=refusal):
            world.buy(codes=["LOY-SHIP-9RTB"], shipping=price)
    order = world.buy(codes=["LOY-SHIP-9RTB"], shipping="14.00")
    assert totals(order) == ("49.99", "14.00", "49.99")
    [line] = order["shipping_lines"]
    assert (line["price"], line["discounted_price"], line["tax_lines"]) == ("14.00", "0.00", [])
    assert order["discount_codes"][0]["type"] == "shipping"
    assert order["total_outstanding"] == "0.00"


def test_one_piece_is_free_when_something_else_is_bought(world: World) -> None:
    create(world, "bxgy")
    with pytest.raises(SandboxError, match="other goods"):
        world.buy(1, codes=["LOY-GIFT-2PWC"])
    order = world.buy(3, codes=["LOY-GIFT-2PWC"])
    assert totals(order) == ("99.98", "49.99", "99.98")
    [application] = order["discount_applications"]
    assert (application["target_selection"], application["allocation_method"]) == (
        "entitled",
        "each",
    )


def test_a_code_is_for_its_customer_by_account_or_by_e_mail(world: World) -> None:
    create(world, usageLimit=None, appliesOncePerCustomer=False)
    ola = world.shop.create_customer("ola@example.com")["id"]
    for buyer in ({"customer_id": ola}, {"customer_id": None, "email": "ola@example.com"}):
        with pytest.raises(SandboxError, match="not for this customer"):
            world.buy(codes=[CODE], **buyer)
    assert world.buy(codes=[CODE])["discount_codes"]
    guest = world.buy(codes=[CODE], customer_id=None, email="ANNA@example.com")
    assert (guest["customer"], guest["total_discounts"]) == (None, "5.00")


def test_merged_customers_keep_what_either_had(world: World) -> None:
    create(world)
    ola = world.shop.create_customer("ola@example.com")["id"]
    world.shop.merge_customers(ola, world.anna)
    assert look(world)["context"]["customers"] == [{"id": gid("Customer", ola)}]
    assert world.buy(codes=[CODE], customer_id=ola)["discount_codes"]


def test_the_checkout_refuses_what_is_not_met(world: World) -> None:
    create(world, **{"minimumRequirement.subtotal.greaterThanOrEqualToSubtotal": "50.00"})
    with pytest.raises(SandboxError, match="minimum"):
        world.buy(1, codes=[CODE])
    with pytest.raises(SandboxError, match="no discount code"):
        world.buy(2, codes=["LOY-NONE"])
    create(world, code="LATER", startsAt="2026-12-01T00:00:00Z")
    assert look(world, "LATER")["status"] == "SCHEDULED"
    with pytest.raises(SandboxError, match="not active"):
        world.buy(2, codes=["LATER"])
    assert world.buy(2, codes=[CODE])["total_discounts"] == "5.00"


def test_two_codes_go_together_only_if_both_allow_it(world: World) -> None:
    create(world)  # allows delivery
    create(world, "shipping")  # allows goods
    create(world, code="SECOND")
    with pytest.raises(SandboxError, match="cannot be combined"):
        world.buy(codes=[CODE, "SECOND"], shipping="12.00")
    order = world.buy(codes=["LOY-SHIP-9RTB", CODE], shipping="12.00")
    assert totals(order) == ("44.99", "17.00", "44.99")
    assert [one["code"] for one in order["discount_codes"]] == ["LOY-SHIP-9RTB", CODE]
    taken = [
        one["discount_allocations"] for one in (*order["line_items"], *order["shipping_lines"])
    ]
    assert [parts[0]["discount_application_index"] for parts in taken] == [1, 0]


def test_a_use_is_told_after_a_while_but_counts_at_once(world: World) -> None:
    world.shop.change_settings(usage_delay=60)
    create(world)
    world.buy(codes=[CODE])
    assert look(world)["asyncUsageCount"] == 0
    with pytest.raises(SandboxError, match="usage limit"):
        world.buy(codes=[CODE])
    world.later(seconds=60)
    seen = ask(world, LOOK).data["codeDiscountNodeByCode"]["codeDiscount"]
    expected = sample("code_discount_node_by_code.used_once")["data"]["codeDiscountNodeByCode"]
    assert seen == expected["codeDiscount"] | {
        "context": {
            "__typename": "DiscountCustomers",
            "customers": [{"id": gid("Customer", world.anna)}],
        }
    }


def test_one_customer_uses_it_once_and_another_still_may(world: World) -> None:
    create(world, usageLimit=None, context={"all": "ALL"})
    ola = world.shop.create_customer("ola@example.com")["id"]
    world.buy(codes=[CODE])
    with pytest.raises(SandboxError, match="by this customer"):
        world.buy(codes=[CODE])
    with pytest.raises(SandboxError, match="by this customer"):
        world.buy(codes=[CODE], customer_id=None, email="anna@example.com")
    world.buy(codes=[CODE], customer_id=ola)
    assert len(world.shop.discounts_made(CODE)[0]["orders"]) == 2


@pytest.mark.parametrize("act", ["cancel_order", "delete_order"])
def test_an_order_that_is_no_more_does_not_give_the_use_back(world: World, act: str) -> None:
    # Nothing documents that it does.
    create(world)
    order = world.buy(codes=[CODE])
    getattr(world.shop, act)(order["id"])
    world.later(minutes=5)
    assert look(world)["asyncUsageCount"] == 1
    with pytest.raises(SandboxError, match="usage limit"):
        world.buy(codes=[CODE])


def test_an_order_that_is_refused_uses_nothing(world: World) -> None:
    create(world)
    create(world, "shipping")
    with pytest.raises(SandboxError, match="there is none"):
        world.buy(codes=[CODE, "LOY-SHIP-9RTB"])
    world.later(minutes=5)
    assert [one["orders"] for one in world.shop.discounts_made()] == [[], []]
    assert world.buy(codes=[CODE])["total_discounts"] == "5.00"


def test_many_at_the_till_at_once_use_a_code_once(world: World) -> None:
    create(world)
    bought: list[Any] = []

    def buy() -> None:
        with suppress(SandboxError):
            bought.append(world.buy(codes=[CODE]))

    at_once([buy] * 16)
    assert len(bought) == 1


# --- the same order, told and read --------------------------------------------------------------------


@pytest.mark.parametrize("presentment", [None, ("USD", "0.2713")])
@pytest.mark.parametrize(
    "codes", [["LOY-SHIP-9RTB"], ["LOY-GIFT-2PWC"], [CODE], ["LOY-SHIP-9RTB", CODE]]
)
def test_what_codes_took_off_is_the_same_in_a_webhook_and_in_a_read(
    world: World, codes: list[str], presentment: tuple[str, str] | None
) -> None:
    for kind in CREATE:
        create(world, kind, usageLimit=None, appliesOncePerCustomer=False)
    reading = Reading(world.shop, world.running.origin)
    order = world.buy(3, codes=codes, shipping="12.00", tip="2.00", presentment=presentment)
    for act in ("nothing", "refund", "cancel_order"):
        if act == "refund":
            world.shop.refund(order["id"], lines={order["line_items"][0]["id"]: 1})
        if act == "cancel_order":
            world.shop.cancel_order(order["id"])
        body = world.shop.order(order["id"])
        told = event_of_all(webhook(body))
        assert reading.order(order["id"]) == told
        assert isinstance(told.facts, OrderFacts)
        assert told.facts.codes == tuple(code.lower() for code in codes)
    assert (body["financial_status"], body["total_outstanding"]) == ("refunded", "0.00")
    reading.shop.close()
