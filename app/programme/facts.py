"""What follows from the facts of an object alone, whatever the programme says."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from app.programme.events import (
    ActionFacts,
    CustomerFacts,
    Facts,
    Line,
    OrderFacts,
    ProductFacts,
    Refund,
    ReviewFacts,
    Standing,
)


def gone(known: Facts | None) -> Facts | None:
    """Return the facts of an object of which nothing is known but that it is gone.

    What was known stays (the product of a review says which window it leaves), marked as removed.
    """
    match known:
        case OrderFacts():
            return msgspec.structs.replace(known, standing=Standing.REMOVED)
        case CustomerFacts() | ReviewFacts() | ActionFacts() | ProductFacts():
            return msgspec.structs.replace(known, removed=True)
        case _:
            return known


def is_draft(facts: Facts | None) -> bool:
    """Say whether this is a cart that may never become an order."""
    return isinstance(facts, OrderFacts) and facts.standing is Standing.DRAFT


def same_but_coarser(old: OrderFacts, new: OrderFacts) -> bool:
    """Tell whether `new` is `old` with its amounts rounded to fewer decimals, and nothing else.

    WooCommerce's REST answers are rounded to the decimals the store shows today.
    """
    return new != old and with_finer_amounts(old, new) == old


def with_finer_amounts(old: OrderFacts, new: OrderFacts) -> OrderFacts:
    """Return `new`, but with the amounts of `old` where `new` merely rounds them.

    So a status read from a store that now shows no decimals doesn't spoil the amounts.
    """
    shown = _decimals(new)
    if shown >= _decimals(old):
        return new

    def finer(before: Decimal, after: Decimal) -> Decimal:
        rounded = before.quantize(Decimal(1).scaleb(-shown), rounding=ROUND_HALF_UP)
        return before if rounded == after else after

    def finer_line(line: Line) -> Line:
        known = old_lines.get(line.id)
        if known is None:
            return line
        return msgspec.structs.replace(
            line, net=finer(known.net, line.net), tax=finer(known.tax, line.tax)
        )

    def finer_refund(refund: Refund) -> Refund:
        known = old_refunds.get(refund.id)
        if known is None:
            return refund
        lines = refund.lines
        if lines is not None and known.lines is not None and len(lines) == len(known.lines):
            lines = tuple(
                msgspec.structs.replace(
                    after, net=finer(before.net, after.net), tax=finer(before.tax, after.tax)
                )
                if before.line == after.line
                else after
                for before, after in zip(known.lines, lines, strict=True)
            )
        return msgspec.structs.replace(
            refund, amount=finer(known.amount, refund.amount), lines=lines
        )

    old_lines = {line.id: line for line in old.lines}
    old_refunds = {refund.id: refund for refund in old.refunds}
    return msgspec.structs.replace(
        new,
        total=finer(old.total, new.total),
        lines=tuple(finer_line(line) for line in new.lines),
        refunds=tuple(finer_refund(refund) for refund in new.refunds),
    )


def _amounts(order: OrderFacts) -> Iterator[Decimal]:
    yield order.total
    for line in order.lines:
        yield from (line.net, line.tax)
    for refund in order.refunds:
        yield refund.amount
        for part in refund.lines or ():
            yield from (part.net, part.tax)


def _decimals(order: OrderFacts) -> int:
    """Return how many decimals the amounts are written with, at most."""
    exponents = (amount.as_tuple().exponent for amount in _amounts(order))
    return max((-exponent for exponent in exponents if isinstance(exponent, int)), default=0)
