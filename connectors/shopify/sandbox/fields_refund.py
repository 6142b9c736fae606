"""Refunds, payments, parcels and returns as GraphQL shows them."""

import json
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.fields_line import refund_shipping
from connectors.shopify.sandbox.gql import Args, Context, Fields, Obj, pair, plain
from connectors.shopify.sandbox.money import total
from connectors.shopify.sandbox.reading import (
    flag,
    gid_of,
    legacy_id,
    money,
    order_of,
    plain_field,
    time,
    upper,
)
from connectors.shopify.sandbox.refunds import line_of
from connectors.shopify.sandbox.state import Row, gid, utc

_ADJUSTMENTS = {
    "refund_discrepancy": "REFUND_DISCREPANCY",
    "pending_refund_discrepancy": "PENDING_REFUND_DISCREPANCY",
    "full_return_balancing_adjustment": "FULL_RETURN_BALANCING_ADJUSTMENT",
}


def _money_back(node: Obj) -> Decimal:
    order = order_of(node)
    return total(
        order.refunded.get(one["id"], Decimal(0)) for one in node.row.get("transactions") or ()
    )


def _parent(node: Obj) -> Row | None:
    number = node.row.get("parent_id")
    return None if number is None else {"id": gid("OrderTransaction", number)}


def _transactions(node: Obj) -> list[Row]:
    order = order_of(node)
    return [
        {**one, "_shop": order.refunded.get(one["id"], Decimal(str(one["amount"])))}
        for one in node.row.get("transactions") or ()
    ]


def _delivery(node: Obj) -> list[Row]:
    return refund_shipping(order_of(node).body, node.row)


def _adjustments(node: Obj) -> list[Row]:
    # A refund of delivery is no adjustment here: it is among the refundShippingLines.
    rows = node.row.get("order_adjustments") or ()
    return [one for one in rows if one["kind"] != "shipping_refund"]


def _order(_c: Context, node: Obj, _a: Args) -> Obj:
    order = order_of(node)
    return Obj("Order", order.body, order)


def _line(_c: Context, node: Obj, _a: Args) -> Obj:
    order = order_of(node)
    return Obj("LineItem", line_of(order.body, node.row["line_item_id"]), order)


def _returned_order(c: Context, node: Obj, _a: Args) -> Obj:
    order = c.shop.tables.orders[node.row["order_id"]]
    return Obj("Order", order.body, order)


def _processed(_c: Context, node: Obj, _a: Args) -> Any:
    return utc(node.row.get("processed_at") or node.row.get("created_at"))


REFUND: Fields = {
    "id": gid_of("Refund"),
    "legacyResourceId": legacy_id,
    "createdAt": time("created_at"),
    "processedAt": _processed,
    "updatedAt": _processed,
    "note": plain_field("note"),
    "order": _order,
    "totalRefundedSet": lambda _c, n, _a: pair(order_of(n), _money_back(n)),
    "refundLineItems": lambda _c, n, a: plain(
        n.row.get("refund_line_items") or [], a, lambda one: Obj("RefundLineItem", one, n.order)
    ),
    "refundShippingLines": lambda _c, n, a: plain(
        _delivery(n), a, lambda one: Obj("RefundShippingLine", one, n.order)
    ),
    "orderAdjustments": lambda _c, n, a: plain(
        _adjustments(n), a, lambda one: Obj("OrderAdjustment", one, n.order)
    ),
    "transactions": lambda _c, n, a: plain(
        _transactions(n), a, lambda one: Obj("OrderTransaction", one, n.order)
    ),
    "return": lambda _c, _n, _a: None,
}
REFUND_LINE: Fields = {
    "id": gid_of("RefundLineItem"),
    "quantity": plain_field("quantity"),
    "lineItem": _line,
    "restockType": lambda _c, n, _a: upper(n.row.get("restock_type") or "no_restock"),
    "restocked": lambda _c, n, _a: n.row.get("restock_type") in {"return", "cancel"},
    "subtotalSet": money("subtotal"),
    "totalTaxSet": money("total_tax"),
}
REFUND_SHIPPING: Fields = {
    "id": gid_of("RefundShippingLine"),
    "shippingLine": lambda _c, n, _a: Obj("ShippingLine", n.row["shipping_line"], n.order),
    "subtotalAmountSet": money("subtotal_amount"),
    "taxAmountSet": money("tax_amount"),
}
ADJUSTMENT: Fields = {
    "id": gid_of("OrderAdjustment"),
    "reason": lambda _c, n, _a: _ADJUSTMENTS.get(n.row["kind"]),
    "amountSet": money("amount"),
    "taxAmountSet": money("tax_amount"),
}
TRANSACTION: Fields = {
    "id": gid_of("OrderTransaction"),
    "kind": lambda _c, n, _a: upper(n.row["kind"]),
    "status": lambda _c, n, _a: upper(n.row["status"]),
    "test": flag("test"),
    "gateway": plain_field("gateway"),
    "createdAt": time("created_at"),
    "processedAt": time("processed_at"),
    "amountSet": lambda _c, n, _a: pair(order_of(n), n.row["_shop"]),
    # JSON in a text, as GraphQL has it; of gift cards which one paid.
    "receiptJson": lambda _c, n, _a: json.dumps(n.row.get("receipt") or {}),
    "parentTransaction": lambda _c, n, _a: _parent(n),
}
FULFILLMENT: Fields = {
    "id": gid_of("Fulfillment"),
    "legacyResourceId": legacy_id,
    "name": plain_field("name"),
    "createdAt": time("created_at"),
    "updatedAt": time("updated_at"),
    "order": _order,
}
RETURN: Fields = {
    "id": gid_of("Return"),
    "name": plain_field("name"),
    "status": lambda _c, n, _a: upper(n.row["status"]),
    "createdAt": time("created_at"),
    "closedAt": time("closed_at"),
    "order": _returned_order,
    "totalQuantity": lambda _c, _n, _a: 1,
    "refunds": lambda _c, _n, a: plain([], a, lambda one: one),
}
