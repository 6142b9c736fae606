"""Which part of an order counts, line by line, and what is left of it after refunds.

Sums are worked out as fractions and rounded once, at the end, to ten-thousandths (as the database
keeps money). All refunds are added up before anything is taken off, so neither their order nor
how one sum was split over several of them matters:

1. Negative lines (discount fees) are spread over the goods in proportion.
2. Line refunds come off their lines. Money decides: if less was paid out than the lines of a refund
   add up to, they take only that share; a line returned without money takes nothing.
3. What is not accounted for by lines (refunds of an amount only, lines we don't know, more than a
   line was worth) comes off the goods in proportion to what is left, then off everything else.
4. Once as much was given back as the order was worth, nothing is left, whatever the lines say.
5. What of the rest was paid with credit of the programme's own comes off all lines alike: of what is
   left to be paid for, credit pays for what was not given back to it.

A refunded amount includes tax. Where prices count without it, each line loses the same share of its
net as of its gross; a line refund states its own net.

Pieces follow the money too, again after all refunds are added up. A returned piece no longer counts
once at least half of its price was given back (a fee for handling may be kept, or a discount split
unevenly); returned without money it still counts. Money given back without a return takes no pieces,
until nothing is left of the line. What cost nothing has no pieces, nor have delivery, fees and tips.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from operator import sub

import msgspec

from app.errors import Invalid
from app.programme.basis_units import (
    FINEST_EXPONENT,
    LARGEST_EXPONENT,
    PLACES,
    UNIT,
    Left,
    pieces_left,
    returned_pieces,
    rounded,
    whole_units,
)
from app.programme.document import Switches
from app.programme.events import DisputeStatus, Line, LineKind, OrderFacts, Refund

_ZERO = Fraction(0)


class Basis(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What counts of an order now, in the order's currency.

    Kept in whole ten-thousandths, which is all that points are worked out from; as amounts, with the
    decimals that the shop itself writes, for whoever explains it.
    """

    order: OrderFacts
    with_tax: bool
    units: int  # all that counts
    parts: tuple[int, ...]  # each line that counts: what is left of it
    sold: tuple[Line, ...]  # the same lines, as the shop told them
    pieces: tuple[int, ...]  # of the same lines: how many pieces still count
    uncounted: tuple[tuple[str, int], ...]  # kind of line → what is left of those
    discounts: int  # negative lines, already taken off `parts`
    dispute_lost: bool  # the buyer's bank took money back: counted as given back
    credited: tuple[int, ...] = ()  # of the same lines: what own credit paid for, already taken off

    @property
    def currency(self) -> str:
        """The order's."""
        return self.order.currency

    @cached_property
    def total(self) -> Decimal:
        """All that counts."""
        return self.written(self.units)

    @cached_property
    def lines(self) -> tuple[tuple[str, Decimal], ...]:
        """Each line that counts, with what is left of it."""
        return tuple(
            (line.id, self.written(units))
            for line, units in zip(self.sold, self.parts, strict=True)
        )

    @cached_property
    def left_out(self) -> tuple[tuple[str, Decimal], ...]:
        """Kind of line → what is left of those, uncounted."""
        return tuple((kind, self.written(units)) for kind, units in self.uncounted)

    @cached_property
    def discount(self) -> Decimal:
        """Negative lines, already taken off `lines`."""
        return self.written(self.discounts)

    @cached_property
    def refunded(self) -> Decimal:
        """Given back altogether, with tax."""
        given_back = (*self.order.refunds, *_lost_disputes(self.order))
        return sum((refund.amount for refund in given_back), Decimal(0))

    @property
    def refunds_without_lines(self) -> bool:
        """Whether some were counted as amounts because nobody read their lines."""
        return any(refund.lines is None for refund in self.order.refunds)

    def written(self, units: int) -> Decimal:
        """Write ten-thousandths with the order's own decimals, or as many more as are needed."""
        return _written(units, self._places)

    @cached_property
    def _places(self) -> int:
        return _places_of(self.order)


@dataclass(slots=True)
class _Part:
    """A line while things are taken off it."""

    line: Line
    net: Fraction
    gross: Fraction
    before: Fraction = _ZERO  # gross after discounts and before refunds

    @property
    def id(self) -> str:
        return self.line.id

    @property
    def kind(self) -> LineKind:
        return self.line.kind

    def take(self, share: Fraction) -> None:
        self.net -= self.net * share
        self.gross -= self.gross * share


