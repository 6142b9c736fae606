"""Streams all orders, owner by owner, for the proofs that look at all orders of a person."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection, select

from app.db import tables as t
from app.programme.order_windows import OrderItem
from app.services.facts import UNREADABLE
from app.services.order_windows import ORDER, order_item
from app.services.programmes import Version

_ROWS = 2_000


def orders_by_person(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    joined: Mapping[int, int],
) -> Iterator[tuple[int, list[OrderItem]]]:
    """Yield each owner of orders with all of them, without those that cannot be read.

    Those are named with their objects (`verify_worth`). `joined` says whose an account is now.
    """
    rows = connection.execute(
        select(t.source_object)
        .where(
            t.source_object.c.programme_id == programme_id,
            t.source_object.c.kind == ORDER,
            t.source_object.c.owner_id.is_not(None),
        )
        .order_by(t.source_object.c.owner_id)
        .execution_options(yield_per=_ROWS)
    )
    for owner, orders in groupby(rows, key=lambda row: int(row.owner_id)):
        items = []
        for row in orders:
            try:
                items.append(order_item(known, row))
            except UNREADABLE:
                continue
        yield joined.get(owner, owner), items
