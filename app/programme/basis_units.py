"""What is left of an order whose amounts are whole ten-thousandths: the short way.

Most orders are such: nothing was taken off them, or lines were given back for the money that these state.
It is what basis.py says of them, in whole numbers and a tenth of the time.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from app.programme.events import Line, LineKind, OrderFacts, Refund

PLACES = 4
UNIT = 10**PLACES
"""Ten-thousandths in one of the currency."""

LARGEST_EXPONENT = 14
FINEST_EXPONENT = -12

_ONE_UNIT = Decimal(1).scaleb(-PLACES)
_MOST = UNIT * 10 ** (LARGEST_EXPONENT + 1)
_IN_PIECES = frozenset({LineKind.GOODS, LineKind.GIFT_CARD})

Left = tuple[Line, int, int]
"""A line, what is left of it in ten-thousandths, and how many pieces."""

_Gross = dict[str, tuple[int, int]]
"""Line id → net and gross."""


def whole_units(order: OrderFacts, *, with_tax: bool) -> list[Left] | None:
    """Return the lines with what is left of each, None if that takes fractions."""
    if not order.refunds:
        return _untouched(order, with_tax=with_tax)
    returned = _returned(order)
    if returned is None:
        return None
    pieces = returned_pieces(order.refunds)
    left = []
    known = set()
    for line in order.lines:
        net, tax = _units(line.net), _units(line.tax)
        if net is None or tax is None or net + tax < 0 or line.id in known:
            return None
        known.add(line.id)
        gross = net + tax
        net_back, gross_back = returned.pop(line.id, (0, 0))
        if gross_back > gross:
            return None
        units = gross - gross_back
        if not with_tax and units:
            units = max(max(net, 0) - net_back, 0)
        back = pieces.get(line.id, 0)
        quantity = pieces_left(line, gross, gross - gross_back, back) if units else 0
        left.append((line, units, quantity))
    return None if returned else left


def returned_pieces(refunds: Iterable[Refund]) -> dict[str, int]:
    """Return how many pieces of each line came back."""
    pieces: dict[str, int] = {}
    for refund in refunds:
        for line in refund.lines or ():
            if line.quantity > 0:
                pieces[line.line] = pieces.get(line.line, 0) + line.quantity
    return pieces


def pieces_left(line: Line, before: Fraction | int, left: Fraction | int, returned: int) -> int:
    """Return how many pieces of a line still count, by the money before and after refunds."""
    quantity = _pieces(line)
    if not returned:
        return quantity
    # So many pieces could have been given back for the money, at half of their price each.
    paid_for = 2 * quantity * (before - left) // before if before else 0
    return max(quantity - min(returned, paid_for), 0)


def rounded(exact: Sequence[Fraction]) -> list[int]:
    """Round to whole units so that the rounded parts add up to the rounded sum."""
    units = [int(amount) for amount in exact]
    missing = round(sum(exact, Fraction(0))) - sum(units)
    if missing:
        by_remainder = sorted(range(len(units)), key=lambda at: (units[at] - exact[at], at))
        for at in by_remainder[:missing]:
            units[at] += 1
    return units


def _untouched(order: OrderFacts, *, with_tax: bool) -> list[Left] | None:
    left = []
    for line in order.lines:
        net, tax = _units(line.net), _units(line.tax)
        if net is None or tax is None or net + tax < 0:
            return None
        units = net + tax if with_tax else max(net, 0)
        left.append((line, units, _pieces(line) if units else 0))
    return left


def _returned(order: OrderFacts) -> _Gross | None:
    """Return what was given back by lines, None if that is not just the money that was paid back.

    Nor if it is as much as the whole order: then nothing is left, whatever the lines say.
    """
    found: _Gross = {}
    paid = 0
    for refund in order.refunds:
        amount, stated = _units(refund.amount), 0
        for line in refund.lines or ():
            net, tax = _units(line.net), _units(line.tax)
            if net is None or tax is None or net < 0 or tax < 0:
                return None
            before = found.get(line.line, (0, 0))
            found[line.line] = (before[0] + net, before[1] + net + tax)
            stated += net + tax
        if amount is None or amount != stated:
            return None
        paid += amount
    total = _units(order.total)
    return None if total is None or paid >= total else found


def _units(amount: Decimal) -> int | None:
    """Return an amount in ten-thousandths, None unless it is a whole number of them."""
    try:
        whole = amount.quantize(_ONE_UNIT)
    except InvalidOperation:  # no number, or one of more digits than any order's
        return None
    # Comparing is exact, whatever the digits: nothing finer is lost here unseen.
    if whole != amount:
        return None
    units = int(whole * UNIT)
    if not units:  # a nought may be written with any number of digits
        return 0 if FINEST_EXPONENT <= amount.adjusted() <= LARGEST_EXPONENT else None
    return units if -_MOST < units < _MOST else None


def _pieces(line: Line) -> int:
    return max(line.quantity, 0) if line.kind in _IN_PIECES else 0
