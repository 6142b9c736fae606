"""Money as WooCommerce counts it: exact decimals, six places inside, the store's decimals outside.

Rounding rules were worked out from captured orders: line totals are kept ex tax with six places,
taxes are rounded per line, and the order's total is the sum of the rounded parts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

ZERO = Decimal(0)
_INSIDE = Decimal("0.000001")


@dataclass(frozen=True)
class Tax:
    """How a shop taxes: the rate as a share (0.23), and whether shelf prices contain it."""

    rate: Decimal
    included: bool
    decimals: int

    def round(self, amount: Decimal) -> Decimal:
        """Round to the store's decimals, half up."""
        return amount.quantize(_step(self.decimals), ROUND_HALF_UP)

    def of(self, net: Decimal) -> Decimal:
        """Return the tax on a net amount; halves go down where prices include tax."""
        mode = ROUND_HALF_DOWN if self.included else ROUND_HALF_UP
        return (net * self.rate).quantize(_step(self.decimals), mode)

    def net(self, shelf: Decimal, *, taxable: bool = True) -> Decimal:
        """Return the net amount of a shelf price, with six places."""
        if self.included and taxable:
            shelf = shelf / (1 + self.rate)
        return shelf.quantize(_INSIDE, ROUND_HALF_UP)


def _step(decimals: int) -> Decimal:
    return Decimal(1).scaleb(-decimals)


def text(amount: Decimal, store_decimals: int, dp: int | None = None) -> str:
    """Render an amount: rounded to the store's decimals, then shown with `dp` places."""
    rounded = amount.quantize(_step(store_decimals), ROUND_HALF_UP)
    if dp is not None:
        rounded = rounded.quantize(_step(dp), ROUND_HALF_UP)
    return f"{rounded + ZERO:f}"


def decimal(value: Any) -> Decimal:
    """Read an amount as a client sends it: a string, a number, or nothing (zero)."""
    return Decimal(str(value)) if value not in (None, "") else ZERO


def unit_price(total: Decimal, quantity: int) -> float:
    """Return a line's `price`: an unrounded float, ex tax, as the shop shows it."""
    return float(total) / quantity if quantity else 0.0


@dataclass
class Part:
    """One order line while coupons are applied, in the smallest unit of the store's money."""

    product_id: int
    quantity: int
    shelf: int  # what the line costs on the shelf, all pieces
    off: int = 0  # discount so far

    @property
    def left(self) -> int:
        """Return what can still be discounted."""
        return self.shelf - self.off


def discount(
    parts: Sequence[Part], kind: str, amount: Decimal, decimals: int, limit: int | None
) -> int:
    """Take one coupon off the parts (changing them); returns the sum taken, in smallest units."""
    by_price = sorted(parts, key=lambda part: -(part.shelf / max(part.quantity, 1)))
    before = sum(part.off for part in parts)
    if kind == "percent":
        _percent(by_price, amount, limit)
    elif kind == "fixed_cart":
        _fixed_cart(by_price, int(amount.scaleb(decimals)))
    else:
        _fixed_product(by_price, int(amount.scaleb(decimals)), limit)
    return sum(part.off for part in parts) - before


def _percent(parts: Iterable[Part], percent: Decimal, limit: int | None) -> None:
    """Floor per line, then the missing pieces one by one from the dearest line down.

    With a `limit` only that many pieces count, the dearest first (apply_coupon_percent).
    """
    counting: list[Part] = []
    worth = Decimal(0)
    taken = 0
    for part in parts:
        pieces = part.quantity if limit is None else min(part.quantity, limit)
        if limit is not None:
            limit -= pieces
        left = Decimal(part.left) * pieces / max(part.quantity, 1)
        off = min(int((left * percent / 100).to_integral_value(ROUND_FLOOR)), part.left)
        part.off += off
        taken += off
        worth += left
        if pieces:
            counting.append(part)
    whole = (worth * percent / 100).quantize(Decimal(1), ROUND_HALF_UP)
    _remainder(counting, int(whole) - taken)


def _fixed_product(parts: Iterable[Part], each: int, limit: int | None) -> None:
    for part in parts:
        pieces = part.quantity if limit is None else min(part.quantity, limit)
        if limit is not None:
            limit -= pieces
        part.off += min(each * pieces, part.left)


def _fixed_cart(parts: Sequence[Part], amount: int) -> None:
    """Spread evenly over pieces; what a cheap line cannot take goes to the others."""
    while amount > 0:
        open_parts = [part for part in parts if part.left > 0]
        pieces = sum(part.quantity for part in open_parts)
        if not pieces:
            return
        each = amount // pieces
        if not each:
            _remainder(open_parts, amount)
            return
        before = sum(part.off for part in open_parts)
        _fixed_product(open_parts, each, None)
        amount -= sum(part.off for part in open_parts) - before


def _remainder(parts: Sequence[Part], missing: int) -> None:
    for part in parts:
        for _ in range(part.quantity):
            if missing <= 0 or part.left <= 0:
                break
            part.off += 1
            missing -= 1
