"""The refunds of an order: which lines came back, and how much money went back."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from app.programme.events import Line, Refund, RefundLine
from connectors.shopify import values
from connectors.shopify.stated import OrderStated, RefundLineStated

_ZERO = Fraction(0)


def refunds_of(order: OrderStated, lines: Iterable[Line]) -> tuple[Refund, ...]:
    """Return the refunds. Money decides: lines that came back without any take nothing."""
    unpaid = _never_paid(order, lines)
    return tuple(
        Refund(
            id=refund.id,
            amount=values.written(unpaid.get(refund.id, Fraction(refund.money)), order.currency),
            at=refund.at,
            lines=tuple(_line(order, line) for line in sorted(refund.lines, key=_place)),
        )
        for refund in sorted(order.refunds, key=lambda refund: int(refund.id))
    )


def gross_of(taxes_included: bool, lines: Iterable[RefundLineStated]) -> Fraction:
    """Return what lines that came back were worth, with tax."""
    return sum(
        (Fraction(line.subtotal) + (0 if taxes_included else Fraction(line.tax)) for line in lines),
        _ZERO,
    )


def _never_paid(order: OrderStated, lines: Iterable[Line]) -> Mapping[str, Fraction]:
    """Return what refunds without money take off: what of their lines was never paid for.

    Pieces that an edit takes out before they are paid, or that are exchanged, come back in a refund
    without money. The order's lines still show them, so that much of them counts as given back.
    """
    moneyless = [refund for refund in order.refunds if refund.lines and not refund.money]
    if not moneyless or order.cancelled or order.received is None:
        return {}
    bought = sum((Fraction(line.net) + Fraction(line.tax) for line in lines), _ZERO)
    given = sum((Fraction(refund.money) for refund in order.refunds), _ZERO)
    missing = bought - given - Fraction(order.received)
    stated = {refund.id: gross_of(order.taxes_included, refund.lines) for refund in moneyless}
    whole = sum(stated.values(), _ZERO)
    if missing <= 0 or whole <= 0:
        return {}
    share = min(missing / whole, Fraction(1))
    return {number: worth * share for number, worth in stated.items()}


def _line(order: OrderStated, line: RefundLineStated) -> RefundLine:
    subtotal, tax = Fraction(line.subtotal), Fraction(line.tax)
    return RefundLine(
        line=line.line,
        quantity=line.quantity,
        net=values.written(subtotal - tax if order.taxes_included else subtotal, order.currency),
        tax=values.written(tax, order.currency),
    )


def _place(line: RefundLineStated) -> tuple[bool, int, int, Decimal]:
    kind, _, number = line.line.rpartition(":")
    return bool(kind), int(number), line.quantity, line.subtotal
