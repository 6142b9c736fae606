"""One reward of the programme document: its keys, and which of them fit together."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.by_hand import BY_HAND, DONATION, DRAW, EVENT, OWN_KEYS, PRIZE, Url
from app.programme.fields import (
    OptionalMoney,
    Points,
    Slug,
    check_price,
    check_unique,
    decimals,
)
from app.programme.lines import Lines, Product, asks_for_goods, check_lines
from app.programme.names import Name, check_name
from app.programme.reading import wrong
from app.programme.shop_money import NOT_OF_MONEY, SHOP_MONEY

MOST_TAKEN = 1_000_000
MOST_PRODUCTS = 100

Each = Literal["lifetime", "year", "month"]
Cancelled = Literal["code", "points", "none"]
OptionalCount = Annotated[
    Annotated[int, Meta(ge=1, le=MOST_TAKEN)] | None,
    Meta(description=f"a whole number from 1 to {MOST_TAKEN}"),
]
OptionalTime = Annotated[
    Annotated[datetime, Meta(tz=False)] | None,
    Meta(
        description="a local time of the programme's timezone without offset, as 2026-11-27T00:00:00"
    ),
]


class Reward(msgspec.Struct, frozen=True, kw_only=True):
    """What points can be exchanged for."""

    key: Slug
    cost: Points = 0  # 0: nobody can have it for points, a rule or challenge gives it
    kind: Annotated[
        Literal[
            "percent",
            "fixed",
            "free-delivery",
            "free-product",
            "gift-card",
            "store-credit",
            "early-access",
            "event",
            "prize",
            "draw",
            "download",
            "donation",
        ],
        Meta(
            description='"percent", "fixed", "free-delivery", "free-product", "gift-card", "store-credit", '
            '"early-access", "event", "prize", "draw", "download" or "donation"'
        ),
    ]
    # Percent, or money in the programme's currency: off, to pay with, or for the cause.
    value: OptionalMoney = None
    name: Name = ""  # for people; empty: said by kind and value
    valid_days: Annotated[
        Annotated[int, Meta(ge=1, le=3650)] | None,
        Meta(description="a whole number of days from 1 to 3650"),
    ] = None
    minimum: OptionalMoney = None  # what the goods of the order must cost at least
    combinable: bool = False  # with other discounts of the shop
    automatic: bool = False  # issued by itself as soon as the balance reaches the cost
    refunded: Annotated[
        Literal["none", "points", "new-code"],
        Meta(description='"none", "points" or "new-code"'),
    ] = "none"  # what a member gets back when the order it was used for is refunded in full
    expired: Annotated[Literal["none", "points"], Meta(description='"none" or "points"')] = (
        "points"  # what a member gets back when its time ends unused
    )
    cancelled: Annotated[Cancelled, Meta(description='"code", "points" or "none"')] = (
        "code"  # … when it is cancelled: the code, if the shop lets it be used again, else points
    )
    product: tuple[Product, ...] = ()  # of a free product: which it is, shop by shop
    lines: Lines | None = None  # of percent and fixed: off these products only
    seats: OptionalCount = None  # of an event: how many there are
    stock: OptionalCount = None  # of a prize: how many there are
    winners: OptionalCount = None  # of a draw: how many there will be
    url: Url = ""  # of a download
    cause: Name = ""  # of a donation: who gets the money
    total: OptionalCount = None  # how many can be taken altogether (limits.py)
    per_member: OptionalCount = None  # how many each member can take …
    each: Annotated[Each, Meta(description='"lifetime", "year" or "month"')] = "lifetime"  # … in it
    tiers: Annotated[
        tuple[Slug, ...], Meta(description='a list of keys of tiers, as ["gold"]')
    ] = ()  # only for who has one of these
    segments: Annotated[
        tuple[Slug, ...], Meta(description='a list of keys of segments, as ["sleeping"]')
    ] = ()  # only for who is in one of these
    from_: OptionalTime = msgspec.field(default=None, name="from")
    until: OptionalTime = None


def check_reward(path: str, reward: Reward) -> None:
    """Refuse a reward whose keys do not fit together. Raises ConfigError."""
    if reward.kind in {"percent", "fixed", DONATION} | SHOP_MONEY:
        if reward.value is None:
            raise ConfigError(f'{path}.value is missing: a reward of kind "{reward.kind}" needs it')
        if reward.kind == "percent":
            _percent(f"{path}.value", reward.value)
        else:
            check_price(f"{path}.value", reward.value)
    elif reward.value is not None:
        raise ConfigError(f'{path}.value: a reward of kind "{reward.kind}" has no value')
    check_name(f"{path}.name", reward.name)
    check_price(f"{path}.minimum", reward.minimum)
    _check_by_hand(path, reward)
    if reward.kind == "early-access" or reward.kind in BY_HAND:
        _only_for_codes(path, reward)
    elif reward.kind in SHOP_MONEY:
        _only_for_codes(path, reward, NOT_OF_MONEY)
    if reward.product and reward.kind != "free-product":
        raise ConfigError(
            f'{path}.product: only a reward of kind "free-product" has this key, '
            f'this one is of kind "{reward.kind}"'
        )
    _check_lines(f"{path}.lines", reward)
    _check_expired(path, reward)
    _check_cancelled(path, reward)
    check_unique(f"{path}.product", "store", [product.store for product in reward.product])


def _check_by_hand(path: str, reward: Reward) -> None:
    """Refuse keys that do not belong to the kind, and kinds without theirs. Raises ConfigError."""
    check_name(f"{path}.cause", reward.cause)
    for name, kind in OWN_KEYS.items():
        value = getattr(reward, name)
        if reward.kind == kind and not value:
            raise ConfigError(f'{path}.{name} is missing: a reward of kind "{kind}" needs it')
        if value and reward.kind != kind:
            raise ConfigError(
                f'{path}.{name}: only a reward of kind "{kind}" has this key, '
                f'this one is of kind "{reward.kind}"'
            )
    if reward.kind not in BY_HAND:
        return
    if not reward.cost:
        raise wrong(f"{path}.cost", reward.cost, "a price in points above 0: nothing else gives it")
    if reward.valid_days is not None:
        raise ConfigError(
            f'{path}.valid_days: a reward of kind "{reward.kind}" has no time that ends'
        )
    if reward.kind == DRAW and reward.until is None:
        raise ConfigError(
            f"{path}.until is missing: a draw is held when the time for tickets is over"
        )
    if reward.kind in {EVENT, PRIZE} and reward.total is not None:
        own = next(name for name, kind in OWN_KEYS.items() if kind == reward.kind)
        raise ConfigError(f"{path}: {own} and total exclude each other; they mean the same")


def _check_expired(path: str, reward: Reward) -> None:
    if reward.expired == "points":
        return
    for name, given in (("valid_days", reward.valid_days), ("cost", reward.cost)):
        if not given:
            raise ConfigError(f'{path}.expired needs the key "{name}" beside it')


def _check_cancelled(path: str, reward: Reward) -> None:
    if reward.cancelled == "code":
        return
    if not reward.cost:
        raise ConfigError(f'{path}.cancelled needs the key "cost" beside it')
    if reward.cancelled == "none" and reward.refunded != "none":
        # Whose order is cancelled gets the money back: then the one key would undo the other.
        raise ConfigError(
            f'{path}: cancelled = "none" and refunded = "{reward.refunded}" exclude each other; '
            "a cancelled order is refunded as well"
        )


def _check_lines(path: str, reward: Reward) -> None:
    """Refuse goods that no shop can limit a code to, or not as it is meant."""
    if reward.lines is None:
        return
    if reward.kind not in {"percent", "fixed"}:
        raise ConfigError(
            f'{path}: only a reward of kind "percent" or "fixed" has this key, '
            f'this one is of kind "{reward.kind}"'
        )
    if asks_for_goods(reward.lines):
        raise ConfigError(
            f"{path}: shops limit a code to products only; name them as {path}.products"
        )
    if reward.lines.skus:
        raise ConfigError(
            f"{path}.skus: shops limit a code to products only; name them as {path}.products"
        )
    check_lines(path, reward.lines)
    if len(reward.lines.products) > MOST_PRODUCTS:
        raise wrong(
            f"{path}.products", f"{len(reward.lines.products)} of them", f"at most {MOST_PRODUCTS}"
        )
    if reward.minimum is not None:
        raise ConfigError(
            f"{path}: lines and minimum exclude each other; one shop would count these goods alone, "
            "another the whole cart"
        )


def _only_for_codes(path: str, reward: Reward, names: Sequence[str] = ()) -> None:
    """Refuse these keys (all that belong to codes) of a reward that is no discount code."""
    for name, given in (
        ("minimum", reward.minimum is not None),
        ("combinable", reward.combinable),
        ("automatic", reward.automatic),
        ("refunded", reward.refunded != "none"),
        ("expired", reward.expired != "points"),
        ("cancelled", reward.cancelled != "code"),
    ):
        if given and (name in names or not names):
            raise ConfigError(
                f"{path}.{name}: only a reward that is a discount code has this key, "
                f'one of kind "{reward.kind}" ' + ("is money" if names else "has no code")
            )


def _percent(path: str, value: Decimal) -> None:
    if decimals(value) > 2 or not 0 < value <= 100:
        raise wrong(path, value, 'a percentage above 0 and up to 100, as "10" or "12.5"')
