"""How deliveries end: one appended outcome per attempt, and the queue row that goes with it."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.db.upsert import insert_missing
from app.services.fingerprints import fingerprint

VERSION = version("stempel")

AGAIN, ALONE, EITHER = 1, 2, 3
"""How a delivery waits for a read: it has more to say than the answer, can be judged without, or both."""

READING, IN_VAIN = 1, 2
"""What a queued delivery waits for: a read that is under way, or nothing any more."""

_READ = "read from the shop: "


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one attempt at one delivery. `error` is class, message and traceback."""

    delivery_id: int
    status: str  # processed | stale | ignored | reading | failed | dead | discarded
    reason: str
    error: str | None = None
    retry_at: datetime | None = None  # for failed: when the next try is due


FINAL = frozenset({"processed", "stale", "ignored", "dead", "discarded"})
FAILURES = frozenset({"failed", "dead"})


def record(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Append the outcomes; final ones leave the queue, failed ones come due again."""
    if not outcomes:
        return
    connection.execute(
        insert(t.delivery_outcome),
        [
            {
                "id": new_id(),
                "delivery_id": outcome.delivery_id,
                "at": now,
                "status": outcome.status,
                "reason": outcome.reason,
                "error": outcome.error,
                "version": VERSION if outcome.error else None,
                "fingerprint": fingerprint(outcome.reason, outcome.error)
                if outcome.status in FAILURES
                else None,
            }
            for outcome in outcomes
        ],
    )
    done = [outcome.delivery_id for outcome in outcomes if outcome.status in FINAL]
    if done:
        connection.execute(delete(t.delivery_queue).where(t.delivery_queue.c.delivery_id.in_(done)))
    reading = [outcome.delivery_id for outcome in outcomes if outcome.status == "reading"]
    if reading:
        connection.execute(
            update(t.delivery_queue)
            .where(t.delivery_queue.c.delivery_id.in_(reading))
            .values(reading=READING)
        )
    for outcome in outcomes:
        if outcome.status == "failed":
            connection.execute(
                update(t.delivery_queue)
                .where(t.delivery_queue.c.delivery_id == outcome.delivery_id)
                .values(tries=t.delivery_queue.c.tries + 1, due_at=outcome.retry_at or now)
            )


def settle_waiters(connection: Connection, answers: Sequence[Outcome], now: datetime) -> None:
    """End the deliveries that waited for a read whose answer has now been dealt with."""
    final = {outcome.delivery_id: outcome for outcome in answers if outcome.status in FINAL}
    if not final:
        return
    tasks = connection.execute(
        select(t.outbox_task.c.id, t.outbox_task.c.answer_id).where(
            t.outbox_task.c.answer_id.in_(list(final))
        )
    ).all()
    if not tasks:
        return
    by_task = {task.id: final[task.answer_id] for task in tasks}
    _link_objects(connection, list(by_task))
    _release_repeated(connection, list(by_task), now)
    told = _telling(connection, list(by_task))
    _release(connection, told, (AGAIN, EITHER), now, reading=0)
    _end(connection, {task: _as_read(outcome) for task, outcome in by_task.items()}, told, now)
    connection.execute(delete(t.outbox_task).where(t.outbox_task.c.id.in_(list(by_task))))


def _as_read(outcome: Outcome) -> tuple[str, str]:
    return outcome.status, _READ + outcome.reason.removeprefix(_READ)


def _telling(connection: Connection, task_ids: Sequence[int]) -> list[int]:
    """Return the tasks whose answers spoke of any object."""
    spoke = (
        select(t.outbox_task.c.id)
        .join(t.object_delivery, t.object_delivery.c.delivery_id == t.outbox_task.c.answer_id)
        .where(t.outbox_task.c.id.in_(task_ids))
        .distinct()
    )
    return list(connection.execute(spoke).scalars())


def _release_repeated(connection: Connection, task_ids: Sequence[int], now: datetime) -> None:
    """Make waiting deliveries due again that came once more after the read began.

    These may mean that the shop went back to what it was: the answer is older than that.
    """
    answer = t.delivery.alias("answer")
    again = connection.execute(
        select(t.task_waiter.c.task_id, t.task_waiter.c.delivery_id)
        .join(t.outbox_task, t.outbox_task.c.id == t.task_waiter.c.task_id)
        .join(answer, answer.c.id == t.outbox_task.c.answer_id)
        .join(t.delivery, t.delivery.c.id == t.task_waiter.c.delivery_id)
        .where(t.outbox_task.c.id.in_(task_ids), t.delivery.c.repeated_at > answer.c.began_at)
    ).all()
    for row in again:
        this = (
            t.task_waiter.c.task_id == row.task_id,
            t.task_waiter.c.delivery_id == row.delivery_id,
        )
        connection.execute(delete(t.task_waiter).where(*this))
        _make_due(connection, [row.delivery_id], now, reading=0)


def _release(
    connection: Connection,
    task_ids: Sequence[int],
    kinds: Sequence[int],
    now: datetime,
    *,
    reading: int,
) -> None:
    """Make the deliveries of these kinds that wait for the tasks due again."""
    these = (t.task_waiter.c.task_id.in_(task_ids), t.task_waiter.c.again.in_(kinds))
    waiting = list(connection.execute(select(t.task_waiter.c.delivery_id).where(*these)).scalars())
    connection.execute(delete(t.task_waiter).where(*these))
    _make_due(connection, waiting, now, reading=reading)


def _make_due(
    connection: Connection, delivery_ids: Sequence[int], now: datetime, *, reading: int
) -> None:
    connection.execute(
        update(t.delivery_queue)
        .where(t.delivery_queue.c.delivery_id.in_(delivery_ids))
        .values(reading=reading, due_at=now)
    )


def _link_objects(connection: Connection, task_ids: Sequence[int]) -> None:
    """Tie the waiting deliveries to the objects that the answer spoke of, for support."""
    spoken = connection.execute(
        select(t.task_waiter.c.delivery_id, t.object_delivery.c.object_id)
        .join(t.outbox_task, t.outbox_task.c.id == t.task_waiter.c.task_id)
        .join(t.object_delivery, t.object_delivery.c.delivery_id == t.outbox_task.c.answer_id)
        .where(t.outbox_task.c.id.in_(task_ids))
        .distinct()
    )
    insert_missing(
        connection,
        t.object_delivery,
        [{"object_id": row.object_id, "delivery_id": row.delivery_id} for row in spoken],
        keys=("object_id", "delivery_id"),
    )


def end_waiters(connection: Connection, ended: dict[int, tuple[str, str]], now: datetime) -> None:
    """Give every delivery that waits for one of these tasks the task's (status, reason).

    What can be judged without a read is judged so: the shop was asked in vain.
    """
    _end(connection, ended, (), now)


def _end(
    connection: Connection,
    ended: dict[int, tuple[str, str]],
    told: Sequence[int],
    now: datetime,
) -> None:
    """End what waits for these tasks; those in `told` had an answer that speaks of something.

    One of them may be the answer of another read, which had to be read once more: then the deliveries
    that wait for that one end as well.
    """
    in_vain = [task_id for task_id in ended if task_id not in told]
    _release(connection, in_vain, (ALONE, EITHER), now, reading=IN_VAIN)
    waiting = connection.execute(
        select(t.task_waiter).where(t.task_waiter.c.task_id.in_(list(ended)))
    ).all()
    results = [
        Outcome(
            delivery_id=row.delivery_id, status=ended[row.task_id][0], reason=ended[row.task_id][1]
        )
        for row in waiting
    ]
    record(connection, results, now)
    connection.execute(delete(t.task_waiter).where(t.task_waiter.c.task_id.in_(list(ended))))
    settle_waiters(connection, results, now)


def release_waiters(connection: Connection, task_id: int, now: datetime) -> None:
    """Make the deliveries that wait for a task due again: it will never be done."""
    _release(connection, [task_id], (0, AGAIN, ALONE, EITHER), now, reading=0)
