"""Outbound work of the stores: reads that deliveries wait for, customer states to be written.

No transaction is open while a shop is called. Every claimed row has a lease and a fence: a worker that
was stopped meanwhile commits nothing.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from app.crypto import seal
from app.db.ids import new_id
from app.db.inbox import NewDelivery, store_deliveries
from app.errors import Passing
from app.services import outbox, outcomes, writeback
from app.services.outbox import Task
from app.services.stores import Store, due_stores
from app.services.writeback import Wanted
from connectors.base import CustomerState, LiveCode, ReadAnswer, Ref, Shop
from jobs import policy
from jobs.codes import push_codes
from jobs.rests import let_rest, resting
from jobs.runtime import Runtime
from jobs.shops import Shops

log = logging.getLogger("stempel.push")

_READS_PER_TURN = 50
_REST_AFTER_TROUBLE = timedelta(minutes=5)


def push(runtime: Runtime, shops: Shops) -> int:
    """Do the outbound work that is due now, store by store; returns how much was done."""
    with runtime.database.snapshot() as connection:
        stores = due_stores(connection, runtime.clock())
    return sum(_apart(runtime, shops, store_id) for store_id in stores)


def _apart(runtime: Runtime, shops: Shops, store_id: int) -> int:
    """Do one store's work; what stops it (secrets nobody can open, a fault of ours) stops no other."""
    try:
        return push_store(runtime, shops, store_id)
    except DBAPIError:
        raise  # the database is away: for every store
    except Exception as error:  # the edge of the jobs: recorded, never swallowed
        log.exception("store %s rests: its outbound work failed", store_id)
        now = runtime.clock()
        until = policy.decide(error, tries=0, now=now).retry_at or now
        with runtime.database.transaction() as connection:
            writeback.pause(connection, store_id, max(until, now + _REST_AFTER_TROUBLE))
        return 0


def push_store(runtime: Runtime, shops: Shops, store_id: int) -> int:
    """Do one store's due reads, what is due about its codes, and its due writes."""
    store = shops.store(store_id)
    shop = shops.get(store)
    done = _reads(runtime, store, shop)
    # What came of the one may let the store rest before the other.
    for part in (push_codes, _writes):
        store = shops.store(store_id)
        if not resting(store, runtime.clock()):
            done += part(runtime, store, shop)
    return done


def _reads(runtime: Runtime, store: Store, shop: Shop | None) -> int:
    with runtime.database.transaction() as connection:
        tasks = outbox.claim_tasks(connection, [store.id], runtime.clock(), limit=_READS_PER_TURN)
    if shop is None or shop.reader is None:
        for task in tasks:
            _nobody_reads(runtime, task, without_keys=shop is None)
        return len(tasks)
    for number, task in enumerate(tasks):
        try:
            answer = shop.reader.read(Ref(task.kind, task.external_id))
        except Exception as error:  # noqa: BLE001 - the edge of the jobs: recorded, never swallowed
            if _read_failed(runtime, store, task, error):
                _give_back(runtime, tasks[number + 1 :])
                return number + 1
            continue
        _keep_answer(runtime, task, answer)
    return len(tasks)


def _nobody_reads(runtime: Runtime, task: Task, *, without_keys: bool) -> None:
    """End a read that cannot be made.

    Keys may have been taken away after it was asked for: then what waits is judged anew without it.
    """
    now = runtime.clock()
    with runtime.database.transaction() as connection:
        if without_keys:
            outcomes.release_waiters(connection, task.id, now)
        else:
            ended = ("ignored", "cannot be read: its connector does not read")
            outcomes.end_waiters(connection, {task.id: ended}, now)
        outbox.remove(connection, task)


