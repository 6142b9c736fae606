"""What one source object is worth: pure, no database, clock or network.

Rules about several objects of a person are in `windows` (sign-up once, a review once per product) and
`order_windows` (caps, milestones), `action_windows` (what people do besides buying).
What a rule gives for an order is in `order_worth`, what campaigns add in `campaigning`.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from app.programme.actions import speaks_of
from app.programme.basis import Basis, basis_of
from app.programme.campaigning import Bonus, Occasion, bonuses, multipliers, running
from app.programme.channels import channel_of, comes_through
from app.programme.counting import count
from app.programme.document import Programme
from app.programme.events import (
    ActionFacts,
    CustomerFacts,
    DisputeStatus,
    EnrolmentFacts,
    Facts,
    OrderFacts,
    ProductFacts,
    RedemptionFacts,
    RedemptionState,
    ReviewFacts,
    Standing,
)
from app.programme.explanation import Explanation, Reason
from app.programme.goods import with_goods
from app.programme.lines import Goods
from app.programme.local_time import midnight
from app.programme.multipliers import Multiplier, stacked
from app.programme.order_worth import Judged, explained, judge
from app.programme.own_credit import OwnCredit
from app.programme.rule import COUNTS, ORDER_TRIGGERS

NO_RULE = ""
"""The rule of an award that says why no rule judged the object."""

Beneficiary = Literal["owner", "referrer"]

_NO_MONEY = Decimal(0)


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule is worth for one object or window now, possibly 0, and why."""

    rule: str
    points: int
    beneficiary: Beneficiary = "owner"
    reward: str | None = None  # given without points, `grants` times
    grants: int = 0
    badge: str | None = None
    until: datetime | None = None  # of a membership: when it is over
    perks: tuple[str, ...] = ()  # that a membership gives while it runs
    parts: tuple[tuple[int, int], ...] = ()  # object id, points: of a window that sums several up
    explanation: Explanation

    @property
    def shares(self) -> tuple[tuple[int, int], ...]:
        """Return what each object brought: its id, and its part of the points.

        A window is brought by the object that decides it, unless several are summed up in it.
        """
        return self.parts or tuple((one, self.points) for one in self.explanation.objects[:1])

    @property
    def gives(self) -> bool:
        """Say whether it is worth anything."""
        return bool(self.points or self.grants or self.badge or self.until)


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was true around an object when it happened; frozen with it as JSON."""

    tier: str | None = None
    ordinal: int | None = None  # this was the person's n-th order
    segments: tuple[str, ...] = ()  # that the person was in
    rate: Decimal | None = None  # programme currency for one unit of the order's currency
    products: tuple[Goods, ...] = ()  # of the order's lines, if the version asks (goods.py)
    # What of it was paid with credit that the programme gave, and when: less where it went back.
    credit: tuple[OwnCredit, ...] = ()

    @property
    def own_credit(self) -> Decimal:
        """What was paid with the programme's own gift cards and credit, as `basis_of` takes it."""
        return sum((one.amount for one in self.credit), _NO_MONEY) if self.credit else _NO_MONEY


def evaluate(
    programme: Programme,
    version: int,
    context: Context,
    facts: Facts | None,
    occurred_at: datetime,
    *,
    store: str | None = None,
) -> tuple[Award, ...]:
    """Return one award per rule that speaks of the object, the ones worth 0 with their reason.

    `store` is the key of the shop that the object is from: products are numbered by their shops. A
    store keeps its key for ever, so it needs no freezing. Without it no product is recognised.
    What is not listed is worth 0. An object that no rule speaks of, or that is gone without a trace
    (facts None), has one award of `NO_RULE`; one that only window rules speak of has none here.
    Raises Invalid for amounts that no order can have.
    """
    match facts:
        case None:
            return (_nothing(version, Reason.REMOVED),)
        case OrderFacts():
            return _evaluate_order(programme, version, context, facts, occurred_at, store)
        case RedemptionFacts():
            return (_evaluate_redemption(version, facts),)
        case ProductFacts():
            return (_nothing(version, Reason.NO_RULE),)
        case ActionFacts():
            if any(speaks_of(rule, facts) for rule in programme.rules):
                return ()
            return (_nothing(version, Reason.NO_RULE),)
        case ReviewFacts():
            trigger = "review.published"
        case CustomerFacts() | EnrolmentFacts():
            trigger = "customer.registered"
    if any(rule.on == trigger for rule in programme.rules):
        return ()
    return (_nothing(version, Reason.NO_RULE),)


def earning_since(
    programme: Programme, facts: Facts | None, seen_at: datetime, *, store: str | None = None
) -> datetime | None:
    """Return when the object reached earning status as far as the shop says, None if it hasn't.

    `seen_at` is when we learned of this state; it stands in where the shop tells no time. `store` is
    as for `evaluate`.
    """
    match facts:
        case OrderFacts():
            completed = programme.earns_completed(store)
            if standing_reason(facts, completed=completed):
                return None
            if completed:
                return facts.completed_at or seen_at
            return facts.paid_at or facts.completed_at or seen_at
        case CustomerFacts():
            return seen_at if facts.registered else None
        case ReviewFacts():
            return seen_at if facts.published and not facts.removed else None
        case ActionFacts():
            return None if facts.removed else seen_at
        case EnrolmentFacts():
            return seen_at
        case ProductFacts() | RedemptionFacts() | None:
            return None


