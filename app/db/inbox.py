"""Stores many deliveries in one go, the same on both databases, and counts repeats.

Plain SQL, one round trip on PostgreSQL: this is the path every webhook takes before its 200. The rule
for doubles is one for all callers: what has the content key of a stored delivery of the same store is
that delivery come again. It is counted there and queued again if it is not waiting anyway and its body
still exists (a repeat may mean that the shop's state flipped back; applying twice is always safe).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.clock import to_micros
from app.db.arrays import bigints, blobs, texts


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One inbound message, sealed (`app.crypto.seal` with `id`) and ready to be stored."""

    id: int
    programme_id: int
    store_id: int
    source: str  # webhook | read | sync
    topic: str  # without NUL
    received_at: datetime
    began_at: datetime | None = None  # when our read began
    content_key: bytes | None  # None for a signal, which is never a repeat
    size: int  # of the raw body, in bytes
    data_key_id: int
    body: bytes


def store_deliveries(connection: Connection, rows: Sequence[NewDelivery]) -> list[int]:
    """Store the deliveries; returns, in order, the id each ended as: its own, or the repeated one's.

    All or nothing. Needs either a writing transaction or, on PostgreSQL, an AUTOCOMMIT connection
    (it is one statement there). Raises IntegrityError for an id, store or key that cannot be.
    """
    firsts = _count_doubles(rows)
    store = _store_sqlite if connection.dialect.name == "sqlite" else _store_postgresql
    with _driver(connection) as driver:
        repeated = store(driver, list(firsts.values()))
    return [
        repeated.get(key) or firsts[key].row.id
        for key in (_double_key(number, row) for number, row in enumerate(rows))
    ]


