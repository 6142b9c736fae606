"""What one source object is worth: pure, no database, clock or network.

Rules about several objects of a person are in `windows` (sign-up once, a review once per product) and
`order_windows` (caps, milestones), `action_windows` (what people do besides buying).
A new kind of order rule is one function in `_WORTH`.
"""

from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from app.programme.actions import speaks_of
from app.programme.basis import UNIT, Basis, basis_of
from app.programme.channels import channel_of, comes_through
from app.programme.counting import Counted, count
from app.programme.document import Programme
from app.programme.events import (
    ActionFacts,
    CustomerFacts,
    DisputeStatus,
    EnrolmentFacts,
    Facts,
    OrderFacts,
    RedemptionFacts,
    RedemptionState,
    ReviewFacts,
    Standing,
)
from app.programme.explanation import Explanation, Note, Reason
from app.programme.ratio import ROUND, Ratio, above, divided, floor, times, to_millionths
from app.programme.rule import COUNTS, ORDER_TRIGGERS, Rule

NO_RULE = ""
"""The rule of an award that says why no rule judged the object."""

MOST_PER_AWARD = 10**12

_ONE = Decimal(1)

Beneficiary = Literal["owner", "referrer"]


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule is worth for one object or window now, possibly 0, and why."""

    rule: str
    points: int
    beneficiary: Beneficiary = "owner"
    reward: str | None = None  # given without points, `grants` times
    grants: int = 0
    badge: str | None = None
    explanation: Explanation


class Context(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was true around an object when it happened; frozen with it as JSON."""

    tier: str | None = None
    ordinal: int | None = None  # this was the person's n-th order
    campaign: str | None = None
    segment: str | None = None
    rate: Decimal | None = None  # programme currency for one unit of the order's currency


class _Judged(NamedTuple):
    """What one rule gives for one order; how it came to that is written down only for readers."""

    rule: Rule
    points: int
    reason: Reason
    counted: Counted | None = None  # None: the order was not looked into
    rate: Decimal | None = None
    raw: Ratio | None = None  # points before rounding
    limit: Note | None = None
    channel: str | None = None


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


def earning_since(programme: Programme, facts: Facts | None, seen_at: datetime) -> datetime | None:
    """Return when the object reached earning status as far as the shop says, None if it hasn't.

    `seen_at` is when we learned of this state; it stands in where the shop tells no time.
    """
    match facts:
        case OrderFacts():
            if standing_reason(facts, completed=programme.earns_at == "completed"):
                return None
            if programme.earns_at == "completed":
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
        case RedemptionFacts() | None:
            return None


def before_start(programme: Programme, occurred_at: datetime) -> bool:
    """Say whether something happened on a day before the programme's first."""
    if programme.earns_from is None:
        return False
    zone = ZoneInfo(programme.timezone)
    # Comparing moments instead of local dates: the year 9999 has no local date east of UTC.
    return occurred_at < datetime.combine(programme.earns_from, time.min, zone)


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
) -> dict[str, int]:
    """Return what `evaluate` gives for an order, rule by rule, without saying why.

    The same arithmetic in a fraction of the time, for what looks at very many orders.
    """
    if order is None:
        return {}
    judged = _judge_order(programme, context, order, occurred_at, store)
    return {one.rule.key: one.points for one in judged}


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
    return tuple(_award(one, version, order) for one in judged)


def _judge_order(
    programme: Programme,
    context: Context,
    order: OrderFacts,
    occurred_at: datetime,
    store: str | None,
) -> list[_Judged]:
    """Return what each rule about single orders gives for this one."""
    early: bool | None = None
    basis: Basis | None = None
    judged = []
    for rule in programme.rules:
        if rule.on not in ORDER_TRIGGERS:
            continue
        if early is None:
            early = before_start(programme, occurred_at)
        completed = rule.on == "order.completed" or programme.earns_at == "completed"
        reason = standing_reason(order, completed=completed)
        if early and reason in {None, Reason.NOT_PAID, Reason.NOT_COMPLETED}:
            reason = Reason.BEFORE_START
        channel = None
        if reason is None and not comes_through(
            order.channel, rule.when.channels, rule.when.not_channels
        ):
            reason, channel = Reason.OTHER_CHANNEL, channel_of(order.channel)
        if reason is None:
            basis = basis or basis_of(order, programme.basis)
            judged.append(_worth(programme, context, rule, count(rule, basis, store)))
        else:
            judged.append(_Judged(rule, 0, reason, channel=channel))
    return judged


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


