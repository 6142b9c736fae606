"""The writer by itself: groups, poison rows, keys of the day, wake-ups."""

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import delete, func, select

from app.crypto import Keyring
from app.db import tables as t
from app.db.engine import Database
from app.db.ids import new_id
from app.services.keys import DataKeys
from app.services.stores import EdgeStore, load_edge_store
from tests.webhooks.conftest import Shop
from tests.webhooks.platform import connector
from webhooks.arrivals import Arrival
from webhooks.wakes import Wakes
from webhooks.writer import Writer

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(database: Database, keyring: Keyring, shop: Shop) -> EdgeStore:
    with database.snapshot() as connection:
        store = load_edge_store(connection, keyring, shop.key)
    assert store is not None
    return store


@pytest.fixture
def woken() -> list[int]:
    return []


@pytest.fixture
def writer(database: Database, keyring: Keyring, woken: list[int]) -> Iterator[Writer]:
    wakes = Wakes(woken.append)
    wakes.start()
    writer = Writer(database, keyring, DataKeys(keyring), wakes, hold_seconds=5, hold_requests=200)
    yield writer
    writer.stop(5)
    wakes.stop()


def arrival(store: EdgeStore, body: bytes, at: datetime = NOON) -> Arrival:
    waiting = asyncio.get_running_loop().create_future()
    return Arrival(
        new_id(),
        store,
        by_header=False,
        inbound=connector.inbound,
        topic="topic",
        body=body,
        received_at=at,
        since=time.monotonic(),
        row=None,
        answer=waiting,
    )


def deliver(writer: Writer, store: EdgeStore, *bodies: bytes | Arrival) -> list[bool]:
    """Submit all at once, before the thread runs, so that they make one group."""

    async def run() -> list[bool]:
        arrivals = [b if isinstance(b, Arrival) else arrival(store, b) for b in bodies]
        for one in arrivals:
            assert writer.submit(one)
        writer.start(asyncio.get_running_loop())
        answers = await asyncio.gather(*(one.answer for one in arrivals))
        await asyncio.to_thread(writer.stop, 5)
        return answers

    return asyncio.run(run())


def count(database: Database) -> int:
    with database.snapshot() as connection:
        return connection.execute(select(func.count()).select_from(t.delivery)).scalar_one()


def test_a_group_is_stored_and_its_store_is_woken_once(
    writer: Writer, database: Database, store: EdgeStore, woken: list[int]
) -> None:
    assert deliver(writer, store, *[b"%d" % number for number in range(500)]) == [True] * 500
    assert count(database) == 500
    deadline = time.monotonic() + 2
    while not woken and time.monotonic() < deadline:
        time.sleep(0.01)
    assert set(woken) == {store.id}
    assert len(woken) <= 3


def test_one_row_that_cannot_be_stored_does_not_fail_its_neighbours(
    writer: Writer, database: Database, store: EdgeStore
) -> None:
    of_no_store = msgspec.structs.replace(store, id=1)

    async def run() -> list[bool]:
        group = [
            arrival(store, b"before"),
            arrival(of_no_store, b"poison"),
            arrival(store, b"after"),
        ]
        for one in group:
            writer.submit(one)
        writer.start(asyncio.get_running_loop())
        return await asyncio.gather(*(one.answer for one in group))

    assert asyncio.run(run()) == [True, False, True]
    assert count(database) == 2


def test_each_day_has_its_own_key_and_a_lost_key_is_made_anew(
    writer: Writer, database: Database, store: EdgeStore
) -> None:
    async def run() -> None:
        writer.start(asyncio.get_running_loop())

        async def send(body: bytes, at: datetime) -> bool:
            one = arrival(store, body, at)
            writer.submit(one)
            return await one.answer

        assert await send(b"today", NOON)
        assert await send(b"today again", NOON)
        assert await send(b"tomorrow", NOON + timedelta(days=1))
        with database.transaction() as connection:  # as after going back to a backup
            for table in (t.delivery_queue, t.delivery_body, t.delivery, t.data_key):
                connection.execute(delete(table))
        assert await send(b"after the backup", NOON + timedelta(days=1))

    asyncio.run(run())
    with database.snapshot() as connection:
        assert len(connection.execute(select(t.data_key)).all()) == 1
    assert count(database) == 1


def test_a_slow_wake_delays_no_delivery(
    database: Database, keyring: Keyring, store: EdgeStore
) -> None:
    never = threading.Event()
    wakes = Wakes(lambda _store_id: never.wait(30) and None)
    wakes.start()
    writer = Writer(database, keyring, DataKeys(keyring), wakes, hold_seconds=5, hold_requests=200)
    began = time.monotonic()
    assert deliver(writer, store, b"one", b"two") == [True, True]
    assert time.monotonic() - began < 2
    never.set()
    wakes.stop()


def test_a_wake_that_fails_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    called: list[int] = []

    def wake(store_id: int) -> None:
        called.append(store_id)
        raise ConnectionError("redis://user:password@host")

    wakes = Wakes(wake)
    wakes.start()
    wakes.note([1])
    wakes.note([1, 2])
    wakes.stop()
    assert sorted(set(called)) == [1, 2]
    assert "ConnectionError" in caplog.text
    assert "password" not in caplog.text
