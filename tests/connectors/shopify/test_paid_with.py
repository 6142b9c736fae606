"""What an order was paid with besides money: named by webhooks, told in full by reads."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.programme.events import CreditBack, CreditUse
from connectors.shopify.documents import document
from connectors.shopify.reader import _TRANSACTIONS
from tests.connectors.outcomes import order
from tests.connectors.shopify.captured import captured, read_file, read_order, webhook

AT = datetime(2026, 11, 20, 7, tzinfo=UTC)
CARD = {"gift_card_id": 48394658, "gift_card_last_characters": "D294"}


def moved(
    number: int,
    amount: str,
    gateway: str = "gift_card",
    *,
    kind: str = "SALE",
    status: str = "SUCCESS",
    receipt: object = None,
    parent: int | None = None,
    seen: str = "EUR",
) -> dict[str, Any]:
    """Money that moved, as order_transactions.graphql asks for it."""
    return {
        "id": f"gid://shopify/OrderTransaction/{number}",
        "kind": kind,
        "status": status,
        "gateway": gateway,
        "createdAt": "2026-11-20T07:00:00Z",
        "processedAt": "2026-11-20T07:00:00Z",
        "receiptJson": receipt,
        "parentTransaction": parent and {"id": f"gid://shopify/OrderTransaction/{parent}"},
        "amountSet": {"shopMoney": {"amount": amount}, "presentmentMoney": {"currencyCode": seen}},
    }


def read(names: list[str], *several: dict[str, Any]) -> tuple[CreditUse, ...]:
    """Return what is read of an order in EUR."""
    more = {"paymentGatewayNames": names, "transactions": list(several)}
    return order(read_order(read_file("life-3") | more)).credits


def test_a_webhook_names_the_ways_of_paying_and_not_how_much() -> None:
    assert order(webhook(captured("case-paid-with-gift-card").body)).credits == (
        CreditUse(kind="gift-card"),
    )
    assert order(webhook(captured("case-life-3-paid").body)).credits == ()


@pytest.mark.parametrize("receipt", [json.dumps(CARD), CARD])
def test_a_read_tells_which_card_paid_how_much(receipt: object) -> None:
    assert read(
        ["gift_card", "shopify_payments"],
        moved(1, "20.0", receipt=receipt),
        moved(2, "50.0", "shopify_payments", receipt="no JSON"),
        moved(3, "9.0", receipt=receipt, status="FAILURE"),
        moved(4, "7.0", receipt=receipt, kind="AUTHORIZATION"),
    ) == (CreditUse(kind="gift-card", card="48394658", last="d294", amount=Decimal("20.00")),)


def test_what_goes_back_to_a_card_is_told_by_its_receipt_or_by_the_payment_it_undoes() -> None:
    text = json.dumps(CARD)
    [use] = read(
        ["gift_card"],
        moved(1, "20.0", receipt=text),
        moved(2, "5.0", kind="REFUND", receipt=text),
        moved(3, "4.0", kind="REFUND", receipt="{}", parent=1),
    )
    assert use.back == (
        CreditBack(amount=Decimal("4.00"), at=AT),
        CreditBack(amount=Decimal("5.00"), at=AT),
    )


def test_each_card_and_the_store_credit_are_told_apart() -> None:
    other = json.dumps(CARD | {"gift_card_id": 7})
    found = read(
        ["gift_card", "shopify_store_credit"],
        moved(1, "20.0", receipt=json.dumps(CARD)),
        moved(2, "5.0", receipt=other),
        moved(3, "3.0", "shopify_store_credit"),
        moved(4, "2.0", "shopify_store_credit", kind="CAPTURE"),
    )
    assert [(use.kind, use.card, use.amount) for use in found] == [
        ("gift-card", "48394658", Decimal("20.00")),
        ("gift-card", "7", Decimal("5.00")),
        ("store-credit", "", Decimal("5.00")),
    ]


def test_what_is_named_and_paid_nothing_is_known_not_to_have_paid() -> None:
    """Such as money that went back to store credit, or store credit in another currency."""
    back = moved(1, "20.0", "shopify_store_credit", kind="REFUND")
    nothing = (CreditUse(kind="store-credit", amount=Decimal(0)),)
    assert read(["shopify_store_credit"], back) == nothing
    foreign = moved(1, "20.0", "shopify_store_credit", seen="USD")
    assert read(["shopify_store_credit"], foreign) == nothing
    assert read(["shopify_payments"]) == ()


def test_as_many_payments_are_asked_for_as_are_counted() -> None:
    assert f"transactions(first: {_TRANSACTIONS})" in document("order_transactions")
