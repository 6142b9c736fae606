"""The lines of an order: what was bought and not edited out again, after discounts."""

from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction

from app.programme.events import Line, LineKind
from connectors.shopify import values
from connectors.shopify.stated import LineStated, OrderStated, RefundLineStated

_ZERO = Fraction(0)


def lines_of(order: OrderStated) -> tuple[Line, ...]:
    """Return what was bought. What an edit took out is gone; what a refund gave back is not."""
    return (*_goods(order), *_shipping(order), *_extras(order))


def total_of(lines: Iterable[Line], currency: str) -> Decimal:
    """Return what all lines cost with tax."""
    whole = sum((Fraction(line.net) + Fraction(line.tax) for line in lines), _ZERO)
    return values.written(whole, currency)


def edited_out(order: OrderStated) -> bool:
    """Say whether an edit took anything out of the order."""
    returned = _returned_pieces(order)
    return any(_kept(line, returned) < line.quantity for line in order.lines)


def _goods(order: OrderStated) -> Iterable[Line]:
    returned = _returned_pieces(order)
    for line in sorted(order.lines, key=lambda line: int(line.id)):
        kept = _kept(line, returned)
        if not kept:
            continue
        share = Fraction(kept, line.quantity)
        full = Fraction(line.price) * line.quantity - Fraction(line.discount)
        net, tax = _split(order, full * share, Fraction(line.tax) * share)
        yield Line(
            id=line.id,
            kind=line.kind,
            product=line.product,
            variant=line.variant,
            sku=line.sku,
            quantity=kept,
            net=net,
            tax=tax,
        )


def _shipping(order: OrderStated) -> Iterable[Line]:
    for line in sorted(order.shipping, key=lambda line: int(line.id.partition(":")[2])):
        price, tax = Fraction(line.price), Fraction(line.tax)
        if line.removed:
            # Its refund must find as much of it as it gave back, or it would come off the goods.
            back = [given for given in _given_back(order) if given.line == line.id]
            price = sum((Fraction(given.subtotal) for given in back), _ZERO)
            tax = sum((Fraction(given.tax) for given in back), _ZERO)
            if not back:
                continue
        net, tax_part = _split(order, price, tax)
        yield Line(id=line.id, kind=LineKind.SHIPPING, net=net, tax=tax_part)


def _extras(order: OrderStated) -> Iterable[Line]:
    for name, price in order.extras:
        if price:
            net = values.written(Fraction(price), order.currency)
            yield Line(id=name, kind=LineKind.FEE, net=net)


def _split(order: OrderStated, amount: Fraction, tax: Fraction) -> tuple[Decimal, Decimal]:
    """Return net and tax of an amount as the shop shows it."""
    net = amount - tax if order.taxes_included else amount
    return values.written(net, order.currency), values.written(tax, order.currency)


def _kept(line: LineStated, returned: Counter[str]) -> int:
    """Return how many pieces are part of the bargain: those still there and those refunded."""
    if line.current is None:
        return line.quantity
    return min(line.quantity, line.current + returned[line.id])


def _returned_pieces(order: OrderStated) -> Counter[str]:
    found: Counter[str] = Counter()
    for given in _given_back(order):
        found[given.line] += given.quantity
    return found


def _given_back(order: OrderStated) -> Sequence[RefundLineStated]:
    return [line for refund in order.refunds for line in refund.lines]
