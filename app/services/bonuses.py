"""A bonus to a segment: who gets it is fixed when it is prepared, and shown before anything is given.

It is a batch as an import is one (`batches`): applied, resumed and undone by the same functions. Somebody
who leaves the segment after that gets it all the same, somebody who joins it does not.
"""

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from app.db import tables as t
from app.db.ids import new_id
from app.db.types import holds
from app.errors import Conflict, Invalid
from app.programme.cost import point_value
from app.services.adjust import MOST_POINTS
from app.services.batches import begin_batch, faults_of, lock_staging, no_such
from app.services.programmes import in_force, versions
from app.services.view_imports import tally
from app.services.view_segments import members_of, show_segment
from app.services.views import key_of

FIRST = 10
"""How many members a preview shows."""


class BonusWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person wants to give, and to whom."""

    programme_id: int
    segment: str
    points: int
    reason: str
    actor: str


class BonusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a bonus was when it was prepared: kept with its batch."""

    segment: str
    points: int  # for each member
    counted_at: datetime  # when the members of the segment were
    currency: str
    point_value: str | None = None  # money that a point was worth then, as "1/50"


class BonusMember(msgspec.Struct, frozen=True, kw_only=True):
    """One of those who get a bonus. `id` is None for somebody who was erased since."""

    id: int | None
    state: str  # ready | failed | applied | skipped | stuck | undone
    balance: int | None
    tier: str | None
    why: str | None = None  # not given, or not taken back


class BonusView(msgspec.Struct, frozen=True, kw_only=True):
    """One bonus. `rows` and `points` count its members by state, `first` are some of them."""

    id: int
    programme: str
    state: str
    reason: str
    actor: str
    created_at: datetime
    ended_at: datetime | None
    settings: BonusSettings
    rows: dict[str, int]
    points: dict[str, int]
    first: tuple[BonusMember, ...] = ()

    @property
    def cost(self) -> Fraction | None:
        """Return what all of it costs at the value of a point then, None where none was known."""
        value = self.settings.point_value
        total = sum(points for state, points in self.points.items() if state != "skipped")
        return None if value is None else total * Fraction(value)


def plan_bonus(
    connection: Connection, wish: BonusWish, now: datetime
) -> tuple[BonusSettings, list[int]]:
    """Return what a bonus would be, and who would get it. Changes nothing.

    Raises Invalid for points or a reason that make no sense, NotFound for an unknown segment and Conflict
    for one that was not counted yet or has nobody in it.
    """
    if not 1 <= wish.points <= MOST_POINTS:
        raise Invalid(f"a bonus gives between 1 and {MOST_POINTS} points, not {wish.points}")
    if not wish.reason.strip() or not holds(wish.reason):
        raise Invalid("a bonus needs a reason")
    segment = show_segment(connection, wish.programme_id, wish.segment, now)
    if segment.counted_at is None:
        raise Conflict(
            f"The members of {wish.segment!r} were not counted yet. See: stempel segment refresh"
        )
    members = [one.id for one in members_of(connection, wish.programme_id, wish.segment)]
    if not members:
        raise Conflict(f"Nobody is in the segment {wish.segment!r}, as counted last.")
    programme = in_force(versions(connection, wish.programme_id), now).programme
    value = point_value(programme)
    settings = BonusSettings(
        segment=wish.segment,
        points=wish.points,
        counted_at=segment.counted_at,
        currency=programme.currency,
        point_value=None if value is None else str(value.amount),
    )
    return settings, members


def begin_bonus(
    connection: Connection, wish: BonusWish, settings: BonusSettings, now: datetime
) -> int:
    """Open a batch for a bonus; returns its id. Call in a writing transaction."""
    return begin_batch(
        connection,
        programme_id=wish.programme_id,
        kind="bonus",
        act="prepare",
        settings=settings,
        reason=wish.reason,
        actor=wish.actor,
        now=now,
    )


def stage_members(
    connection: Connection, batch_id: int, members: Sequence[int], points: int, *, first: int
) -> None:
    """Put some of those aside who shall get a bonus; `first` is the number of the first of them.

    Raises Conflict if the bonus was thrown away meanwhile.
    """
    lock_staging(connection, batch_id, "bonus")
    connection.execute(
        insert(t.import_row),
        [
            {
                "id": new_id(),
                "batch_id": batch_id,
                "number": number,
                "line": number,
                "state": "ready",
                "points": points,
                "member_id": member,
            }
            for number, member in enumerate(members, start=first)
        ],
    )


def list_bonuses(
    connection: Connection, *, programme_id: int | None = None, limit: int = 50
) -> list[BonusView]:
    """Return the newest bonuses first."""
    query = _query().order_by(t.import_batch.c.id.desc()).limit(limit)
    if programme_id is not None:
        query = query.where(t.import_batch.c.programme_id == programme_id)
    return [_view(connection, row) for row in connection.execute(query).all()]


def show_bonus(connection: Connection, batch_id: int, *, first: int | None = FIRST) -> BonusView:
    """Return one bonus with some of its members (None: all); raises NotFound.

    First are those whose points could not be given, or taken back.
    """
    row = connection.execute(_query().where(t.import_batch.c.id == key_of(batch_id))).one_or_none()
    if row is None:
        raise no_such(batch_id, "bonus")
    rows = connection.execute(
        select(
            t.import_row.c.state,
            t.import_row.c.faults,
            t.member.c.id,
            t.member.c.balance,
            t.member.c.tier,
        )
        .outerjoin(t.member, t.member.c.id == t.import_row.c.member_id)
        .where(t.import_row.c.batch_id == batch_id)
        .order_by(t.import_row.c.state.in_(("failed", "stuck")).desc(), t.import_row.c.number)
        .limit(first)
    )
    members = tuple(
        BonusMember(
            id=one.id,
            state=one.state,
            balance=one.balance,
            tier=one.tier,
            why="; ".join(fault.what for fault in faults_of(one.faults)) or None,
        )
        for one in rows
    )
    return msgspec.structs.replace(_view(connection, row), first=members)


def _query() -> Any:
    return (
        select(t.import_batch, t.programme.c.key.label("programme"))
        .join(t.programme, t.programme.c.id == t.import_batch.c.programme_id)
        .where(t.import_batch.c.kind == "bonus")
    )


def _view(connection: Connection, row: Row[Any]) -> BonusView:
    rows, points = tally(connection, row.id)
    return BonusView(
        id=row.id,
        programme=row.programme,
        state=row.state,
        reason=row.reason,
        actor=row.actor,
        created_at=row.created_at,
        ended_at=row.ended_at,
        settings=msgspec.json.decode(row.settings, type=BonusSettings),
        rows=rows,
        points=points,
    )