def _worth(programme: Programme, context: Context, rule: Rule, counted: Counted) -> _Judged:
    """Return what a rule gives for what it counts of an order."""
    foreign = rule.currency == "programme" and counted.basis.currency != programme.currency
    rate = context.rate if foreign else None
    if not counted.named:
        reason = Reason.NO_SUCH_LINES
    elif not counted.units or (rule.per_piece and not counted.quantity):
        reason = Reason.NOTHING_COUNTS
    elif foreign and rate is None:
        reason = Reason.NO_RATE
    elif _meets(rule, (counted.units, UNIT), rate):
        paid_for = counted.times
        if rate is not None and not rule.per_piece:
            paid_for = times(paid_for, rate)
        raw = _WORTH[_kind(rule)](rule, paid_for)
        points, limit = _limited(rule, ROUND[rule.round](raw))
        reason = Reason.EARNED if points or not rule.points else Reason.LESS_THAN_ONE_POINT
        return _Judged(rule, points, reason, counted, rate, raw, limit)
    else:
        reason = Reason.BELOW_THRESHOLD
    return _Judged(rule, 0, reason, counted, rate)


def _award(judged: _Judged, version: int, order: OrderFacts) -> Award:
    """Return an award with everything that a person needs to work it out again."""
    rule, counted = judged.rule, judged.counted
    if counted is None:
        explanation = Explanation(
            rule=rule.key,
            version=version,
            reason=judged.reason,
            currency=order.currency,
            channel=judged.channel,
        )
        return Award(rule=rule.key, points=judged.points, explanation=explanation)
    basis = counted.basis
    notes = [Note.REFUNDS_WITHOUT_LINES] if basis.refunds_without_lines else []
    if basis.dispute_lost:
        notes.append(Note.DISPUTE_LOST)
    if judged.limit is not None:
        notes.append(judged.limit)
    fixed = _kind(rule) == "fixed"
    return Award(
        rule=rule.key,
        points=judged.points,
        explanation=Explanation(
            rule=rule.key,
            version=version,
            reason=judged.reason,
            currency=basis.currency,
            basis=counted.total,
            with_tax=basis.with_tax,
            lines=counted.lines,
            factors=counted.factors,
            pieces=counted.pieces if rule.per_piece else (),
            left_out=counted.left_out,
            discount=basis.discount or None,
            refunded=basis.refunded or None,
            over=rule.when.goods_over,
            at_least=rule.when.goods_from,
            per=rule.per,
            step=rule.step,
            points_each=rule.points,
            rounding=None if fixed else rule.round,
            raw=None if judged.raw is None or fixed else to_millionths(judged.raw),
            cap=rule.max_points,
            rate=judged.rate,
            notes=tuple(notes),
        ),
    )


def _meets(rule: Rule, total: Ratio, rate: Decimal | None) -> bool:
    over, at_least = rule.when.goods_over, rule.when.goods_from
    if over is None and at_least is None:
        return True
    amount = total if rate is None else times(total, rate)
    if over is not None and above(amount, over) <= 0:
        return False
    return at_least is None or above(amount, at_least) >= 0


def _kind(rule: Rule) -> str:
    if rule.per_piece:
        return "per-piece"
    if rule.per is None:
        return "fixed"
    return "full-steps" if rule.step else "per-amount"


def _fixed(rule: Rule, _amount: Ratio) -> Ratio:
    return rule.points, 1


def _per_amount(rule: Rule, amount: Ratio) -> Ratio:
    steps = divided(amount, rule.per or _ONE)
    return rule.points * steps[0], steps[1]


def _full_steps(rule: Rule, amount: Ratio) -> Ratio:
    return rule.points * floor(divided(amount, rule.per or _ONE)), 1


def _per_piece(rule: Rule, pieces: Ratio) -> Ratio:
    return rule.points * pieces[0], pieces[1]


_WORTH: dict[str, Callable[[Rule, Ratio], Ratio]] = {
    "fixed": _fixed,
    "per-amount": _per_amount,
    "full-steps": _full_steps,
    "per-piece": _per_piece,
}


def _limited(rule: Rule, points: int) -> tuple[int, Note | None]:
    if rule.max_points is not None and points > rule.max_points:
        return rule.max_points, Note.CAPPED
    if points > MOST_PER_AWARD:
        return MOST_PER_AWARD, Note.LIMITED
    return points, None


def _nothing(version: int, reason: Reason, *, currency: str | None = None) -> Award:
    return Award(
        rule=NO_RULE,
        points=0,
        explanation=Explanation(rule=NO_RULE, version=version, reason=reason, currency=currency),
    )
