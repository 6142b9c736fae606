"""How each connected shop is doing: what came in, what waits, what it does not show yet."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import ColumnElement, Connection, case, func, select

from app.db import tables as t
from app.db.ids import first_id_of
from app.services.stores import Store, list_stores
from app.services.view_deliveries import FAILED, READING, RECEIVED

RECENT = timedelta(days=1)
"""How far back ended deliveries are counted; waiting ones are counted whatever their age."""


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    """One shop. `counts` are its deliveries by status, those that ended within `RECENT`."""

    store: Store
    counts: dict[str, int]
    last_received_at: datetime | None
    reads: int  # objects still to be read from it
    reads_failing: int
    customers: int  # accounts we may write to
    due: int  # accounts where it does not show the newest balance
    due_since: datetime | None  # when the first of them may be written next
    failing: int  # accounts whose last write failed
    last_written_at: datetime | None


def store_views(
    connection: Connection, now: datetime, *, programme_id: int | None = None
) -> list[StoreView]:
    """Return every connected shop with its figures, oldest first."""
    stores = list_stores(connection, programme_id=programme_id)
    counts: dict[int, dict[str, int]] = {store.id: {} for store in stores}
    for store_id, status, number in [*_waiting(connection), *_ended(connection, now)]:
        if store_id in counts and number:
            counts[store_id][status] = counts[store_id].get(status, 0) + number
    last = {
        row.id: row.last
        for row in connection.execute(
            select(
                t.store.c.id,
                select(t.delivery.c.received_at)
                .where(t.delivery.c.store_id == t.store.c.id)
                .order_by(t.delivery.c.id.desc())
                .limit(1)
                .scalar_subquery()
                .label("last"),
            )
        )
    }
    reads = {
        row.store_id: row
        for row in connection.execute(
            select(
                t.outbox_task.c.store_id,
                func.count().label("open"),
                _count_if(t.outbox_task.c.error.is_not(None)).label("failing"),
            )
            .where(t.outbox_task.c.answer_id.is_(None))
            .group_by(t.outbox_task.c.store_id)
        )
    }
    customer = t.store_customer.c
    written = {
        row.store_id: row
        for row in connection.execute(
            select(
                customer.store_id,
                func.count().label("customers"),
                func.count(customer.due_at).label("due"),
                func.min(customer.due_at).label("due_since"),
                _count_if(customer.error.is_not(None)).label("failing"),
                func.max(customer.written_at).label("last"),
            )
            .where(customer.gone == 0)
            .group_by(customer.store_id)
        )
    }
    return [
        StoreView(
            store=store,
            counts=counts[store.id],
            last_received_at=last.get(store.id),
            reads=reads[store.id].open if store.id in reads else 0,
            reads_failing=int(reads[store.id].failing) if store.id in reads else 0,
            customers=written[store.id].customers if store.id in written else 0,
            due=written[store.id].due if store.id in written else 0,
            due_since=written[store.id].due_since if store.id in written else None,
            failing=int(written[store.id].failing) if store.id in written else 0,
            last_written_at=written[store.id].last if store.id in written else None,
        )
        for store in stores
    ]


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The whole installation in a few figures."""

    members: int
    guests: int
    points: int  # all that could be spent now
    claims: int  # waiting for a person


def totals(connection: Connection) -> Totals:
    """Count members and points over all programmes."""
    by_state = {
        row.state: row
        for row in connection.execute(
            select(
                t.member.c.state,
                func.count().label("number"),
                func.coalesce(func.sum(t.member.c.balance), 0).label("points"),
            ).group_by(t.member.c.state)
        )
    }
    claims = connection.execute(
        select(func.count()).select_from(t.claim).where(t.claim.c.status == "pending")
    ).scalar_one()
    return Totals(
        members=by_state["member"].number if "member" in by_state else 0,
        guests=by_state["guest"].number if "guest" in by_state else 0,
        points=sum(int(row.points) for row in by_state.values()),
        claims=claims,
    )


def _waiting(connection: Connection) -> list[tuple[int, str, int]]:
    queue = t.delivery_queue.c
    rows = connection.execute(
        select(
            queue.store_id,
            func.count().label("all"),
            _count_if(queue.reading == 1).label("reading"),
            _count_if((queue.reading != 1) & (queue.tries > 0)).label("failed"),
        ).group_by(queue.store_id)
    )
    found: list[tuple[int, str, int]] = []
    for row in rows:
        reading, failed = int(row.reading), int(row.failed)
        found += [
            (row.store_id, READING, reading),
            (row.store_id, FAILED, failed),
            (row.store_id, RECEIVED, row.all - reading - failed),
        ]
    return found


def _ended(connection: Connection, now: datetime) -> list[tuple[int, str, int]]:
    """Count the last outcomes of the newest deliveries that wait no more."""
    outcome = t.delivery_outcome.c
    newest = (
        select(outcome.delivery_id, func.max(outcome.id).label("id"))
        .where(outcome.delivery_id >= first_id_of(now - RECENT))
        .group_by(outcome.delivery_id)
        .subquery()
    )
    rows = connection.execute(
        select(t.delivery.c.store_id, outcome.status, func.count().label("number"))
        .join(newest, newest.c.id == outcome.id)
        .join(t.delivery, t.delivery.c.id == outcome.delivery_id)
        .outerjoin(t.delivery_queue, t.delivery_queue.c.delivery_id == outcome.delivery_id)
        .where(t.delivery_queue.c.delivery_id.is_(None))
        .group_by(t.delivery.c.store_id, outcome.status)
    )
    return [(row.store_id, row.status, row.number) for row in rows]


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