def basis_of(order: OrderFacts, switches: Switches, credit: Decimal = Decimal(0)) -> Basis:
    """Work out the basis. Raises Invalid for an amount that no order can have.

    `credit` is what was paid with the programme's own gift cards and credit, and not given back to them.
    """
    with_tax = order.prices_include_tax if switches.tax == "as-shown" else switches.tax == "with"
    counted = _counted_kinds(
        shipping=switches.shipping,
        fees=switches.fees,
        tips=switches.tips,
        gift_cards=switches.gift_cards,
    )
    lost = _lost_disputes(order) if order.disputes else ()
    given_back = (*order.refunds, *lost)
    left = None if lost else whole_units(order, with_tax=with_tax)
    discount = 0
    if left is None:
        left, discount = _what_is_left(order, given_back, with_tax=with_tax)
    total = 0
    parts, sold, pieces = [], [], []
    left_out: dict[str, int] = {}
    for line, units, quantity in left:
        if line.kind in counted:
            total += units
            parts.append(units)
            sold.append(line)
            pieces.append(quantity)
        elif units:
            left_out[line.kind.value] = left_out.get(line.kind.value, 0) + units
    credited: tuple[int, ...] = ()
    if credit and not switches.own_credit and total:
        kept = _paid_with_money(parts, order, given_back, credit)
        credited = tuple(map(sub, parts, kept))
        total, parts = sum(kept), kept
        pieces = [count if units else 0 for count, units in zip(pieces, kept, strict=True)]
    return Basis(
        order=order,
        with_tax=with_tax,
        units=total,
        parts=tuple(parts),
        sold=tuple(sold),
        pieces=tuple(pieces),
        uncounted=tuple(sorted(left_out.items())),
        discounts=discount,
        dispute_lost=bool(lost),
        credited=credited,
    )


def _paid_with_money(
    parts: Sequence[int], order: OrderFacts, given_back: Iterable[Refund], credit: Decimal
) -> list[int]:
    """Return what of the lines was not paid for with `credit`, to the ten-thousandth altogether."""
    refunded = sum((max(_exact(refund.amount), _ZERO) for refund in given_back), _ZERO)
    left = _exact(order.total) - refunded
    share = max(left - max(_exact(credit), _ZERO), _ZERO) / left if left > 0 else _ZERO
    return rounded([part * share for part in parts])


def _what_is_left(
    order: OrderFacts, given_back: Sequence[Refund], *, with_tax: bool
) -> tuple[list[Left], int]:
    """Return what is left of each line after discounts and refunds, and the discounts."""
    parts, discounts = _parts(order)
    _take_discounts(parts, discounts)
    for part in parts:
        part.before = part.gross
    refunded = sum((max(_exact(refund.amount), _ZERO) for refund in given_back), _ZERO)
    if refunded > 0 and refunded >= _exact(order.total):
        for part in parts:
            part.take(Fraction(1))
    elif refunded:
        pool = _take_line_refunds(parts, {part.id for part in discounts}, given_back)
        _take_amount(parts, pool)
    returned = returned_pieces(order.refunds)
    units = _rounded([part.gross if with_tax else part.net for part in parts])
    left = []
    for part, unit in zip(parts, units, strict=True):
        back = returned.pop(part.id, 0)
        pieces = pieces_left(part.line, part.before, part.gross, back) if unit else 0
        left.append((part.line, unit, pieces))
    return left, sum(_rounded([part.gross if with_tax else part.net for part in discounts]))


def _lost_disputes(order: OrderFacts) -> tuple[Refund, ...]:
    """Return lost disputes as refunds of an amount. In another currency: of everything, as is usual."""
    return tuple(
        Refund(
            id=f"dispute:{dispute.id}",
            amount=dispute.amount if dispute.currency == order.currency else order.total,
            lines=(),
        )
        for dispute in order.disputes
        if dispute.status is DisputeStatus.LOST
    )


@cache
def _counted_kinds(
    *, shipping: bool, fees: bool, tips: bool, gift_cards: bool
) -> frozenset[LineKind]:
    chosen = {
        LineKind.SHIPPING: shipping,
        LineKind.FEE: fees,
        LineKind.TIP: tips,
        LineKind.GIFT_CARD: gift_cards,
    }
    return frozenset({LineKind.GOODS, *(kind for kind, counts in chosen.items() if counts)})


