"""Shopify's GraphQL objects as typed structs, with the fields that the documents ask for.

Amounts come without padding ("70.0"), enums in upper case, times in UTC, ids as gids. What is protected
and not granted is null with an error beside it; the reader lets that pass.
"""

from decimal import Decimal

import msgspec


class Money(msgspec.Struct):
    """An amount in the shop's currency."""

    amount: Decimal


class MoneyBag(msgspec.Struct, rename="camel"):
    """An amount; only the shop's currency is asked for."""

    shop_money: Money


class Node(msgspec.Struct):
    """Anything that has a gid."""

    id: str


class Shop(msgspec.Struct, rename="camel"):
    """Which shop answered."""

    id: str
    myshopify_domain: str


class EmailAddress(msgspec.Struct, rename="camel"):
    """A customer's e-mail."""

    email_address: str | None = None


class Customer(msgspec.Struct, rename="camel"):
    """A customer; the times are asked for only where it is read by itself."""

    id: str
    created_at: str | None = None
    updated_at: str | None = None
    verified_email: bool | None = None
    default_email_address: EmailAddress | None = None

    @property
    def email(self) -> str | None:
        """Return the e-mail, None if there is none or it may not be seen."""
        found = self.default_email_address
        return None if found is None else found.email_address


class TaxLine(msgspec.Struct, rename="camel"):
    """One tax on a line, for its whole quantity."""

    price_set: MoneyBag


class Allocation(msgspec.Struct, rename="camel"):
    """The part of a discount that fell on a line, for its whole quantity."""

    allocated_amount_set: MoneyBag


class LineItem(msgspec.Struct, rename="camel"):
    """A line of goods, a gift card or a tip."""

    id: str
    quantity: int
    current_quantity: int
    original_unit_price_set: MoneyBag
    discount_allocations: list[Allocation]
    tax_lines: list[TaxLine]
    is_gift_card: bool
    taxable: bool
    requires_shipping: bool
    sku: str | None = None
    product: Node | None = None
    variant: Node | None = None


class ShippingLine(msgspec.Struct, rename="camel"):
    """A way of delivery."""

    id: str | None
    is_removed: bool
    discounted_price_set: MoneyBag
    tax_lines: list[TaxLine]


class RefundLineItem(msgspec.Struct, rename="camel"):
    """A line given back."""

    quantity: int
    line_item: Node
    subtotal_set: MoneyBag
    total_tax_set: MoneyBag


class MaybeNode(msgspec.Struct):
    """Something whose gid may be null."""

    id: str | None = None


class RefundShippingLine(msgspec.Struct, rename="camel"):
    """Delivery given back."""

    shipping_line: MaybeNode
    subtotal_amount_set: MoneyBag
    tax_amount_set: MoneyBag | None = None


class RefundLineItems(msgspec.Struct):
    """All lines of a refund."""

    nodes: list[RefundLineItem]


class RefundShippingLines(msgspec.Struct):
    """All deliveries of a refund."""

    nodes: list[RefundShippingLine]


class Refund(msgspec.Struct, rename="camel"):
    """A refund; `total_refunded_set` is the money that really went back."""

    id: str
    total_refunded_set: MoneyBag
    refund_line_items: RefundLineItems
    refund_shipping_lines: RefundShippingLines
    created_at: str | None = None
    processed_at: str | None = None


class Collection(msgspec.Struct):
    """A collection of products."""

    handle: str


class Collections(msgspec.Struct):
    """The collections that a product is in."""

    nodes: list[Collection]


class Variant(msgspec.Struct, rename="camel"):
    """A variant of a product, with what it costs and what the shop compares that to."""

    price: Decimal
    compare_at_price: Decimal | None = None


class Variants(msgspec.Struct):
    """The variants of a product."""

    nodes: list[Variant]


class Product(msgspec.Struct, rename="camel"):
    """A product, as product.graphql asks for it."""

    id: str
    tags: list[str]
    collections: Collections
    variants: Variants
    created_at: str | None = None
    updated_at: str | None = None


class Seen(msgspec.Struct, rename="camel"):
    """The currency that the buyer saw."""

    currency_code: str


class Sent(msgspec.Struct, rename="camel"):
    """An amount that was paid or given back, and the currency that the buyer saw it in."""

    shop_money: Money
    presentment_money: Seen | None = None


class Transaction(msgspec.Struct, rename="camel"):
    """Money that moved, as order_transactions.graphql asks for it."""

    id: str
    kind: str
    status: str
    amount_set: Sent
    gateway: str | None = None
    created_at: str | None = None
    processed_at: str | None = None
    receipt_json: msgspec.Raw = msgspec.Raw(b"null")
    parent_transaction: Node | None = None


class LineItems(msgspec.Struct):
    """All lines of an order."""

    nodes: list[LineItem]


class ShippingLines(msgspec.Struct):
    """All ways of delivery of an order."""

    nodes: list[ShippingLine]


class Fulfillment(msgspec.Struct, rename="camel"):
    """A shipment."""

    created_at: str


class Attribute(msgspec.Struct):
    """A word that the cart was given, by a theme or an app."""

    key: str
    value: str | None = None


class Order(msgspec.Struct, rename="camel"):
    """An order as order.graphql asks for it, with all of its refunds.

    Its transactions are read where `payment_gateway_names` makes them matter only.
    """

    id: str
    name: str
    created_at: str
    processed_at: str | None
    updated_at: str
    cancelled_at: str | None
    display_financial_status: str | None
    display_fulfillment_status: str | None
    currency_code: str
    taxes_included: bool
    test: bool
    line_items: LineItems
    shipping_lines: ShippingLines
    refunds: list[Refund]
    net_payment_set: MoneyBag
    total_tip_received_set: MoneyBag
    discount_codes: list[str]
    fulfillments: list[Fulfillment]
    custom_attributes: list[Attribute] = msgspec.field(default_factory=list)
    payment_gateway_names: list[str] = msgspec.field(default_factory=list)
    transactions: list[Transaction] = msgspec.field(default_factory=list)
    source_name: str | None = None
    email: str | None = None
    customer: Customer | None = None
    original_total_duties_set: MoneyBag | None = None
    current_total_duties_set: MoneyBag | None = None
    original_total_additional_fees_set: MoneyBag | None = None
    current_total_additional_fees_set: MoneyBag | None = None
