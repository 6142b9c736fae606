"""An order in the shape of webhooks → what it says."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from urllib.parse import urlsplit

import msgspec

from app.errors import Invalid
from app.programme.events import LineKind, Person
from connectors import texts
from connectors.base import Origin
from connectors.shopify import payloads, values
from connectors.shopify.friends import contact_of, referral_of
from connectors.shopify.paid_with import named_credits
from connectors.shopify.refunds import gross_of
from connectors.shopify.stated import (
    DUTIES,
    FEES,
    LineStated,
    OrderStated,
    RefundLineStated,
    RefundStated,
    ShippingStated,
    codes_of,
    larger,
    latest,
    person_of,
    shipping_id,
)

_SHOP_ID = re.compile(r"/([1-9]\d{0,18})/orders/", re.ASCII)
_SHIPPING_REFUND = "shipping_refund"
_ROUNDING = 2  # minor units, of either currency, by which a converted sum may miss the stated one


def stated_order(order: payloads.Order) -> OrderStated:
    """Return what an order says."""
    code = values.currency(order.currency, "currency")
    included = order.taxes_included is True
    created = values.moment(order.created_at, "created_at")
    occurred = values.moment(order.processed_at, "processed_at") or created
    if occurred is None:
        raise Invalid("created_at is missing: without it nobody knows which rules apply.")
    shipping = tuple(_shipping(order))
    duties = (order.original_total_duties_set, order.current_total_duties_set)
    fees = (order.original_total_additional_fees_set, order.current_total_additional_fees_set)
    return OrderStated(
        id=values.identifier(order.id, "id"),
        name=texts.short(order.name, 64),
        occurred_at=occurred,
        modified_at=values.moment(order.updated_at, "updated_at"),
        entered_at=created,
        cancelled=values.moment(order.cancelled_at, "cancelled_at") is not None,
        financial=(texts.short(order.financial_status, 40) or "").lower(),
        fulfilled_at=latest(one.created_at for one in order.fulfillments or ()),
        fulfilled=(order.fulfillment_status or "").lower() == "fulfilled",
        currency=code,
        taxes_included=included,
        channel=texts.short(order.source_name, 64),
        test=order.test is True,
        lines=tuple(_lines(order)),
        shipping=shipping,
        extras=(
            (DUTIES, larger(*(_shop(bag, "duties") for bag in duties))),
            (FEES, larger(*(_shop(bag, "additional fees") for bag in fees))),
        ),
        refunds=tuple(_refund(order, refund, code, shipping) for refund in order.refunds or ()),
        received=_received(order),
        codes=codes_of(one.code for one in order.discount_codes or ()),
        credits=named_credits(order.payment_gateway_names or ()),
        referral=referral_of(order),
        person=_person(order),
        contact=contact_of(order),
    )


def origin_of(order: payloads.Order) -> Origin | None:
    """Return the shop as the link to the order's status page names it; the link may be protected."""
    try:
        parts = urlsplit(order.order_status_url or "")
        host = values.shop_domain(parts.hostname)
    except ValueError:
        return None
    found = _SHOP_ID.match(parts.path)
    if host is None and found is None:
        return None
    return Origin(ref=host, shop_id=found and found[1])


def _person(order: payloads.Order) -> Person:
    customer = order.customer or payloads.OrderCustomer()
    return person_of(
        values.optional_identifier(customer.id, "customer.id"),
        customer.email,
        customer.verified_email,
        (order.email, order.contact_email),
    )


def _lines(order: payloads.Order) -> Iterable[LineStated]:
    for position, line in enumerate(order.line_items):
        key = f"line_items[{position}]"
        yield LineStated(
            id=values.identifier(line.id, f"{key}.id"),
            kind=_kind(line),
            product=values.optional_identifier(line.product_id, f"{key}.product_id"),
            variant=values.optional_identifier(line.variant_id, f"{key}.variant_id"),
            sku=texts.short(line.sku, 100),
            quantity=values.quantity(line.quantity, f"{key}.quantity"),
            current=(
                None
                if line.current_quantity is None
                else values.quantity(line.current_quantity, f"{key}.current_quantity")
            ),
            price=_shop(line.price_set, f"{key}.price", line.price),
            discount=_discount(line.discount_allocations, key),
            tax=_tax(line.tax_lines, key),
        )


def _kind(line: payloads.LineItem) -> LineKind:
    if line.gift_card is True:
        return LineKind.GIFT_CARD
    return LineKind.GOODS if line.tip_payment_gateway is msgspec.UNSET else LineKind.TIP


def _shipping(order: payloads.Order) -> Iterable[ShippingStated]:
    for position, line in enumerate(order.shipping_lines or ()):
        key = f"shipping_lines[{position}]"
        if line.discounted_price is None and line.discounted_price_set is None:
            price = _shop(line.price_set, f"{key}.price", line.price)
            price -= _discount(line.discount_allocations, key)
        else:
            price = _shop(
                line.discounted_price_set, f"{key}.discounted_price", line.discounted_price
            )
        yield ShippingStated(
            id=shipping_id(values.identifier(line.id, f"{key}.id")),
            price=price,
            tax=_tax(line.tax_lines, key),
            removed=line.is_removed is True,
        )


def _received(order: payloads.Order) -> Decimal | None:
    """Return what was paid and not given back; None where an old body does not tell."""
    if order.total_outstanding is None or order.current_total_price is None:
        return None
    current = _shop(order.current_total_price_set, "current_total_price", order.current_total_price)
    return current - values.amount(order.total_outstanding, "total_outstanding")


