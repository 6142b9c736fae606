"""The one thread per process that makes deliveries durable: many rows, one commit, then the 200s.

Whoever waits is told True only after the commit. A row that cannot be stored fails alone. While the
database is away the rows are held and tried again, up to `hold_seconds` each: seven failures in a row
would switch a WooCommerce webhook off for good.
"""

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError

from app.clock import EPOCH
from app.crypto import Keyring, seal
from app.db.engine import Database
from app.db.inbox import NewDelivery, keep_deliveries, stored_ids
from app.services.keys import DataKeys
from webhooks.arrivals import Arrival
from webhooks.wakes import Wakes

log = logging.getLogger(__name__)

_GROUP_ROWS = 200
_GROUP_BYTES = 8 * 1024 * 1024  # of bodies in one commit: 200 of 5 MB would be one huge statement
_RETRY_PAUSE = 0.1  # seconds between attempts while the database is away
_SWEEP = 0.1  # seconds between looks at who has waited too long
_SLOW = 0.5  # seconds of waiting after which the database counts as away


class Writer:
    """Stores arrivals. `submit` and `start` belong to the event loop's thread, `stop` to another."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        keys: DataKeys,
        wakes: Wakes,
        *,
        hold_seconds: float,
        hold_requests: int,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._keys = keys
        self._wakes = wakes
        self._hold_seconds = hold_seconds
        self._hold_requests = hold_requests
        self._arrivals: queue.SimpleQueue[Arrival | None] = queue.SimpleQueue()
        self._waiting: deque[Arrival] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="webhook-writer", daemon=True)
        self._connection: Connection | None = None
        self._day_keys: dict[int, tuple[int, int, bytes]] = {}  # programme: day, key's id, key
        self._unsure = False  # an attempt failed: its rows may be stored or not
        self._stopping = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the thread and the watch over those who wait."""
        self._loop = loop
        self._thread.start()
        loop.call_later(_SWEEP, self._sweep)

    def stop(self, timeout: float) -> None:
        """Store what is there, then end the thread; waits up to `timeout` seconds."""
        self._stopping = True
        self._arrivals.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    @property
    def alive(self) -> bool:
        """Say whether the thread runs."""
        return self._thread.is_alive()

    @property
    def away(self) -> bool:
        """Say whether the database seems to be away: an attempt failed, or someone waits for long."""
        if self._unsure:
            return True
        return bool(self._waiting) and time.monotonic() - self._waiting[0].since > _SLOW

    def submit(self, arrival: Arrival) -> bool:
        """Take an arrival over; False if as many as may be are waiting for a database that is away."""
        if len(self._waiting) >= self._hold_requests and self.away:
            return False
        known = self._day_keys.get(arrival.store.programme_id)
        if known is not None and known[0] == _day(arrival):
            # Here and not in the thread: the loop has nothing to do while a group is committed, and
            # two threads that compute take turns at great cost (half the throughput, measured).
            arrival.row = self._row(arrival, known[1], known[2])
        self._waiting.append(arrival)
        self._arrivals.put(arrival)
        return True

    # --- in the event loop ---------------------------------------------------------------------

    def _release(self, group: Sequence[Arrival], stored: bool) -> None:
        for arrival in group:
            if not arrival.answer.done():
                arrival.answer.set_result(stored)
        while self._waiting and self._waiting[0].answer.done():
            self._waiting.popleft()

    def _sweep(self) -> None:
        """Give up on those who have waited too long, whatever the thread is stuck in."""
        late = time.monotonic() - self._hold_seconds
        while self._waiting and self._waiting[0].since < late:
            self._release([self._waiting[0]], stored=False)
        if self._loop is not None and not self._stopping:
            self._loop.call_later(_SWEEP, self._sweep)

    # --- in the writer's thread ----------------------------------------------------------------

    def _run(self) -> None:
        closing = False
        while not closing:
            group, closing = self._next_group()
            self._settle(group)
        self._disconnect()

    def _next_group(self) -> tuple[list[Arrival], bool]:
        """Wait for one, then take what is there; never wait for more."""
        group: list[Arrival] = []
        size = 0
        arrival = self._arrivals.get()
        while arrival is not None:
            group.append(arrival)
            size += len(arrival.body)
            if len(group) >= _GROUP_ROWS or size >= _GROUP_BYTES:
                return group, False
            try:
                arrival = self._arrivals.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _settle(self, group: list[Arrival]) -> None:
        """Store the group and answer each of it, however long that takes."""
        while group := [arrival for arrival in group if not self._too_late(arrival)]:
            try:
                self._store(group)
            except Exception as error:  # noqa: BLE001 - whatever it is, a sender waits for an answer
                self._disconnect()
                self._unsure = True
                if _is_away(error):
                    log.warning("deliveries wait for the database: %s", type(error).__name__)
                    time.sleep(_RETRY_PAUSE)
                    continue
                if self._sealed_before(group):
                    continue
                if len(group) == 1:
                    # By class only: the driver's message may quote values.
                    log.error(  # noqa: TRY400 - a traceback would hold that message
                        "store %d: a delivery cannot be stored: %s",
                        group[0].store.id,
                        type(error).__name__,
                    )
                    self._answer(group, stored=False)
                    return
                for arrival in group:
                    self._settle([arrival])
                return
            self._unsure = False
            self._answer(group, stored=True)
            self._wakes.note({arrival.store.id for arrival in group})
            return

    def _sealed_before(self, group: list[Arrival]) -> bool:
        """Forget the keys; say whether that is worth another attempt, for one of them may be gone."""
        self._day_keys.clear()
        self._keys.forget()
        sealed = any(arrival.row is not None for arrival in group)
        for arrival in group:
            arrival.row = None
        return sealed

    def _too_late(self, arrival: Arrival) -> bool:
        return arrival.answer.done() or time.monotonic() - arrival.since > self._hold_seconds

    def _store(self, group: list[Arrival]) -> None:
        connection = self._connect()
        if self._unsure:
            done = stored_ids(connection, [arrival.id for arrival in group])
            connection.rollback()
            group = [arrival for arrival in group if arrival.id not in done]
        if not group:
            return
        rows = [arrival.row or self._sealed_here(arrival) for arrival in group]
        # Outside any transaction of SQLAlchemy's: it is one of its own.
        keep_deliveries(connection, rows)

    def _sealed_here(self, arrival: Arrival) -> NewDelivery:
        """Make the row of the day's first arrivals of a programme, whose key is in the database."""
        day = _day(arrival)
        known = self._day_keys.get(arrival.store.programme_id)
        if known is None or known[0] != day:
            try:
                with self._database.transaction() as connection:
                    known = (
                        day,
                        *self._keys.for_writing(
                            connection, arrival.store.programme_id, arrival.received_at
                        ),
                    )
            except Exception:
                self._keys.forget()  # it may remember a key that was rolled back
                raise
            self._day_keys[arrival.store.programme_id] = known
        return self._row(arrival, known[1], known[2])

    # --- in either -----------------------------------------------------------------------------

    def _row(self, arrival: Arrival, data_key_id: int, data_key: bytes) -> NewDelivery:
        return NewDelivery(
            id=arrival.id,
            programme_id=arrival.store.programme_id,
            store_id=arrival.store.id,
            source="webhook",
            topic=arrival.topic,
            received_at=arrival.received_at,
            by_header=arrival.by_header,
            content_key=self._content_key(arrival),
            size=len(arrival.body),
            data_key_id=data_key_id,
            body=seal(data_key, arrival.id, arrival.body),
        )

    def _content_key(self, arrival: Arrival) -> bytes | None:
        try:
            material = arrival.inbound.content_key(arrival.topic, arrival.body)
        except Exception:  # a connector's bug must not become the sender's 5xx
            log.exception("store %d: content_key failed, stored as a signal", arrival.store.id)
            return None
        if material is None:
            return None
        return self._keyring.lookup(
            "content", arrival.store.id.to_bytes(8, "big"), arrival.topic.encode(), material
        )

    def _connect(self) -> Connection:
        if self._connection is None:
            connection = self._database.writer.connect()
            if not self._database.embedded:
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            self._connection = connection
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _answer(self, group: list[Arrival], *, stored: bool) -> None:
        """Tell everyone of the group with one call into the event loop."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._release, group, stored)


def _day(arrival: Arrival) -> int:
    return (arrival.received_at - EPOCH).days


def _is_away(error: Exception) -> bool:
    """Say whether trying the same rows again may help: the connection, a lock, a full disk."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(error, (OperationalError, InterfaceError, InternalError))
