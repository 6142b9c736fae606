"""Loading a webhook's body: the shop then holds exactly this order or customer.

What no body shows is derived: what was paid from the sums and the status, the shop money of refunds
from what the lines state.
"""

from copy import deepcopy
from decimal import Decimal

from connectors.shopify.sandbox.money import ZERO, places, rounded, shop_amount, total
from connectors.shopify.sandbox.state import Order, Person, Row, State

_PAID = frozenset(["paid", "partially_paid", "partially_refunded", "refunded"])


def order(shop: State, body: Row) -> Order:
    """Keep an order's body as it is, and its customer as it shows him."""
    loaded = Order(deepcopy(body))
    loaded.rate = _rate(loaded.body)
    loaded.refunded = {
        one["id"]: _shop_money(loaded, refund, one)
        for refund in loaded.body.get("refunds") or ()
        for one in refund.get("transactions") or ()
        if one["kind"] == "refund" and one["status"] == "success"
    }
    loaded.edited = any(
        line.get("current_quantity", line["quantity"]) + _returned(loaded.body, line["id"])
        < line["quantity"]
        for line in loaded.body["line_items"]
    )
    paid = _received(loaded)
    if paid:
        loaded.payments = [_payment(shop, loaded, paid)]
    shop.tables.orders[loaded.body["id"]] = loaded
    shop.platform.used_id("order", loaded.body["id"])
    for line in loaded.body["line_items"]:
        shop.platform.used_id("line", line["id"])
    if loaded.body.get("customer"):
        customer(shop, loaded.body["customer"])
    return loaded


def customer(shop: State, body: Row) -> Person:
    """Keep a customer's body as it is; tags and metafields of a known one stay."""
    kept = deepcopy(body)
    for key in ("created_at", "updated_at"):  # some of the documentation's samples have none
        kept[key] = kept.get(key) or shop.stamp()
    known = shop.tables.people.get(kept["id"])
    if known is not None:
        known.body = kept
        return known
    loaded = Person(kept)
    shop.tables.people[kept["id"]] = loaded
    shop.platform.used_id("customer", kept["id"])
    return loaded


def _rate(body: Row) -> Decimal:
    bag = body.get("total_price_set")
    if not bag or not Decimal(bag["shop_money"]["amount"]):
        return Decimal(1)
    return Decimal(bag["presentment_money"]["amount"]) / Decimal(bag["shop_money"]["amount"])


def _returned(body: Row, line_id: int) -> int:
    return sum(
        part["quantity"]
        for refund in body.get("refunds") or ()
        for part in refund.get("refund_line_items") or ()
        if part["line_item_id"] == line_id
    )


def _shop_money(loaded: Order, refund: Row, transaction: Row) -> Decimal:
    """Return a refund transaction in shop money: its amount, what is stated, or converted."""
    exchange, amount = loaded.exchange, Decimal(str(transaction["amount"]))
    if transaction["currency"] == exchange.shop:
        return amount
    converted = rounded(amount / loaded.rate, exchange.shop)
    stated = total(shop_amount(one, "subtotal") for one in refund.get("refund_line_items") or ())
    if not loaded.body.get("taxes_included"):
        stated += total(
            shop_amount(one, "total_tax") for one in refund.get("refund_line_items") or ()
        )
    shipping = refund.get("refund_shipping_lines") or ()
    stated += total(shop_amount(one, "subtotal_amount") for one in shipping)
    stated -= total(
        shop_amount(one, "amount")
        for one in refund.get("order_adjustments") or ()
        if one["kind"] != "shipping_refund"
    )
    # The transaction was rounded in the buyer's money, which may be coarser than the shop's.
    theirs = Decimal(1).scaleb(-places(exchange.buyer)) / loaded.rate
    tolerance = theirs + 2 * Decimal(1).scaleb(-places(exchange.shop))
    return stated if abs(stated - converted) <= tolerance else converted


def _received(loaded: Order) -> Decimal:
    body, back = loaded.body, total(loaded.refunded.values())
    if body.get("financial_status") not in _PAID:
        return ZERO
    if body.get("cancelled_at") or not {"current_total_price", "total_outstanding"} <= set(body):
        return shop_amount(body, "total_price")
    return shop_amount(body, "current_total_price") - shop_amount(body, "total_outstanding") + back


def _payment(shop: State, loaded: Order, amount: Decimal) -> Row:
    body, exchange = loaded.body, loaded.exchange
    at = body.get("processed_at") or body.get("created_at")
    return {
        "id": shop.next_id("transaction"),
        "order_id": body["id"],
        "kind": "sale",
        "gateway": (body.get("payment_gateway_names") or ["manual"])[-1],
        "status": "success",
        "created_at": at,
        "processed_at": at,
        "test": bool(body.get("test")),
        "amount": str(exchange.shown(amount)),
        "currency": exchange.buyer,
        "_shop": amount,
    }
