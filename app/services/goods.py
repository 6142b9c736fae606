"""What kind of goods an order is of: asked of the shop's products, frozen with the order.

Only for programmes of which a version asks for categories, tags or sale prices: others keep no products
and pay no statement. What counts is the newest that is known of a product when a line of it is first
seen; what is not known, or was learned more than `FRESH` ago, is read from the shop before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, select, tuple_

from app.db import tables as t
from app.programme.events import Event, Facts, OrderFacts, ProductFacts
from app.programme.facts import is_draft
from app.programme.goods import Asked, asked_of, asks, frozen, products_of
from app.programme.lines import Goods
from app.services.awards import context_of, encode_context
from app.services.facts import decode_facts
from app.services.programmes import Version
from app.services.rows import ObjectKey, ObjectRow
from app.services.workset import WorkSet, chunks

PRODUCT = "product"
"""The kind of source object that says what kind of goods a product is."""

FRESH = timedelta(days=1)
"""For so long what was learned of a product is taken for true without asking again."""


class Seen(msgspec.Struct, frozen=True):
    """What is known of a product, and since when it is known to be so."""

    facts: ProductFacts | None  # None: it is not in the shop, and was not when we first asked
    at: datetime


class Shelf(msgspec.Struct, frozen=True):
    """The products of a batch's orders, as they were known when it began. `asked`: by any version."""

    asked: bool = False
    seen: Mapping[ObjectKey, Seen] = {}


def is_asked(versions: Sequence[Version]) -> bool:
    """Say whether any version asks what kind of goods products are."""
    return any(asks(version.programme) for version in versions)


def load_shelf(
    connection: Connection, versions: Sequence[Version], events: Iterable[tuple[int, Event]]
) -> Shelf:
    """Load what is known of the products that orders are of. `events` are each with its store."""
    if not is_asked(versions):
        return Shelf()
    wanted = {
        (store_id, PRODUCT, product)
        for store_id, event in events
        for product in products_of(event.facts)
    }
    columns = t.source_object.c
    seen: dict[ObjectKey, Seen] = {}
    for chunk in chunks(sorted(wanted)):
        query = select(
            columns.store_id,
            columns.external_id,
            columns.facts,
            columns.accepted_at,
            columns.truth_at,
        ).where(tuple_(columns.store_id, columns.kind, columns.external_id).in_(chunk))
        for row in connection.execute(query):
            key = (row.store_id, PRODUCT, row.external_id)
            seen[key] = _seen(row.facts, row.accepted_at, row.truth_at)
    return Shelf(asked=True, seen=seen)


def to_be_read(
    work: WorkSet, shelf: Shelf, version: Version, store_id: int, facts: Facts | None, context: str
) -> tuple[str, ...]:
    """Return the products to read before an order can be judged by this version."""
    if not _concerns(shelf, version, facts):
        return ()
    frozen_already = {one.product for one in context_of(context).products}
    return tuple(
        product
        for product in products_of(facts)
        if product not in frozen_already
        and not _is_fresh(_known(work, shelf, store_id, product), work.now)
    )


def freeze(
    work: WorkSet, shelf: Shelf, version: Version, row: ObjectRow, facts: Facts | None
) -> None:
    """Freeze with an order what its products are like, of those that it is first seen with."""
    if not _concerns(shelf, version, facts):
        return
    context = context_of(row.context)
    known = {one.product for one in context.products}
    asked = asked_of(version.programme)
    news = tuple(_frozen(work, shelf, asked, row.store_id, products_of(facts), known))
    if news:
        row.context = encode_context(
            msgspec.structs.replace(context, products=context.products + news)
        )
        row.dirty = True


def _concerns(shelf: Shelf, version: Version, facts: Facts | None) -> bool:
    if not shelf.asked or not isinstance(facts, OrderFacts) or is_draft(facts):
        return False
    return asks(version.programme)


def _frozen(
    work: WorkSet,
    shelf: Shelf,
    asked: Asked,
    store_id: int,
    products: Sequence[str],
    known: set[str],
) -> Iterator[Goods]:
    for product in products:
        if product not in known:
            seen = _known(work, shelf, store_id, product)
            yield frozen(asked, product, None if seen is None else seen.facts)


def _known(work: WorkSet, shelf: Shelf, store_id: int, product: str) -> Seen | None:
    """Return what is known of a product by now: this very batch may have learned of it."""
    key = (store_id, PRODUCT, product)
    row = work.objects.get(key)
    if row is not None:
        return _seen(row.facts, row.accepted_at, row.truth_at)
    return shelf.seen.get(key)


def _seen(facts: str, accepted_at: datetime, truth_at: datetime | None) -> Seen:
    told = decode_facts(facts)
    at = accepted_at if truth_at is None else max(accepted_at, truth_at)
    return Seen(told if isinstance(told, ProductFacts) else None, at)


def _is_fresh(seen: Seen | None, now: datetime) -> bool:
    return seen is not None and seen.at >= now - FRESH
