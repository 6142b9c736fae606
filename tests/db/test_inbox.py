from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from app.crypto import Keyring
from app.db import tables as t
from app.db.engine import Database
from app.db.ids import new_id
from app.db.inbox import NewDelivery, keep_deliveries, store_deliveries, stored_ids
from app.services.keys import DataKeys
from app.services.stores import add_store

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def first_delivery(database: Database, keyring: Keyring) -> NewDelivery:
    """Connect a store and return its first delivery, not yet stored."""
    with database.transaction() as connection:
        programme_id = new_id()
        connection.execute(insert(t.programme).values(id=programme_id, key="kawa", created_at=NOON))
        data_key_id, _ = DataKeys(keyring).for_writing(connection, programme_id, NOON)
    return NewDelivery(
        id=new_id(),
        programme_id=programme_id,
        store_id=connect_store(database, keyring, programme_id),
        source="webhook",
        topic="order.updated",
        received_at=NOON,
        content_key=b"k" * 32,
        size=2048,
        data_key_id=data_key_id,
        body=b"sealed",
    )


def connect_store(database: Database, keyring: Keyring, programme_id: int) -> int:
    with database.transaction() as connection:
        return add_store(
            connection,
            keyring,
            programme_id=programme_id,
            platform="tinyshop",
            url="https://shop.example",
            values={},
            now=NOON,
        ).id


@pytest.fixture
def first(database: Database, keyring: Keyring) -> NewDelivery:
    return first_delivery(database, keyring)


def again(delivery: NewDelivery, **changes: object) -> NewDelivery:
    return msgspec.structs.replace(delivery, id=new_id(), **changes)


def store(database: Database, *rows: NewDelivery) -> list[int]:
    with database.transaction() as connection:
        return store_deliveries(connection, rows)


def queued(connection: Connection) -> list[int]:
    return list(
        connection.execute(
            select(t.delivery_queue.c.delivery_id).order_by(t.delivery_queue.c.delivery_id)
        ).scalars()
    )


def count(connection: Connection, table: object) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_new_delivery_is_kept_with_its_body_and_waits_in_the_queue(
    database: Database, first: NewDelivery
) -> None:
    read = again(first, source="read", began_at=NOON - timedelta(seconds=2), content_key=None)
    assert store(database, first, read) == [first.id, read.id]
    with database.snapshot() as connection:
        rows = connection.execute(select(t.delivery).order_by(t.delivery.c.id)).all()
        assert [(r.source, r.topic, r.size, r.repeats, r.repeated_at) for r in rows] == [
            ("webhook", "order.updated", 2048, 0, None),
            ("read", "order.updated", 2048, 0, None),
        ]
        assert [(r.received_at, r.began_at, r.content_key) for r in rows] == [
            (NOON, None, b"k" * 32),
            (NOON, NOON - timedelta(seconds=2), None),
        ]
        bodies = connection.execute(select(t.delivery_body)).all()
        assert {(b.delivery_id, b.data_key_id, b.body) for b in bodies} == {
            (first.id, first.data_key_id, b"sealed"),
            (read.id, first.data_key_id, b"sealed"),
        }
        assert queued(connection) == [first.id, read.id]
        due = connection.execute(select(t.delivery_queue.c.due_at)).scalars()
        assert set(due) == {NOON}


def test_the_same_content_again_is_counted_and_not_kept_twice(
    database: Database, first: NewDelivery
) -> None:
    store(database, first)
    later = again(first, received_at=NOON + timedelta(hours=1))
    assert store(database, later) == [first.id]
    with database.snapshot() as connection:
        row = connection.execute(select(t.delivery)).one()
        assert (row.repeats, row.repeated_at) == (1, NOON + timedelta(hours=1))
        assert count(connection, t.delivery_body) == 1
        assert queued(connection) == [first.id]


