"""Exact amounts: rounding, the pair of shop and buyer's money, and how each API writes a number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import accumulate, pairwise
from typing import Any

ZERO = Decimal(0)
_PLACES = {"JPY": 0, "KRW": 0, "CLP": 0, "HUF": 2, "BHD": 3, "KWD": 3, "JOD": 3, "TND": 3}


def places(currency: str) -> int:
    """Return how many decimals a currency has."""
    return _PLACES.get(currency, 2)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's decimals."""
    return amount.quantize(Decimal(1).scaleb(-places(currency)), ROUND_HALF_UP)


def graphql(amount: Decimal) -> str:
    """Write an amount as GraphQL does: no padding, but at least one decimal ("70.0", "4.9")."""
    text = f"{amount.normalize():f}"
    return text if "." in text else f"{text}.0"


def share_out(total: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Split an amount in proportion; no part is negative or above its weight if the whole is not."""
    whole = sum(weights, ZERO)
    if not whole:
        return [ZERO for _ in weights]
    # What is given up to each place is rounded, not each part: so rounding never adds up.
    sums = [rounded(total * one / whole, currency) for one in accumulate(weights, initial=ZERO)]
    return [after - before for before, after in pairwise(sums)]


@dataclass(frozen=True)
class Exchange:
    """The shop's currency, the buyer's, and how much of the latter one unit of the former is."""

    shop: str
    buyer: str
    rate: Decimal = Decimal(1)

    def text(self, amount: Decimal) -> str:
        """Write an amount of shop money as the REST shape does: with the currency's decimals."""
        return str(rounded(amount, self.shop))

    def shown(self, amount: Decimal) -> Decimal:
        """Return an amount of shop money in the buyer's currency."""
        return rounded(amount * self.rate, self.buyer)

    def bag(self, amount: Decimal) -> dict[str, Any]:
        """Return the pair of both moneys as the REST shape holds it."""
        return {
            "shop_money": {"amount": self.text(amount), "currency_code": self.shop},
            "presentment_money": {
                "amount": str(self.shown(amount)),
                "currency_code": self.buyer,
            },
        }


def shop_amount(row: dict[str, Any], name: str) -> Decimal:
    """Read `name` of a REST row in shop money: from its `_set`, else the plain field, else 0."""
    bag = row.get(f"{name}_set")
    value = bag["shop_money"]["amount"] if bag else row.get(name)
    return ZERO if value is None else Decimal(str(value))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add up amounts."""
    return sum(amounts, ZERO)