def _keep_answer(runtime: Runtime, task: Task, answer: ReadAnswer) -> None:
    """Store the answer as a delivery that takes the way of any other."""
    now = runtime.clock()
    delivery_id = new_id()
    with runtime.database.transaction() as connection:
        if not outbox.answered(connection, task, delivery_id=None):
            return  # somebody else has taken the task over
        data_key_id, key = runtime.vault.data_keys.for_writing(connection, task.programme_id, now)
        store_deliveries(
            connection,
            [
                NewDelivery(
                    id=delivery_id,
                    programme_id=task.programme_id,
                    store_id=task.store_id,
                    source="read",
                    topic=answer.topic,
                    received_at=now,
                    began_at=answer.began_at,
                    content_key=None,
                    size=len(answer.body),
                    data_key_id=data_key_id,
                    body=seal(key, delivery_id, answer.body),
                )
            ],
        )
        outbox.answered(connection, task, delivery_id=delivery_id)


def _read_failed(runtime: Runtime, store: Store, task: Task, error: Exception) -> bool:
    """Record a failed read; returns whether the store's other reads should wait too."""
    decision = policy.decide(error, tries=task.tries, now=runtime.clock())
    log.warning("store %s: a read failed: %s", store.key, decision.reason)
    with runtime.database.transaction() as connection:
        if decision.retry_at is None:
            ended = {task.id: (decision.status, f"could not be read: {decision.reason}")}
            outcomes.end_waiters(connection, ended, runtime.clock())
            outbox.remove(connection, task)
            return let_rest(connection, store, decision)
        outbox.postpone(
            connection,
            task,
            due_at=decision.retry_at,
            error=decision.error or decision.reason,
            count=not decision.blocks_store,
        )
        return let_rest(connection, store, decision)


def _give_back(runtime: Runtime, tasks: Sequence[Task]) -> None:
    with runtime.database.transaction() as connection:
        for task in tasks:
            outbox.postpone(
                connection, task, due_at=runtime.clock(), error="the store rests", count=False
            )


def _writes(runtime: Runtime, store: Store, shop: Shop | None) -> int:
    if shop is None or shop.writer is None:
        return 0
    with runtime.database.transaction() as connection:
        due = writeback.claim_due(
            connection, store.id, runtime.clock(), limit=shop.writer.batch_size
        )
    if not due:
        return 0
    states = [
        CustomerState(
            customer=one.customer,
            programme=one.programme,
            balance=one.balance,
            tier=one.tier,
            codes=tuple(
                LiveCode(code=live.code, reward=live.reward, ends_at=live.ends_at)
                for live in one.codes
                if live.code is not None
            ),
            perks=tuple(sorted({live.reward for live in one.codes if live.code is None})),
        )
        for one in due
    ]
    try:
        results = {result.customer: result for result in shop.writer.push(states)}
    except Exception as error:  # noqa: BLE001 - the edge of the jobs: recorded, never swallowed
        _write_failed(runtime, store, due, error)
        return len(due)
    now = runtime.clock()
    with runtime.database.transaction() as connection:
        for one in due:
            result = results.get(one.customer)
            if result is not None and result.gone:
                writeback.gone(connection, one)
            elif result is not None and result.error is None:
                writeback.written(connection, one, now, result.marks)
            else:
                reason = result.error if result else "the shop's answer does not name the customer"
                decision = policy.decide(Passing(reason or ""), tries=one.tries, now=now)
                retry_at = decision.retry_at or policy.much_later(now)
                writeback.postpone(connection, [one], due_at=retry_at, error=reason or "")
    return len(due)


def _write_failed(runtime: Runtime, store: Store, due: Sequence[Wanted], error: Exception) -> None:
    decision = policy.decide(error, tries=min(one.tries for one in due), now=runtime.clock())
    log.warning("store %s: a write failed: %s", store.key, decision.reason)
    retry_at = decision.retry_at or policy.much_later(runtime.clock())
    with runtime.database.transaction() as connection:
        writeback.postpone(connection, due, due_at=retry_at, error=decision.error or "")
        let_rest(connection, store, decision)
