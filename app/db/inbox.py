"""Stores many deliveries in one go, the same on both databases, and counts repeats.

The rule for doubles is one for all callers: what has the content key of a stored delivery of the same
store is that delivery come again. It is counted there and queued again if it is not waiting anyway and
its body still exists (a repeat may mean that the shop's state flipped back; applying twice is always
safe).

This is the path every webhook takes before its 200, so it is one statement and one call into the driver
on either database: after each call the edge's writer must wait for its turn among the threads, and with
several calls that waiting was most of a commit's time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import msgspec
from psycopg import errors, pq
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.clock import to_micros
from app.db.arrays import BYTEA_ARRAY, INT8_ARRAY, TEXT_ARRAY, bigints, blobs, texts


class NewDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One inbound message, sealed (`app.crypto.seal` with `id`) and ready to be stored."""

    id: int
    programme_id: int
    store_id: int
    source: str  # webhook | read | sync
    topic: str  # without NUL
    received_at: datetime
    began_at: datetime | None = None  # when our read began
    by_header: bool = False  # only an unsigned header said which store it is for
    content_key: bytes | None  # None for a signal, which is never a repeat
    size: int  # of the raw body, in bytes
    data_key_id: int
    body: bytes


_Key = tuple[int, bytes]


def store_deliveries(connection: Connection, rows: Sequence[NewDelivery]) -> list[int]:
    """Store the deliveries; returns, in order, the id each ended as: its own, or the repeated one's.

    All or nothing, in the connection's transaction. Raises IntegrityError for an id, store or key that
    cannot be.
    """
    if connection.dialect.name == "sqlite":
        keep_deliveries(connection, rows)
        repeated = _ids_sqlite(connection, rows)
    else:
        with _driver(connection) as driver:
            if not driver.autocommit:
                connection.exec_driver_sql("SELECT 1")  # begins, which psycopg leaves to the first
            repeated = _store_postgresql(connection, driver, rows)
    return [repeated.get(_key(row), row.id) for row in rows]


def keep_deliveries(connection: Connection, rows: Sequence[NewDelivery]) -> None:
    """Store the deliveries, as the edge does: without asking which of them were repeats.

    Outside a transaction (on PostgreSQL: AUTOCOMMIT) it is one of its own, committed on return.
    """
    with _driver(connection) as driver:
        if connection.dialect.name == "sqlite":
            _store_sqlite(connection, driver, rows)
        else:
            _store_postgresql(connection, driver, rows)


