"""Shopify's webhook JSON as typed structs that name only what we use.

It has the shape of the old REST API (https://shopify.dev/docs/api/webhooks, 2026-10): ids are numbers,
money is text, except in refunds, where it is a JSON number. Both are decoded straight into Decimal.
Protected fields are absent rather than null for apps without the approval: all of them have defaults.
"""

from decimal import Decimal
from typing import TypeVar

import msgspec

from app.errors import Invalid
from connectors.shopify.values import Id

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"


class Money(msgspec.Struct):
    """An amount in one currency."""

    amount: Decimal
    currency_code: str | None = None


class MoneyBag(msgspec.Struct):
    """An amount in the shop's currency and in the one that the buyer saw."""

    shop_money: Money | None = None
    presentment_money: Money | None = None


class TaxLine(msgspec.Struct):
    """One tax on a line, for its whole quantity."""

    price: Decimal | None = None
    price_set: MoneyBag | None = None


class Allocation(msgspec.Struct):
    """The part of a discount that fell on a line, for its whole quantity."""

    amount: Decimal | None = None
    amount_set: MoneyBag | None = None


class LineItem(msgspec.Struct):
    """A line. `total_discount` is left out: it stays 0.00 for codes; the allocations tell."""

    id: Id
    quantity: int
    price: Decimal | None = None  # of one piece
    price_set: MoneyBag | None = None
    current_quantity: int | None = None  # without what was refunded or edited out; since 2022
    product_id: Id | None = None
    variant_id: Id | None = None
    sku: str | None = None
    gift_card: bool | None = None
    # Only a tip has this key, whatever its value.
    tip_payment_gateway: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    tax_lines: list[TaxLine] | None = None
    discount_allocations: list[Allocation] | None = None


class ShippingLine(msgspec.Struct):
    """A way of delivery. `discounted_price` is what was left to pay at checkout."""

    id: Id
    price: Decimal | None = None
    price_set: MoneyBag | None = None
    discounted_price: Decimal | None = None
    discounted_price_set: MoneyBag | None = None
    discount_allocations: list[Allocation] | None = None
    tax_lines: list[TaxLine] | None = None
    is_removed: bool | None = None


class RefundLineItem(msgspec.Struct):
    """A line given back. With taxes included, `subtotal` contains `total_tax`."""

    line_item_id: Id
    quantity: int
    subtotal: Decimal | None = None
    subtotal_set: MoneyBag | None = None
    total_tax: Decimal | None = None
    total_tax_set: MoneyBag | None = None


class Identified(msgspec.Struct):
    """Anything that has an id."""

    id: Id | None = None


class RefundShippingLine(msgspec.Struct):
    """Delivery given back, since 2024. Older refunds have an order adjustment only."""

    shipping_line_id: Id | None = None
    shipping_line: Identified | None = None
    subtotal_amount_set: MoneyBag | None = None
    tax_amount_set: MoneyBag | None = None


class OrderAdjustment(msgspec.Struct):
    """Why the money of a refund differs from its lines; negative where more was given back."""

    kind: str | None = None
    amount: Decimal | None = None
    amount_set: MoneyBag | None = None
    tax_amount: Decimal | None = None
    tax_amount_set: MoneyBag | None = None


class Transaction(msgspec.Struct):
    """Money that moved, in the currency that the buyer saw."""

    kind: str | None = None
    status: str | None = None
    amount: Decimal | None = None
    currency: str | None = None


class Refund(msgspec.Struct):
    """A refund: what was given back, and the money, which need not agree."""

    id: Id
    created_at: str | None = None
    processed_at: str | None = None
    refund_line_items: list[RefundLineItem] | None = None
    refund_shipping_lines: list[RefundShippingLine] | None = None
    order_adjustments: list[OrderAdjustment] | None = None
    transactions: list[Transaction] | None = None


class OrderCustomer(msgspec.Struct):
    """The customer of an order."""

    id: Id | None = None
    email: str | None = None
    verified_email: bool | None = None
    phone: str | None = None


class MailingAddress(msgspec.Struct):
    """A billing, shipping or default address."""

    phone: str | None = None
    address1: str | None = None
    address2: str | None = None
    zip: str | None = None
    city: str | None = None
    country_code: str | None = None


class NoteAttribute(msgspec.Struct):
    """A word that the cart was given, by a theme or an app."""

    name: str | None = None
    value: msgspec.Raw = msgspec.Raw(b"null")


class ClientDetails(msgspec.Struct):
    """The browser that ordered."""

    browser_ip: str | None = None


class DiscountCode(msgspec.Struct):
    """A code that was typed in, or given to a draft order."""

    code: str | None = None


class Fulfillment(msgspec.Struct):
    """A shipment."""

    created_at: str | None = None


class Order(msgspec.Struct):
    """An order as the orders/* webhooks carry it."""

    id: Id
    line_items: list[LineItem]
    currency: str
    financial_status: str | None
    name: str | None = None
    created_at: str | None = None
    processed_at: str | None = None
    updated_at: str | None = None
    cancelled_at: str | None = None
    fulfillment_status: str | None = None
    taxes_included: bool | None = None
    total_price: Decimal | None = None
    total_price_set: MoneyBag | None = None
    current_total_price: Decimal | None = None
    current_total_price_set: MoneyBag | None = None
    total_outstanding: Decimal | None = None
    original_total_duties_set: MoneyBag | None = None
    current_total_duties_set: MoneyBag | None = None
    original_total_additional_fees_set: MoneyBag | None = None
    current_total_additional_fees_set: MoneyBag | None = None
    source_name: str | None = None
    test: bool | None = None
    email: str | None = None
    contact_email: str | None = None
    customer: OrderCustomer | None = None
    order_status_url: str | None = None
    discount_codes: list[DiscountCode] | None = None
    payment_gateway_names: list[str | None] | None = None
    note_attributes: list[NoteAttribute] | None = None
    landing_site: str | None = None
    phone: str | None = None
    billing_address: MailingAddress | None = None
    shipping_address: MailingAddress | None = None
    browser_ip: str | None = None
    client_details: ClientDetails | None = None
    shipping_lines: list[ShippingLine] | None = None
    refunds: list[Refund] | None = None
    fulfillments: list[Fulfillment] | None = None


class Customer(msgspec.Struct):
    """A customer. `state` is left out: it speaks of accounts of the old kind only."""

    id: Id
    created_at: str | None
    updated_at: str | None
    verified_email: bool | None = None
    email: str | None = None
    phone: str | None = None
    default_address: MailingAddress | None = None


def decode(body: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
    """Decode a body; raises Invalid beginning with `what`, naming the key, never a value."""
    if not isinstance(body, msgspec.Raw):
        body = body.removeprefix(_BOM)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"{what} is not as Shopify documents it: {error}.") from error
    except RecursionError as error:
        raise Invalid(f"{what} is nested too deep to be real.") from error
    except (msgspec.DecodeError, ValueError) as error:
        # ValueError: bytes that are not UTF-8, or a number of thousands of digits.
        raise Invalid(f"{what} is not JSON that can be read.") from error


def keys_of(body: bytes, what: str) -> dict[str, msgspec.Raw] | None:
    """Return the keys of a JSON object with their undecoded values; None for any other JSON."""
    whole = decode(body, msgspec.Raw, what)
    if bytes(whole).lstrip()[:1] != b"{":
        return None
    return decode(whole, dict[str, msgspec.Raw], what)
