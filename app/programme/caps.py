"""The part of the programme document about several things of a person: caps, and which orders count.

```toml
[[cap]]
key = "daily"
points = 30
per = "day"            # "day", "month", "year" or "lifetime"
rules = ["per-unit"]   # left out: every rule on orders, and the bonuses of campaigns

[[cap]]
key = "few-reviews"
times = 3              # or: points
per = "month"
of = "reviews"         # left out: orders

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
from app.programme.fields import MOST_POINTS, Slug, check_known, check_named_once, check_tables
from app.programme.reading import wrong

MOST_CAPS = 20
MOST_ORDERS = 1_000_000

ORDER_COUNT = "order.count"
"""The trigger of milestones: the first order, the fifth, every tenth."""

ITEM_COUNT = "items.count"
"""The trigger of punch cards: every tenth piece."""

Period = Literal["day", "month", "year", "lifetime"]
CapOf = Literal["orders", "reviews", "actions"]

OTHERS: dict[str, tuple[str, ...]] = {
    "reviews": ("review.published",),
    "actions": ("action", "birthday", "anniversary"),
}
"""The triggers of rules that a cap may be of, besides those on orders."""

MostTimes = Annotated[
    Annotated[int, Meta(ge=1, le=MOST_ORDERS)] | None,
    Meta(description=f"a whole number of times from 1 to {MOST_ORDERS}"),
]

NumberOfOrders = Annotated[
    Annotated[int, Meta(ge=1, le=MOST_ORDERS)] | None,
    Meta(description=f"a whole number of orders from 1 to {MOST_ORDERS}"),
]


class Cap(msgspec.Struct, frozen=True, kw_only=True):
    """The most that `rules` (all of their kind, if none are named) give a person in one period.

    Either so many points, or so many orders (reviews, actions) that give any. A campaign with a bonus may be
    named as a rule on orders; if none are named, it is limited as well. Days, months and years are those of
    the programme's time zone, by when an order was placed or another thing happened.
    """

    key: Slug
    points: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_POINTS)] | None,
        Meta(description=f"a whole number from 1 to {MOST_POINTS}"),
    ] = None
    times: MostTimes = None
    per: Annotated[Period, Meta(description='"day", "month", "year" or "lifetime"')]
    of: Annotated[CapOf, Meta(description='"orders", "reviews" or "actions"')] = "orders"
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


def check_caps(caps: Sequence[Cap], rules: Mapping[str, str], on_orders: Sequence[str]) -> None:
    """Refuse caps without a key of their own, without a limit, or on what earns nothing of their kind.

    `rules` tells the trigger of each rule, in their order; `on_orders` what gives points for single orders.
    """
    check_tables("cap", [cap.key for cap in caps], MOST_CAPS)
    for at, cap in enumerate(caps):
        if cap.key in rules:
            place = list(rules).index(cap.key)
            raise wrong(f"cap[{at}].key", cap.key, f"another key: rule[{place}] has this one")
        if (cap.points is None) == (cap.times is None):
            raise ConfigError(f"cap[{at}] needs either points (so many) or times (so often)")
        triggers = OTHERS.get(cap.of, ())
        known = [key for key, on in rules.items() if on in triggers] if triggers else on_orders
        several = " or ".join(f'"{one}"' for one in triggers)
        check_named_once(f"cap[{at}].rules", cap.rules)
        check_known(
            f"cap[{at}].rules",
            cap.rules,
            known,
            f"the key of a rule on {several}"
            if triggers
            else 'the key of a rule on "order.paid" or "order.completed", or of a campaign with a bonus',
        )
