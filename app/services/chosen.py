"""Which deliveries somebody means: by store, topic, state, fault, time or person."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, Select, func, select

from app.db import tables as t
from app.db.types import holds
from app.errors import Invalid, NotFound
from app.services.accounts import accounts_of
from app.services.view_deliveries import STATUSES, only_status, status_of, with_status
from app.services.views import key_of


class Choice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Deliveries that all of these say something true about; None says nothing. Times are aware UTC."""

    store: str | None = None  # its key
    topic: str | None = None
    status: str | None = None  # as `stempel events list` shows it
    group: str | None = None  # the fault's fingerprint, of the last attempt
    since: datetime | None = None  # received then or later
    until: datetime | None = None  # received before
    member: int | None = None  # spoke of something that is this person's now
    ids: tuple[int, ...] = ()  # these very ones


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries are meant, and what they are."""

    total: int
    newest_id: int  # 0 if there are none
    without_body: int  # that retention has removed
    by_status: dict[str, int]
    by_topic: dict[str, int]


def check_choice(connection: Connection, choice: Choice) -> None:
    """Refuse a choice that cannot mean anything. Raises Invalid or NotFound, saying what to do."""
    for name in ("topic", "group"):
        if not holds(getattr(choice, name) or ""):
            raise Invalid(f"{name} cannot hold such characters")
    if choice.status is not None and choice.status not in STATUSES:
        raise Invalid(f"status is one of {', '.join(STATUSES)}, not {choice.status!r}")
    if choice.since and choice.until and choice.since >= choice.until:
        raise Invalid("since must be before until")
    missing = set(choice.ids) - set(
        connection.execute(select(t.delivery.c.id).where(t.delivery.c.id.in_(choice.ids))).scalars()
    )
    if missing:
        raise NotFound(f"There is no delivery {min(missing)}. See: stempel events list")


def count(connection: Connection, programme_id: int, choice: Choice) -> Counted:
    """Return how many deliveries are meant now. Changes nothing."""
    these = _query(connection, programme_id, choice).subquery()
    body = t.delivery_body
    rows = connection.execute(
        select(
            these.c.status,
            these.c.topic,
            func.count().label("number"),
            func.count(body.c.delivery_id).label("kept"),
            func.max(these.c.id).label("newest"),
        )
        .select_from(these.outerjoin(body, body.c.delivery_id == these.c.id))
        .group_by(these.c.status, these.c.topic)
        .order_by(these.c.status, these.c.topic)
    ).all()
    by_status: dict[str, int] = {}
    by_topic: dict[str, int] = {}
    for row in rows:
        by_status[row.status] = by_status.get(row.status, 0) + row.number
        by_topic[row.topic] = by_topic.get(row.topic, 0) + row.number
    total = sum(row.number for row in rows)
    return Counted(
        total=total,
        newest_id=max((row.newest for row in rows), default=0),
        without_body=total - sum(row.kept for row in rows),
        by_status=by_status,
        by_topic=by_topic,
    )


def next_of(
    connection: Connection,
    programme_id: int,
    choice: Choice,
    *,
    after: int,
    newest_id: int,
    limit: int,
) -> list[int]:
    """Return the ids of the next deliveries that are meant, in order."""
    these = _query(connection, programme_id, choice).subquery()
    query = (
        select(these.c.id)
        .where(these.c.id > after, these.c.id <= newest_id)
        .order_by(these.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def _query(
    connection: Connection, programme_id: int, choice: Choice
) -> Select[tuple[int, str, str]]:
    query = with_status(
        select(t.delivery.c.id, t.delivery.c.topic, status_of.label("status"))
    ).where(t.delivery.c.programme_id == programme_id)
    if choice.ids:
        query = query.where(t.delivery.c.id.in_(choice.ids))
    if choice.store is not None:
        stores = select(t.store.c.id).where(t.store.c.key == choice.store)
        query = query.where(t.delivery.c.store_id.in_(stores))
    if choice.topic is not None:
        query = query.where(t.delivery.c.topic == choice.topic)
    if choice.status is not None:
        query = only_status(query, choice.status)
    if choice.group is not None:
        # Said twice: only the index on faults finds the few among all that there ever were.
        failed = select(t.delivery_outcome.c.delivery_id).where(
            t.delivery_outcome.c.fingerprint == choice.group
        )
        query = query.where(
            t.delivery_outcome.c.fingerprint == choice.group, t.delivery.c.id.in_(failed)
        )
    if choice.since is not None:
        query = query.where(t.delivery.c.received_at >= choice.since)
    if choice.until is not None:
        query = query.where(t.delivery.c.received_at < choice.until)
    if choice.member is not None:
        accounts = accounts_of(connection, [key_of(choice.member)])
        spoke = (
            select(t.object_delivery.c.delivery_id)
            .join(t.source_object, t.source_object.c.id == t.object_delivery.c.object_id)
            .where(t.source_object.c.owner_id.in_(sorted(accounts)))
        )
        query = query.where(t.delivery.c.id.in_(spoke))
    return query
