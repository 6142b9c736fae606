"""One rule of the programme document: its keys, and which of them fit together."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.actions import ACTION_NAME, ActionName, EachPeriod, Times, Years, check_action
from app.programme.campaigns import Campaign
from app.programme.caps import ITEM_COUNT, ORDER_COUNT, NumberOfOrders, check_milestone
from app.programme.channels import Channel, check_channels
from app.programme.fields import (
    MOST_POINTS,
    OptionalMoney,
    Points,
    Slug,
    check_money,
    check_threshold,
)
from app.programme.lines import Factor, Lines, check_factors, check_lines
from app.programme.membership import Membership
from app.programme.reading import wrong
from app.programme.referral import REFERRAL, USUAL_RETURN_DAYS, ReturnDays, check_referral
from app.programme.reviews import MorePoints, check_media

Trigger = Literal[
    "order.paid",
    "order.completed",
    "order.count",
    "items.count",
    "customer.registered",
    "review.published",
    "referral",
    "action",
    "birthday",
    "anniversary",
]
Rounding = Literal["floor", "half_up", "ceil"]

ORDER_TRIGGERS = ("order.paid", "order.completed")

COUNTS = (ORDER_COUNT, ITEM_COUNT)
"""The triggers of what is counted over all orders of a person."""


_GIVING = (*COUNTS, "customer.registered", "action", "birthday", "anniversary")
"""The triggers of what may give a reward without points, or a badge."""


class When(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold for a rule to pay. Amounts are in the rule's money, of the lines that count."""

    goods_over: OptionalMoney = None  # strictly more
    goods_from: OptionalMoney = None  # that much or more
    channels: tuple[Channel, ...] = ()  # only orders that came one of these ways (channels.py)
    not_channels: tuple[Channel, ...] = ()  # all but these


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One way to earn: `points` once, for each `per` of the basis, or for each piece."""

    key: Slug
    on: Annotated[
        Trigger,
        Meta(
            description='"order.paid", "order.completed", "order.count", "items.count", '
            '"customer.registered", "review.published", "referral", "action", "birthday" or "anniversary"'
        ),
    ]
    points: Points
    per: OptionalMoney = None
    step: bool = False  # only full steps of `per` count
    per_piece: bool = False  # `points` for each piece of the lines that count
    round: Annotated[
        Rounding, Meta(description='"floor", "half_up" or "ceil", applied once to the whole order')
    ] = "floor"
    max_points: Annotated[
        Annotated[int, Meta(ge=1, le=MOST_POINTS)] | None,
        Meta(description=f"a whole number from 1 to {MOST_POINTS}"),
    ] = None  # per order
    currency: Annotated[
        Literal["programme", "store"],
        Meta(description='"programme", or "store" for the shop\'s money unconverted'),
    ] = "programme"
    verified: bool = True  # reviews: only of a product that the reviewer bought
    photo_points: MorePoints = None  # reviews: with a photo, instead of `points`
    video_points: MorePoints = None  # reviews: with a video
    action: Annotated[ActionName | None, Meta(description=ACTION_NAME)] = None  # what is done
    times: Times = 1  # actions: at most so often in each such period, the earliest ones
    each: EachPeriod = "lifetime"
    while_subscribed: bool = False  # newsletters: taken back from who leaves it
    years: Years = None  # anniversaries: only of so many years
    orders: NumberOfOrders = None  # milestones: the person's n-th order that counts
    every: NumberOfOrders = None  # milestones: each n-th one; punch cards: each n-th piece
    friend_points: Points = 0  # referrals: for the friend
    return_days: ReturnDays = USUAL_RETURN_DAYS  # referrals: how long both are pending
    reward: Slug | None = None  # given without points; not by what judges single orders or reviews
    badge: Slug | None = None
    when: When = When()
    lines: Lines | None = None  # only these count
    except_lines: Lines | None = None  # these never do
    multiply: tuple[Factor, ...] = ()  # of several that name a line, the largest


def named_stores(rule: Rule | Campaign | Membership) -> tuple[str, ...]:
    """Return the keys of the stores whose products a rule, campaign or membership asks for, each once."""
    factors = rule.multiply if isinstance(rule, Rule) else ()
    never = None if isinstance(rule, Membership) else rule.except_lines
    chosen = (rule.lines, never, *factors)
    products = [product for named in chosen if named is not None for product in named.products]
    return tuple(dict.fromkeys(product.store for product in products))


def check_rule(path: str, rule: Rule) -> None:
    """Refuse a rule whose keys do not fit together. Raises ConfigError."""
    check_money(f"{path}.per", rule.per)
    check_threshold(f"{path}.when", "goods", rule.when.goods_over, rule.when.goods_from)
    if rule.on not in ORDER_TRIGGERS:
        _only_for_orders(path, rule)
    check_milestone(path, rule.on, rule.orders, rule.every)
    check_referral(path, rule.on, friend_points=rule.friend_points, return_days=rule.return_days)
    check_action(path, rule)
    check_media(path, rule)
    _check_gifts(path, rule)
    check_channels(f"{path}.when", rule.when.channels, rule.when.not_channels)
    check_lines(f"{path}.lines", rule.lines)
    check_lines(f"{path}.except_lines", rule.except_lines)
    check_factors(f"{path}.multiply", rule.multiply)
    _check_pay(path, rule)


def _check_gifts(path: str, rule: Rule) -> None:
    for name, given in (("reward", rule.reward is not None), ("badge", rule.badge is not None)):
        if given and rule.on not in _GIVING:
            several = ", ".join(f'"{one}"' for one in _GIVING)
            raise ConfigError(
                f'{path}.{name}: only a rule on one of {several} has this key, this one is on "{rule.on}"'
            )


def _check_pay(path: str, rule: Rule) -> None:
    """Refuse keys that change nothing at points given once, or that contradict each other."""
    if rule.per is not None and rule.per_piece:
        raise ConfigError(f"{path}: per (an amount) and per_piece exclude each other")
    if rule.per is None and rule.step:
        raise ConfigError(f'{path}.step needs the key "per" beside it')
    if rule.per is None and not rule.per_piece:
        for name, given in (
            ("round", rule.round != "floor"),
            ("max_points", rule.max_points is not None),
            ("multiply", bool(rule.multiply)),
        ):
            if given:
                raise ConfigError(f'{path}.{name} needs the key "per" or "per_piece" beside it')
    if rule.step and rule.round != "floor":
        raise wrong(f"{path}.round", rule.round, '"floor": full steps are never rounded up')


def _only_for_orders(path: str, rule: Rule) -> None:
    for name, given in (
        ("per", rule.per is not None),
        ("per_piece", rule.per_piece),
        ("lines", rule.lines is not None and rule.on != ITEM_COUNT),
        ("except_lines", rule.except_lines is not None and rule.on != ITEM_COUNT),
        ("multiply", bool(rule.multiply)),
        ("when", rule.when != When() and rule.on != REFERRAL),
        ("currency", rule.currency != "programme" and rule.on != REFERRAL),
    ):
        if given:
            raise ConfigError(
                f'{path}.{name}: only a rule on "order.paid" or "order.completed" has this key, '
                f'this one is on "{rule.on}"'
            )