def _parts(order: OrderFacts) -> tuple[list[_Part], list[_Part]]:
    """Return the lines that cost something, and the discounts as positive parts."""
    parts, discounts = [], []
    for line in order.lines:
        net = _exact(line.net)
        gross = net + _exact(line.tax)
        if gross < 0:
            discounts.append(_Part(line, -net, -gross))
        else:
            parts.append(_Part(line, max(net, _ZERO), gross))
    return parts, discounts


def _take_discounts(parts: Sequence[_Part], discounts: Sequence[_Part]) -> None:
    if not discounts:
        return
    goods, others = _split(parts)
    gross = sum((part.gross for part in discounts), _ZERO)
    net = sum((max(part.net, _ZERO) for part in discounts), _ZERO)
    of_gross, of_net = _gross(goods), sum((part.net for part in goods), _ZERO)
    if gross >= of_gross:
        _take_amount(others, gross - of_gross)
        for part in goods:
            part.take(Fraction(1))
        return
    for part in goods:
        part.gross -= part.gross * gross / of_gross
        part.net -= part.net * min(net / of_net, Fraction(1)) if of_net else _ZERO


def _take_line_refunds(
    parts: Sequence[_Part], discount_ids: set[str], refunds: Iterable[Refund]
) -> Fraction:
    """Take refunded lines off theirs; return the money that they don't account for."""
    net: dict[str, Fraction] = {}
    gross: dict[str, Fraction] = {}
    known = {part.id for part in parts}
    pool = _ZERO
    for refund in refunds:
        amount = max(_exact(refund.amount), _ZERO)
        pool += amount
        # A discount given back with its goods is only why less was paid out than they add up to.
        returned = [
            (line.line, _exact(line.net), _exact(line.net) + _exact(line.tax))
            for line in refund.lines or ()
            if line.line not in discount_ids and line.net + line.tax > 0
        ]
        stated = sum((line_gross for _, _, line_gross in returned), _ZERO)
        share = min(amount / stated, Fraction(1)) if stated else _ZERO
        for line_id, line_net, line_gross in returned:
            if line_id in known:
                net[line_id] = net.get(line_id, _ZERO) + line_net * share
                gross[line_id] = gross.get(line_id, _ZERO) + line_gross * share
                pool -= line_gross * share
    for part in parts:
        left = part.gross - gross.pop(part.id, _ZERO)
        part.gross = max(left, _ZERO)
        part.net = max(part.net - net.pop(part.id, _ZERO), _ZERO) if left > 0 else _ZERO
        pool -= min(left, _ZERO)
    return pool


def _take_amount(parts: Sequence[_Part], amount: Fraction) -> None:
    """Take an amount with tax off the goods, what they cannot bear off the rest."""
    for group in _split(parts):
        there = _gross(group)
        taken = min(amount, there)
        if taken > 0:
            for part in group:
                part.take(taken / there)
            amount -= taken


def _split(parts: Sequence[_Part]) -> tuple[list[_Part], list[_Part]]:
    goods = [part for part in parts if part.kind == LineKind.GOODS]
    return goods, [part for part in parts if part.kind != LineKind.GOODS]


def _gross(parts: Iterable[_Part]) -> Fraction:
    return sum((part.gross for part in parts), _ZERO)


def _exact(amount: Decimal) -> Fraction:
    _finest(amount)
    return Fraction(amount)


def _finest(amount: Decimal) -> int:
    """Return the place of an amount's last digit; refuse what would cost hours of arithmetic."""
    exponent = amount.as_tuple().exponent
    if (
        not isinstance(exponent, int)
        or exponent < FINEST_EXPONENT
        or amount.adjusted() > LARGEST_EXPONENT
    ):
        raise Invalid(f"no order can have an amount of {str(amount)[:40]}")
    return exponent


def _rounded(amounts: Sequence[Fraction]) -> list[int]:
    """Round to ten-thousandths so that the rounded parts add up to the rounded sum."""
    return rounded([amount * UNIT for amount in amounts])


def _written(units: int, places: int) -> Decimal:
    """Write ten-thousandths with the order's own decimals, or as many more as are needed."""
    for shown in range(min(places, PLACES), PLACES):
        whole, rest = divmod(units, 10 ** (PLACES - shown))
        if not rest:
            return Decimal(whole).scaleb(-shown)
    return Decimal(units).scaleb(-PLACES)


def _places_of(order: OrderFacts) -> int:
    exponents = [line.net.as_tuple().exponent for line in order.lines]
    return max((-exponent for exponent in exponents if isinstance(exponent, int)), default=0)
