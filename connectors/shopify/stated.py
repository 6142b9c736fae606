"""What an order says, in words that webhooks and GraphQL share; amounts in the shop's money.

Two thin decoders fill these (rest_orders, graphql_orders); one function makes the event (orders). So a
webhook and a read of the same order cannot come out differently by more than what they say.
Amounts are as written; whatever stands for "not said" is None.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from app.programme.events import Contact, CreditUse, LineKind, Person
from connectors import texts
from connectors.shopify import values

DUTIES = "duties"
FEES = "fees"


def shipping_id(number: str) -> str:
    """Return our line id of a shipping line: its ids and those of goods are not one series."""
    return f"shipping:{number}"


class LineStated(NamedTuple):
    """A line of goods, a gift card or a tip; `discount` and `tax` are of the whole quantity."""

    id: str
    kind: LineKind
    product: str | None
    variant: str | None
    sku: str | None
    quantity: int  # ordered, with what was refunded or edited out since
    current: int | None  # without that
    price: Decimal  # of one piece, before discounts
    discount: Decimal
    tax: Decimal


class ShippingStated(NamedTuple):
    """A way of delivery; `price` is after discounts, with tax where prices include it."""

    id: str  # `shipping_id`
    price: Decimal
    tax: Decimal
    removed: bool  # by an edit


class RefundLineStated(NamedTuple):
    """A line given back; `subtotal` contains the tax where prices include it."""

    line: str
    quantity: int
    subtotal: Decimal
    tax: Decimal


class RefundStated(NamedTuple):
    """A refund; `money` is what went back."""

    id: str
    at: datetime | None
    lines: tuple[RefundLineStated, ...]
    money: Decimal


class OrderStated(NamedTuple):
    """One order."""

    id: str
    name: str | None
    occurred_at: datetime
    modified_at: datetime | None
    entered_at: datetime | None  # later than `occurred_at` for imports
    cancelled: bool
    financial: str  # lower case, "" if the shop names none
    fulfilled_at: datetime | None
    fulfilled: bool
    currency: str
    taxes_included: bool
    channel: str | None
    test: bool
    lines: tuple[LineStated, ...]
    shipping: tuple[ShippingStated, ...]
    extras: tuple[tuple[str, Decimal], ...]  # DUTIES, FEES
    refunds: tuple[RefundStated, ...]
    received: Decimal | None  # paid and not given back
    codes: tuple[str, ...]
    credits: tuple[CreditUse, ...]
    referral: str | None
    person: Person
    contact: Contact  # reads ask for none of it


def person_of(
    customer: str | None,
    email: str | None,
    verified: bool | None,
    order_emails: Sequence[str | None],
) -> Person:
    """Return who bought. Shopify vouches for a customer's own e-mail only, not for an order's."""
    own = texts.email(email)
    others = (kept for one in order_emails if (kept := texts.email(one)))
    return Person(
        customer=customer,
        email=own or next(others, None),
        verified=own is not None and customer is not None and verified is True,
    )


def codes_of(codes: Iterable[str | None]) -> tuple[str, ...]:
    """Return discount codes in lower case, each once, in the shop's sequence."""
    kept = (texts.short(code) for code in codes)
    return tuple(dict.fromkeys(code.lower() for code in kept if code))


def latest(shipped: Iterable[str | None]) -> datetime | None:
    """Return when the last shipment was made."""
    times = (values.moment(one, "fulfillments.created_at") for one in shipped)
    return max((found for found in times if found), default=None)


def larger(original: Decimal, current: Decimal) -> Decimal:
    """Return the larger of an original and a current sum.

    Refunds lower the current one, and come as refunds too; only an edit can raise it.
    """
    return max(original, current)
