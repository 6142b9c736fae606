"""An order in the shape of GraphQL → what it says."""

from collections.abc import Iterable
from decimal import Decimal

from app.errors import Invalid
from app.programme.events import Contact, LineKind, Person
from connectors import texts
from connectors.shopify import graphql_payloads as payloads
from connectors.shopify import values
from connectors.shopify.friends import read_referral_of
from connectors.shopify.paid_with import read_credits
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


def stated_order(order: payloads.Order) -> OrderStated:
    """Return what an order says."""
    created = values.moment(order.created_at, "createdAt")
    occurred = values.moment(order.processed_at, "processedAt") or created
    if occurred is None:
        raise Invalid("createdAt is missing: without it nobody knows which rules apply.")
    duties = (order.original_total_duties_set, order.current_total_duties_set)
    fees = (order.original_total_additional_fees_set, order.current_total_additional_fees_set)
    return OrderStated(
        id=values.gid(order.id, "Order", "id"),
        name=texts.short(order.name, 64),
        occurred_at=occurred,
        modified_at=values.moment(order.updated_at, "updatedAt"),
        entered_at=created,
        cancelled=values.moment(order.cancelled_at, "cancelledAt") is not None,
        financial=(texts.short(order.display_financial_status, 40) or "").lower(),
        fulfilled_at=latest(one.created_at for one in order.fulfillments),
        fulfilled=order.display_fulfillment_status == "FULFILLED",
        currency=values.currency(order.currency_code, "currencyCode"),
        taxes_included=order.taxes_included,
        channel=texts.short(order.source_name, 64),
        test=order.test,
        lines=tuple(_lines(order)),
        shipping=tuple(
            ShippingStated(
                id=_shipping_id(line.id),
                price=_shop(line.discounted_price_set, "shippingLines.discountedPriceSet"),
                tax=_tax(line.tax_lines, "shippingLines"),
                removed=line.is_removed,
            )
            for line in order.shipping_lines.nodes
        ),
        extras=(
            (DUTIES, larger(*(_shop(bag, "duties") for bag in duties))),
            (FEES, larger(*(_shop(bag, "additional fees") for bag in fees))),
        ),
        refunds=tuple(map(_refund, order.refunds)),
        received=_shop(order.net_payment_set, "netPaymentSet"),
        codes=codes_of(order.discount_codes),
        credits=read_credits(
            order.payment_gateway_names,
            order.transactions,
            values.currency(order.currency_code, "currencyCode"),
        ),
        referral=read_referral_of(order),
        person=_person(order),
        contact=Contact(),
    )


def _person(order: payloads.Order) -> Person:
    customer = order.customer
    if customer is None:
        return person_of(None, None, None, (order.email,))
    return person_of(
        values.gid(customer.id, "Customer", "customer.id"),
        customer.email,
        customer.verified_email,
        (order.email,),
    )


def _lines(order: payloads.Order) -> Iterable[LineStated]:
    tips = _tips(order)
    for position, line in enumerate(order.line_items.nodes):
        key = f"lineItems[{position}]"
        kind = LineKind.TIP if line.id in tips else LineKind.GOODS
        yield LineStated(
            id=values.gid(line.id, "LineItem", f"{key}.id"),
            kind=LineKind.GIFT_CARD if line.is_gift_card else kind,
            product=_of(line.product, "Product", key),
            variant=_of(line.variant, "ProductVariant", key),
            sku=texts.short(line.sku, 100),
            quantity=values.quantity(line.quantity, f"{key}.quantity"),
            current=values.quantity(line.current_quantity, f"{key}.currentQuantity"),
            price=_shop(line.original_unit_price_set, f"{key}.originalUnitPriceSet"),
            discount=_discount(line, key),
            tax=_tax(line.tax_lines, key),
        )


def _tips(order: payloads.Order) -> frozenset[str]:
    """Return the gids of the lines that are tips. GraphQL marks none: only their sum is known."""
    received = _shop(order.total_tip_received_set, "totalTipReceivedSet")
    alike = {
        line.id: _shop(line.original_unit_price_set, "lineItems") - _discount(line, "lineItems")
        for line in order.line_items.nodes
        if line.product is None
        and line.variant is None
        and not (line.taxable or line.requires_shipping or line.is_gift_card)
        and line.quantity == 1
    }
    if not received:
        return frozenset()
    if sum(alike.values()) == received:
        return frozenset(alike)
    return frozenset([line for line, price in alike.items() if price == received][:1])


def _refund(refund: payloads.Refund) -> RefundStated:
    number = values.gid(refund.id, "Refund", "refund.id")
    key = f"refund {number}"
    goods = (
        RefundLineStated(
            line=values.gid(line.line_item.id, "LineItem", f"{key}.lineItem"),
            quantity=values.quantity(line.quantity, f"{key}.quantity"),
            subtotal=abs(_shop(line.subtotal_set, f"{key}.subtotalSet")),
            tax=abs(_shop(line.total_tax_set, f"{key}.totalTaxSet")),
        )
        for line in refund.refund_line_items.nodes
    )
    delivery = (
        RefundLineStated(
            line=_shipping_id(line.shipping_line.id),
            quantity=0,
            subtotal=abs(_shop(line.subtotal_amount_set, f"{key}.subtotalAmountSet")),
            tax=abs(_shop(line.tax_amount_set, f"{key}.taxAmountSet")),
        )
        for line in refund.refund_shipping_lines.nodes
    )
    return RefundStated(
        id=number,
        at=values.moment(refund.processed_at, f"{key}.processedAt")
        or values.moment(refund.created_at, f"{key}.createdAt"),
        lines=(*goods, *delivery),
        money=_shop(refund.total_refunded_set, f"{key}.totalRefundedSet"),
    )


def _of(node: payloads.Node | None, kind: str, key: str) -> str | None:
    return None if node is None else values.gid(node.id, kind, f"{key}.{kind}")


def _shipping_id(gid: str | None) -> str:
    # The schema allows a delivery without an id; there is at most one such line then.
    return shipping_id("0" if gid is None else values.gid(gid, "ShippingLine", "shippingLines.id"))


def _shop(bag: payloads.MoneyBag | None, key: str) -> Decimal:
    return Decimal(0) if bag is None else values.amount(bag.shop_money.amount, key)


def _tax(lines: Iterable[payloads.TaxLine], key: str) -> Decimal:
    return sum((_shop(line.price_set, f"{key}.taxLines") for line in lines), Decimal(0))


def _discount(line: payloads.LineItem, key: str) -> Decimal:
    parts = (
        _shop(one.allocated_amount_set, f"{key}.discount") for one in line.discount_allocations
    )
    return sum(parts, Decimal(0))
