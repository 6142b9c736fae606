"""Which lines of an order a rule speaks of: the keys of the document, and what they mean.

A line is known by its SKU and by the number of its product; nothing else that an order states is
reliable on every platform (no categories, tags or sale prices). A line without either, as delivery,
fees and tips, is never named.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.events import Line
from app.programme.reading import wrong

MOST_NAMED = 1000
"""How many SKUs, products or factors one rule may name."""

_SKU = 'a SKU, at most one "*" at its start or end for anything more, as "MUG-*"'
_FACTOR = 'a factor from 0 to 100 with at most four decimals, as "1.5"'

FactorBy = Annotated[Decimal, Meta(description=_FACTOR)]
Sku = Annotated[
    str,
    Meta(
        pattern=r"\A(?=\S)(\*?[^*\x00-\x1f\x7f]+|[^*\x00-\x1f\x7f]+\*)(?<=\S)\Z",
        max_length=101,
        description=_SKU,
    ),
]


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product as one shop numbers it: two shops may use the same number for different things."""

    store: Annotated[
        str,
        Meta(
            pattern=r"\A[a-z0-9-]{1,63}\Z",
            description="the key of a store, as `stempel store list` shows it",
        ),
    ]
    id: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9]{1,20}\Z",
            description='the product\'s number in the shop, as "632910392"',
        ),
    ]


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of one of these SKUs or products. Case makes no difference to a SKU."""

    skus: tuple[Sku, ...] = ()
    products: tuple[Product, ...] = ()


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """How many times lines of one of these SKUs or products count."""

    by: FactorBy
    skus: tuple[Sku, ...] = ()
    products: tuple[Product, ...] = ()


Matcher = Callable[[Line], bool]


@lru_cache(maxsize=1000)  # a document is asked about order after order
def matcher(named: Lines | Factor, store: str | None) -> Matcher:
    """Return what tells whether a line is named; `store` is the key of the shop that sold it."""
    skus = [sku.casefold() for sku in named.skus]
    exact = frozenset(skus)
    starts = tuple(sku[:-1] for sku in skus if sku.endswith("*"))
    ends = tuple(sku[1:] for sku in skus if sku.startswith("*"))
    products = frozenset(product.id for product in named.products if product.store == store)

    def names(line: Line) -> bool:
        if line.product is not None and line.product in products:
            return True
        if not skus or line.sku is None:
            return False
        sku = line.sku.casefold()
        return sku in exact or sku.startswith(starts) or sku.endswith(ends)

    return names


def check_lines(path: str, named: Lines | Factor | None) -> None:
    """Refuse what names nothing, or more than anybody can oversee. Raises ConfigError."""
    if named is None:
        return
    if not named.skus and not named.products:
        raise ConfigError(f'{path} names no lines; give it the key "skus" or "products"')
    for name, several in (("skus", named.skus), ("products", named.products)):
        if len(several) > MOST_NAMED:
            raise wrong(f"{path}.{name}", f"{len(several)} of them", f"at most {MOST_NAMED}")


def check_factors(path: str, factors: Sequence[Factor]) -> None:
    """Refuse factors that no rule can have. Raises ConfigError."""
    if len(factors) > MOST_NAMED:
        raise wrong(path, f"{len(factors)} of them", f"at most {MOST_NAMED}")
    for at, factor in enumerate(factors):
        check_factor(f"{path}[{at}].by", factor.by)
        check_lines(f"{path}[{at}]", factor)


def check_factor(path: str, by: Decimal) -> None:
    """Refuse what nothing can be multiplied by. Raises ConfigError."""
    exponent = by.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -4 or not 0 <= by <= 100:
        raise wrong(path, by, _FACTOR)
