"""What kind of goods the lines of an order are: categories, tags, whether they are on sale.

No order tells that; the shop's products do. What a product was like when the order was first seen is
frozen with the order, and no later change of the product moves a point. Only what the version asks for
is kept.
"""

from collections.abc import Sequence

import msgspec

from app.programme.document import Programme
from app.programme.events import Line, LineKind, OrderFacts, ProductFacts
from app.programme.lines import Goods, KnownLine, Named, asks_for_goods


class Asked(msgspec.Struct, frozen=True):
    """What a version asks of products, casefolded."""

    categories: frozenset[str]
    tags: frozenset[str]
    on_sale: bool

    def __bool__(self) -> bool:
        return self.on_sale or bool(self.categories or self.tags)

    def within(self, other: "Asked") -> bool:
        """Say whether what was frozen for the other one is enough for this one."""
        return (
            self.categories <= other.categories
            and self.tags <= other.tags
            and self.on_sale <= other.on_sale
        )


def asked_of(programme: Programme) -> Asked:
    """Return what the rules and campaigns of a version ask of products."""
    named = [one for one in _named(programme) if asks_for_goods(one)]
    return Asked(
        frozenset(word.casefold() for one in named for word in one.categories),
        frozenset(word.casefold() for one in named for word in one.tags),
        any(one.on_sale is not None for one in named),
    )


def asks(programme: Programme) -> bool:
    """Say whether a version asks anything of products."""
    return any(asks_for_goods(one) for one in _named(programme))


def products_of(facts: object) -> tuple[str, ...]:
    """Return the products of an order's goods, each once, in the order of its lines."""
    if not isinstance(facts, OrderFacts):
        return ()
    several = (line.product for line in facts.lines if line.kind is LineKind.GOODS)
    return tuple(dict.fromkeys(product for product in several if product is not None))


def frozen(asked: Asked, product: str, facts: ProductFacts | None) -> Goods:
    """Return what is frozen of a product with an order; `facts` None: nobody can tell."""
    if facts is None:
        return Goods(product=product, known=False)
    return Goods(
        product=product,
        categories=_mentioned(facts.categories, asked.categories),
        tags=_mentioned(facts.tags, asked.tags),
        on_sale=asked.on_sale and facts.on_sale,
    )


def with_goods(order: OrderFacts, goods: Sequence[Goods]) -> OrderFacts:
    """Return an order whose lines know what kind of goods they are, as frozen with it."""
    if not goods:
        return order
    by_product = {one.product: one for one in goods}
    lines = tuple(_known(line, by_product) for line in order.lines)
    return msgspec.structs.replace(order, lines=lines)


def lacks_goods(asked: Asked, then: Asked, order: OrderFacts, goods: Sequence[Goods]) -> bool:
    """Say whether an order was seen when nobody asked of its goods what is `asked` now.

    `then` is what the version that judges it asks, `goods` what was frozen with it.
    """
    if not asked:
        return False
    known = {one.product for one in goods if one.known}
    several = products_of(order)
    return bool(several) and not (asked.within(then) and known.issuperset(several))


def _named(programme: Programme) -> list[Named]:
    named: list[Named | None] = []
    for rule in programme.rules:
        named += [rule.lines, rule.except_lines, *rule.multiply]
    for campaign in programme.campaigns:
        named += [campaign.lines, campaign.except_lines]
    if programme.membership is not None:
        named.append(programme.membership.lines)
    named += [segment.where.bought for segment in programme.segments]
    return [one for one in named if one is not None]


def _known(line: Line, goods: dict[str, Goods]) -> Line:
    if line.kind is not LineKind.GOODS or line.product is None or isinstance(line, KnownLine):
        return line
    found = goods.get(line.product)
    if found is None:
        return line
    return KnownLine(**msgspec.structs.asdict(line), goods=found)


def _mentioned(words: Sequence[str], asked: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted({word.casefold() for word in words} & asked))
