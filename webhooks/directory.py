"""Which stores there are, remembered for a few seconds; and the note that a store's ping arrived."""

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
from sqlalchemy import or_, update
from sqlalchemy.exc import SQLAlchemyError

from app.clock import Clock
from app.crypto import Keyring
from app.db import tables as t
from app.db.engine import Database
from app.errors import Passing
from app.services.stores import EdgeStore, load_edge_store

log = logging.getLogger(__name__)

_FRESH = 5.0  # seconds an answer counts, "there is none" too
_MOST = 10_000  # answers of each kind that are remembered
_RETRY_PAUSE = 0.2  # seconds
_STALE_PATIENCE = 1.0  # seconds to wait for the database when we have an older answer
_PING_EVERY = 60.0  # seconds between two notes of one store's pings
_LONGEST_KEY = 128


class _Answer(msgspec.Struct):
    store: EdgeStore | None
    until: float  # time.monotonic()


class StoreDirectory:
    """Looks stores up by key. Belongs to the event loop's thread; the database is asked in others."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        hold_seconds: float,
        hold_requests: int,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._hold_seconds = hold_seconds
        self._hold_requests = hold_requests
        self._clock = clock
        # Apart, so that strangers can neither push known stores out nor make them queue.
        self._known: dict[str, _Answer] = {}
        self._unknown: dict[str, _Answer] = {}
        self._known_thread = ThreadPoolExecutor(1, "webhook-stores")
        self._unknown_thread = ThreadPoolExecutor(1, "webhook-strangers")
        self._ping_thread = ThreadPoolExecutor(1, "webhook-pings")
        self._away = False
        self._asking: dict[str, asyncio.Task[EdgeStore | None]] = {}
        self._pinged: dict[int, float] = {}

    def close(self) -> None:
        """End the threads; what waits in them is dropped."""
        for thread in (self._known_thread, self._unknown_thread, self._ping_thread):
            thread.shutdown(wait=True, cancel_futures=True)

    def remembered(self, key: str) -> tuple[bool, EdgeStore | None]:
        """Return (True, store or None) if we know without asking the database."""
        answer = self._known.get(key) or self._unknown.get(key)
        if answer is None or answer.until < time.monotonic():
            return False, None
        return True, answer.store

    async def find(self, key: str) -> EdgeStore | None:
        """Return the store with this key; raises Passing if the database stays away."""
        if not key or len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
            return None
        sure, store = self.remembered(key)
        if sure:
            return store
        task = self._asking.get(key)
        if task is None:
            if self._away and len(self._asking) >= self._hold_requests:
                raise Passing("The database is away.")
            task = self._asking[key] = asyncio.create_task(self._ask(key))
            task.add_done_callback(lambda task: self._asked(key, task))
        # Shielded: others wait for the same answer when this sender hangs up.
        return await asyncio.shield(task)

    def note_ping(self, store: EdgeStore) -> None:
        """Note that the platform's test ping arrived, at most once a minute. Returns at once."""
        now = time.monotonic()
        if now - self._pinged.get(store.id, -_PING_EVERY) >= _PING_EVERY:
            self._pinged[store.id] = now
            self._ping_thread.submit(self._write_ping, store.id)

    def _asked(self, key: str, task: asyncio.Task[EdgeStore | None]) -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # seen, even if every sender hung up

    async def _ask(self, key: str) -> EdgeStore | None:
        deadline = time.monotonic() + self._hold_seconds
        stale = self._known.get(key)
        thread = self._unknown_thread if stale is None else self._known_thread
        while True:
            patience = _STALE_PATIENCE if stale else max(0.1, deadline - time.monotonic())
            try:
                store = await self._loaded(key, thread, patience)
            except (SQLAlchemyError, TimeoutError) as error:
                self._away = True
                log.warning("a store could not be looked up: %s", type(error).__name__)
                if stale is not None:
                    # Its delivery is verified with what we knew, and waits for the database there.
                    stale.until = time.monotonic() + _STALE_PATIENCE
                    return stale.store
                if time.monotonic() > deadline:
                    raise Passing("The database is away.") from error
                await asyncio.sleep(_RETRY_PAUSE)
            else:
                self._away = False
                self._remember(key, store)
                return store

    async def _loaded(
        self, key: str, thread: ThreadPoolExecutor, patience: float
    ) -> EdgeStore | None:
        """Ask the database; raises TimeoutError if it does not answer."""
        loading = asyncio.get_running_loop().run_in_executor(thread, self._load, key)
        await asyncio.wait([loading], timeout=patience)
        if not loading.done():
            loading.add_done_callback(lambda late: late.cancelled() or late.exception())
            raise TimeoutError
        return loading.result()

    def _load(self, key: str) -> EdgeStore | None:
        with self._database.snapshot() as connection:
            return load_edge_store(connection, self._keyring, key)

    def _remember(self, key: str, store: EdgeStore | None) -> None:
        self._known.pop(key, None)
        self._unknown.pop(key, None)
        kind = self._unknown if store is None else self._known
        kind[key] = _Answer(store, time.monotonic() + _FRESH)
        if len(kind) > _MOST:
            del kind[next(iter(kind))]

    def _write_ping(self, store_id: int) -> None:
        now = self._clock()
        column = t.store.c.pinged_at
        try:
            with self._database.transaction() as connection:
                connection.execute(
                    update(t.store)
                    .where(
                        t.store.c.id == store_id,
                        or_(column.is_(None), column < now - timedelta(seconds=_PING_EVERY)),
                    )
                    .values(pinged_at=now)
                )
        except SQLAlchemyError as error:
            log.warning("store %d: its ping was not noted: %s", store_id, type(error).__name__)
            self._pinged.pop(store_id, None)
