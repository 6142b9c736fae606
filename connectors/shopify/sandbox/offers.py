"""A discount as the shop keeps it: what it takes off what, for whom, and how often it was used."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

BASIC = "DiscountCodeBasic"
FREE_SHIPPING = "DiscountCodeFreeShipping"
BXGY = "DiscountCodeBxgy"
ORDER, PRODUCT, SHIPPING = "order", "product", "shipping"
CLASSES = frozenset([ORDER, PRODUCT, SHIPPING])


@dataclass(frozen=True)
class Items:
    """Goods that a discount is about, by id; `all` means the whole shop."""

    all: bool = False
    products: tuple[int, ...] = ()
    variants: tuple[int, ...] = ()
    collections: tuple[int, ...] = ()


@dataclass(frozen=True)
class Buys:
    """What must be in the cart beside the goods given: so many pieces, or so much money, of `items`."""

    items: Items
    quantity: int | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class Terms:
    """What a discount gives. `percent` is 10 for 10 %; amounts are in the shop's currency."""

    percent: Decimal | None = None
    amount: Decimal | None = None
    on_each: bool = False  # `amount` off each piece, else once over all of them
    quantity: int = 1  # buy X get Y: pieces given each time
    items: Items = Items(all=True)
    buys: Buys | None = None
    uses_per_order: int | None = None
    subtotal: Decimal | None = None  # the least that the goods it is about must cost
    pieces: int | None = None  # or how many of them there must be
    dearest_shipping: Decimal | None = None
    countries: frozenset[str] | None = None  # None: delivery to anywhere


@dataclass(frozen=True)
class Use:
    """One order that was placed with the code; it counts for good, whatever becomes of the order."""

    order_id: int
    customer_id: int | None
    email: str | None
    at: datetime


@dataclass
class Discount:
    """A discount with its one code."""

    id: int
    code_id: int
    kind: str  # the type in the schema
    title: str
    code: str
    starts_at: datetime
    ends_at: datetime | None
    created_at: datetime
    updated_at: datetime
    terms: Terms
    customers: tuple[int, ...] | None = None  # None: not restricted to some
    segments: tuple[int, ...] = ()
    usage_limit: int | None = None
    once_per_customer: bool = False
    combines: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    uses: list[Use] = field(default_factory=list)
    deleted: bool = False

    @property
    def type_class(self) -> str:
        """Return whether it is off the whole order, off products or off delivery."""
        if self.kind == FREE_SHIPPING:
            return SHIPPING
        if self.kind == BXGY or not self.terms.items.all or self.terms.on_each:
            return PRODUCT
        return ORDER

    def status(self, now: datetime) -> str:
        """Return its status by the time alone: one that is used up stays ACTIVE."""
        if self.ends_at is not None and self.ends_at <= now:
            return "EXPIRED"
        return "SCHEDULED" if self.starts_at > now else "ACTIVE"

    def counted(self, now: datetime, delay: float) -> int:
        """Return how many uses the API tells of; each shows only `delay` seconds after it happened."""
        return sum(one.at + timedelta(seconds=delay) <= now for one in self.uses)
