"""Turns queued deliveries into their effects, a batch at a time, each in one transaction.

A failing batch is halved until the poison delivery stands alone; its failure is written in a
transaction of its own after the rollback (DESIGN.md, Failure is a state).
"""

import logging
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from app.db.dialect import is_contention
from app.errors import Conflict
from app.services import inbox, ingest, outcomes
from app.services.inbox import Queued
from app.services.stores import credentials
from jobs import policy
from jobs.normalise import Understood, understand
from jobs.origin import Known
from jobs.runtime import Runtime

log = logging.getLogger("stempel.drain")

_BATCH = 200
_EMBEDDED_BATCH = 20  # keeps the write lock of SQLite below 50 ms
_ATTEMPTS = 5
_WITHOUT_LOCK = (
    2  # then a batch on SQLite is evaluated inside the write lock, where nobody is faster
)


def drain(runtime: Runtime, *, limit: int | None = None, only: int | None = None) -> int:
    """Apply everything that is due now; returns how many deliveries got an outcome.

    `limit` bounds a batch, `only` names one store. Stores take turns, batch by batch.
    """
    size = limit or (_EMBEDDED_BATCH if runtime.database.embedded else _BATCH)
    handled, store = 0, 0
    held_elsewhere: set[int] = set()
    while True:
        with runtime.database.snapshot() as connection:
            turn = inbox.next_store(connection, runtime.clock(), after=store, only=only)
        if turn is None:
            return handled
        _, store = turn
        done = drain_store(runtime, store, limit=size)
        if done:
            handled += done
            held_elsewhere.clear()
        elif store in held_elsewhere:
            return handled  # a whole round without a free row: other workers see to the rest
        else:
            held_elsewhere.add(store)


def drain_store(
    runtime: Runtime, store_id: int, *, limit: int, ids: Sequence[int] | None = None
) -> int:
    """Apply one batch of a store; returns how many deliveries were dealt with."""
    claimed: list[int] = []
    try:
        return _attempts(runtime, store_id, limit=limit, ids=ids, claimed=claimed)
    except Exception as error:  # the edge of the jobs: recorded, never swallowed
        if isinstance(error, Conflict) or policy.is_databases(error) or not claimed:
            raise  # the database is away or too busy: no delivery's fault, all stay queued
        if len(claimed) > 1:
            half = len(claimed) // 2
            return sum(
                drain_store(runtime, store_id, limit=limit, ids=part)
                for part in (claimed[:half], claimed[half:])
            )
        _record_failure(runtime, claimed[0], error)
        return 1


def _attempts(
    runtime: Runtime,
    store_id: int,
    *,
    limit: int,
    ids: Sequence[int] | None,
    claimed: list[int],
) -> int:
    for attempt in range(_ATTEMPTS):
        claimed.clear()
        try:
            if runtime.database.embedded and attempt < _WITHOUT_LOCK:
                return _embedded(runtime, store_id, limit, ids, claimed)
            with runtime.database.transaction() as connection:
                batch = _prepare(runtime, connection, store_id, limit, ids, claimed)
                _commit(runtime, connection, batch, recheck=False)
                return len(claimed)
        except (Conflict, DBAPIError) as error:
            if attempt + 1 == _ATTEMPTS or not (
                isinstance(error, Conflict) or is_contention(error)
            ):
                raise
            runtime.vault.data_keys.forget()
            log.info("a batch met another writer and is evaluated anew")
    raise AssertionError("the last attempt returned or raised")


def _embedded(
    runtime: Runtime,
    store_id: int,
    limit: int,
    ids: Sequence[int] | None,
    claimed: list[int],
) -> int:
    """Evaluate without the write lock, then write inside it if nothing has changed since."""
    with runtime.database.snapshot() as connection:
        batch = _prepare(runtime, connection, store_id, limit, ids, claimed)
    if not claimed:
        return 0
    with runtime.database.transaction() as connection:
        if not inbox.still_queued(connection, claimed):
            raise Conflict("another worker was faster")
        _commit(runtime, connection, batch, recheck=True)
    return len(claimed)


class _Prepared:
    """A batch between evaluation and commit."""

    def __init__(self) -> None:
        self.batch: ingest.Batch | None = None
        self.failed: list[outcomes.Outcome] = []
        self.known: dict[int, Known] = {}  # what is known of stores after the batch, if it is more
        self.copies: dict[int, str] = {}


def _prepare(
    runtime: Runtime,
    connection: Connection,
    store_id: int,
    limit: int,
    ids: Sequence[int] | None,
    claimed: list[int],
) -> _Prepared:
    prepared = _Prepared()
    queue = inbox.claim(
        connection, runtime.vault, runtime.clock(), store_id=store_id, limit=limit, ids=ids
    )
    claimed.extend(one.id for one in queue)
    if not queue:
        return prepared
    readable = _readable(runtime, connection, queue[0])
    understood = []
    for one in queue:
        known = prepared.known.get(one.store_id) or Known(
            ref=one.store_ref, shop_id=one.store_shop_id, host=one.store_host
        )
        known = msgspec.structs.replace(known, trusted=one.trusted)
        result = understand(runtime, one, readable=readable and not one.in_vain, known=known)
        if isinstance(result, Understood):
            understood.append(result)
            if result.known != known:
                prepared.known[one.store_id] = result.known
            if result.copy_host:
                prepared.copies[one.store_id] = result.copy_host
        else:
            prepared.failed.append(result)
    prepared.batch = ingest.evaluate(
        connection,
        runtime.vault,
        programme_id=queue[0].programme_id,
        incoming=[one.incoming for one in understood],
        now=runtime.clock(),
        lock=not runtime.database.embedded,
    )
    return prepared


def _commit(
    runtime: Runtime, connection: Connection, prepared: _Prepared, *, recheck: bool
) -> None:
    if prepared.batch is not None:
        ingest.commit(connection, prepared.batch, recheck=recheck)
    outcomes.record(connection, prepared.failed, runtime.clock())
    outcomes.settle_waiters(connection, prepared.failed, runtime.clock())
    for store_id, known in prepared.known.items():
        inbox.learn_shop(connection, store_id, host=known.host, shop_id=known.shop_id)
    for store_id, host in prepared.copies.items():
        inbox.flag_copy(connection, store_id, host)


def _readable(runtime: Runtime, connection: Connection, one: Queued) -> bool:
    connector = runtime.connectors.get(one.platform)
    if connector is None:
        return False
    return connector.can_call(credentials(connection, runtime.settings.keyring, one.store_id))


def _record_failure(runtime: Runtime, delivery_id: int, error: Exception) -> None:
    with runtime.database.snapshot() as connection:
        tries = inbox.tries_of(connection, delivery_id)
    if tries is None:
        return
    decision = policy.decide(error, tries=tries, now=runtime.clock())
    log.error("delivery %s failed: %s %s", delivery_id, decision.reason, decision.error)
    outcome = outcomes.Outcome(
        delivery_id=delivery_id,
        status=decision.status,
        reason=decision.reason,
        error=decision.error,
        retry_at=decision.retry_at,
    )
    with runtime.database.transaction() as connection:
        outcomes.record(connection, [outcome], runtime.clock())
        outcomes.settle_waiters(connection, [outcome], runtime.clock())
