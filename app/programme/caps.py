"""The part of the programme document about several orders of a person: caps, and which orders count.

```toml
[[cap]]
key = "daily"
points = 30
per = "day"            # "day", "month", "year" or "lifetime"
rules = ["per-unit"]   # left out: every rule on orders, and the bonuses of campaigns

[[rule]]
key = "first-order"
on = "order.count"
points = 50
orders = 1             # or: every = 10
```
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.fields import PointsAboveZero, Slug, check_known, check_named_once, check_tables
from app.programme.reading import wrong

MOST_CAPS = 20
MOST_ORDERS = 1_000_000

ORDER_COUNT = "order.count"
"""The trigger of milestones: the first order, the fifth, every tenth."""

ITEM_COUNT = "items.count"
"""The trigger of punch cards: every tenth piece."""

Period = Literal["day", "month", "year", "lifetime"]
NumberOfOrders = Annotated[
    Annotated[int, Meta(ge=1, le=MOST_ORDERS)] | None,
    Meta(description=f"a whole number of orders from 1 to {MOST_ORDERS}"),
]


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """The most that `rules` (all on orders, if none are named) give a person for one period's orders.

    A campaign with a bonus may be named as a rule; if none are named, it is limited as well.
    Days, months and years are those of the programme's time zone, by when an order was placed.
    """

    key: Slug
    points: PointsAboveZero
    per: Annotated[Period, Meta(description='"day", "month", "year" or "lifetime"')]
    rules: Annotated[
        tuple[Slug, ...], Meta(description='a list of keys of rules, as ["per-unit"]')
    ] = ()


def check_milestone(path: str, trigger: str, orders: int | None, every: int | None) -> None:
    """Refuse a rule that counts orders without saying which, or says so without counting."""
    given = [name for name, value in (("orders", orders), ("every", every)) if value is not None]
    if trigger == ITEM_COUNT:
        if given != ["every"]:
            raise ConfigError(
                f'{path}: a rule on "{ITEM_COUNT}" needs the key every (each n-th piece), and no other count'
            )
    elif trigger != ORDER_COUNT:
        for name in given:
            raise ConfigError(
                f'{path}.{name}: only a rule on "{ORDER_COUNT}" has this key, this one is on "{trigger}"'
            )
    elif len(given) != 1:
        raise ConfigError(
            f'{path}: a rule on "{ORDER_COUNT}" needs either orders (the n-th order) '
            "or every (each n-th order)"
        )


def check_caps(caps: Sequence[Cap], rules: Mapping[str, int], on_orders: Sequence[str]) -> None:
    """Refuse caps without a key of their own or on what no order earns.

    `rules` tells where each rule stands in the document, `on_orders` what gives points for single
    orders.
    """
    check_tables("cap", [cap.key for cap in caps], MOST_CAPS)
    for at, cap in enumerate(caps):
        if cap.key in rules:
            raise wrong(
                f"cap[{at}].key", cap.key, f"another key: rule[{rules[cap.key]}] has this one"
            )
        check_named_once(f"cap[{at}].rules", cap.rules)
        check_known(
            f"cap[{at}].rules",
            cap.rules,
            on_orders,
            'the key of a rule on "order.paid" or "order.completed", or of a campaign with a bonus',
        )
