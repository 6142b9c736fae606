"""How several multipliers of one rule act together, line by line.

A tier multiplies every line of every rule on orders; a campaign those rules and lines that it is for. Of
those that meet on one line the programme's `stacking` makes one factor:

- "best": the largest. Of equal ones the tier, then the campaign that is written first.
- "add": 1 and what each gives beyond 1: 1.25 and 2 are 2.25.
- "multiply": all of them multiplied: 1.25 and 2 are 2.5.

How many times a line counts by the rule itself (its own `multiply`) is multiplied with that.
A rule's points are multiplied by what its lines are multiplied by on average, each line weighing what
it counts. For points per amount or piece that is each line's points times its own factor; so a returned
line takes back just what it earned. The points of full steps are multiplied, not the amount they
are counted from. Points given once for an order belong to no line, so only what is for all lines
multiplies them. Rounding comes after all of that, once, and the rule's `max_points` after rounding.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

import msgspec

from app.programme.campaigns import Stacking
from app.programme.counting import Counted, weights
from app.programme.lines import Matcher
from app.programme.ratio import Ratio
from app.programme.rule import Rule

_ONE = Fraction(1)

MultiplierKind = Literal["tier", "campaign"]


class Multiplier(msgspec.Struct, frozen=True, kw_only=True):
    """What multiplies points for one order, with whose it is."""

    kind: MultiplierKind
    key: str
    by: Decimal
    rules: tuple[str, ...] = ()  # none named: every rule on orders
    names: Matcher | None = None  # only these lines; None: every line


class Stack(msgspec.Struct, frozen=True):
    """What the points of one rule for one order are multiplied by, and what that is made of."""

    by: Ratio
    parts: tuple[tuple[MultiplierKind, str, Decimal], ...]
    lines: tuple[tuple[str, Fraction], ...] = ()  # line id → factor, where they differ


def stacked(
    rule: Rule,
    counted: Counted,
    store: str | None,
    several: Sequence[Multiplier],
    stacking: Stacking,
) -> Stack | None:
    """Return what multiplies what a rule gives for an order, None if nothing does."""
    by_line = rule.per is not None or rule.per_piece
    mine = [
        one
        for one in several
        if (not one.rules or rule.key in one.rules) and (by_line or one.names is None)
    ]
    if not mine:
        return None
    if all(one.names is None for one in mine):
        by, decisive = _combined(mine, stacking)
        return Stack(by.as_integer_ratio(), _parts(decisive))
    weighing, times, unit = 0, 0, 1  # the last: what `times` is counted in
    used: list[Multiplier] = []
    lines: list[tuple[str, Fraction]] = []
    for line, weight in weights(rule, counted, store):
        if weight:
            here = [one for one in mine if one.names is None or one.names(line)]
            by, decisive = _combined(here, stacking)
            weighing += weight
            finer = math.lcm(unit, by.denominator)
            times = times * (finer // unit) + weight * by.numerator * (finer // by.denominator)
            unit = finer
            used += [one for one in decisive if one not in used]
            lines.append((line.id, by))
    if not used:
        return None
    together = all(by == lines[0][1] for _, by in lines)
    return Stack(
        (times, unit * weighing),
        _parts([one for one in mine if one in used]),
        () if together else tuple(lines),
    )


def _combined(
    several: Sequence[Multiplier], stacking: Stacking
) -> tuple[Fraction, Sequence[Multiplier]]:
    """Return the factor of multipliers that meet, and those of them that made it."""
    if not several:
        return _ONE, ()
    if stacking == "best":
        several = (max(several, key=lambda one: one.by),)
    return _factor(tuple(one.by for one in several), stacking), several


@lru_cache(maxsize=1000)  # a programme has few, and orders very many
def _factor(several: tuple[Decimal, ...], stacking: Stacking) -> Fraction:
    if stacking == "add":
        # Tiers may count less than once; points are never below none.
        return max(sum((Fraction(by) - 1 for by in several), _ONE), Fraction(0))
    return math.prod((Fraction(by) for by in several), start=_ONE)


def _parts(
    used: Sequence[Multiplier],
) -> tuple[tuple[MultiplierKind, str, Decimal], ...]:
    return tuple((one.kind, one.key, one.by) for one in used)
