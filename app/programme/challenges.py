"""The part of the programme document about challenges: so many orders in a time, or one on each day.

```toml
[[challenge]]
key = "three-in-thirty"
orders = 3
days = 30
window = "month"       # how often it can be won: "once", or in each "day", "week", "month" or "year"
points = 100           # and/or: reward = "free-coffee", badge = "regular"

[[challenge]]
key = "four-weeks"
streak = 4
each = "week"          # or "day", "month"
goods_from = "20.00"   # smaller orders don't help
points = 150

[[challenge]]
key = "five-days"
streak = 5
each = "day"
action = "check-in"    # what is done on each of the days, instead of an order
points = 20
```
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.actions import ACTION_NAME, ActionName
from app.programme.fields import OptionalMoney, Points, Slug, check_money, check_tables
from app.programme.names import Name, check_name
from app.programme.reading import wrong

MOST_CHALLENGES = 50

Step = Literal["day", "week", "month"]
Winnable = Literal["once", "day", "week", "month", "year"]

_Orders = Annotated[
    Annotated[int, Meta(ge=1, le=1000)] | None,
    Meta(description="a whole number of orders from 1 to 1000"),
]
_Days = Annotated[
    Annotated[int, Meta(ge=1, le=3660)] | None,
    Meta(description="a whole number of days from 1 to 3660"),
]
_Streak = Annotated[
    Annotated[int, Meta(ge=2, le=520)] | None,
    Meta(description="a whole number of days, weeks or months in a row from 2 to 520"),
]


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """Either `orders` within `days`, or a `streak` of days, weeks or months with an order in each.

    Days, weeks (from Monday) and months are those of the programme's time zone, by when an order was
    placed. An order helps to win once. With an `action` it is that which must be done instead.
    """

    key: Slug
    name: Name = ""
    orders: _Orders = None
    days: _Days = None
    streak: _Streak = None
    action: Annotated[ActionName | None, Meta(description=ACTION_NAME)] = (
        None  # instead of an order
    )
    each: Annotated[Step, Meta(description='"day", "week" or "month"')] = "week"
    window: Annotated[Winnable, Meta(description='"once", "day", "week", "month" or "year"')] = (
        "once"
    )
    goods_from: OptionalMoney = None  # what counts of each order must be worth at least this
    points: Points = 0
    reward: Slug | None = None
    badge: Slug | None = None


def check_challenges(challenges: Sequence[Challenge], taken: set[str]) -> None:
    """Refuse challenges that nobody could win, or that give nothing; `taken` are the keys of others."""
    check_tables("challenge", [challenge.key for challenge in challenges], MOST_CHALLENGES)
    for at, challenge in enumerate(challenges):
        _check(f"challenge[{at}]", challenge, taken)


def _check(path: str, challenge: Challenge, taken: set[str]) -> None:
    if challenge.key in taken:
        raise wrong(f"{path}.key", challenge.key, "another key: a rule, cap or tier has this one")
    check_name(f"{path}.name", challenge.name)
    check_money(f"{path}.goods_from", challenge.goods_from)
    if (challenge.orders is None) == (challenge.streak is None):
        raise ConfigError(
            f"{path} needs either orders (with days: so many orders in so many days) "
            "or streak (with each: so many days, weeks or months in a row)"
        )
    if (challenge.orders is None) != (challenge.days is None):
        raise ConfigError(f"{path}: orders and days go together, a streak has neither")
    if challenge.streak is None and challenge.each != "week":
        raise ConfigError(f'{path}.each needs the key "streak" beside it')
    if challenge.action is not None and challenge.streak is None:
        raise ConfigError(f'{path}.action needs the key "streak" beside it')
    if challenge.action is not None and challenge.goods_from is not None:
        raise ConfigError(f"{path}: action and goods_from exclude each other")
    if not challenge.points and challenge.reward is None and challenge.badge is None:
        raise ConfigError(f"{path} gives nothing; give it points, a reward or a badge")
