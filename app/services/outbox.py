"""Desired acts outside: for now, reading an object from its shop.

A task is unique per subject while it has not started; a started one absorbs no new signal, because the
signal may speak of something that happened after the read began.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Boolean, ColumnElement, Connection, delete, literal_column, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.db.leases import is_free
from app.db.upsert import insert_missing
from app.errors import Conflict
from app.services.outcomes import AGAIN, ALONE, EITHER

LEASE = timedelta(minutes=5)

# Written out: SQLite takes no parameter here when several rows are inserted at once.
_NOT_STARTED: ColumnElement[bool] = literal_column("started = 0", Boolean())


class ReadRequest(msgspec.Struct, frozen=True, order=True):
    """Please read this object; `delivery_id` waits for the answer, if it is not None.

    With the answer it ends as well, unless it is dealt with once more: `again` if the answer spoke of
    something, because it has more to say; `alone` if the answer spoke of nothing (or there is none),
    because it can be judged without; with both it is dealt with once more in any case.
    """

    store_id: int
    kind: str
    external_id: str
    delivery_id: int | None = None
    again: bool = False
    alone: bool = False


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed task. Results count only while `fence` is still the row's."""

    id: int
    programme_id: int
    store_id: int
    kind: str
    external_id: str
    tries: int
    fence: int


def request_reads(
    connection: Connection, programme_id: int, requests: Iterable[ReadRequest], now: datetime
) -> None:
    """Ask for reads, each once, and tie waiting deliveries to them.

    Raises Conflict if one that was there had just begun: ask again in a new transaction.
    """
    wanted = sorted(set(requests), key=lambda r: (r.store_id, r.kind, r.external_id))
    if not wanted:
        return
    subjects = {(r.store_id, _subject(r.kind, r.external_id)) for r in wanted}
    insert_missing(
        connection,
        t.outbox_task,
        [
            {
                "id": new_id(),
                "programme_id": programme_id,
                "store_id": store_id,
                "kind": "read",
                "subject": subject,
                "payload": "{}",
                "due_at": now,
                "created_at": now,
            }
            for store_id, subject in sorted(subjects)
        ],
        keys=("store_id", "kind", "subject"),
        where=_NOT_STARTED,
    )
    rows = connection.execute(
        select(t.outbox_task.c.id, t.outbox_task.c.store_id, t.outbox_task.c.subject)
        .where(
            t.outbox_task.c.kind == "read",
            t.outbox_task.c.started == 0,
            t.outbox_task.c.subject.in_(sorted({subject for _, subject in subjects})),
            t.outbox_task.c.store_id.in_(sorted({store_id for store_id, _ in subjects})),
        )
        .with_for_update(read=True, key_share=True)
    )
    task_ids = {(row.store_id, row.subject): row.id for row in rows}
    if not subjects <= task_ids.keys():
        raise Conflict("a read began in this very moment")
    insert_missing(
        connection,
        t.task_waiter,
        [
            {
                "task_id": task_ids[request.store_id, _subject(request.kind, request.external_id)],
                "delivery_id": request.delivery_id,
                "again": _waits(request),
            }
            for request in wanted
            if request.delivery_id is not None
        ],
        keys=("task_id", "delivery_id"),
    )


def _waits(request: ReadRequest) -> int:
    if request.again and request.alone:
        return EITHER
    return AGAIN if request.again else ALONE if request.alone else 0


def orders_under_way(connection: Connection, stores: Sequence[int]) -> dict[int, list[str]]:
    """Return, per store, the orders whose read has begun and whose answer does not count yet."""
    if not stores:
        return {}
    rows = connection.execute(
        select(t.outbox_task.c.store_id, t.outbox_task.c.subject)
        .where(
            t.outbox_task.c.kind == "read",
            t.outbox_task.c.started == 1,
            t.outbox_task.c.store_id.in_(stores),
        )
        .order_by(t.outbox_task.c.id)
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        kind, _, external_id = row.subject.partition(" ")
        if kind == "order":
            found.setdefault(row.store_id, []).append(external_id)
    return found


def claim_tasks(
    connection: Connection, stores: Sequence[int], now: datetime, *, limit: int
) -> list[Task]:
    """Lease due tasks of these stores and mark them started; call in a short transaction."""
    if not stores:
        return []
    query = (
        select(t.outbox_task)
        .where(
            t.outbox_task.c.store_id.in_(stores),
            t.outbox_task.c.answer_id.is_(None),
            is_free(t.outbox_task, now),
        )
        .order_by(t.outbox_task.c.due_at, t.outbox_task.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    tasks = []
    for row in connection.execute(query).all():
        fence = row.fence + 1
        connection.execute(
            update(t.outbox_task)
            .where(t.outbox_task.c.id == row.id)
            .values(started=1, lease_until=now + LEASE, fence=fence)
        )
        kind, _, external_id = row.subject.partition(" ")
        tasks.append(
            Task(
                id=row.id,
                programme_id=row.programme_id,
                store_id=row.store_id,
                kind=kind,
                external_id=external_id,
                tries=row.tries,
                fence=fence,
            )
        )
    return tasks


def answered(connection: Connection, task: Task, delivery_id: int | None) -> bool:
    """Note which delivery holds the task's answer; False if the lease was lost meanwhile."""
    done = connection.execute(
        update(t.outbox_task)
        .where(t.outbox_task.c.id == task.id, t.outbox_task.c.fence == task.fence)
        .values(answer_id=delivery_id, lease_until=None, error=None)
    )
    return done.rowcount == 1


def postpone(
    connection: Connection, task: Task, *, due_at: datetime, error: str, count: bool = True
) -> None:
    """Put a failed task back for later."""
    connection.execute(
        update(t.outbox_task)
        .where(t.outbox_task.c.id == task.id, t.outbox_task.c.fence == task.fence)
        .values(
            due_at=due_at,
            tries=t.outbox_task.c.tries + (1 if count else 0),
            lease_until=None,
            error=error,
        )
    )


def remove(connection: Connection, task: Task) -> bool:
    """Take a task that ended for good out of the outbox; its waiters must be ended before."""
    done = connection.execute(
        delete(t.outbox_task).where(
            t.outbox_task.c.id == task.id, t.outbox_task.c.fence == task.fence
        )
    )
    return done.rowcount == 1


def _subject(kind: str, external_id: str) -> str:
    return f"{kind} {external_id}"
