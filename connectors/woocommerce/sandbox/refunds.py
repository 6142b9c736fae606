"""Refunds: by line, by amount only, made by the shop itself, and deleted without a word."""

from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.woocommerce.sandbox import lines, meta, money
from connectors.woocommerce.sandbox.errors import RestError, invalid_id
from connectors.woocommerce.sandbox.state import Row, State


def get(shop: State, order_id: int, refund_id: int) -> Row:
    """Return a refund of an order or raise the shop's answer for one that is not there."""
    row = shop.tables.refunds.get(refund_id)
    if row is None or row["parent_id"] != order_id:
        raise invalid_id("refund")
    return row


def remaining(shop: State, order: Row) -> Decimal:
    """Return what has not been given back yet."""
    given = sum(
        (row["amount"] for row in shop.tables.refunds.values() if row["parent_id"] == order["id"]),
        money.ZERO,
    )
    return Decimal(order["total"]) - given


def create(shop: State, order: Row, sent: Row) -> Row:
    """Store a refund; raises the shop's odd 500 when it is more than what is left."""
    items = [_line(shop, order, line) for line in sent.get("line_items") or []]
    tax = sum((item["total_tax"] for item in items), money.ZERO)
    by_lines = -sum((item["total"] for item in items), money.ZERO) - tax
    try:
        amount = money.decimal(sent.get("amount")) or shop.settings.tax.round(by_lines)
    except InvalidOperation:
        amount = money.ZERO
    left = remaining(shop, order)
    if amount <= 0 or amount > left:
        raise RestError(
            500, "woocommerce_rest_cannot_create_order_refund", "Invalid refund amount.", 500
        )
    return _store(shop, order, amount, str(sent.get("reason") or ""), items)


def of_the_rest(shop: State, order: Row) -> Row | None:
    """Make the refund that the shop makes when an order is set to refunded by hand."""
    left = remaining(shop, order)
    return _store(shop, order, left, "Order fully refunded.", []) if left > 0 else None


def _store(shop: State, order: Row, amount: Decimal, reason: str, items: list[Row]) -> Row:
    kind = "full" if amount == remaining(shop, order) else "partial"
    row: Row = {
        "id": shop.next_id("post"),
        "parent_id": order["id"],
        "created": shop.now(),
        "amount": amount,
        "reason": reason,
        "meta_data": [],
        "line_items": items,
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
    }
    meta.write(shop, row["meta_data"], [{"key": "_refund_type", "value": kind}])
    if tax := sum((item["total_tax"] for item in items), money.ZERO):
        row["tax_lines"] = [{**lines.tax_line(shop, shop.next_id("item")), "tax_total": tax}]
    shop.tables.refunds[row["id"]] = row
    return row


def _line(shop: State, order: Row, sent: Row) -> Row:
    found = [item for item in order["line_items"] if item["id"] == int(sent.get("id") or 0)]
    if not found:
        raise RestError(
            400,
            "woocommerce_rest_invalid_line_item",
            "Line item ID in request is invalid.",
        )
    item = found[0]
    net = -money.decimal(sent.get("refund_total"))
    tax = -sum((money.decimal(part.get("refund_total")) for part in _taxes(sent)), money.ZERO)
    reference = str(item["id"])
    return {
        **{key: val for key, val in item.items() if not key.startswith("_")},
        "id": shop.next_id("item"),
        "quantity": -abs(int(sent.get("quantity") or 0)),
        "subtotal": net,
        "subtotal_tax": tax,
        "total": net,
        "total_tax": tax,
        "taxes": [{"id": lines.RATE_ID, "total": tax, "subtotal": tax}] if tax else [],
        "meta_data": [
            {
                "id": shop.next_id("meta"),
                "key": "_refunded_item_id",
                "value": reference,
                "display_key": "_refunded_item_id",
                "display_value": reference,
            }
        ],
    }


def _taxes(sent: Row) -> list[Any]:
    taxes = sent.get("refund_tax") or []
    return [part for part in taxes if isinstance(part, dict)] if isinstance(taxes, list) else []


def line_request(shop: State, order: Row, item_id: int, quantity: int) -> Row:
    """Return the REST line that refunds so many pieces; the last piece takes what is left."""
    item = next(one for one in order["line_items"] if one["id"] == item_id)
    tax = shop.settings.tax
    back = [
        line
        for row in shop.tables.refunds.values()
        if row["parent_id"] == order["id"]
        for line in row["line_items"]
        if any(one["value"] == str(item_id) for one in line["meta_data"])
    ]
    pieces = item["quantity"] + sum(line["quantity"] for line in back)
    amounts = []
    for name in ("total", "total_tax"):
        left = tax.round(item[name]) + sum((line[name] for line in back), money.ZERO)
        share = tax.round(item[name] * quantity / item["quantity"])
        amounts.append(left if quantity >= pieces else min(share, left))
    return {
        "id": item_id,
        "quantity": quantity,
        "refund_total": str(amounts[0]),
        "refund_tax": [{"id": str(lines.RATE_ID), "refund_total": str(amounts[1])}],
    }


def delete(shop: State, order_id: int, refund_id: int, *, on_admin_screen: bool = False) -> Row:
    """Delete a refund: the order's date does not move, its status stays, REST tells nobody."""
    row = get(shop, order_id, refund_id)
    del shop.tables.refunds[refund_id]
    if on_admin_screen:
        shop.fire("woocommerce_refund_deleted", refund_id)
    return row
