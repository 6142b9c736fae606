"""Exact arithmetic of rules in whole numbers: what a Fraction does, in a fraction of its time."""

from collections.abc import Callable
from decimal import Decimal

Ratio = tuple[int, int]
"""A number as numerator and denominator, the latter above 0; not in lowest terms."""


def times(amount: Ratio, factor: Decimal) -> Ratio:
    """Return an amount times a number."""
    numerator, denominator = factor.as_integer_ratio()
    return amount[0] * numerator, amount[1] * denominator


def divided(amount: Ratio, by: Decimal) -> Ratio:
    """Return an amount divided by a number above 0."""
    numerator, denominator = by.as_integer_ratio()
    return amount[0] * denominator, amount[1] * numerator


def above(amount: Ratio, limit: Decimal) -> int:
    """Return a number above 0 if an amount is more than `limit`, below 0 if it is less."""
    numerator, denominator = limit.as_integer_ratio()
    return amount[0] * denominator - numerator * amount[1]


def reaches(amount: Ratio, over: Decimal | None, at_least: Decimal | None) -> bool:
    """Say whether an amount is more than one threshold, and as much as the other; None: any is."""
    if over is not None and above(amount, over) <= 0:
        return False
    return at_least is None or above(amount, at_least) >= 0


def floor(points: Ratio) -> int:
    """Round down."""
    return points[0] // points[1]


def half_up(points: Ratio) -> int:
    """Round to the nearest whole number, halves up."""
    return (2 * points[0] + points[1]) // (2 * points[1])


def ceil(points: Ratio) -> int:
    """Round up."""
    return -(-points[0] // points[1])


ROUND: dict[str, Callable[[Ratio], int]] = {"floor": floor, "half_up": half_up, "ceil": ceil}
"""Each rounding by the word that a document has for it."""


def to_millionths(points: Ratio) -> Decimal:
    """Return a number cut after six decimals, without trailing zeros."""
    cut = Decimal(points[0] * 10**6 // points[1]).scaleb(-6)
    whole = cut.to_integral_value()
    return whole if cut == whole else cut.normalize()