# --- refunds -------------------------------------------------------------------------------------


def _refund(
    order: payloads.Order, refund: payloads.Refund, code: str, shipping: Sequence[ShippingStated]
) -> RefundStated:
    number = values.identifier(refund.id, "refund.id")
    key = f"refund {number}"
    goods = [_refund_line(line, key) for line in refund.refund_line_items or ()]
    delivery = [_refund_shipping(line, key) for line in refund.refund_shipping_lines or ()]
    adjustments = refund.order_adjustments or ()
    of_delivery = [one for one in adjustments if one.kind == _SHIPPING_REFUND]
    if not delivery and len(shipping) == 1:
        # The older form; where both are sent, they are the same money.
        delivery = [_adjusted_shipping(one, shipping[0].id, key) for one in of_delivery]
    included = order.taxes_included is True
    stated = gross_of(included, (*goods, *delivery)) - sum(
        (
            Fraction(_shop(one.amount_set, f"{key}.adjustment", one.amount))
            + Fraction(_shop(one.tax_amount_set, f"{key}.adjustment tax", one.tax_amount))
            for one in adjustments
            if one.kind != _SHIPPING_REFUND
        ),
        Fraction(0),
    )
    return RefundStated(
        id=number,
        at=values.moment(refund.processed_at, f"{key}.processed_at")
        or values.moment(refund.created_at, f"{key}.created_at"),
        lines=(*goods, *delivery),
        money=_money(order, refund, code, stated),
    )


def _money(order: payloads.Order, refund: payloads.Refund, code: str, stated: Fraction) -> Decimal:
    """Return what went back, in the shop's money; transactions are in what the buyer saw."""
    sent = Fraction(0)
    step = Fraction(0)  # the coarsest minor unit that was converted, in the shop's money
    for position, one in enumerate(refund.transactions or ()):
        if (one.kind or "").lower() != "refund" or (one.status or "").lower() != "success":
            continue
        amount = Fraction(values.amount(one.amount, f"transactions[{position}].amount"))
        seen = code if one.currency is None else values.currency(one.currency, "currency")
        if seen == code:
            sent += amount
            continue
        rate = _rate(order)
        if rate is None:
            return values.written(max(stated, Fraction(0)), code)
        sent += amount * rate
        step = max(step, rate / 10 ** values.places_of(seen))
    if not step:
        return values.written(sent, code)
    # Both were rounded: the shop's own sum is the truth if it is the same money.
    places = values.places_of(code)
    if abs(stated - sent) <= _ROUNDING * max(step, Fraction(1, 10**places)):
        return values.written(stated, code)
    return values.rounded(sent, places)


def _rate(order: payloads.Order) -> Fraction | None:
    bag = order.total_price_set
    if bag is None or bag.shop_money is None or bag.presentment_money is None:
        return None
    seen = Fraction(values.amount(bag.presentment_money.amount, "total_price"))
    own = Fraction(values.amount(bag.shop_money.amount, "total_price"))
    return own / seen if seen else None


def _refund_line(line: payloads.RefundLineItem, key: str) -> RefundLineStated:
    return RefundLineStated(
        line=values.identifier(line.line_item_id, f"{key}.line_item_id"),
        quantity=values.quantity(line.quantity, f"{key}.quantity"),
        subtotal=abs(_shop(line.subtotal_set, f"{key}.subtotal", line.subtotal)),
        tax=abs(_shop(line.total_tax_set, f"{key}.total_tax", line.total_tax)),
    )


def _refund_shipping(line: payloads.RefundShippingLine, key: str) -> RefundLineStated:
    named = line.shipping_line_id
    if named is None and line.shipping_line is not None:
        named = line.shipping_line.id
    return RefundLineStated(
        line=shipping_id(values.identifier(named, f"{key}.shipping_line_id")),
        quantity=0,
        subtotal=abs(_shop(line.subtotal_amount_set, f"{key}.subtotal_amount")),
        tax=abs(_shop(line.tax_amount_set, f"{key}.tax_amount")),
    )


def _adjusted_shipping(one: payloads.OrderAdjustment, line: str, key: str) -> RefundLineStated:
    return RefundLineStated(
        line=line,
        quantity=0,
        subtotal=abs(_shop(one.amount_set, f"{key}.amount", one.amount)),
        tax=abs(_shop(one.tax_amount_set, f"{key}.tax_amount", one.tax_amount)),
    )


# --- money ---------------------------------------------------------------------------------------


def _shop(bag: payloads.MoneyBag | None, key: str, plain: Decimal | None = None) -> Decimal:
    """Return an amount in the shop's currency; bodies before 2018 have the plain key only."""
    if bag is not None and bag.shop_money is not None:
        return values.amount(bag.shop_money.amount, key)
    return values.amount(plain, key)


def _tax(lines: Sequence[payloads.TaxLine] | None, key: str) -> Decimal:
    parts = (_shop(line.price_set, f"{key}.tax", line.price) for line in lines or ())
    return sum(parts, Decimal(0))


def _discount(allocations: Sequence[payloads.Allocation] | None, key: str) -> Decimal:
    parts = (_shop(one.amount_set, f"{key}.discount", one.amount) for one in allocations or ())
    return sum(parts, Decimal(0))
