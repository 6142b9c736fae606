"""Refunds: pieces of lines, delivery, or an amount alone; money and pieces need not agree."""

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal

from connectors.shopify.sandbox import bodies, gift_cards
from connectors.shopify.sandbox.money import ZERO, Exchange, rounded, shop_amount, total
from connectors.shopify.sandbox.state import Order, Row, SandboxError, State, gid
from connectors.shopify.sandbox.sums import (
    bring_up_to_date,
    given_back,
    goods,
    received,
    refunded_of,
    taxes,
)

_LOCATION = 70_700_000_001


def refund(
    shop: State,
    order: Order,
    *,
    lines: Mapping[int, int],
    amount: Decimal | None,
    shipping: Decimal,
    note: str,
    restock: str = "return",
    card: str | None = None,
) -> Row:
    """Make a refund of {line id: pieces} and delivery; returns it as refunds/create shows it.

    Without `amount` exactly the price of what is named goes back; another amount is written down as a
    discrepancy, and 0 with lines means that goods came back and no money went. With the code of a gift
    `card` that paid, the money goes back to it.
    """
    body, exchange = order.body, order.exchange
    number, now = shop.next_id("refund"), shop.stamp()
    parts = [_line(shop, order, line_id, pieces, restock) for line_id, pieces in lines.items()]
    delivery = [_shipping(shop, order, shipping)] if shipping else []
    suggested = _worth(body, parts, delivery)
    money = suggested if amount is None else rounded(amount, exchange.shop)
    if money > received(order) - given_back(order):
        raise SandboxError("Cannot refund more than was paid.")
    adjustments = [_adjustment(shop, body, number, exchange, -shipping, "shipping_refund")]
    if not shipping:
        adjustments = []
    if money != suggested and (money or not parts):
        difference = suggested - money
        adjustments.append(
            _adjustment(shop, body, number, exchange, difference, "refund_discrepancy")
        )
    made = {
        "id": number,
        "order_id": body["id"],
        "created_at": now,
        "note": note or None,
        "user_id": None,
        "processed_at": now,
        "duties": [],
        "total_duties_set": exchange.bag(ZERO),
        "return": None,
        "refund_shipping_lines": delivery,
        "restock": restock == "return",
        "admin_graphql_api_id": gid("Refund", number),
        "order_adjustments": adjustments,
        "refund_line_items": parts,
        "transactions": [_transaction(shop, order, money, card)] if money else [],
    }
    body["refunds"].append(made)
    for part in parts:
        line = line_of(body, part["line_item_id"])
        line["current_quantity"] -= part["quantity"]
        line["fulfillable_quantity"] = min(line["fulfillable_quantity"], line["current_quantity"])
    bring_up_to_date(order)
    return made


def rest(order: Order) -> tuple[dict[int, int], Decimal]:
    """Return what is left to refund: {line id: pieces} and the delivery."""
    body = order.body
    back = total(
        shop_amount(part, "subtotal_amount")
        for one in body["refunds"]
        for part in one.get("refund_shipping_lines") or ()
    )
    paid = total(shop_amount(line, "discounted_price") for line in body["shipping_lines"])
    pieces = {
        line["id"]: line["current_quantity"]
        for line in body["line_items"]
        if line["current_quantity"]
    }
    return pieces, paid - back


def line_of(body: Row, line_id: int) -> Row:
    """Return a line of an order; raises SandboxError if it is not there."""
    lines: list[Row] = body["line_items"]
    found = next((line for line in lines if line["id"] == line_id), None)
    if found is None:
        raise SandboxError(f"Order {body['name']} has no line {line_id}.")
    return found


def _worth(body: Row, parts: list[Row], delivery: list[Row]) -> Decimal:
    amount = total(shop_amount(part, "subtotal") for part in parts)
    amount += total(shop_amount(part, "subtotal_amount") for part in delivery)
    if not body["taxes_included"]:
        amount += total(shop_amount(part, "total_tax") for part in parts)
        amount += total(shop_amount(part, "tax_amount") for part in delivery)
    return amount


def _line(shop: State, order: Order, line_id: int, pieces: int, restock: str) -> Row:
    line, exchange = line_of(order.body, line_id), order.exchange
    if not 0 < pieces <= line["current_quantity"]:
        raise SandboxError(f"{pieces} of line {line_id} cannot be refunded.")
    done, amount, tax = refunded_of(order.body, line_id)
    removed = line["quantity"] - line["current_quantity"] - done
    last = pieces == line["current_quantity"] and not removed

    def share(whole: Decimal, back: Decimal) -> Decimal:
        # The last pieces take what rounding has left, so that all parts add up to the whole.
        return whole - back if last else rounded(whole * pieces / line["quantity"], exchange.shop)

    subtotal, total_tax = share(goods(line), amount), share(taxes(line), tax)
    return {
        "id": shop.next_id("refund line"),
        "quantity": pieces,
        "line_item_id": line_id,
        "location_id": _LOCATION if restock == "return" else None,
        "restock_type": restock,
        "subtotal": float(subtotal),
        "total_tax": float(total_tax),
        "subtotal_set": exchange.bag(subtotal),
        "total_tax_set": exchange.bag(total_tax),
        "line_item": deepcopy(line),
    }


def _shipping(shop: State, order: Order, amount: Decimal) -> Row:
    lines, exchange = order.body["shipping_lines"], order.exchange
    if not lines or amount > rest(order)[1]:
        raise SandboxError("More than the delivery cost cannot be refunded for it.")
    line = lines[0]
    price = shop_amount(line, "discounted_price")
    tax = rounded(taxes(line) * amount / price, exchange.shop)
    return {
        "id": shop.next_id("refund line"),
        "shipping_line": deepcopy(line),
        "subtotal_amount_set": exchange.bag(amount),
        "tax_amount_set": exchange.bag(tax),
    }


def _adjustment(
    shop: State, body: Row, refund_id: int, exchange: Exchange, amount: Decimal, kind: str
) -> Row:
    reason = kind.replace("_", " ").capitalize()
    return {
        "id": shop.next_id("adjustment"),
        "order_id": body["id"],
        "refund_id": refund_id,
        "amount": exchange.text(amount),
        "tax_amount": exchange.text(ZERO),
        "kind": kind,
        "reason": reason,
        "amount_set": exchange.bag(amount),
        "tax_amount_set": exchange.bag(ZERO),
    }


def _transaction(shop: State, order: Order, amount: Decimal, card: str | None) -> Row:
    gateway = (order.body["payment_gateway_names"] or ["manual"])[-1]
    receipt: Row = {}
    if card is not None:
        gateway = "gift_card"
        receipt = gift_cards.take_back(shop, card, order.body["id"], amount)
    made = bodies.transaction(
        shop, order.body, order.exchange, kind="refund", gateway=gateway, amount=amount
    )
    paid = [one["id"] for one in order.payments if one.get("receipt", {}) == receipt]
    made["receipt"], made["parent_id"] = receipt, paid[-1] if paid else None
    order.refunded[made["id"]] = amount
    return made