def stored_ids(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these deliveries exist: asked when a connection was lost during the commit."""
    marks = ", ".join(["?" if connection.dialect.name == "sqlite" else "%s"] * len(ids))
    found = connection.exec_driver_sql(
        f"SELECT id FROM delivery WHERE id IN ({marks})",  # noqa: S608 - only placeholders
        tuple(ids),
    )
    return set(found.scalars())


@contextmanager
def _driver(connection: Connection) -> Iterator[Any]:
    """Yield the driver's connection: for a group of eight, SQLAlchemy's books cost a fifth of it all.

    Errors come out as SQLAlchemy's nevertheless, without the values of the statement.
    """
    driver = connection.connection.driver_connection
    base = connection.dialect.loaded_dbapi.Error
    try:
        yield driver
    except base as error:
        cut = connection.dialect.is_disconnect(error, driver, None)
        raise DBAPIError.instance(
            "store deliveries",
            (),
            error,
            base,
            hide_parameters=True,
            connection_invalidated=cut,
            dialect=connection.dialect,
        ) from error


_Key = tuple[int, bytes]


class _First(msgspec.Struct):
    """A row to be stored and what came after it in the same batch with the same content."""

    row: NewDelivery
    doubles: int = 0
    last_at: int = 0  # microseconds


def _double_key(number: int, row: NewDelivery) -> _Key:
    # A signal is like no other: its place in the batch, as a store that cannot be, tells it apart.
    return (row.store_id, row.content_key) if row.content_key else (-1 - number, b"")


def _count_doubles(rows: Sequence[NewDelivery]) -> dict[_Key, _First]:
    firsts: dict[_Key, _First] = {}
    for number, row in enumerate(rows):
        key = _double_key(number, row)
        at = to_micros(row.received_at)
        if (first := firsts.get(key)) is None:
            firsts[key] = _First(row, 0, at)
        else:
            first.doubles += 1
            first.last_at = max(first.last_at, at)
    # One order for all processes: two batches that repeat each other's rows cannot deadlock.
    return dict(sorted(firsts.items()))


# The arrays keep the statement's text the same for every batch, so that it is planned once.
_POSTGRESQL = """
WITH sent AS (
    SELECT * FROM unnest(
        %b::bigint[], %b::bigint[], %b::bigint[], %b::text[], %b::text[], %b::bigint[],
        %b::bigint[], %b::bytea[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[],
        %b::bytea[]
    ) AS sent (
        id, programme_id, store_id, source, topic, received_at,
        began_at, content_key, size, repeats, last_at, data_key_id, body
    )
), stored AS (
    INSERT INTO delivery AS known (
        id, programme_id, store_id, source, topic, received_at, began_at, content_key, size,
        repeats, repeated_at
    )
    SELECT id, programme_id, store_id, source, topic, received_at, began_at, content_key, size,
        repeats, CASE WHEN repeats > 0 THEN last_at END
    FROM sent
    ON CONFLICT (store_id, content_key) DO UPDATE SET
        repeats = known.repeats + 1 + excluded.repeats,
        repeated_at = greatest(
            known.repeated_at, excluded.repeated_at, excluded.received_at
        )
    RETURNING known.id, known.programme_id, known.store_id, known.content_key, known.received_at,
        known.repeated_at
), bodies AS (
    INSERT INTO delivery_body (delivery_id, data_key_id, body)
    SELECT sent.id, sent.data_key_id, sent.body FROM sent JOIN stored ON stored.id = sent.id
), queued AS (
    INSERT INTO delivery_queue (delivery_id, programme_id, store_id, due_at)
    SELECT id, programme_id, store_id, coalesce(repeated_at, received_at) FROM stored
    WHERE id IN (SELECT id FROM sent)
        -- A scalar: the planner cannot turn it into a scan of all bodies.
        OR (SELECT true FROM delivery_body b WHERE b.delivery_id = stored.id)
    ON CONFLICT (delivery_id) DO NOTHING
)
SELECT store_id, content_key, id FROM stored WHERE id NOT IN (SELECT id FROM sent)
"""


def _store_postgresql(driver: Any, firsts: Sequence[_First]) -> dict[_Key, int]:
    rows = [first.row for first in firsts]
    answer = driver.execute(
        _POSTGRESQL,
        (
            bigints([row.id for row in rows]),
            bigints([row.programme_id for row in rows]),
            bigints([row.store_id for row in rows]),
            texts([row.source for row in rows]),
            texts([row.topic for row in rows]),
            bigints([to_micros(row.received_at) for row in rows]),
            bigints([None if row.began_at is None else to_micros(row.began_at) for row in rows]),
            blobs([row.content_key for row in rows]),
            bigints([row.size for row in rows]),
            bigints([first.doubles for first in firsts]),
            bigints([first.last_at for first in firsts]),
            bigints([row.data_key_id for row in rows]),
            blobs([row.body for row in rows]),
        ),
    )
    return {(store_id, bytes(key)): known_id for store_id, key, known_id in answer}


def _store_sqlite(driver: Any, firsts: Sequence[_First]) -> dict[_Key, int]:
    """Ask first, then write: the caller's BEGIN IMMEDIATE keeps everyone else out in between."""
    keyed = [
        (first.row.store_id, first.row.content_key) for first in firsts if first.row.content_key
    ]
    found = _each(
        driver,
        # CROSS: SQLite shall walk the few that are asked for; for IN it would walk all deliveries.
        "WITH asked (store_id, content_key) AS ({values})"
        " SELECT store_id, content_key, d.id FROM asked CROSS JOIN delivery d"
        " USING (store_id, content_key)",
        keyed,
    )
    repeated = {(store_id, key): known_id for store_id, key, known_id in found}
    new, again = [], []
    for first in firsts:
        known_id = repeated.get((first.row.store_id, first.row.content_key or b""))
        if known_id is None:
            new.append(first)
        else:
            again.append((first.doubles + 1, first.last_at, known_id))
    _each(
        driver,
        "INSERT INTO delivery (id, programme_id, store_id, source, topic, received_at, began_at,"
        " content_key, size, repeats, repeated_at) {values}",
        [_delivery_row(first) for first in new],
    )
    _each(
        driver,
        "INSERT INTO delivery_body (delivery_id, data_key_id, body) {values}",
        [(first.row.id, first.row.data_key_id, first.row.body) for first in new],
    )
    _each(
        driver,
        "INSERT INTO delivery_queue (delivery_id, programme_id, store_id, due_at) {values}",
        [(f.row.id, f.row.programme_id, f.row.store_id, f.last_at) for f in new],
    )
    if again:
        driver.executemany(
            "UPDATE delivery SET repeats = repeats + ?,"
            " repeated_at = max(coalesce(repeated_at, 0), ?) WHERE id = ?",
            again,
        )
        driver.executemany(
            "INSERT INTO delivery_queue (delivery_id, programme_id, store_id, due_at)"
            " SELECT d.id, d.programme_id, d.store_id, d.repeated_at FROM delivery d"
            " JOIN delivery_body b ON b.delivery_id = d.id WHERE d.id = ?"
            " ON CONFLICT (delivery_id) DO NOTHING",
            [(known_id,) for _, _, known_id in again],
        )
    return repeated


def _each(driver: Any, sql: str, rows: Sequence[tuple[object, ...]]) -> list[tuple[Any, ...]]:
    """Run `sql` with the rows as its VALUES list: one statement, for each one costs a turn.

    (Between statements sqlite3 lets other threads run and waits to be let in again.)
    """
    if not rows:
        return []
    marks = ", ".join(["(" + ", ".join("?" * len(rows[0])) + ")"] * len(rows))
    values = tuple(value for row in rows for value in row)
    found: list[tuple[Any, ...]] = driver.execute(
        sql.format(values=f"VALUES {marks}"), values
    ).fetchall()
    return found


def _delivery_row(first: _First) -> tuple[object, ...]:
    row = first.row
    return (
        row.id,
        row.programme_id,
        row.store_id,
        row.source,
        row.topic,
        to_micros(row.received_at),
        None if row.began_at is None else to_micros(row.began_at),
        row.content_key,
        row.size,
        first.doubles,
        first.last_at if first.doubles else None,
    )
