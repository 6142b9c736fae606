"""What one rule gives for one order: its points, and why.

A new kind of order rule is one function in `_WORTH`.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from app.programme.basis_units import UNIT
from app.programme.counting import Counted
from app.programme.events import OrderFacts
from app.programme.explanation import Explanation, Note, Reason
from app.programme.multipliers import Stack
from app.programme.ratio import ROUND, Ratio, divided, floor, reaches, times, to_millionths
from app.programme.rule import Rule

MOST_PER_AWARD = 10**12

_ONE = Decimal(1)


class Judged(NamedTuple):
    """What one rule gives for one order; how it came to that is written down only for readers."""

    rule: Rule
    points: int
    reason: Reason
    counted: Counted | None = None  # None: the order was not looked into
    rate: Decimal | None = None
    raw: Ratio | None = None  # points before rounding
    limit: Note | None = None
    channel: str | None = None
    stack: Stack | None = None  # what it was multiplied by

    @property
    def key(self) -> str:
        """The rule's."""
        return self.rule.key


def judge(
    rule: Rule, counted: Counted, stack: Stack | None, *, currency: str, rate: Decimal | None
) -> Judged:
    """Return what a rule gives for what it counts of an order, multiplied by `stack`.

    `currency` is the programme's; `rate` what one unit of the order's is in it.
    """
    foreign = rule.currency == "programme" and counted.basis.currency != currency
    if not foreign:
        rate = None
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
        if stack is not None:
            raw = raw[0] * stack.by[0], raw[1] * stack.by[1]
        points, limit = _limited(rule, ROUND[rule.round](raw))
        reason = Reason.EARNED if points or not rule.points else Reason.LESS_THAN_ONE_POINT
        return Judged(rule, points, reason, counted, rate, raw, limit, stack=stack)
    else:
        reason = Reason.BELOW_THRESHOLD
    return Judged(rule, 0, reason, counted, rate, stack=stack)


def explained(judged: Judged, version: int, order: OrderFacts) -> Explanation:
    """Return everything that a person needs to work out again what a rule gives."""
    rule, counted = judged.rule, judged.counted
    if counted is None:
        return Explanation(
            rule=rule.key,
            version=version,
            reason=judged.reason,
            currency=order.currency,
            channel=judged.channel,
        )
    basis = counted.basis
    notes = [Note.REFUNDS_WITHOUT_LINES] if basis.refunds_without_lines else []
    if counted.goods_unknown:
        notes.append(Note.GOODS_UNKNOWN)
    if basis.dispute_lost:
        notes.append(Note.DISPUTE_LOST)
    if judged.limit is not None:
        notes.append(judged.limit)
    stack = judged.stack
    whole = _kind(rule) == "fixed" and stack is None
    return Explanation(
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
        rounding=None if whole else rule.round,
        raw=None if judged.raw is None or whole else to_millionths(judged.raw),
        cap=rule.max_points,
        rate=judged.rate,
        multiplier=None if stack is None else to_millionths(stack.by),
        multipliers=() if stack is None else stack.parts,
        boosted=()
        if stack is None
        else tuple((line, to_millionths(by.as_integer_ratio())) for line, by in stack.lines),
        notes=tuple(notes),
    )


def _meets(rule: Rule, total: Ratio, rate: Decimal | None) -> bool:
    over, at_least = rule.when.goods_over, rule.when.goods_from
    if over is None and at_least is None:
        return True
    return reaches(total if rate is None else times(total, rate), over, at_least)


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
