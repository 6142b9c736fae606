"""The part of the programme document about segments: groups of members, by what they did.

```toml
[[segment]]
key = "sleeping"
name = "Sleeping regulars"
months = 12
where = { orders_from = 3, last_order_days_over = 60, rfm = { money = [4, 5] } }
```

All conditions must hold; none at all is every member. Who is in a segment is worked out in `segmenting`.
"""

from collections.abc import Collection, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.channels import Channel, check_channels
from app.programme.fields import (
    OptionalMoney,
    Slug,
    check_known,
    check_money,
    check_tables,
    check_threshold,
)
from app.programme.lines import Lines, StoreKey, check_lines
from app.programme.names import ShortName
from app.programme.own_terms import MOST_STORES
from app.programme.reading import wrong

MOST_SEGMENTS = 100
MOST_MONTHS = 120
MOST_DAYS = 36_500
MOST_ORDERS = 1_000_000
USUAL_MONTHS = 12

Months = Annotated[
    int,
    Meta(ge=1, le=MOST_MONTHS, description=f"a whole number of months from 1 to {MOST_MONTHS}"),
]
OptionalDays = Annotated[
    Annotated[int, Meta(ge=0, le=MOST_DAYS)] | None,
    Meta(description=f"a whole number of days from 0 to {MOST_DAYS}"),
]
OptionalOrders = Annotated[
    Annotated[int, Meta(ge=0, le=MOST_ORDERS)] | None,
    Meta(description=f"a whole number of orders from 0 to {MOST_ORDERS}"),
]
_FIFTH = "fifths from 1 (the least) to 5 (the most), as [4, 5]"
Fifth = Annotated[int, Meta(ge=1, le=5, description=_FIFTH)]
Fifths = Annotated[tuple[Fifth, ...], Meta(description=_FIFTH)]


class Rfm(msgspec.Struct, frozen=True, kw_only=True):
    """In which fifth of all who bought something within 12 months a member must be; none: any."""

    recency: Fifths = ()  # 5: the latest
    frequency: Fifths = ()
    money: Fifths = ()


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold for a member to be in a segment. Orders are those of the segment's months."""

    spend_over: OptionalMoney = None  # strictly more, in the programme's currency
    spend_from: OptionalMoney = None  # that much or more
    spend_under: OptionalMoney = None  # strictly less
    orders_from: OptionalOrders = None
    orders_up_to: OptionalOrders = None
    last_order_days_over: OptionalDays = None  # more than so many days ago, whatever the months
    last_order_days_under: OptionalDays = None
    joined_days_over: OptionalDays = None
    joined_days_under: OptionalDays = None
    tiers: Annotated[
        tuple[Slug, ...], Meta(description='a list of keys of tiers, as ["gold"]')
    ] = ()
    stores: tuple[StoreKey, ...] = ()  # bought in one of them
    channels: tuple[Channel, ...] = ()  # bought in one of these ways
    bought: Lines | None = None  # and kept at least one of these
    newsletter: bool | None = None  # subscribed now, or not
    rfm: Rfm | None = None


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Members of whom all of `where` holds."""

    key: Slug
    name: ShortName = ""  # for people; empty: the key
    months: Months = USUAL_MONTHS
    where: Where

    @property
    def shown(self) -> str:
        """Return what people call it."""
        return self.name or self.key


_SPANS = (
    ("orders_from", "orders_up_to", 0),
    ("last_order_days_over", "last_order_days_under", 2),
    ("joined_days_over", "joined_days_under", 2),
)
"""Two bounds, and how far apart they are at least for anything to lie between them."""


def check_segments(segments: Sequence[Segment], tiers: Collection[str]) -> None:
    """Refuse segments that nobody could ever be in. Raises ConfigError."""
    check_tables("segment", [segment.key for segment in segments], MOST_SEGMENTS)
    for at, segment in enumerate(segments):
        _check_where(f"segment[{at}].where", segment.where, tiers)


def _check_where(path: str, where: Where, tiers: Collection[str]) -> None:
    check_threshold(path, "spend", where.spend_over, where.spend_from)
    check_money(f"{path}.spend_under", where.spend_under)
    least = where.spend_from if where.spend_over is None else where.spend_over
    if least is not None and where.spend_under is not None and where.spend_under <= least:
        raise wrong(f"{path}.spend_under", where.spend_under, f"an amount above {least}")
    for first, last, apart in _SPANS:
        low, high = getattr(where, first), getattr(where, last)
        if low is not None and high is not None and high < low + apart:
            raise wrong(f"{path}.{last}", high, f"at least {low + apart}: {first} is {low}")
    check_known(f"{path}.tiers", where.tiers, tiers, "the key of a tier")
    if len(where.stores) > MOST_STORES:
        raise wrong(f"{path}.stores", f"{len(where.stores)} of them", f"at most {MOST_STORES}")
    check_channels(path, where.channels, ())
    check_lines(f"{path}.bought", where.bought)
    if where.rfm is not None and where.rfm == Rfm():
        raise ConfigError(f'{path}.rfm is empty; give it "recency", "frequency" or "money"')


def asks_for_newsletters(segments: Sequence[Segment]) -> bool:
    """Say whether any segment asks who has the newsletter."""
    return any(one.where.newsletter is not None for one in segments)


def stores_named(segment: Segment) -> tuple[str, ...]:
    """Return the keys of the stores that a segment speaks of, each once."""
    products = () if segment.where.bought is None else segment.where.bought.products
    return tuple(dict.fromkeys((*segment.where.stores, *(one.store for one in products))))
