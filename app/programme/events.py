"""Earning events: what is true about a source object now, in words no platform owns.

A connector makes them, the services store their facts, the rules read them. Facts hold ids, amounts
and times only: never a name, e-mail, phone or address (DESIGN.md, Security and privacy).
Amounts are exact Decimals in the order's currency; times are aware UTC.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from app.programme.shop_money import MoneyKind


class Standing(StrEnum):
    """How far an order has come. Refunds are not a standing: money decides."""

    DRAFT = "draft"  # a cart that may never become an order
    OPEN = "open"  # placed, not yet paid
    PAID = "paid"
    COMPLETED = "completed"
    CANCELLED = "cancelled"  # cancelled or payment failed
    REMOVED = "removed"  # trashed or deleted


class LineKind(StrEnum):
    """What a line sells."""

    GOODS = "goods"
    GIFT_CARD = "gift_card"
    TIP = "tip"
    SHIPPING = "shipping"
    FEE = "fee"  # a negative fee is a discount


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an order, after all discounts. `net` is without tax, `net + tax` with it."""

    id: str
    kind: LineKind = LineKind.GOODS
    product: str | None = None
    variant: str | None = None
    sku: str | None = None
    quantity: int = 1
    net: Decimal
    tax: Decimal = Decimal(0)


class RefundLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Part of one order line that was given back; amounts are positive.

    Any kind of line: delivery and fees too, or their money would be taken off the goods.
    """

    line: str
    quantity: int = 0
    net: Decimal
    tax: Decimal = Decimal(0)


class Refund(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money given back. `lines` is None while we have not read which lines it belongs to."""

    id: str
    amount: Decimal  # positive, with tax
    at: datetime | None = None
    lines: tuple[RefundLine, ...] | None = None


class DisputeStatus(StrEnum):
    """How far a payment that the buyer's bank calls into question has come."""

    OPEN = "open"  # what the order earned is held back
    WON = "won"  # by the shop: as if there had been none
    LOST = "lost"  # by the shop: the money is gone as if refunded


class Dispute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment of an order that was called into question (a chargeback or an inquiry)."""

    id: str
    status: DisputeStatus
    amount: Decimal  # positive, with tax
    currency: str
    at: datetime | None = None  # when it was decided, else when it began


class CreditBack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was given back to a gift card or to store credit that an order had been paid with."""

    amount: Decimal  # positive
    at: datetime | None = None


class CreditUse(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an order was paid with besides money; whose gift card or credit that was is asked elsewhere.

    `amount` is None while nobody has read how much it was: bodies of orders name the way of paying only.
    A card is named by the platform's id and by the last characters of its code, as far as it tells them.
    """

    kind: MoneyKind
    card: str = ""
    last: str = ""  # lower-cased
    amount: Decimal | None = None  # paid with it, in the order's currency
    back: tuple[CreditBack, ...] = ()


class OrderFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order"):
    """The newest known state of one order."""

    standing: Standing
    status: str  # the platform's own word, for people
    currency: str
    prices_include_tax: bool
    total: Decimal  # to be paid altogether; refunds don't lower it
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    channel: str | None = None
    test: bool = False
    lines: tuple[Line, ...] = ()
    refunds: tuple[Refund, ...] = ()
    codes: tuple[str, ...] = ()  # discount codes, lower-cased
    disputes: tuple[Dispute, ...] = ()  # no order body shows them: what is known is kept
    credits: tuple[CreditUse, ...] = ()  # what it was paid with besides money
    referral: str | None = (
        None  # the code of who recommended the shop, as `referral.code_in` has it
    )


class CustomerFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="customer"):
    """An account in the shop. `registered` says that it is a shopper's own account."""

    registered: bool
    removed: bool = False
    role: str | None = None
    referral: str | None = None  # as an order's


class ReviewFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="review"):
    """A product review. The rating is kept for display only: it never moves a point."""

    product: str
    published: bool
    removed: bool = False
    verified: bool = False
    rating: int | None = None
    status: str = ""
    photos: int = 0
    videos: int = 0


