"""What one rule counts of an order's basis: which lines, how many times each, and how many pieces.

Refunds and discounts were spread over all goods before (basis.py); choosing lines never moves money from
one line to another. So a returned line takes back what it earned, whatever other rules say of it.
"""

from decimal import Decimal
from fractions import Fraction

import msgspec

from app.programme.basis import Basis
from app.programme.events import Line, LineKind
from app.programme.explanation import LeftOut
from app.programme.lines import Matcher, matcher
from app.programme.rule import Rule

_ONCE = Decimal(1)


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What counts for one rule, in the order's currency."""

    named: bool  # the order has lines that the rule speaks of, even if nothing is left of them
    total: Decimal  # what is left of the lines that count, each once
    times: Fraction  # what points are given for: money, or pieces, each line times its factor
    lines: tuple[tuple[str, Decimal], ...]
    factors: tuple[tuple[str, Decimal], ...]  # of the lines that don't count just once
    pieces: tuple[tuple[str, int], ...]  # of a rule that pays for pieces
    left_out: tuple[tuple[str, Decimal], ...]  # kind of line or LeftOut → what doesn't count


def count(rule: Rule, basis: Basis, store: str | None) -> Counted:
    """Return what `rule` counts of the basis of an order from the store with this key."""
    if rule.lines is None and rule.except_lines is None and not rule.multiply:
        return Counted(
            named=True,
            total=basis.total,
            times=Fraction(sum(basis.pieces) if rule.per_piece else basis.total),
            lines=basis.lines,
            factors=(),
            pieces=_pieces(basis.lines, basis.pieces) if rule.per_piece else (),
            left_out=basis.left_out,
        )
    only = None if rule.lines is None else matcher(rule.lines, store)
    never = None if rule.except_lines is None else matcher(rule.except_lines, store)
    # The largest first: the first that names a line decides.
    several = [
        (factor.by, matcher(factor, store))
        for factor in sorted(rule.multiply, key=lambda factor: factor.by, reverse=True)
    ]
    left_out = dict(basis.left_out)
    lines: list[tuple[str, Decimal]] = []
    factors: list[tuple[str, Decimal]] = []
    pieces: list[int] = []
    sums: dict[Decimal, Decimal] = {}
    for (line_id, left), line, quantity in zip(basis.lines, basis.sold, basis.pieces, strict=True):
        why = _left_out(line, only, never)
        if why is not None:
            if left:
                left_out[why] = left_out.get(why, Decimal(0)) + left
            continue
        lines.append((line_id, left))
        pieces.append(quantity)
        by = next((by for by, names in several if names(line)), _ONCE)
        if by != _ONCE:
            factors.append((line_id, by))
        sums[by] = sums.get(by, Decimal(0)) + (quantity if rule.per_piece else left)
    times = Fraction(sums.pop(_ONCE, Decimal(0)))
    for by, each in sums.items():
        times += Fraction(by) * Fraction(each)
    return Counted(
        named=bool(lines),
        total=sum((left for _, left in lines), Decimal(0)),
        times=times,
        lines=tuple(lines),
        factors=tuple(factors),
        pieces=_pieces(lines, pieces) if rule.per_piece else (),
        left_out=tuple(sorted(left_out.items())),
    )


def _left_out(line: Line, only: Matcher | None, never: Matcher | None) -> str | None:
    """Return why a rule leaves a line out, None if it counts."""
    why: str | None = None
    if never is not None and never(line):
        why = LeftOut.EXCEPTED.value
    elif only is not None and not only(line):
        why = LeftOut.NOT_NAMED.value if line.kind == LineKind.GOODS else line.kind.value
    return why


def _pieces(
    lines: tuple[tuple[str, Decimal], ...] | list[tuple[str, Decimal]],
    pieces: tuple[int, ...] | list[int],
) -> tuple[tuple[str, int], ...]:
    return tuple(
        (line_id, quantity)
        for (line_id, _), quantity in zip(lines, pieces, strict=True)
        if quantity
    )
