"""Deals with deliveries once more, reads what they spoke of anew, or gives them up.

Dealing with one again is always safe: it states what is true, and what was posted already is posted
already (DESIGN.md, the one idea). It is judged as it was the first time, by the version of the programme in
force when the thing happened.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.db.upsert import insert_missing
from app.services.outbox import ReadRequest, request_reads
from app.services.outcomes import IN_VAIN, READING, Outcome, record, settle_waiters

REPLAYED = "replayed"
"""An outcome that is none: the delivery waits in the queue again because a person asked for it."""

READ_KINDS = ("order", "customer", "review", "product")
"""What can be read from a shop by its own id."""


class Dealt(msgspec.Struct, frozen=True):
    """How many deliveries something was done with, and how many nothing could be done with."""

    done: int
    left_out: int


def replay(
    connection: Connection,
    ids: Collection[int],
    now: datetime,
    *,
    why: str,
    readable: Collection[int],
) -> Dealt:
    """Put deliveries back into the queue; what retention has taken the body of is read from the shop.

    One that is being dealt with at this moment is waited for, and is not dealt with again: that was it.
    `why` names who asked and where the reason is kept; no personal data. `readable` are the stores that
    can be asked.
    """
    rows = _locked(connection, ids)
    kept = set(
        connection.execute(
            select(t.delivery_body.c.delivery_id).where(
                t.delivery_body.c.delivery_id.in_([row.id for row in rows])
            )
        ).scalars()
    )
    again = [row for row in rows if row.id in kept]
    _queue(connection, again, now, reading=0)
    due = _in_queue(connection, [row.id for row in again], reading=(0, IN_VAIN))
    connection.execute(
        update(t.delivery_queue)
        .where(t.delivery_queue.c.delivery_id.in_(due))
        .values(due_at=now, tries=0)
    )
    _note(connection, due, now, why)
    without = [row.id for row in rows if row.id not in kept]
    fresh = read_anew(connection, without, now, why=why, readable=readable)
    return Dealt(len(again) + fresh.done, fresh.left_out)


def read_anew(
    connection: Connection,
    ids: Collection[int],
    now: datetime,
    *,
    why: str,
    readable: Collection[int],
) -> Dealt:
    """Ask the shops for what deliveries spoke of, as it is now; they wait for the answers and end with them.

    Left out is what spoke of nothing that can be read, or came from a shop that cannot be asked.
    """
    rows = _locked(connection, ids)
    spoke_of = connection.execute(
        select(
            t.object_delivery.c.delivery_id,
            t.source_object.c.store_id,
            t.source_object.c.kind,
            t.source_object.c.external_id,
        )
        .join(t.source_object, t.source_object.c.id == t.object_delivery.c.object_id)
        .where(
            t.object_delivery.c.delivery_id.in_([row.id for row in rows]),
            t.source_object.c.kind.in_(READ_KINDS),
            t.source_object.c.store_id.in_(list(readable)),
        )
    ).all()
    found = {row.delivery_id for row in spoke_of}
    waiting = set(_in_queue(connection, sorted(found), reading=(0, READING, IN_VAIN)))
    resting = [row for row in rows if row.id in found - waiting]
    _queue(connection, resting, now, reading=READING)
    requests: dict[int, list[ReadRequest]] = {}
    programmes = {row.id: row.programme_id for row in rows}
    for row in spoke_of:
        # One that waits for something else already goes on doing so.
        who = None if row.delivery_id in waiting else row.delivery_id
        request = ReadRequest(row.store_id, row.kind, row.external_id, who)
        requests.setdefault(programmes[row.delivery_id], []).append(request)
    for programme_id, wanted in sorted(requests.items()):
        request_reads(connection, programme_id, wanted, now)
    _note(connection, sorted(found), now, f"{why}: read anew from the shop")
    return Dealt(len(found), len(set(ids)) - len(found))


def discard(connection: Connection, ids: Collection[int], now: datetime, *, why: str) -> Dealt:
    """Give deliveries up that wait, failed or are dead; the others are left out.

    They stay as they are, with their bodies for as long as those are kept, and can be replayed.
    """
    rows = _locked(connection, ids)
    every = [row.id for row in rows]
    waiting = set(_in_queue(connection, every, reading=(0, IN_VAIN)))
    reading = set(_in_queue(connection, every, reading=(READING,)))
    last = _last_status(connection, every)
    given_up = [
        one for one in every if one in waiting or (one not in reading and last[one] == "dead")
    ]
    outcomes = [
        Outcome(delivery_id=one, status="discarded", reason=f"given up {why}") for one in given_up
    ]
    record(connection, outcomes, now)
    settle_waiters(connection, outcomes, now)
    return Dealt(len(given_up), len(set(ids)) - len(given_up))


def _locked(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """Return the deliveries, locked: two people replaying and discarding the same take turns."""
    query = (
        select(t.delivery.c.id, t.delivery.c.programme_id, t.delivery.c.store_id)
        .where(t.delivery.c.id.in_(list(ids)))
        .order_by(t.delivery.c.id)
        .with_for_update()
    )
    return connection.execute(query).all()


def _queue(
    connection: Connection,
    rows: Sequence[Any],
    now: datetime,
    *,
    reading: int,
) -> None:
    insert_missing(
        connection,
        t.delivery_queue,
        [
            {
                "delivery_id": row.id,
                "programme_id": row.programme_id,
                "store_id": row.store_id,
                "due_at": now,
                "reading": reading,
            }
            for row in rows
        ],
        keys=("delivery_id",),
    )


def _in_queue(connection: Connection, ids: Sequence[int], *, reading: Sequence[int]) -> list[int]:
    """Return which of these wait, locked; one that a worker deals with is waited for, and is gone then."""
    query = (
        select(t.delivery_queue.c.delivery_id)
        .where(t.delivery_queue.c.delivery_id.in_(ids), t.delivery_queue.c.reading.in_(reading))
        .order_by(t.delivery_queue.c.delivery_id)
        .with_for_update()
    )
    return list(connection.execute(query).scalars())


def _last_status(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    rows = connection.execute(
        select(t.delivery_outcome.c.delivery_id, t.delivery_outcome.c.status)
        .where(t.delivery_outcome.c.delivery_id.in_(ids))
        .order_by(t.delivery_outcome.c.id)
    )
    return dict.fromkeys(ids, "") | {row.delivery_id: row.status for row in rows}


def _note(connection: Connection, ids: Sequence[int], now: datetime, why: str) -> None:
    """Write into each delivery's attempts that somebody asked for it again."""
    if ids:
        connection.execute(
            insert(t.delivery_outcome),
            [
                {"id": new_id(), "delivery_id": one, "at": now, "status": REPLAYED, "reason": why}
                for one in ids
            ],
        )