class EnrolmentFacts(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="enrolment"
):
    """A person joined the programme itself, not through a shop account."""

    by: str = "manager"


class ActionFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="action"):
    """Something that a person did besides buying, or a day of theirs: "birthday", "anniversary".

    `action` is its name in rules: "app-install", "newsletter", "quiz:coffee". What people chose in
    quizzes and surveys are numbers of answers, never words of theirs.
    """

    action: str
    removed: bool = False  # withdrawn: as if it had never been
    ended: bool = False  # was so and is no more, as a subscription
    years: int | None = None  # of an anniversary
    right: int | None = None  # of a quiz: how many answers were
    answers: tuple[int, ...] = ()  # of a quiz or survey: which was chosen, question by question


class ProductFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="product"):
    """What kind of goods a product is. Earns nothing; rules about such goods ask it (goods.py)."""

    categories: tuple[str, ...] = ()  # slugs or handles, sorted
    tags: tuple[str, ...] = ()  # sorted
    on_sale: bool = False  # it, or any of its variants
    removed: bool = False


class RedemptionState(StrEnum):
    """How far a redemption has come."""

    RESERVED = "reserved"  # the points are taken, the code is being made
    ISSUED = "issued"  # the code is in the shop
    USED = "used"  # an order that counts shows it
    RELEASED = "released"  # the code is dead, the points are back
    LAPSED = "lapsed"  # it ended unused, and the reward gives nothing back for that


class RedemptionFacts(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="redemption"
):
    """One person's use of a reward, as it was offered then. It costs points unless it is released."""

    reward: str
    cost: int
    kind: str
    value: Decimal | None = None
    currency: str | None = None  # of `value`, if that is money
    product: str | None = None
    url: str = ""  # of a download
    cause: str = ""  # of a donation, whose `value` is for it
    products: tuple[str, ...] = ()  # of percent and fixed: what it is off, in that shop; none: all
    state: RedemptionState
    given_back: bool = False  # used, but its order was refunded in full and the reward gives back


Facts = (
    OrderFacts
    | CustomerFacts
    | ReviewFacts
    | EnrolmentFacts
    | ActionFacts
    | ProductFacts
    | RedemptionFacts
)


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where goods are sent, as the shopper wrote it."""

    street: str = ""  # with numbers, all its lines
    postcode: str = ""
    city: str = ""
    country: str = ""  # two letters


class Person(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is behind an object, as the platform says. Lives only as long as one delivery's handling.

    `customer` is the platform's account id, None for a guest. `verified` means that the platform
    vouches for the e-mail. `erased` marks placeholders left by a privacy eraser: never a person.
    """

    customer: str | None = None
    email: str | None = None
    verified: bool = False
    erased: bool = False


class Contact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a person is, as an order or account says. Lives as long as `Person`, or is never used.

    It is compared by keyed hashes, and only in programmes with rules about friends. `ip` is the
    internet address that an order came from.
    """

    phones: tuple[str, ...] = ()
    address: Address | None = None
    ip: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One statement about one source object.

    `modified_at` is the remote modification time, None where the platform keeps none (the state then
    counts by the moment it was read). `occurred_at` is when the thing happened (order placed, account
    made). `facts` is None when the object is gone and nothing but that is known.

    Two statements speak of an object without stating it whole: `into` says that a customer is gone
    because the shop merged it into another one, `dispute` adds to an order what its body never shows.
    """

    kind: str  # "order" | "customer" | "review" | "enrolment" | "action" | ...
    external_id: str
    number: str | None = None  # what people call it, e.g. #1001
    modified_at: datetime | None
    occurred_at: datetime | None
    person: Person = Person()
    contact: Contact = Contact()
    facts: Facts | None
    into: str | None = None  # of a customer: the platform's id of the one that was kept
    dispute: Dispute | None = None  # of an order; `facts` is None and the order is not gone
