"""Imports as people look at them: what a batch would do, what is wrong with its file, what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select

from app.db import tables as t
from app.programme.import_values import Fault
from app.services.batches import faults_of, no_such
from app.services.import_stage import Settings
from app.services.people import NO_EMAIL
from app.services.views import key_of


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    """One batch. `rows` and `points` count its rows by state."""

    id: int
    programme: str
    store: str | None
    system: str
    state: str
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    rows: dict[str, int]
    points: dict[str, int]
    settings: Settings


class WrongRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is not imported or not taken back, and why."""

    line: int
    state: str  # bad | skipped | failed | stuck
    faults: list[Fault]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """What applying a batch would do now. `people` are `known` here or will be made.

    `unproved` counts the e-mails, without a customer's id beside them, that shop accounts carry: those
    will have to be confirmed. Of them `single` are carried by one account only.
    """

    batch: BatchView
    people: int
    known: int
    by_email: int
    unproved: int
    single: int
    tiers: list[tuple[str, int]]
    own_end: int  # rows whose points end on a day of their own
    wrong: list[WrongRow]

    @property
    def new(self) -> int:
        """Return how many accounts will be made."""
        return self.people - self.known


_WRONG = ("bad", "skipped", "failed", "stuck")


def list_batches(
    connection: Connection, *, programme_id: int | None = None, limit: int = 50
) -> list[BatchView]:
    """Return the newest batches first."""
    query = _query().order_by(t.import_batch.c.id.desc()).limit(limit)
    if programme_id is not None:
        query = query.where(t.import_batch.c.programme_id == programme_id)
    return [_view(connection, row) for row in connection.execute(query).all()]


def show_batch(connection: Connection, batch_id: int) -> BatchView:
    """Return one batch; raises NotFound."""
    row = connection.execute(_query().where(t.import_batch.c.id == key_of(batch_id))).one_or_none()
    if row is None:
        raise no_such(batch_id, "import")
    return _view(connection, row)


def check_batch(connection: Connection, batch_id: int, *, wrong: int = 50) -> Check:
    """Return what applying a batch would do, with its first rows that are wrong. Changes nothing."""
    batch = show_batch(connection, batch_id)
    programme_id = connection.execute(
        select(t.import_batch.c.programme_id).where(t.import_batch.c.id == batch_id)
    ).scalar_one()
    ready = and_(t.import_row.c.batch_id == batch_id, t.import_row.c.state == "ready")
    one = (
        select(
            t.import_row.c.person,
            func.max(t.import_row.c.store_id).label("store_id"),
            func.max(t.import_row.c.customer).label("customer"),
            func.max(t.import_row.c.email_hash).label("email_hash"),
        )
        .where(ready)
        .group_by(t.import_row.c.person)
        .subquery()
    )

    def people(*which: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(one).where(*which)
        return int(connection.execute(query).scalar_one())

    in_shop = exists().where(
        t.store_customer.c.store_id == one.c.store_id,
        t.store_customer.c.external_id == one.c.customer,
    )
    held = exists().where(
        t.identity.c.programme_id == programme_id, t.identity.c.email_hash == one.c.email_hash
    )
    carriers = (
        select(func.count(func.distinct(t.store_customer.c.member_id)))
        .where(
            t.store_customer.c.programme_id == programme_id,
            t.store_customer.c.email_hash == one.c.email_hash,
            t.store_customer.c.email_hash != NO_EMAIL,
        )
        .correlate(one)
        .scalar_subquery()
    )
    alone = one.c.customer.is_(None)
    known = or_(and_(~alone, in_shop), and_(alone, held))
    single = people(alone, ~held, carriers == 1)
    return Check(
        batch=batch,
        people=people(),
        known=people(known) + (single if batch.settings.match_accounts else 0),
        by_email=people(alone),
        unproved=people(alone, ~held, carriers > 0),
        single=single,
        tiers=[
            (row.tier, row.rows)
            for row in connection.execute(
                select(t.import_row.c.tier, func.count().label("rows"))
                .where(ready, t.import_row.c.tier.is_not(None))
                .group_by(t.import_row.c.tier)
                .order_by(t.import_row.c.tier)
            )
        ],
        own_end=connection.execute(
            select(func.count()).where(ready, t.import_row.c.expires_at.is_not(None))
        ).scalar_one(),
        wrong=wrong_rows(connection, batch_id, limit=wrong),
    )


def wrong_rows(connection: Connection, batch_id: int, *, limit: int) -> list[WrongRow]:
    """Return the rows that were not dealt with as they should be, in the order of the file."""
    rows = connection.execute(
        select(t.import_row.c.line, t.import_row.c.state, t.import_row.c.faults)
        .where(t.import_row.c.batch_id == batch_id, t.import_row.c.state.in_(_WRONG))
        .order_by(t.import_row.c.number)
        .limit(limit)
    )
    return [WrongRow(line=row.line, state=row.state, faults=faults_of(row.faults)) for row in rows]


def left_behind(connection: Connection, batch_id: int) -> int:
    """Return how many accounts a batch made that have no points now."""
    mine = select(t.import_row.c.member_id).where(
        t.import_row.c.batch_id == batch_id, t.import_row.c.made == 1
    )
    return int(
        connection.execute(
            select(func.count()).where(
                t.member.c.id.in_(mine), t.member.c.balance == 0, t.member.c.state == "member"
            )
        ).scalar_one()
    )


def _query() -> Any:
    return (
        select(
            t.import_batch, t.programme.c.key.label("programme"), t.store.c.key.label("store_key")
        )
        .join(t.programme, t.programme.c.id == t.import_batch.c.programme_id)
        .outerjoin(t.store, t.store.c.id == t.import_batch.c.store_id)
        .where(t.import_batch.c.kind == "import")
    )


def tally(connection: Connection, batch_id: int) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many rows a batch has in each state, and how many points they have."""
    states: Sequence[Row[Any]] = connection.execute(
        select(
            t.import_row.c.state,
            func.count().label("rows"),
            func.sum(t.import_row.c.points).label("points"),
        )
        .where(t.import_row.c.batch_id == batch_id)
        .group_by(t.import_row.c.state)
    ).all()
    return {one.state: one.rows for one in states}, {one.state: int(one.points) for one in states}


def _view(connection: Connection, row: Row[Any]) -> BatchView:
    rows, points = tally(connection, row.id)
    return BatchView(
        id=row.id,
        programme=row.programme,
        store=row.store_key,
        system=row.system,
        state=row.state,
        reason=row.reason,
        actor=row.actor,
        created_at=row.created_at,
        ended_at=row.ended_at,
        rows=rows,
        points=points,
        settings=msgspec.json.decode(row.settings, type=Settings),
    )
