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
from app.programme.badges import Badge, check_badges
from app.programme.campaigns import Campaign, Stacking, check_campaigns
from app.programme.caps import Cap, check_caps
from app.programme.challenges import Challenge, check_challenges
from app.programme.fields import OptionalMoney, Slug, check_money, check_tables
from app.programme.gifts import check_gifts, with_points_left_out
from app.programme.life import Life, check_life
from app.programme.limits import check_limits
from app.programme.membership import Membership, check_membership
from app.programme.names import ONE_LINE
from app.programme.own_terms import EarnsAt, OwnTerms, check_own_terms
from app.programme.quizzes import Quiz, Survey, check_quizzes
from app.programme.reading import read, wrong
from app.programme.reward import Reward, check_reward
from app.programme.rule import ORDER_TRIGGERS, Rule, check_rule
from app.programme.segments import Segment, check_segments
from app.programme.tier import Tier, Tiers, check_tiers

MOST_REWARDS = 100
MOST_RULES = 500
"""Each order is held against each rule."""

MOST_NOTICE = 365

CurrencyCode = Annotated[
    str,
    Meta(pattern=r"\A[A-Z]{3}\Z", description='an ISO 4217 code of three capitals, as "PLN"'),
]


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
    own_credit: bool = False  # what was paid with gift cards and credit of the programme


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
    earns_at: Literal["paid", "completed"] = "paid"  # but see `stores`
    point_value: Decimal | None = None  # money that a point is worth to its owner
    notice_days: int = 0  # before a change to the members' disadvantage begins
    stacking: Stacking = "best"  # of several multipliers that meet (multipliers.py)
    life: Life = Life()
    basis: Switches = Switches()
    rules: tuple[Rule, ...] = ()
    caps: tuple[Cap, ...] = ()
    tiering: Tiers = Tiers()
    tiers: tuple[Tier, ...] = ()  # the lowest first
    challenges: tuple[Challenge, ...] = ()
    badges: tuple[Badge, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    segments: tuple[Segment, ...] = ()
    rewards: tuple[Reward, ...] = ()
    quizzes: tuple[Quiz, ...] = ()
    surveys: tuple[Survey, ...] = ()
    membership: Membership | None = None
    stores: tuple[OwnTerms, ...] = ()

    def earns_completed(self, store: str | None) -> bool:
        """Say whether orders of the store with this key earn once they are completed, not when paid."""
        for one in self.stores:
            if one.key == store:
                return one.earns_at == "completed"
        return self.earns_at == "completed"


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The [programme] table of the document."""

    key: Slug
    currency: CurrencyCode
    name: Annotated[
        str,
        Meta(
            pattern=ONE_LINE,
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
    earns_at: EarnsAt = "paid"
    point_value: OptionalMoney = None
    notice_days: Annotated[
        Annotated[int, Meta(ge=0, le=MOST_NOTICE)],
        Meta(description=f"a whole number of days from 0 to {MOST_NOTICE}"),
    ] = 0
    stacking: Annotated[Stacking, Meta(description='"best", "add" or "multiply"')] = "best"


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    programme: Annotated[_Head, Meta(description="a table written [programme]")]
    points: Life = Life()
    basis: Switches = Switches()
    rule: tuple[Rule, ...] = ()
    cap: tuple[Cap, ...] = ()
    tiers: Tiers = Tiers()
    tier: tuple[Tier, ...] = ()
    challenge: tuple[Challenge, ...] = ()
    badge: tuple[Badge, ...] = ()
    campaign: tuple[Campaign, ...] = ()
    segment: tuple[Segment, ...] = ()
    reward: tuple[Reward, ...] = ()
    quiz: tuple[Quiz, ...] = ()
    survey: tuple[Survey, ...] = ()
    membership: Membership | None = None
    store: tuple[OwnTerms, ...] = ()


_WRITTEN = {field.type: field.encode_name for field in msgspec.structs.fields(_Document)}
TABLES: dict[str, str] = {
    field.name: _WRITTEN[field.type]
    for field in msgspec.structs.fields(Programme)
    if field.type in _WRITTEN
}
"""How the document calls the tables that a programme has as fields; other fields are of [programme]."""


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
    document = read(_Document, with_points_left_out(raw), "")
    head = msgspec.structs.asdict(document.programme)
    programme = Programme(
        **head,
        life=document.points,
        basis=document.basis,
        rules=document.rule,
        caps=document.cap,
        tiering=document.tiers,
        tiers=document.tier,
        challenges=document.challenge,
        badges=document.badge,
        campaigns=document.campaign,
        segments=document.segment,
        rewards=document.reward,
        quizzes=document.quiz,
        surveys=document.survey,
        membership=document.membership,
        stores=document.store,
    )
    _check(programme)
    return programme


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
    check_own_terms(programme.stores)
    check_money("programme.point_value", programme.point_value)
    check_tables("rule", [rule.key for rule in programme.rules], MOST_RULES)
    check_tables("reward", [reward.key for reward in programme.rewards], MOST_REWARDS)
    for at, rule in enumerate(programme.rules):
        check_rule(f"rule[{at}]", rule)
    check_quizzes(programme.quizzes, programme.surveys, programme.rules)
    rules = {rule.key: rule.on for rule in programme.rules}
    on_orders = [rule.key for rule in programme.rules if rule.on in ORDER_TRIGGERS]
    with_bonus = [one.key for one in programme.campaigns if one.bonus is not None]
    check_caps(programme.caps, rules, on_orders + with_bonus)
    tiers = {tier.key for tier in programme.tiers}
    segments = {segment.key for segment in programme.segments}
    taken = {*rules, *(cap.key for cap in programme.caps)}  # what gives points has keys of its own
    check_tiers(programme.tiering, programme.tiers, taken)
    taken |= tiers
    check_challenges(programme.challenges, taken)
    taken |= {challenge.key for challenge in programme.challenges}
    check_campaigns(
        programme.campaigns,
        programme.timezone,
        on_orders=on_orders,
        tiers=tiers,
        segments=segments,
        taken=taken,
    )
    check_membership(programme.membership, taken | {one.key for one in programme.campaigns})
    check_segments(programme.segments, tiers)
    for at, reward in enumerate(programme.rewards):
        check_reward(f"reward[{at}]", reward)
        check_limits(f"reward[{at}]", reward, programme.timezone, tiers, segments)
    check_badges(programme.badges)
    check_gifts(programme.rules, programme.challenges, programme.rewards, programme.badges)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise wrong("programme.timezone", name, 'a zone name, as "Europe/Warsaw"') from None