def before_start(programme: Programme, occurred_at: datetime) -> bool:
    """Say whether something happened on a day before the programme's first."""
    if programme.earns_from is None:
        return False
    # Comparing moments instead of local dates: the year 9999 has no local date east of UTC.
    return occurred_at < midnight(programme.earns_from, programme.timezone)


def _evaluate_redemption(version: int, redemption: RedemptionFacts) -> Award:
    """Return what a redemption takes: its whole cost, or nothing."""
    reason = Reason.REDEEMED
    if redemption.state is RedemptionState.RELEASED:
        reason = Reason.RELEASED
    elif redemption.given_back:
        reason = Reason.GIVEN_BACK
    return Award(
        rule=redemption.reward,
        points=-redemption.cost if reason is Reason.REDEEMED else 0,
        explanation=Explanation(rule=redemption.reward, version=version, reason=reason),
    )


def points_of(
    programme: Programme,
    context: Context,
    order: OrderFacts | None,
    occurred_at: datetime,
    *,
    store: str | None = None,
    basis: Basis | None = None,
) -> dict[str, int]:
    """Return what `evaluate` gives for an order, rule by rule and bonus by bonus, without saying why.

    The same arithmetic in a fraction of the time, for what looks at very many orders; `basis` is that
    of the order by the programme's switches, `with_goods`, if it was worked out already.
    """
    if order is None:
        return {}
    judged = _judge_order(programme, context, order, occurred_at, store, basis)
    return {one.key: one.points for one in judged}


def _evaluate_order(
    programme: Programme,
    version: int,
    context: Context,
    order: OrderFacts,
    occurred_at: datetime,
    store: str | None,
) -> tuple[Award, ...]:
    judged = _judge_order(programme, context, order, occurred_at, store)
    if not judged:
        if programme.challenges or any(rule.on in COUNTS for rule in programme.rules):
            return ()
        return (_nothing(version, Reason.NO_RULE, currency=order.currency),)
    return tuple(
        Award(rule=one.key, points=one.points, explanation=_why(one, version, order))
        for one in judged
    )


def _why(judged: Judged | Bonus, version: int, order: OrderFacts) -> Explanation:
    if isinstance(judged, Bonus):
        return judged.explained(version)
    return explained(judged, version, order)


def _judge_order(
    programme: Programme,
    context: Context,
    order: OrderFacts,
    occurred_at: datetime,
    store: str | None,
    known: Basis | None = None,
) -> Sequence[Judged | Bonus]:
    """Return what each rule about single orders gives for this one, and what campaigns add."""
    early: bool | None = None
    late = programme.earns_completed(store)
    basis: Basis | None = None
    campaigns = running(programme, occurred_at) if programme.campaigns else ()
    several: Sequence[Multiplier] = ()
    judged = []
    for rule in programme.rules:
        if rule.on not in ORDER_TRIGGERS:
            continue
        if early is None:
            early = before_start(programme, occurred_at)
        reason = standing_reason(order, completed=late or rule.on == "order.completed")
        if early and reason in {None, Reason.NOT_PAID, Reason.NOT_COMPLETED}:
            reason = Reason.BEFORE_START
        channel = None
        if reason is None and not comes_through(
            order.channel, rule.when.channels, rule.when.not_channels
        ):
            reason, channel = Reason.OTHER_CHANNEL, channel_of(order.channel)
        if reason is None:
            if basis is None:
                basis = known or basis_of(
                    with_goods(order, context.products), programme.basis, context.own_credit
                )
                if campaigns or programme.tiers:
                    occasion = _occasion(programme, context, order, basis, store)
                    several = multipliers(occasion, campaigns)
            counted = count(rule, basis, store)
            judged.append(
                judge(
                    rule,
                    counted,
                    stacked(rule, counted, store, several, programme.stacking) if several else None,
                    currency=programme.currency,
                    rate=context.rate,
                )
            )
        else:
            judged.append(Judged(rule, 0, reason, channel=channel))
    if not campaigns:
        return judged
    occasion = _occasion(programme, context, order, basis, store)
    return [*judged, *bonuses(occasion, campaigns, judged)]


def _occasion(
    programme: Programme,
    context: Context,
    order: OrderFacts,
    basis: Basis | None,
    store: str | None,
) -> Occasion:
    return Occasion(
        programme=programme,
        order=order,
        basis=basis,
        store=store,
        tier=context.tier,
        segments=context.segments,
        rate=context.rate,
    )


def standing_reason(order: OrderFacts, *, completed: bool) -> Reason | None:
    """Return why an order in this state earns nothing, None if it may."""
    if order.test:
        return Reason.TEST_ORDER
    disputed = any(dispute.status is DisputeStatus.OPEN for dispute in order.disputes)
    if disputed and order.standing in {Standing.PAID, Standing.COMPLETED}:
        return Reason.DISPUTED
    match order.standing:
        case Standing.REMOVED:
            return Reason.REMOVED
        case Standing.CANCELLED:
            return Reason.CANCELLED
        case Standing.DRAFT:
            return Reason.DRAFT
        case Standing.OPEN:
            return Reason.NOT_PAID
        case Standing.PAID:
            return Reason.NOT_COMPLETED if completed else None
        case Standing.COMPLETED:
            return None


def _nothing(version: int, reason: Reason, *, currency: str | None = None) -> Award:
    return Award(
        rule=NO_RULE,
        points=0,
        explanation=Explanation(rule=NO_RULE, version=version, reason=reason, currency=currency),
    )
