"""Deliveries as support sees them: where each stands, every attempt, what it spoke of and caused."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, RowMapping, Select, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from app.db import tables as t
from app.errors import NotFound
from app.services.outcomes import FINAL
from app.services.view_ledger import EntryView, ObjectName, entries_of_delivery
from app.services.views import Page, key_of, page_of, page_size, storable

RECEIVED, READING, FAILED, DEAD = "received", "reading", "failed", "dead"
STATUSES = (RECEIVED, READING, FAILED, *sorted(FINAL))
"""Where a delivery can stand. The first three are still in the queue."""


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery. `status` is the queue's if it waits there, else that of its last outcome."""

    id: int
    programme_id: int
    store: str
    platform: str
    source: str
    topic: str
    received_at: datetime
    repeats: int
    repeated_at: datetime | None
    size: int
    status: str
    reason: str  # of the last attempt, "" if there was none
    error: str | None  # its first line: class and message
    next_try: datetime | None  # only while it waits in the queue
    tries: int


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a delivery and how it ended."""

    at: datetime
    status: str
    reason: str
    error: str | None  # class, message and traceback
    version: str | None  # of Stempel


class DeliveryDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known about one delivery."""

    delivery: DeliveryView
    body_kept: bool
    attempts: list[AttemptView]
    waits_for: list[str]  # reads that must end first, as "order 16"
    objects: list[ObjectName]
    entries: list[EntryView]


def list_deliveries(
    connection: Connection,
    *,
    store: str | None = None,
    status: str | None = None,
    topic: str | None = None,
    programme_id: int | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Page[DeliveryView]:
    """Return deliveries, newest first; `before` is the `older` of the page before."""
    size = page_size(limit)
    if not storable(f"{store or ''}{topic or ''}"):
        return Page([])
    query = _query().order_by(t.delivery.c.id.desc()).limit(size + 1)
    if store is not None:
        query = query.where(t.delivery.c.store_id.in_(_store_ids(store)))
    if status is not None:
        query = only_status(query, status)
    if topic is not None:
        query = query.where(t.delivery.c.topic == topic)
    if programme_id is not None:
        query = query.where(t.delivery.c.programme_id == programme_id)
    if before is not None:
        query = query.where(t.delivery.c.id < key_of(before))
    items = [_view(row) for row in connection.execute(query).mappings()]
    return page_of(items, [item.id for item in items], size)


def show_delivery(connection: Connection, delivery_id: int) -> DeliveryDetail:
    """Return one delivery with its attempts and effects; raises NotFound."""
    row = (
        connection.execute(_query().where(t.delivery.c.id == key_of(delivery_id)))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    attempts = connection.execute(
        select(t.delivery_outcome)
        .where(t.delivery_outcome.c.delivery_id == delivery_id)
        .order_by(t.delivery_outcome.c.id)
    )
    waits_for = connection.execute(
        select(t.outbox_task.c.subject)
        .join(t.task_waiter, t.task_waiter.c.task_id == t.outbox_task.c.id)
        .where(t.task_waiter.c.delivery_id == delivery_id)
        .order_by(t.outbox_task.c.subject)
    )
    objects = connection.execute(
        select(
            t.source_object.c.id,
            t.source_object.c.kind,
            t.source_object.c.external_id,
            t.source_object.c.number,
            t.source_object.c.owner_id,
            t.store.c.key.label("store"),
        )
        .join(t.object_delivery, t.object_delivery.c.object_id == t.source_object.c.id)
        .join(t.store, t.store.c.id == t.source_object.c.store_id)
        .where(t.object_delivery.c.delivery_id == delivery_id)
        .order_by(t.source_object.c.id)
    )
    body = select(t.delivery_body.c.delivery_id).where(t.delivery_body.c.delivery_id == delivery_id)
    return DeliveryDetail(
        delivery=_view(row),
        body_kept=connection.execute(body).first() is not None,
        attempts=[
            AttemptView(
                at=one.at,
                status=one.status,
                reason=one.reason,
                error=one.error,
                version=one.version,
            )
            for one in attempts
        ],
        waits_for=list(waits_for.scalars()),
        objects=[ObjectName(**one) for one in objects.mappings()],
        entries=entries_of_delivery(connection, delivery_id),
    )


def topics(connection: Connection, *, newest: int = 2_000) -> list[str]:
    """Return the topics of the newest deliveries, for a filter to choose from."""
    recent = select(t.delivery.c.topic).order_by(t.delivery.c.id.desc()).limit(newest).subquery()
    query = select(recent.c.topic).distinct().order_by(recent.c.topic)
    return list(connection.execute(query).scalars())


_last_outcome = (
    select(func.max(t.delivery_outcome.c.id))
    .where(t.delivery_outcome.c.delivery_id == t.delivery.c.id)
    .correlate(t.delivery)
    .scalar_subquery()
)

status_of: ColumnElement[str] = case(
    (
        t.delivery_queue.c.delivery_id.is_(None),
        func.coalesce(t.delivery_outcome.c.status, RECEIVED),
    ),
    (t.delivery_queue.c.reading == 1, READING),
    (t.delivery_queue.c.tries > 0, FAILED),
    else_=RECEIVED,
)


Rows = TypeVar("Rows", bound=Select[Any])


def with_status(query: Rows) -> Rows:
    """Add what `status_of` needs to a query over deliveries: the queue and the last outcome."""
    return query.outerjoin(
        t.delivery_queue, t.delivery_queue.c.delivery_id == t.delivery.c.id
    ).outerjoin(t.delivery_outcome, t.delivery_outcome.c.id == _last_outcome)


def only_status(query: Rows, status: str) -> Rows:
    """Keep the deliveries in this state. Said twice where an index finds the few among all there were."""
    query = query.where(status_of == status)
    if status in {RECEIVED, READING, FAILED}:
        query = query.where(t.delivery.c.id.in_(select(t.delivery_queue.c.delivery_id)))
    elif status == DEAD:
        failed = select(t.delivery_outcome.c.delivery_id).where(
            t.delivery_outcome.c.fingerprint.is_not(None), t.delivery_outcome.c.status == DEAD
        )
        query = query.where(t.delivery.c.id.in_(failed))
    return query


def _query() -> Select[Any]:
    return with_status(
        select(
            t.delivery,
            t.store.c.key.label("store"),
            t.store.c.platform,
            t.delivery_queue.c.due_at.label("next_try"),
            func.coalesce(t.delivery_queue.c.tries, 0).label("tries"),
            status_of.label("status"),
            func.coalesce(t.delivery_outcome.c.reason, "").label("reason"),
            t.delivery_outcome.c.error,
        ).join(t.store, t.store.c.id == t.delivery.c.store_id)
    )


def _store_ids(key: str) -> Select[tuple[int]]:
    return select(t.store.c.id).where(t.store.c.key == key)


def _view(row: RowMapping) -> DeliveryView:
    values = {name: row[name] for name in DeliveryView.__struct_fields__}
    return DeliveryView(**(values | {"error": _first_line(values["error"])}))


def _first_line(error: str | None) -> str | None:
    return None if error is None else error.partition("\n")[0]
