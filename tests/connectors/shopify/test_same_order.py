"""An order says the same whether a webhook or a read of ours tells it."""

from importlib import resources
from typing import Any

import msgspec
import pytest
from graphql import GraphQLSchema, build_schema, graphql_sync

from app.programme.events import LineKind, OrderFacts, Standing
from connectors.base import Observed
from connectors.shopify.documents import document
from tests.connectors.outcomes import event, event_of_all, order
from tests.connectors.shopify.captured import SHOP, captured, read_file, read_order, told, webhook

SAME = {
    "plain-vat-on-top": "case-plain-vat-on-top",
    "taxes-included": "case-taxes-included-vat19",
    "web-tip": "case-web-tip",
    "pos-tip": "case-pos-cash-rounding-tip",
    "gift-card-mixed": "case-gift-card-line-mixed",
    "two-codes": "case-percentage-and-fixed-code",
    "life-3": "case-life-3-paid",
    "life-5": "case-life-5-partially-refunded",
    "life-7": "case-life-7-cancelled-refunded",
    "edited": "case-edited-line-swapped-outstanding",
    "eur-seen-in-usd": "case-shop-eur-presentment-usd",
    "usd-seen-in-jpy": "case-shop-usd-presentment-jpy",
    "jpy": "case-shop-jpy-zero-decimal",
    "guest": "case-guest-customer-null",
    "imported": "case-backdated-import",
}


@pytest.mark.parametrize("name", SAME)
def test_a_read_says_what_the_webhook_said(name: str) -> None:
    by_webhook = webhook(captured(SAME[name]).body)
    by_read = read_order(read_file(name))
    assert event(by_read) == event_of_all(by_webhook)
    assert isinstance(by_read, Observed)
    assert isinstance(by_webhook, Observed)
    assert by_read.note == by_webhook.note


@pytest.mark.parametrize("name", SAME)
def test_what_is_stored_of_both_is_the_same_to_the_last_zero(name: str) -> None:
    # Decimal("70.0") equals Decimal("70.00"), but would be stored as another state.
    stated, read = order(webhook(captured(SAME[name]).body)), order(read_order(read_file(name)))
    assert msgspec.json.encode(stated) == msgspec.json.encode(read)


def test_a_fulfilled_order_is_completed_when_its_last_parcel_left() -> None:
    parcels = ["2026-11-21T09:00:00+01:00", "2026-11-22T09:00:00+01:00"]
    by_webhook = told(
        "case-life-3-paid",
        fulfillment_status="fulfilled",
        fulfillments=[{"created_at": parcel} for parcel in reversed(parcels)],
    )
    by_read = read_order(
        read_file("life-3")
        | {
            "displayFulfillmentStatus": "FULFILLED",
            "fulfillments": [
                {"createdAt": "2026-11-21T08:00:00Z"},
                {"createdAt": "2026-11-22T08:00:00Z"},
            ],
        }
    )
    facts = order(by_webhook)
    assert facts == order(by_read)
    assert facts.standing is Standing.COMPLETED
    assert facts.completed_at is not None
    assert facts.completed_at.isoformat() == "2026-11-22T08:00:00+00:00"


def tips(facts: OrderFacts) -> list[str]:
    return [line.id for line in facts.lines if line.kind is LineKind.TIP]


def test_a_tip_that_graphql_does_not_mark_is_known_by_its_amount() -> None:
    tipped = read_file("web-tip")
    [tip] = tips(order(read_order(tipped)))
    other = next(one for one in tipped["lineItems"]["nodes"] if one["id"].endswith(tip))
    gift_wrap = other | {
        "id": "gid://shopify/LineItem/77",
        "originalUnitPriceSet": {"shopMoney": {"amount": "2.5", "currencyCode": "EUR"}},
    }
    tipped["lineItems"]["nodes"].append(gift_wrap)
    assert tips(order(read_order(tipped))) == [tip]


def test_two_tips_that_add_up_are_both_tips() -> None:
    tipped = read_file("web-tip")
    [tip] = tips(order(read_order(tipped)))
    [line] = [one for one in tipped["lineItems"]["nodes"] if one["id"].endswith(tip)]
    half = {"shopMoney": {"amount": "2.0", "currencyCode": "EUR"}}
    line["originalUnitPriceSet"] = half
    tipped["lineItems"]["nodes"].append(line | {"id": "gid://shopify/LineItem/77"})
    assert tips(order(read_order(tipped))) == ["77", tip]


def test_without_a_tip_a_custom_line_is_goods() -> None:
    tipped = read_file("web-tip")
    tipped["totalTipReceivedSet"] = {"shopMoney": {"amount": "0.0", "currencyCode": "EUR"}}
    assert tips(order(read_order(tipped))) == []


# --- the files are what the official schema would answer -----------------------------------------

_LISTS = ("lineItems", "shippingLines", "refundLineItems", "refundShippingLines")


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    folder = resources.files("connectors.shopify.sandbox")
    return build_schema(folder.joinpath("schema.graphql").read_text(encoding="utf-8"))


def in_pages(node: Any) -> Any:
    """Return an object with its lists as pages, as the first answer has them."""
    if isinstance(node, list):
        return [in_pages(one) for one in node]
    if not isinstance(node, dict):
        return node
    page = {"pageInfo": {"hasNextPage": False, "endCursor": None}}
    return {
        key: in_pages(value) | (page if key in _LISTS else {})
        if isinstance(value, dict)
        else in_pages(value)
        for key, value in node.items()
    }


@pytest.mark.parametrize("name", SAME)
def test_each_file_is_what_the_documents_ask_for(schema: GraphQLSchema, name: str) -> None:
    expected = in_pages(read_file(name))
    root = {"order": expected, "shop": SHOP}
    answer = graphql_sync(schema, document("order"), root, variable_values={"id": expected["id"]})
    assert answer.errors is None
    ids = [{"id": refund["id"]} for refund in expected["refunds"]]
    assert answer.data == {"order": expected | {"refunds": ids}, "shop": SHOP}
    variables = {"order": expected["id"], "ids": [one["id"] for one in ids]}
    nodes = [{"__typename": "Refund", **refund} for refund in expected["refunds"]]
    refunds = graphql_sync(
        schema, document("refunds"), root | {"nodes": nodes}, variable_values=variables
    )
    assert refunds.errors is None
    assert refunds.data is not None
    assert refunds.data["nodes"] == expected["refunds"]
