"""From the points that a simulation counted to money: redeemed, liability, cost. Pure.

How many points are redeemed is taken from the live programme in the same period: points spent by points
given. Of those left open a share is never spent (`breakage`); liability is what the rest is worth.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import msgspec

from app.programme.basis_units import UNIT
from app.programme.breakage import Breakage, liability
from app.programme.cost import HUNDRED, PointValue, cost_rate, point_value, value_in, worth_of
from app.programme.document import Programme
from app.programme.outcome import Month, Outcome
from app.programme.ratio import half_up

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
    gifts: int  # rewards given without points
    gifts_live: int
    gifts_cost: Decimal  # of these, as far as the document says what they cost
    cost: Decimal | None  # of the points redeemed, the liability and the gifts
    percent: Decimal | None  # the cost in percent of the turnover; None: no turnover either


class RewardCost(msgspec.Struct, frozen=True, kw_only=True):
    """What points spent on one reward cost."""

    reward: str
    point: Decimal | None  # one point; None: the document doesn't say what the reward costs
    percent: Decimal | None  # of the turnover, if every point were spent on it


class Gift(msgspec.Struct, frozen=True, kw_only=True):
    """A reward that the draft gives without points."""

    reward: str
    times: int
    each: Decimal | None  # what one costs; None: the document doesn't say, and it is left out


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
    gifts: tuple[Gift, ...]


def forecast(draft: Programme, outcome: Outcome, breakage: Breakage) -> Forecast:
    """Return what the outcome of a simulation comes to in money, that share of points never spent."""
    total = outcome.total
    average = Fraction(total.turnover, UNIT * total.orders) if total.orders else None
    value = point_value(draft, average)
    spent = None
    if total.live > 0:
        spent = Fraction(min(max(total.spent, 0), total.live), total.live)
    rate = cost_rate(draft)
    worth = {reward.key: worth_of(reward, average) for reward in draft.rewards}
    return Forecast(
        total=_figures(total, spent, value, breakage, worth),
        months=tuple(_figures(month, spent, value, breakage, worth) for month in outcome.months),
        redeemed=None if spent is None else _rounded(spent * HUNDRED),
        breakage=breakage,
        point=None if value is None else _exact(value.amount),
        source=None if value is None else value.source,
        cost_rate=None if rate is None else _rounded(rate * HUNDRED),
        rewards=tuple(
            _reward(reward.key, value_in(reward, average), total)
            for reward in draft.rewards
            if reward.cost
        ),
        gifts=tuple(
            Gift(reward=key, times=times, each=None if each is None else _rounded(each))
            for key, times in sorted(total.gifts.items())
            for each in (worth.get(key),)
        ),
    )


def _figures(
    month: Month,
    spent: Fraction | None,
    value: PointValue | None,
    breakage: Breakage,
    worth: Mapping[str, Fraction | None],
) -> Figures:
    turnover = Fraction(month.turnover, UNIT)
    issued = max(month.draft, 0)
    redeemed = 0 if spent is None else half_up((issued * spent.numerator, spent.denominator))
    gifts = sum(
        (times * (worth.get(key) or Fraction(0)) for key, times in month.gifts.items()), Fraction(0)
    )
    owed = cost = percent = None
    if value is not None or not issued:  # no points cost nothing, whatever one is worth
        each = Fraction(0) if value is None else value.amount
        owed = liability(issued - redeemed, each, breakage.share)
        cost = redeemed * each + owed + gifts
        percent = cost / turnover * HUNDRED if turnover else None
    return Figures(
        orders=month.orders,
        turnover=_rounded(turnover),
        draft=month.draft,
        live=month.live,
        redeemed=redeemed,
        open=issued - redeemed,
        liability=None if owed is None else _rounded(owed),
        gifts=sum(month.gifts.values()),
        gifts_live=month.gifts_live,
        gifts_cost=_rounded(gifts),
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
