"""What the lines of an order add up to: when it was placed, and now, after edits and refunds.

`total_price` and its like are what was agreed when the order was placed and never change;
`current_*` follow edits and refunds. Discounts, then tax on what is left, each line rounded by itself.
"""

from decimal import Decimal
from fractions import Fraction

from connectors.shopify.sandbox import bodies
from connectors.shopify.sandbox.money import ZERO, Exchange, rounded, shop_amount, total
from connectors.shopify.sandbox.state import Order, Row


def is_tip(line: Row) -> bool:
    """Say whether a line is a tip: the key is there, even if it is null."""
    return "tip_payment_gateway" in line


def discounts(line: Row) -> Decimal:
    """Return what codes took off a line or a shipping line."""
    return total(shop_amount(one, "amount") for one in line.get("discount_allocations") or ())


def taxes(line: Row) -> Decimal:
    """Return a line's tax."""
    return total(shop_amount(one, "price") for one in line.get("tax_lines") or ())


def goods(line: Row) -> Decimal:
    """Return a line's price after discounts; with tax if the order's prices include it."""
    return Decimal(str(line["price"])) * int(line["quantity"]) - discounts(line)


def tax(order: Order, line: Row, amount: Decimal, rate: Decimal) -> None:
    """Put the tax on a line, in its price or on top of it."""
    if rate and line.get("taxable", True) and amount:
        part = amount - amount / (1 + rate) if order.body["taxes_included"] else amount * rate
        exchange = order.exchange
        line["tax_lines"] = [bodies.tax_line(exchange, rounded(part, exchange.shop), rate)]


def place(order: Order) -> None:
    """Fill in what is agreed for good; lines, discounts and taxes are there."""
    body, exchange = order.body, order.exchange
    bought = [line for line in body["line_items"] if not is_tip(line)]
    shipping = [shop_amount(line, "discounted_price") for line in body["shipping_lines"]]
    tax_sum = total(taxes(line) for line in (*body["line_items"], *body["shipping_lines"]))
    tips = total(goods(line) for line in body["line_items"] if is_tip(line))
    subtotal = total(goods(line) for line in bought)
    amounts = {
        "subtotal_price": subtotal,
        # That what codes take off delivery counts here too is assumed.
        "total_discounts": total(discounts(line) for line in (*bought, *body["shipping_lines"])),
        "total_line_items_price": total(goods(line) + discounts(line) for line in bought),
        "total_price": subtotal
        + total(shipping)
        + tips
        + (ZERO if body["taxes_included"] else tax_sum),
        "total_tax": tax_sum,
    }
    _set(body, exchange, amounts)
    before = total(shop_amount(line, "price") for line in body["shipping_lines"])
    body["total_shipping_price_set"] = exchange.bag(before)
    body["total_tip_received"] = exchange.text(tips)
    body["total_weight"] = sum(line["grams"] * line["quantity"] for line in bought)
    rates = [one["rate"] for line in body["line_items"] for one in line["tax_lines"]]
    if rates:
        whole = bodies.tax_line(exchange, tax_sum, Decimal(str(rates[0])))
        keys = ("price", "rate", "title", "price_set", "channel_liable")
        body["tax_lines"] = [{key: whole[key] for key in keys}]
    bring_up_to_date(order)


def refunded_of(body: Row, line_id: int) -> tuple[int, Decimal, Decimal]:
    """Return what was refunded of a line: pieces, amount and tax."""
    parts = [
        part
        for refund in body["refunds"]
        for part in refund["refund_line_items"]
        if part["line_item_id"] == line_id
    ]
    return (
        sum(part["quantity"] for part in parts),
        total(shop_amount(part, "subtotal") for part in parts),
        total(shop_amount(part, "total_tax") for part in parts),
    )


def bring_up_to_date(order: Order) -> None:
    """Work out `current_*`, what is outstanding and the financial status."""
    body, exchange = order.body, order.exchange
    subtotal = tax_sum = discount = tips = ZERO
    for line in body["line_items"]:
        pieces, amount, taken_tax = refunded_of(body, line["id"])
        removed = line["quantity"] - line["current_quantity"] - pieces
        left = goods(line) - amount - _share(goods(line), removed, line, exchange)
        tax_sum += taxes(line) - taken_tax - _share(taxes(line), removed, line, exchange)
        if is_tip(line):
            tips += left
        else:
            subtotal += left
            gone = _share(
                discounts(line), line["quantity"] - line["current_quantity"], line, exchange
            )
            discount += discounts(line) - gone
    discount += total(discounts(line) for line in body["shipping_lines"])
    shipping, shipping_tax = _shipping(body)
    tax_sum += shipping_tax
    adjusted = total(
        shop_amount(one, "amount")
        for refund in body["refunds"]
        for one in refund.get("order_adjustments") or ()
        if one["kind"] == "refund_discrepancy"
    )
    current = subtotal + shipping + tips + adjusted
    if not body["taxes_included"]:
        current += tax_sum
    _set(
        body,
        exchange,
        {
            "current_subtotal_price": subtotal,
            "current_total_discounts": discount,
            "current_total_price": current,
            "current_total_tax": tax_sum,
        },
    )
    body["current_shipping_price_set"] = exchange.bag(shipping)
    settle(order)


def _shipping(body: Row) -> tuple[Decimal, Decimal]:
    """Return what is left of the price and tax of delivery."""
    lines = body["shipping_lines"]
    back = [
        part for refund in body["refunds"] for part in refund.get("refund_shipping_lines") or ()
    ]
    return (
        total(shop_amount(line, "discounted_price") for line in lines)
        - total(shop_amount(part, "subtotal_amount") for part in back),
        total(taxes(line) for line in lines)
        - total(shop_amount(part, "tax_amount") for part in back),
    )


def received(order: Order) -> Decimal:
    """Return the shop money that was paid and not only authorised."""
    return total(
        one["_shop"]
        for one in order.payments
        if one["status"] == "success" and one["kind"] in {"sale", "capture"}
    )


def given_back(order: Order) -> Decimal:
    """Return the shop money that went back."""
    return total(order.refunded.values())


def settle(order: Order) -> None:
    """Work out what is outstanding and the financial status from the payments."""
    body = order.body
    paid, back = received(order), given_back(order)
    current = shop_amount(body, "current_total_price")
    outstanding = current - paid + back
    if body["cancelled_at"] and not paid:
        outstanding = ZERO  # nobody waits for the money of a cancelled order
    body["total_outstanding"] = order.exchange.text(outstanding)
    body["financial_status"] = _status(order, paid, back, outstanding)


def _status(order: Order, paid: Decimal, back: Decimal, outstanding: Decimal) -> str:
    if not paid and shop_amount(order.body, "total_price"):
        if order.body["cancelled_at"]:
            return "voided"
        authorised = any(one["kind"] == "authorization" for one in order.payments)
        return "authorized" if authorised else "pending"
    if back:
        return "refunded" if back >= paid else "partially_refunded"
    return "partially_paid" if outstanding > 0 else "paid"


def _share(amount: Decimal, pieces: int, line: Row, exchange: Exchange) -> Decimal:
    if not pieces or not line["quantity"]:
        return ZERO
    part = Fraction(pieces, line["quantity"])
    return rounded(amount * part.numerator / part.denominator, exchange.shop)


def _set(body: Row, exchange: Exchange, amounts: dict[str, Decimal]) -> None:
    for name, amount in amounts.items():
        body[name] = exchange.text(amount)
        body[f"{name}_set"] = exchange.bag(amount)
