"""How many open points are never spent (breakage), by what became of earlier ones: pure.

Of points as old as a lot's, in months, the share that expired unused is taken from all that were spent or
expired in the last 12 months when they were that old or older: they had been open at that age too. The age
counts from when points became available; a month is a twelfth of a year.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from app.programme.ratio import half_up

ASSUMED = Decimal(20)
"""Percent that is taken while too few points have been spent or expired to know."""

FEWEST = 1_000
"""Points that must have been spent or expired."""

_HUNDRED = 100

Source = Literal["measured", "too-few", "told"]


class Ended(msgspec.Struct, frozen=True):
    """What became of points in the last 12 months, all of one age in months."""

    spent: int = 0  # less what was given back
    expired: int = 0


class Breakage(msgspec.Struct, frozen=True, kw_only=True):
    """Which share of open points is never spent, and where that comes from."""

    share: Fraction
    source: Source
    ended: int = 0  # points that were spent or expired in the last 12 months
    open: int = 0  # points that are open now
    unknown: int = 0  # of these: points of which too few others became as old

    @property
    def percent(self) -> Decimal:
        """Return the share in percent, to two decimals, without zeros at its end."""
        number = Decimal(half_up((self.share.numerator * _HUNDRED**2, self.share.denominator)))
        hundredths = number.scaleb(-2)
        return hundredths.quantize(Decimal(1)) if hundredths == int(hundredths) else hundredths


def told(percent: Decimal) -> Breakage:
    """Return the breakage that somebody says."""
    return Breakage(share=Fraction(percent) / _HUNDRED, source="told")


def measure(open_: Mapping[int, int], ended: Mapping[int, Ended]) -> Breakage:
    """Return the breakage of open points, by their age in months, as points of the same ages ended.

    Without open points that of points that just became available.
    """
    lots = {age: points for age, points in open_.items() if points > 0} or {0: 0}
    shares = {age: _share(ended, age) for age in lots}
    known = [age for age, share in shares.items() if share is not None]
    points = sum(lots.values())
    return Breakage(
        share=_mean((lots[age], _of(share)) for age, share in shares.items()),
        source="measured" if known else "too-few",
        ended=sum(one.spent + one.expired for one in ended.values()),
        open=points,
        unknown=points - sum(lots[age] for age in known),
    )


def liability(points: int, each: Fraction, share: Fraction) -> Fraction:
    """Return what open points are expected to cost: those of them that are spent, at so much each."""
    return points * each * (1 - share)


def _share(ended: Mapping[int, Ended], age: int) -> Fraction | None:
    """Return which share of points that were open at that age expired, None if they are too few."""
    older = [one for months, one in ended.items() if months >= age]
    spent = max(sum(one.spent for one in older), 0)
    expired = max(sum(one.expired for one in older), 0)
    if spent + expired < FEWEST:
        return None
    return Fraction(expired, spent + expired)


def _of(share: Fraction | None) -> Fraction:
    return Fraction(ASSUMED) / _HUNDRED if share is None else share


def _mean(several: Iterable[tuple[int, Fraction]]) -> Fraction:
    """Return the mean of shares, each weighing its points; of nothing at all the plain one."""
    pairs = list(several)
    points = sum(weight for weight, _ in pairs)
    if not points:
        return sum((share for _, share in pairs), Fraction(0)) / len(pairs)
    return sum((weight * share for weight, share in pairs), Fraction(0)) / points