def stored_ids(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Return which of these deliveries exist: asked when a connection was lost during the commit."""
    marks = ", ".join(["?" if connection.dialect.name == "sqlite" else "%s"] * len(ids))
    found = connection.exec_driver_sql(
        f"SELECT id FROM delivery WHERE id IN ({marks})",  # noqa: S608 - only placeholders
        tuple(ids),
    )
    return set(found.scalars())


def _key(row: NewDelivery) -> _Key:
    return (row.store_id, row.content_key or b"")


@contextmanager
def _driver(connection: Connection) -> Iterator[Any]:
    """Yield the driver's connection; errors come out as SQLAlchemy's, without a statement's values."""
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


# --- PostgreSQL ----------------------------------------------------------------------------------

_STATEMENT = b"stempel_inbox"
_ARRAYS = [INT8_ARRAY] * 3 + [TEXT_ARRAY] * 2 + [INT8_ARRAY] * 3
_ARRAYS += [BYTEA_ARRAY] + [INT8_ARRAY] * 4 + [BYTEA_ARRAY]

# The arrays keep the statement the same for every batch, so that it is planned once.
_POSTGRESQL = b"""
WITH sent AS (
    SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS sent (
        id, programme_id, store_id, source, topic, received_at,
        began_at, by_header, content_key, size, repeats, last_at, data_key_id, body
    )
), stored AS (
    INSERT INTO delivery AS known (
        id, programme_id, store_id, source, topic, received_at, began_at, by_header, content_key,
        size, repeats, repeated_at
    )
    SELECT id, programme_id, store_id, source, topic, received_at, began_at, by_header,
        content_key, size, repeats, CASE WHEN repeats > 0 THEN last_at END
    FROM sent
    ON CONFLICT (store_id, content_key) DO UPDATE SET
        repeats = known.repeats + 1 + excluded.repeats,
        by_header = least(known.by_header, excluded.by_header),
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


class _First(msgspec.Struct):
    """A row to be stored and what came after it in the same batch with the same content."""

    row: NewDelivery
    last_at: int  # microseconds
    doubles: int = 0


def _count_doubles(rows: Sequence[NewDelivery]) -> list[_First]:
    """Return each content once: one statement of PostgreSQL cannot touch a row twice."""
    firsts: dict[_Key, _First] = {}
    for number, row in enumerate(rows):
        # A signal is like no other: its place in the batch, as a store that cannot be, tells it apart.
        key = _key(row) if row.content_key else (-1 - number, b"")
        at = to_micros(row.received_at)
        if (first := firsts.get(key)) is None:
            firsts[key] = _First(row, at)
        else:
            first.doubles += 1
            first.last_at = max(first.last_at, at)
    # One order for all processes: two batches that repeat each other's rows cannot deadlock.
    return [firsts[key] for key in sorted(firsts)]


def _store_postgresql(
    connection: Connection, driver: Any, rows: Sequence[NewDelivery]
) -> dict[_Key, int]:
    """Store the rows and return the ids of those that came twice.

    libpq is called directly: it sends, waits and receives in one call.
    """
    firsts = _count_doubles(rows)
    rows = [first.row for first in firsts]
    values = [
        bigints([row.id for row in rows]),
        bigints([row.programme_id for row in rows]),
        bigints([row.store_id for row in rows]),
        texts([row.source for row in rows]),
        texts([row.topic for row in rows]),
        bigints([to_micros(row.received_at) for row in rows]),
        bigints([None if row.began_at is None else to_micros(row.began_at) for row in rows]),
        bigints([int(row.by_header) for row in rows]),
        blobs([row.content_key for row in rows]),
        bigints([row.size for row in rows]),
        bigints([first.doubles for first in firsts]),
        bigints([first.last_at for first in firsts]),
        bigints([row.data_key_id for row in rows]),
        blobs([row.body for row in rows]),
    ]
    answer = _executed(connection, driver, values)
    repeated = {_key(first.row): first.row.id for first in firsts if first.doubles}
    for number in range(answer.ntuples):
        store_id, key, known_id = (answer.get_value(number, column) for column in range(3))
        repeated[int.from_bytes(store_id, "big"), bytes(key)] = int.from_bytes(known_id, "big")
    return repeated


def _executed(connection: Connection, driver: Any, values: list[bytes]) -> Any:
    binary = pq.Format.BINARY
    formats = [binary] * len(values)
    # psycopg forgets every prepared statement of a connection that ever rolls back; the edge's never
    # does. A pooler between us and the server may do so at any time: then it is not tried again.
    if driver.autocommit and connection.info.get(_STATEMENT, True):
        try:
            if _STATEMENT not in connection.info:  # of this connection to the server
                _checked(driver.pgconn.prepare(_STATEMENT, _POSTGRESQL, _ARRAYS))
                connection.info[_STATEMENT] = True
            return _checked(driver.pgconn.exec_prepared(_STATEMENT, values, formats, binary))
        except (errors.InvalidSqlStatementName, errors.DuplicatePreparedStatement):
            connection.info[_STATEMENT] = False
    return _checked(driver.pgconn.exec_params(_POSTGRESQL, values, _ARRAYS, formats, binary))


def _checked(result: Any) -> Any:
    if result.status not in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK}:
        raise errors.error_from_result(result)
    return result


# --- SQLite --------------------------------------------------------------------------------------

# The whole rule as a trigger on a view that only this connection has, so that a batch is one INSERT.
_SQLITE = (
    """
CREATE TEMP VIEW IF NOT EXISTS arriving AS SELECT
    0 AS id, 0 AS programme_id, 0 AS store_id, '' AS source, '' AS topic, 0 AS received_at,
    0 AS began_at, 0 AS by_header, x'' AS content_key, 0 AS size, 0 AS data_key_id, x'' AS body
""",
    """
CREATE TEMP TRIGGER IF NOT EXISTS arrived INSTEAD OF INSERT ON arriving BEGIN
    INSERT INTO delivery (
        id, programme_id, store_id, source, topic, received_at, began_at, by_header, content_key,
        size
    ) VALUES (
        NEW.id, NEW.programme_id, NEW.store_id, NEW.source, NEW.topic, NEW.received_at,
        NEW.began_at, NEW.by_header, NEW.content_key, NEW.size
    ) ON CONFLICT (store_id, content_key) DO UPDATE SET
        repeats = repeats + 1,
        by_header = min(by_header, excluded.by_header),
        repeated_at = max(coalesce(repeated_at, 0), excluded.received_at);
    INSERT INTO delivery_body (delivery_id, data_key_id, body)
        SELECT NEW.id, NEW.data_key_id, NEW.body
        WHERE EXISTS (SELECT 1 FROM delivery WHERE id = NEW.id);
    INSERT INTO delivery_queue (delivery_id, programme_id, store_id, due_at)
        SELECT delivery_id, NEW.programme_id, NEW.store_id, NEW.received_at FROM delivery_body
        WHERE delivery_id = coalesce(
            (
                SELECT id FROM delivery
                WHERE store_id = NEW.store_id AND content_key = NEW.content_key
            ),
            NEW.id
        )
        ON CONFLICT (delivery_id) DO NOTHING;
END
""",
)


def _store_sqlite(connection: Connection, driver: Any, rows: Sequence[NewDelivery]) -> None:
    if "arriving" not in connection.info:
        for statement in _SQLITE:
            driver.execute(statement)
        if not driver.in_transaction:  # else a rollback would take them back
            connection.info["arriving"] = True
    marks = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(rows))
    values: list[object] = []
    for row in rows:
        values += (
            row.id,
            row.programme_id,
            row.store_id,
            row.source,
            row.topic,
            to_micros(row.received_at),
            None if row.began_at is None else to_micros(row.began_at),
            int(row.by_header),
            row.content_key,
            row.size,
            row.data_key_id,
            row.body,
        )
    driver.execute(f"INSERT INTO arriving VALUES {marks}", values)  # noqa: S608 - only placeholders


def _ids_sqlite(connection: Connection, rows: Sequence[NewDelivery]) -> dict[_Key, int]:
    keyed = [(row.store_id, row.content_key) for row in rows if row.content_key]
    if not keyed:
        return {}
    marks = ", ".join(["(?, ?)"] * len(keyed))
    found = connection.exec_driver_sql(
        # CROSS: SQLite shall walk the few that are asked for; for IN it would walk all deliveries.
        f"WITH asked (store_id, content_key) AS (VALUES {marks})"  # noqa: S608 - only placeholders
        " SELECT store_id, content_key, d.id FROM asked CROSS JOIN delivery d"
        " USING (store_id, content_key)",
        tuple(value for pair in keyed for value in pair),
    )
    return {(store_id, key): known_id for store_id, key, known_id in found}
