"""What points cost their owner, as far as the programme document says it. Pure."""

from decimal import Decimal
from fractions import Fraction

import msgspec

from app.programme.document import Programme
from app.programme.ratio import half_up
from app.programme.reward import Reward
from app.programme.rule import ORDER_TRIGGERS

HUNDRED = 100


class PointValue(msgspec.Struct, frozen=True):
    """What one point is worth in the programme's currency, and which key of the document says so."""

    amount: Fraction
    source: str  # "point_value", or the key of a reward


def worth_of(reward: Reward, order: Fraction | None = None) -> Fraction | None:
    """Return what a reward costs its giver, None if the document cannot tell.

    Money off, to pay with, or for a cause, is exact; a percentage costs what it takes off an `order` of
    that amount.
    """
    if reward.value is None:
        return None
    if reward.kind != "percent":
        return Fraction(reward.value)
    return None if order is None else order * Fraction(reward.value) / HUNDRED


def value_in(reward: Reward, order: Fraction | None = None) -> Fraction | None:
    """Return what a point is worth that is spent on a reward, None if the document cannot tell.

    So also of what nobody can have for points.
    """
    worth = worth_of(reward, order)
    return None if worth is None or not reward.cost else worth / reward.cost


def point_value(programme: Programme, order: Fraction | None = None) -> PointValue | None:
    """Return what a point is worth: as stated, else in the dearest reward that has a value."""
    if programme.point_value is not None:
        return PointValue(Fraction(programme.point_value), "point_value")
    known = [
        PointValue(value, reward.key)
        for reward in programme.rewards
        if (value := value_in(reward, order)) is not None
    ]
    return max(known, key=lambda one: (one.amount, one.source), default=None)


def cost_rate(programme: Programme) -> Fraction | None:
    """Return how much of a purchase its points are worth, by the document alone: 1/20 for 5 %.

    That of goods which every rule per amount pays for at its full rate; None without such a rule or
    without a reward that takes an amount off (or a point_value).
    """
    points = sum(
        (
            Fraction(rule.points) / Fraction(rule.per)
            for rule in programme.rules
            if rule.on in ORDER_TRIGGERS and rule.per is not None and rule.lines is None
        ),
        Fraction(0),
    )
    value = point_value(programme)
    return points * value.amount if points and value is not None else None


def cost_percent(programme: Programme) -> Decimal | None:
    """Return the cost rate in percent, to the hundredth."""
    rate = cost_rate(programme)
    if rate is None:
        return None
    part = rate * HUNDRED
    return Decimal(half_up((part.numerator * HUNDRED, part.denominator))).scaleb(-2)
