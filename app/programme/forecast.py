"""From the points that a simulation counted to money: redeemed, liability, cost. Pure.

How many points are redeemed is taken from the live programme in the same period: points spent by points
given. Of those left open a share is never spent (`breakage`); liability is what the rest is worth.
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import msgspec

from app.programme.basis_units import UNIT
from app.programme.breakage import Breakage, liability
from app.programme.cost import HUNDRED, PointValue, cost_rate, point_value, value_in
from app.programme.document import Programme
from app.programme.ratio import half_up
from app.programme.simulate import Month, Outcome

_CENT = Decimal("0.01")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A month's figures, or those of the whole period. Amounts are in the programme's currency."""

    orders: int
    turnover: Decimal
    draft: int
    live: int
    redeemed: int  # of the draft's points, at the live programme's rate
    open: int
    liability: Decimal | None  # None: nobody knows what a point is worth
    cost: Decimal | None  # of the points redeemed, and the liability
    percent: Decimal | None  # the cost in percent of the turnover; None: no turnover either


class RewardCost(msgspec.Struct, frozen=True, kw_only=True):
    """What points spent on one reward cost."""

    reward: str
    point: Decimal | None  # one point; None: the document doesn't say what the reward costs
    percent: Decimal | None  # of the turnover, if every point were spent on it


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft would have cost."""

    total: Figures
    months: tuple[Figures, ...]
    redeemed: Decimal | None  # percent of the live programme's points; None: it gave none
    breakage: Breakage
    point: Decimal | None
    source: str | None  # which key says what a point is worth
    cost_rate: Decimal | None  # percent of a purchase, by the document alone
    rewards: tuple[RewardCost, ...]


def forecast(draft: Programme, outcome: Outcome, breakage: Breakage) -> Forecast:
    """Return what the outcome of a simulation comes to in money, that share of points never spent."""
    total = outcome.total
    average = Fraction(total.turnover, UNIT * total.orders) if total.orders else None
    value = point_value(draft, average)
    spent = None
    if total.live > 0:
        spent = Fraction(min(max(total.spent, 0), total.live), total.live)
    rate = cost_rate(draft)
    return Forecast(
        total=_figures(total, spent, value, breakage),
        months=tuple(_figures(month, spent, value, breakage) for month in outcome.months),
        redeemed=None if spent is None else _rounded(spent * HUNDRED),
        breakage=breakage,
        point=None if value is None else _exact(value.amount),
        source=None if value is None else value.source,
        cost_rate=None if rate is None else _rounded(rate * HUNDRED),
        rewards=tuple(
            _reward(reward.key, value_in(reward, average), total) for reward in draft.rewards
        ),
    )


def _figures(
    month: Month, spent: Fraction | None, value: PointValue | None, breakage: Breakage
) -> Figures:
    turnover = Fraction(month.turnover, UNIT)
    issued = max(month.draft, 0)
    redeemed = 0 if spent is None else half_up((issued * spent.numerator, spent.denominator))
    owed = cost = percent = None
    if value is not None:
        owed = liability(issued - redeemed, value.amount, breakage.share)
        cost = redeemed * value.amount + owed
        percent = cost / turnover * HUNDRED if turnover else None
    return Figures(
        orders=month.orders,
        turnover=_rounded(turnover),
        draft=month.draft,
        live=month.live,
        redeemed=redeemed,
        open=issued - redeemed,
        liability=None if owed is None else _rounded(owed),
        cost=None if cost is None else _rounded(cost),
        percent=None if percent is None else _rounded(percent),
    )


def _reward(key: str, value: Fraction | None, total: Month) -> RewardCost:
    percent = None
    if value is not None and total.turnover:
        percent = _rounded(max(total.draft, 0) * value * UNIT / total.turnover * HUNDRED)
    point = None if value is None else _exact(value)
    return RewardCost(reward=key, point=point, percent=percent)


def _rounded(value: Fraction) -> Decimal:
    return Decimal(half_up((value.numerator * HUNDRED, value.denominator))).scaleb(-2)


def _exact(value: Fraction) -> Decimal:
    """Return an amount per point, to six decimals, without zeros at its end."""
    number = (Decimal(value.numerator) / value.denominator).quantize(
        Decimal("0.000001"), ROUND_HALF_UP
    )
    return number.quantize(_CENT) if number == number.quantize(_CENT) else number.normalize()
