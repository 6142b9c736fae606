"""The programme document: everything a merchant decides, written as TOML, frozen as a version.

`parse` reads what a person wrote, `dump` and `load` are the stored form: every key is written out,
so that a default changed later leaves published versions as they were.
"""

import tomllib
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.caps import Cap, NumberOfOrders, check_caps, check_milestone
from app.programme.channels import Channel
from app.programme.fields import MOST_POINTS, Points, PointsAboveZero, Slug
from app.programme.life import Life, check_life
from app.programme.lines import Factor, Lines, Product, check_factors, check_lines
from app.programme.reading import read, wrong

MOST_REWARDS = 100

CurrencyCode = Annotated[
    str,
    Meta(pattern=r"\A[A-Z]{3}\Z", description='an ISO 4217 code of three capitals, as "PLN"'),
]
_MONEY = 'an amount above 0 and at most 1000000000, as "100.00"'
Money = Annotated[Decimal, Meta(description=_MONEY)]
OptionalMoney = Annotated[Decimal | None, Meta(description=_MONEY)]
Trigger = Literal[
    "order.paid",
    "order.completed",
    "order.count",
    "customer.registered",
    "review.published",
    "referral",
]
Rounding = Literal["floor", "half_up", "ceil"]

ORDER_TRIGGERS = ("order.paid", "order.completed")


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """What counts besides goods (DESIGN.md, Basis)."""

    tax: Annotated[
        Literal["as-shown", "with", "without"],
        Meta(description='"as-shown", "with" or "without"'),
    ] = "as-shown"
    shipping: bool = False
    fees: bool = False
    tips: bool = False
    gift_cards: bool = False


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
            description='"order.paid", "order.completed", "order.count", "customer.registered", '
            '"review.published" or "referral"'
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
    orders: NumberOfOrders = None  # milestones: the person's n-th order that counts
    every: NumberOfOrders = None  # milestones: each n-th one
    when: When = When()
    lines: Lines | None = None  # only these count
    except_lines: Lines | None = None  # these never do
    multiply: tuple[Factor, ...] = ()  # of several that name a line, the largest


class Reward(msgspec.Struct, frozen=True, kw_only=True):
    """What points can be exchanged for."""

    key: Slug
    cost: PointsAboveZero
    kind: Annotated[
        Literal["percent", "fixed", "free-delivery", "free-product", "early-access"],
        Meta(description='"percent", "fixed", "free-delivery", "free-product" or "early-access"'),
    ]
    value: OptionalMoney = None  # percent, or money off in the programme's currency
    name: Annotated[
        str,
        Meta(
            # Also the line ends and controls beyond ASCII: a shop shows the name on one line.
            pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z",
            max_length=200,
            description="a name of at most 200 characters on one line, without blanks around",
        ),
    ] = ""  # for people; empty: said by kind and value
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
    product: tuple[Product, ...] = ()  # of a free product: which it is, shop by shop


