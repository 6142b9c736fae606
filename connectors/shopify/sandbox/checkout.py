"""Discount codes at the checkout: may this buyer use them on these goods, and what they take off.

How codes combine and what the minimum is measured by follow Shopify's help pages in short: both
discounts must allow the other's class, a minimum counts the goods that the discount is about. A use
counts at once and for good: nothing documents that a cancelled order gives it back, so it does not.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import combinations, count

from connectors.shopify.sandbox import discounts
from connectors.shopify.sandbox.money import ZERO, graphql, rounded, share_out, shop_amount, total
from connectors.shopify.sandbox.offers import (
    BXGY,
    FREE_SHIPPING,
    ORDER,
    PRODUCT,
    SHIPPING,
    Discount,
    Items,
    Terms,
    Use,
)
from connectors.shopify.sandbox.state import Order, Row, SandboxError, State
from connectors.shopify.sandbox.sums import goods, is_tip

_COUNTRY = "PL"  # where all of the sandbox's addresses are
_TURN = (PRODUCT, ORDER, SHIPPING)  # what is off the whole order is off what products cost by then
Off = list[tuple[Row, Decimal]]


def apply(shop: State, order: Order, codes: Iterable[str], placed: datetime) -> None:
    """Take what these codes give off an order's lines and delivery; its taxes are not there yet.

    Raises SandboxError if one of them cannot be used; then none counts as used.
    """
    found = [discounts.get(shop, code) for code in codes]
    use = Use(order.body["id"], _buyer(shop, order.body), order.body["email"], shop.now())
    for one in found:
        _check(one, use, placed)
    for one, other in combinations(found, 2):
        if one is other or other.type_class not in one.combines:
            raise SandboxError(f"{one.code} cannot be combined with {other.code}.")
        if one.type_class not in other.combines:
            raise SandboxError(f"{other.code} cannot be combined with {one.code}.")
    for one in found:
        _check_minimum(shop, order.body, one)
    body = order.body
    body["discount_applications"] = [_application(one) for one in found]
    body["discount_codes"] = [{"code": one.code} for one in found]
    turns = sorted(enumerate(found), key=lambda pair: _TURN.index(pair[1].type_class))
    for index, one in turns:
        off = _delivery(order, one) if one.kind == FREE_SHIPPING else _goods(shop, order, one)
        _write(order, index, one, off)
    for one in found:
        one.uses.append(use)


def _buyer(shop: State, body: Row) -> int | None:
    """Return who buys: known by his account, or by the e-mail he types as a guest."""
    if body["customer"]:
        return int(body["customer"]["id"])
    typed = str(body["email"] or "").lower()
    known = shop.tables.people.items()
    same = (number for number, one in known if str(one.body.get("email") or "").lower() == typed)
    return next(same, None) if typed else None


def _check(discount: Discount, use: Use, placed: datetime) -> None:
    code = discount.code
    if discount.status(placed) != "ACTIVE":
        raise SandboxError(f"{code} is not active.")
    if discount.segments:
        raise SandboxError(f"{code} is for a segment, and the sandbox has none.")
    if discount.customers is not None and use.customer_id not in discount.customers:
        raise SandboxError(f"{code} is not for this customer.")
    if discount.usage_limit is not None and len(discount.uses) >= discount.usage_limit:
        raise SandboxError(f"{code} has reached its usage limit.")
    if discount.once_per_customer and any(_same(use, before) for before in discount.uses):
        raise SandboxError(f"{code} was used by this customer already.")


def _same(use: Use, before: Use) -> bool:
    if use.customer_id is not None and use.customer_id == before.customer_id:
        return True
    return bool(use.email) and str(use.email).lower() == str(before.email or "").lower()


def _check_minimum(shop: State, body: Row, discount: Discount) -> None:
    terms, lines = discount.terms, _entitled(shop, body, discount.terms.items)
    if not lines and not terms.items.all:
        raise SandboxError(f"{discount.code} is not for the goods in this cart.")
    if terms.subtotal is not None and total(map(goods, lines)) < terms.subtotal:
        raise SandboxError(f"The goods cost less than the minimum of {discount.code}.")
    if terms.pieces is not None and sum(one["quantity"] for one in lines) < terms.pieces:
        raise SandboxError(f"The goods are fewer than the minimum of {discount.code}.")


def _entitled(shop: State, body: Row, items: Items) -> list[Row]:
    """Return the lines with these goods; gift cards and tips are never discounted."""
    lines = [line for line in body["line_items"] if not line["gift_card"] and not is_tip(line)]
    return [line for line in lines if items.all or _among(shop, line, items)]


def _among(shop: State, line: Row, items: Items) -> bool:
    product = line["product_id"]
    held = (shop.tables.collections[number]["products"] for number in items.collections)
    return (
        product in items.products
        or line["variant_id"] in items.variants
        or any(product in shop.tables.products and (one is None or product in one) for one in held)
    )


# --- what it takes off ------------------------------------------------------------------------------


def _goods(shop: State, order: Order, discount: Discount) -> Off:
    terms, currency = discount.terms, order.exchange.shop
    lines = _entitled(shop, order.body, terms.items)
    if discount.kind == BXGY:
        return _given(discount, lines, _entitled(shop, order.body, _buys(terms)), currency)
    left = [goods(line) for line in lines]
    if terms.amount is not None and terms.on_each:
        each = [terms.amount * line["quantity"] for line in lines]
        return list(zip(lines, map(min, each, left), strict=True))
    whole = total(left) * (terms.percent or ZERO) / 100 if terms.amount is None else terms.amount
    whole = min(rounded(whole, currency), total(left))
    return list(zip(lines, share_out(whole, left, currency), strict=True))


def _buys(terms: Terms) -> Items:
    return terms.buys.items if terms.buys else Items()


def _given(discount: Discount, gets: Sequence[Row], buys: Sequence[Row], currency: str) -> Off:
    """Give the cheapest pieces, as often as what else is in the cart has earned them.

    Pieces that are given do not count as bought.
    """
    pieces = sorted(_pieces(gets), key=lambda piece: (piece[1], piece[0]["id"]))
    times = 0
    for wanted in count(1):
        taken = wanted * discount.terms.quantity
        limit = discount.terms.uses_per_order
        if taken > len(pieces) or (limit is not None and wanted > limit):
            break
        if not _earned(discount, pieces[:taken], buys, wanted):
            break
        times = wanted
    if not times:
        raise SandboxError(f"{discount.code} asks for other goods in the cart.")
    given, share = pieces[: times * discount.terms.quantity], discount.terms.percent or ZERO
    off: dict[int, tuple[Row, Decimal]] = {}
    for line, price in given:
        _, before = off.get(line["id"], (line, ZERO))
        off[line["id"]] = line, before + rounded(price * share / 100, currency)
    return [(line, min(amount, goods(line))) for line, amount in off.values()]


def _earned(
    discount: Discount, given: Sequence[tuple[Row, Decimal]], buys: Sequence[Row], times: int
) -> bool:
    wish = discount.terms.buys
    if wish is None:
        return False
    bought = _pieces(buys)
    same = {line["id"] for line in buys}
    gone = [price for line, price in given if line["id"] in same]
    if wish.quantity is not None:
        return len(bought) - len(gone) >= wish.quantity * times
    return total(price for _, price in bought) - total(gone) >= (wish.amount or ZERO) * times


def _pieces(lines: Iterable[Row]) -> list[tuple[Row, Decimal]]:
    return [(line, Decimal(line["price"])) for line in lines for _ in range(line["quantity"])]


def _delivery(order: Order, discount: Discount) -> Off:
    terms, lines = discount.terms, order.body["shipping_lines"]
    if not lines:
        raise SandboxError(f"{discount.code} is off delivery, and there is none.")
    if terms.countries is not None and _COUNTRY not in terms.countries:
        raise SandboxError(f"{discount.code} is not for deliveries to {_COUNTRY}.")
    dearest = terms.dearest_shipping
    prices = [shop_amount(line, "discounted_price") for line in lines]
    if dearest is not None and any(price > dearest for price in prices):
        raise SandboxError(f"Delivery costs more than {discount.code} is for.")
    return list(zip(lines, prices, strict=True))


# --- how the order shows it -------------------------------------------------------------------------


def _application(discount: Discount) -> Row:
    terms, delivery = discount.terms, discount.kind == FREE_SHIPPING
    value = terms.percent if terms.amount is None else terms.amount
    across = discount.kind != BXGY and not delivery and not terms.on_each
    return {
        "target_type": "shipping_line" if delivery else "line_item",
        "type": "discount_code",
        "value": graphql(value or ZERO),
        "value_type": "percentage" if terms.amount is None else "fixed_amount",
        "allocation_method": "across" if across else "each",
        "target_selection": "all" if delivery or terms.items.all else "entitled",
        "code": discount.code,
    }


def _write(order: Order, index: int, discount: Discount, off: Off) -> None:
    body, exchange, delivery = order.body, order.exchange, discount.kind == FREE_SHIPPING
    for line, part in off:
        if not part:
            continue
        line["discount_allocations"].append(
            {
                "amount": exchange.text(part),
                "amount_set": exchange.bag(part),
                "discount_application_index": index,
            }
        )
        if delivery:
            left = shop_amount(line, "discounted_price") - part
            line["discounted_price"] = exchange.text(left)
            line["discounted_price_set"] = exchange.bag(left)
            line["current_discounted_price_set"] = exchange.bag(left)
    kind = body["discount_applications"][index]["value_type"]
    body["discount_codes"][index] |= {
        "amount": exchange.text(total(part for _, part in off)),
        "type": "shipping" if delivery else kind,
    }
