"""What one rule counts of an order's basis: which lines, how many times each, and how many pieces.

Refunds and discounts were spread over all goods before (basis.py); choosing lines never moves money from
one line to another. So a returned line takes back what it earned, whatever other rules say of it.
"""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import msgspec

from app.programme.basis import Basis
from app.programme.basis_units import UNIT
from app.programme.events import Line, LineKind
from app.programme.explanation import LeftOut
from app.programme.lines import Matcher, asks_for_goods, is_unknown, matcher
from app.programme.ratio import Ratio
from app.programme.rule import Rule

_ONCE = Decimal(1)


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What counts for one rule, in ten-thousandths of the order's currency, and as amounts."""

    basis: Basis
    named: bool  # the order has lines that the rule speaks of, even if nothing is left of them
    units: int  # what is left of the lines that count, each once
    quantity: int  # pieces that count
    times: Ratio  # what points are given for: money, or pieces, each line times its factor
    chosen: tuple[int, ...] | None  # which lines of the basis count; None: all
    factors: tuple[tuple[str, Decimal], ...]  # of the lines that don't count just once
    excepted: tuple[tuple[str, int], ...]  # LeftOut or kind of line → what this rule leaves out
    goods_unknown: bool = False  # the rule asks what kind of goods lines are, of some nobody knows

    @property
    def total(self) -> Decimal:
        """What is left of the lines that count, each once."""
        return self.basis.written(self.units)

    @property
    def lines(self) -> tuple[tuple[str, Decimal], ...]:
        """Line id → what is left of it."""
        lines = self.basis.lines
        return lines if self.chosen is None else tuple(lines[at] for at in self.chosen)

    @property
    def pieces(self) -> tuple[tuple[str, int], ...]:
        """Line id → how many pieces of it count, if any."""
        chosen = range(len(self.basis.sold)) if self.chosen is None else self.chosen
        return tuple(
            (self.basis.sold[at].id, self.basis.pieces[at])
            for at in chosen
            if self.basis.pieces[at]
        )

    @property
    def left_out(self) -> tuple[tuple[str, Decimal], ...]:
        """Kind of line or LeftOut → what doesn't count."""
        sums = dict(self.basis.uncounted)
        for why, units in self.excepted:
            sums[why] = sums.get(why, 0) + units
        credited = self.basis.credited
        if credited:
            several = range(len(credited)) if self.chosen is None else self.chosen
            sums[LeftOut.OWN_CREDIT.value] = sum(credited[at] for at in several)
        return tuple((why, self.basis.written(units)) for why, units in sorted(sums.items()))


def count(rule: Rule, basis: Basis, store: str | None) -> Counted:
    """Return what `rule` counts of the basis of an order from the store with this key."""
    if rule.lines is None and rule.except_lines is None and not rule.multiply:
        quantity = sum(basis.pieces)
        return Counted(
            basis=basis,
            named=True,
            units=basis.units,
            quantity=quantity,
            times=(quantity, 1) if rule.per_piece else (basis.units, UNIT),
            chosen=None,
            factors=(),
            excepted=(),
        )
    only = None if rule.lines is None else matcher(rule.lines, store)
    never = None if rule.except_lines is None else matcher(rule.except_lines, store)
    times_of = _times_of(rule, store)
    excepted: dict[str, int] = {}
    chosen: list[int] = []
    factors: list[tuple[str, Decimal]] = []
    sums: dict[Decimal, int] = {}
    total = quantity = 0
    for at, (line, left, pieces) in enumerate(
        zip(basis.sold, basis.parts, basis.pieces, strict=True)
    ):
        why = _left_out(line, only, never)
        if why is not None:
            whole = left + (basis.credited[at] if basis.credited else 0)
            if whole:
                excepted[why] = excepted.get(why, 0) + whole
            continue
        chosen.append(at)
        total += left
        quantity += pieces
        by = times_of(line)
        if by != _ONCE:
            factors.append((line.id, by))
        sums[by] = sums.get(by, 0) + (pieces if rule.per_piece else left)
    return Counted(
        basis=basis,
        named=bool(chosen),
        units=total,
        quantity=quantity,
        times=_summed(sums, 1 if rule.per_piece else UNIT),
        chosen=tuple(chosen),
        factors=tuple(factors),
        excepted=tuple(excepted.items()),
        goods_unknown=_asks(rule) and any(map(is_unknown, basis.sold)),
    )


def weights(rule: Rule, counted: Counted, store: str | None) -> list[tuple[Line, int]]:
    """Return each line that counts, with what it weighs in `Counted.times`: whole numbers of one unit."""
    basis, times_of = counted.basis, _times_of(rule, store)
    several = range(len(basis.sold)) if counted.chosen is None else counted.chosen
    parts = basis.pieces if rule.per_piece else basis.parts
    if not rule.multiply:
        return [(basis.sold[at], parts[at]) for at in several]
    # Factors have four decimals at most.
    return [(basis.sold[at], parts[at] * int(times_of(basis.sold[at]).scaleb(4))) for at in several]


def _asks(rule: Rule) -> bool:
    named = (rule.lines, rule.except_lines, *rule.multiply)
    return any(one is not None and asks_for_goods(one) for one in named)


def _times_of(rule: Rule, store: str | None) -> Callable[[Line], Decimal]:
    """Return what tells how many times a rule counts a line."""
    # The largest first: the first that names a line decides.
    several = [
        (factor.by, matcher(factor, store))
        for factor in sorted(rule.multiply, key=lambda factor: factor.by, reverse=True)
    ]
    return lambda line: next((by for by, names in several if names(line)), _ONCE)


def _summed(sums: dict[Decimal, int], unit: int) -> Ratio:
    if sums.keys() <= {_ONCE}:
        return sums.get(_ONCE, 0), unit
    total = sum((Fraction(by) * each for by, each in sums.items()), Fraction(0)) / unit
    return total.numerator, total.denominator


def _left_out(line: Line, only: Matcher | None, never: Matcher | None) -> str | None:
    """Return why a rule leaves a line out, None if it counts."""
    why: str | None = None
    if never is not None and never(line):
        why = LeftOut.EXCEPTED.value
    elif only is not None and not only(line):
        why = LeftOut.NOT_NAMED.value if line.kind == LineKind.GOODS else line.kind.value
    return why


def pieces_counted(rule: Rule, basis: Basis, store: str | None) -> int:
    """Return how many pieces of an order count for a rule that names lines, each once."""
    only = None if rule.lines is None else matcher(rule.lines, store)
    never = None if rule.except_lines is None else matcher(rule.except_lines, store)
    return sum(
        pieces
        for line, pieces in zip(basis.sold, basis.pieces, strict=True)
        if _left_out(line, only, never) is None
    )