class Programme(msgspec.Struct, frozen=True, kw_only=True):
    """One published state of a programme."""

    key: Slug
    currency: CurrencyCode
    name: str = ""
    language: Literal["en", "pl"] = "en"  # of what members are sent
    timezone: str = "UTC"
    earns_from: date | None = None  # orders of earlier days, in `timezone`, are worth 0
    enrolment: Literal["automatic", "opt-in"] = "automatic"
    debt: Literal["debt", "forgive"] = "debt"
    earns_at: Literal["paid", "completed"] = "paid"
    point_value: Decimal | None = None  # money that a point is worth to its owner
    life: Life = Life()
    basis: Switches = Switches()
    rules: tuple[Rule, ...] = ()
    caps: tuple[Cap, ...] = ()
    rewards: tuple[Reward, ...] = ()


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The [programme] table of the document."""

    key: Slug
    currency: CurrencyCode
    name: Annotated[
        str,
        Meta(
            pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z",
            max_length=200,
            description="a name of at most 200 characters on one line",
        ),
    ] = ""
    language: Annotated[Literal["en", "pl"], Meta(description='"en" or "pl"')] = "en"
    timezone: Annotated[str, Meta(description='a zone name, as "Europe/Warsaw"')] = "UTC"
    earns_from: Annotated[date | None, Meta(description="a date, as 2026-01-01")] = None
    enrolment: Annotated[
        Literal["automatic", "opt-in"], Meta(description='"automatic" or "opt-in"')
    ] = "automatic"
    debt: Annotated[Literal["debt", "forgive"], Meta(description='"debt" or "forgive"')] = "debt"
    earns_at: Annotated[Literal["paid", "completed"], Meta(description='"paid" or "completed"')] = (
        "paid"
    )
    point_value: OptionalMoney = None


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    programme: Annotated[_Head, Meta(description="a table written [programme]")]
    points: Life = Life()
    basis: Switches = Switches()
    rule: tuple[Rule, ...] = ()
    cap: tuple[Cap, ...] = ()
    reward: tuple[Reward, ...] = ()


def parse(source: str) -> Programme:
    """Read a document. Raises ConfigError naming the line, or the key path, value and what may be."""
    try:
        # Decimal from the digits as written: 0.1 means one tenth.
        raw = tomllib.loads(source, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"the document is not valid TOML: {error}") from None
    except (ValueError, ArithmeticError, RecursionError):
        # Not reported by line: numbers of thousands of digits, brackets nested a thousand deep.
        raise ConfigError("the document holds numbers or lists beyond all measure") from None
    document = read(_Document, raw, "")
    head = msgspec.structs.asdict(document.programme)
    programme = Programme(
        **head,
        life=document.points,
        basis=document.basis,
        rules=document.rule,
        caps=document.cap,
        rewards=document.reward,
    )
    _check(programme)
    return programme


def named_stores(rule: Rule) -> tuple[str, ...]:
    """Return the keys of the stores whose products a rule asks for, each once."""
    chosen = (rule.lines, rule.except_lines, *rule.multiply)
    products = [product for named in chosen if named is not None for product in named.products]
    return tuple(dict.fromkeys(product.store for product in products))


def dump(programme: Programme) -> str:
    """Return the canonical JSON: equal programmes give equal text."""
    return msgspec.json.encode(programme, order="sorted").decode()


def load(text: str) -> Programme:
    """Return the programme of `dump`. Raises ConfigError for anything else."""
    try:
        return msgspec.json.decode(text, type=Programme)
    except msgspec.DecodeError as error:  # also its subclass ValidationError
        raise ConfigError(f"a stored programme version cannot be read: {error}") from None


def _check(programme: Programme) -> None:
    _check_zone(programme.timezone)
    check_life(programme.life)
    _money("programme.point_value", programme.point_value)
    _unique("rule", "key", [rule.key for rule in programme.rules])
    _unique("reward", "key", [reward.key for reward in programme.rewards])
    if len(programme.rewards) > MOST_REWARDS:
        raise wrong("reward", len(programme.rewards), f"at most {MOST_REWARDS} rewards")
    for at, rule in enumerate(programme.rules):
        _check_rule(f"rule[{at}]", rule)
    _unique("cap", "key", [cap.key for cap in programme.caps])
    check_caps(
        programme.caps,
        {rule.key: at for at, rule in enumerate(programme.rules)},
        [rule.key for rule in programme.rules if rule.on in ORDER_TRIGGERS],
    )
    for at, reward in enumerate(programme.rewards):
        _check_reward(f"reward[{at}]", reward)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong("programme.timezone", name, 'a zone name, as "Europe/Warsaw"') from None


def _check_rule(path: str, rule: Rule) -> None:
    _money(f"{path}.per", rule.per)
    _money(f"{path}.when.goods_over", rule.when.goods_over)
    _money(f"{path}.when.goods_from", rule.when.goods_from)
    if rule.on not in ORDER_TRIGGERS:
        _only_for_orders(path, rule)
    check_milestone(path, rule.on, rule.orders, rule.every)
    if rule.on != "review.published" and not rule.verified:
        raise ConfigError(f'{path}.verified: only a rule on "review.published" has this key')
    if rule.when.goods_over is not None and rule.when.goods_from is not None:
        raise ConfigError(
            f"{path}.when: goods_over (more than) and goods_from (at least) exclude each other"
        )
    if rule.when.channels and rule.when.not_channels:
        raise ConfigError(f"{path}.when: channels and not_channels exclude each other")
    check_lines(f"{path}.lines", rule.lines)
    check_lines(f"{path}.except_lines", rule.except_lines)
    check_factors(f"{path}.multiply", rule.multiply)
    _check_price(path, rule)


def _check_price(path: str, rule: Rule) -> None:
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
        ("lines", rule.lines is not None),
        ("except_lines", rule.except_lines is not None),
        ("multiply", bool(rule.multiply)),
        ("when", rule.when != When()),
        ("currency", rule.currency != "programme"),
    ):
        if given:
            raise ConfigError(
                f'{path}.{name}: only a rule on "order.paid" or "order.completed" has this key, '
                f'this one is on "{rule.on}"'
            )


def _check_reward(path: str, reward: Reward) -> None:
    if reward.kind in {"percent", "fixed"}:
        if reward.value is None:
            raise ConfigError(f'{path}.value is missing: a reward of kind "{reward.kind}" needs it')
        if reward.kind == "percent":
            _percent(f"{path}.value", reward.value)
        else:
            _price(f"{path}.value", reward.value)
    elif reward.value is not None:
        raise ConfigError(f'{path}.value: a reward of kind "{reward.kind}" has no value')
    if reward.name != reward.name.strip():
        raise wrong(f"{path}.name", reward.name, "a name without blanks around")
    _price(f"{path}.minimum", reward.minimum)
    if reward.kind == "early-access":
        _only_for_codes(path, reward)
    if reward.product and reward.kind != "free-product":
        raise ConfigError(
            f'{path}.product: only a reward of kind "free-product" has this key, '
            f'this one is of kind "{reward.kind}"'
        )
    _unique(f"{path}.product", "store", [product.store for product in reward.product])


def _only_for_codes(path: str, reward: Reward) -> None:
    for name, given in (
        ("minimum", reward.minimum is not None),
        ("combinable", reward.combinable),
        ("automatic", reward.automatic),
        ("refunded", reward.refunded != "none"),
    ):
        if given:
            raise ConfigError(
                f"{path}.{name}: only a reward that is a discount code has this key, "
                f'one of kind "{reward.kind}" has no code'
            )


def _percent(path: str, value: Decimal) -> None:
    if _decimals(value) > 2 or not 0 < value <= 100:
        raise wrong(path, value, 'a percentage above 0 and up to 100, as "10" or "12.5"')


def _price(path: str, amount: Decimal | None) -> None:
    """Refuse what no shop can take off: no currency has more than three decimals."""
    _money(path, amount)
    if amount is not None and _decimals(amount) > 3:
        raise wrong(path, amount, 'an amount with the decimals of a price, as "50.00"')


def _decimals(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else MOST_POINTS  # not a number


def _money(path: str, amount: Decimal | None) -> None:
    """Refuse what no price can be; more than 6 decimals are a slip of the pen."""
    if amount is None:
        return
    exponent = amount.as_tuple().exponent
    fine = isinstance(exponent, int) and exponent >= -6 and 0 < amount <= MOST_POINTS
    if not fine:
        raise wrong(path, amount, _MONEY)


def _unique(table: str, name: str, values: list[str]) -> None:
    first: dict[str, int] = {}
    for at, value in enumerate(values):
        if value in first:
            raise wrong(
                f"{table}[{at}].{name}",
                value,
                f"another {name}: {table}[{first[value]}] has this one",
            )
        first[value] = at
