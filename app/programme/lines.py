"""Which lines of an order a rule speaks of: the keys of the document, and what they mean.

A line is known by its SKU and by the number of its product. Categories, tags and whether something is on
sale no order tells: that is asked of the shop's products and frozen with the order (goods.py). What the
shop does not say is never named, nor are delivery, fees and tips.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from app.errors import ConfigError
from app.programme.events import Line, LineKind
from app.programme.reading import wrong

MOST_NAMED = 1000
"""How many SKUs, products, categories, tags or factors one rule may name."""

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

_HANDLE = Meta(
    pattern=r"\A(?=\S)[^\x00-\x1f\x7f]+(?<=\S)\Z",
    max_length=255,
    description="the short name (slug, handle) of a category or the tag, as the shop shows it",
)
Handle = Annotated[str, _HANDLE]
OnSale = Annotated[
    bool | None, Meta(description="true for goods on sale, false for goods at their full price")
]


StoreKey = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9-]{1,63}\Z",
        description="the key of a store, as `stempel store list` shows it",
    ),
]


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """A product as one shop numbers it: two shops may use the same number for different things."""

    store: StoreKey
    id: Annotated[
        str,
        Meta(
            pattern=r"\A[0-9]{1,20}\Z",
            description='the product\'s number in the shop, as "632910392"',
        ),
    ]


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of any of these: SKUs, products, categories, tags, prices. Case makes no difference."""

    skus: tuple[Sku, ...] = ()
    products: tuple[Product, ...] = ()
    categories: tuple[Handle, ...] = ()
    tags: tuple[Handle, ...] = ()
    on_sale: OnSale = None


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """How many times lines of any of these count."""

    by: FactorBy
    skus: tuple[Sku, ...] = ()
    products: tuple[Product, ...] = ()
    categories: tuple[Handle, ...] = ()
    tags: tuple[Handle, ...] = ()
    on_sale: OnSale = None


Named = Lines | Factor
"""Whatever names lines."""


class Goods(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a product was like when its order was first seen, as far as the version asks. Casefolded."""

    product: str
    known: bool = True  # False: the shop did not say
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    on_sale: bool = False


class KnownLine(Line, frozen=True, kw_only=True, omit_defaults=True):
    """A line with what kind of goods it is. Only while rules look at an order: facts never hold it."""

    goods: Goods


Matcher = Callable[[Line], bool]


@lru_cache(maxsize=1000)  # a document is asked about order after order
def matcher(named: Named, store: str | None) -> Matcher:
    """Return what tells whether a line is named; `store` is the key of the shop that sold it."""
    skus = [sku.casefold() for sku in named.skus]
    exact = frozenset(skus)
    starts = tuple(sku[:-1] for sku in skus if sku.endswith("*"))
    ends = tuple(sku[1:] for sku in skus if sku.startswith("*"))
    products = frozenset(product.id for product in named.products if product.store == store)
    is_such = _goods_matcher(named) if asks_for_goods(named) else None

    def names(line: Line) -> bool:
        if is_such is not None and isinstance(line, KnownLine) and is_such(line.goods):
            return True
        if line.product is not None and line.product in products:
            return True
        if not skus or line.sku is None:
            return False
        sku = line.sku.casefold()
        return sku in exact or sku.startswith(starts) or sku.endswith(ends)

    return names


def asks_for_goods(named: Named) -> bool:
    """Say whether lines are named by what only the shop's products tell."""
    return bool(named.categories or named.tags) or named.on_sale is not None


def is_unknown(line: Line) -> bool:
    """Say whether nobody knows what kind of goods a line is."""
    if line.kind is not LineKind.GOODS:
        return False
    return not isinstance(line, KnownLine) or not line.goods.known


def _goods_matcher(named: Named) -> Callable[[Goods], bool]:
    categories = frozenset(word.casefold() for word in named.categories)
    tags = frozenset(word.casefold() for word in named.tags)

    def is_such(goods: Goods) -> bool:
        return goods.known and (
            not categories.isdisjoint(goods.categories)
            or not tags.isdisjoint(goods.tags)
            or goods.on_sale is named.on_sale
        )

    return is_such


def check_lines(path: str, named: Named | None) -> None:
    """Refuse what names nothing, or more than anybody can oversee. Raises ConfigError."""
    if named is None:
        return
    several: Sequence[object]
    if not (named.skus or named.products or asks_for_goods(named)):
        raise ConfigError(
            f'{path} names no lines; give it the key "skus", "products", "categories", "tags" or "on_sale"'
        )
    for name in ("skus", "products", "categories", "tags"):
        several = getattr(named, name)
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