def test_a_repeat_of_a_delivery_already_done_is_queued_again(
    database: Database, first: NewDelivery
) -> None:
    store(database, first)
    with database.transaction() as connection:
        connection.execute(delete(t.delivery_queue))
    later = again(first, received_at=NOON + timedelta(hours=1))
    other = again(first, content_key=b"o" * 32)
    assert store(database, other, later) == [other.id, first.id]
    with database.snapshot() as connection:
        assert queued(connection) == [first.id, other.id]
        due = select(t.delivery_queue.c.due_at).where(t.delivery_queue.c.delivery_id == first.id)
        assert connection.execute(due).scalar_one() == NOON + timedelta(hours=1)


def test_a_repeat_whose_body_is_gone_is_only_counted(
    database: Database, first: NewDelivery
) -> None:
    store(database, first)
    with database.transaction() as connection:
        connection.execute(delete(t.delivery_queue))
        connection.execute(delete(t.delivery_body))
    assert store(database, again(first)) == [first.id]
    with database.snapshot() as connection:
        assert connection.execute(select(t.delivery.c.repeats)).scalar_one() == 1
        assert queued(connection) == []
        assert count(connection, t.delivery_body) == 0


def test_doubles_within_one_batch_count_as_repeats(database: Database, first: NewDelivery) -> None:
    second = again(first, received_at=NOON + timedelta(seconds=1))
    third = again(first, received_at=NOON + timedelta(seconds=2))
    assert store(database, first, second, third) == [first.id] * 3
    assert store(database, again(first), again(first)) == [first.id] * 2
    with database.snapshot() as connection:
        row = connection.execute(select(t.delivery)).one()
        assert (row.repeats, row.repeated_at) == (4, NOON + timedelta(seconds=2))
        assert queued(connection) == [first.id]


def test_signals_are_never_doubles(database: Database, first: NewDelivery) -> None:
    rows = [again(first, content_key=None) for _ in range(3)]
    assert store(database, *rows) == [row.id for row in rows]
    with database.snapshot() as connection:
        assert count(connection, t.delivery) == 3
        assert connection.execute(select(func.sum(t.delivery.c.repeats))).scalar_one() == 0


def test_the_same_content_of_another_store_is_another_delivery(
    database: Database, first: NewDelivery, keyring: Keyring
) -> None:
    other = connect_store(database, keyring, first.programme_id)
    twin = again(first, store_id=other)
    assert store(database, first, twin) == [first.id, twin.id]


def test_a_row_that_cannot_be_leaves_nothing_of_its_batch(
    database: Database, first: NewDelivery
) -> None:
    with pytest.raises(IntegrityError):
        store(database, first, again(first, content_key=None, store_id=1))
    with database.snapshot() as connection:
        assert count(connection, t.delivery) == 0
        assert stored_ids(connection, [first.id]) == set()
    store(database, first)
    with database.snapshot() as connection:
        assert stored_ids(connection, [first.id, 1]) == {first.id}


def test_two_processes_that_repeat_each_other_do_not_deadlock(
    postgres_database: Database, keyring: Keyring
) -> None:
    first = first_delivery(postgres_database, keyring)
    rows = [again(first, content_key=b"%032d" % number) for number in range(50)]

    def deliver(order: int) -> None:
        for _ in range(20):
            store(postgres_database, *[again(row) for row in rows[::order]])

    with ThreadPoolExecutor(2) as processes:
        for done in [processes.submit(deliver, order) for order in (1, -1)]:
            done.result()
    with postgres_database.snapshot() as connection:
        assert count(connection, t.delivery) == 50
        assert connection.execute(select(func.sum(t.delivery.c.repeats))).scalar_one() == 39 * 50


def test_a_pooler_that_forgets_prepared_statements_loses_no_delivery(
    postgres_database: Database, keyring: Keyring
) -> None:
    first = first_delivery(postgres_database, keyring)
    with postgres_database.writer.connect() as connection:
        edge = connection.execution_options(isolation_level="AUTOCOMMIT")
        keep_deliveries(edge, [first])
        edge.exec_driver_sql("DEALLOCATE ALL")
        for number in range(3):
            keep_deliveries(edge, [again(first, content_key=bytes([number]) * 32)])
    with postgres_database.snapshot() as connection:
        assert count(connection, t.delivery) == 4
