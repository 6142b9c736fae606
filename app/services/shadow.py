"""Starting, ending and reading a shadow: a draft that is evaluated beside the live programme.

It is followed by `shadow_follow`; nothing here or there writes the ledger, the outbox or a context.
"""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, distinct, func, insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.errors import Conflict, NotFound
from app.programme.shadow import TOGETHER, day_of
from app.services.audit import Act, note_act
from app.services.keys import Vault
from app.services.programmes import Publication, Published, publish
from app.services.simulate import read_draft

_OVERLAP = 60 << 32  # a minute, in ids


class Day(msgspec.Struct, frozen=True):
    """What the events of one day give under both."""

    day: date
    live: int
    draft: int
    objects: int
    people: int

    @property
    def difference(self) -> int:
        """Points that the draft gives more."""
        return self.draft - self.live


class Status(msgspec.Struct, frozen=True):
    """How far the shadow of a programme has come."""

    id: int
    started_at: datetime
    source: str
    days: tuple[Day, ...]  # the earliest first
    due: int  # people of whom something changed since
    error: str | None


def start(
    connection: Connection,
    *,
    programme_id: int,
    source: str,
    actor: str,
    reason: str,
    now: datetime,
) -> int:
    """Begin to evaluate a draft beside what occurs from now on; returns the shadow's id.

    Raises ConfigError for a document that is wrong and Conflict while another shadow runs.
    """
    read_draft(connection, programme_id, source)
    if _running(connection, programme_id) is not None:
        raise Conflict(
            "The programme has a shadow already: stempel programme shadow stop, or promote it."
        )
    shadow_id = new_id()
    connection.execute(
        insert(t.shadow).values(
            id=shadow_id,
            programme_id=programme_id,
            source=source,
            started_at=now,
            # Ids grow with time; of those made in these very moments some may be smaller.
            objects_to=shadow_id - _OVERLAP,
            outcomes_to=shadow_id - _OVERLAP,
            entries_to=shadow_id - _OVERLAP,
        )
    )
    _note(connection, programme_id, shadow_id, "shadow-started", actor, reason, now)
    return shadow_id


def stop(
    connection: Connection, *, programme_id: int, actor: str, reason: str, now: datetime
) -> int:
    """End the shadow; its figures stay. Returns its id; raises NotFound if none runs."""
    row = _found(connection, programme_id)
    _end(connection, row, "stopped", now)
    _note(connection, programme_id, row.id, "shadow-stopped", actor, reason, now)
    return int(row.id)


def promote(
    connection: Connection,
    vault: Vault,
    *,
    programme_id: int,
    how: Publication,
    now: datetime,
) -> Published:
    """Publish the draft as the programme's next version, as if it were applied, and end the shadow.

    Raises as `publish` does; the shadow goes on then.
    """
    row = _found(connection, programme_id)
    done = publish(connection, vault, row.source, now, how)
    _end(connection, row, "promoted", now)
    _note(connection, programme_id, row.id, "shadow-promoted", how.actor, how.reason, now)
    return done


def status(connection: Connection, programme_id: int) -> Status:
    """Return what the shadow found so far, day by day; raises NotFound if none runs."""
    row = _found(connection, programme_id)
    award = t.shadow_award.c
    days = connection.execute(
        select(
            award.day,
            func.sum(award.live).label("live"),
            func.sum(award.draft).label("draft"),
            func.count(distinct(func.nullif(award.object_id, TOGETHER))).label("objects"),
            func.count(distinct(award.member_id)).label("people"),
        )
        .where(award.shadow_id == row.id)
        .group_by(award.day)
        .order_by(award.day)
    )
    due = select(func.count()).where(t.shadow_due.c.shadow_id == row.id)
    return Status(
        id=row.id,
        started_at=row.started_at,
        source=row.source,
        days=tuple(
            Day(day_of(one.day), int(one.live), int(one.draft), one.objects, one.people)
            for one in days
        ),
        due=connection.execute(due).scalar_one(),
        error=row.error,
    )


def running(connection: Connection) -> list[int]:
    """Return the ids of all shadows that run."""
    query = select(t.shadow.c.id).where(t.shadow.c.ended_at.is_(None)).order_by(t.shadow.c.id)
    return list(connection.execute(query).scalars())


def _running(connection: Connection, programme_id: int) -> Row[Any] | None:
    return connection.execute(
        select(t.shadow).where(
            t.shadow.c.programme_id == programme_id, t.shadow.c.ended_at.is_(None)
        )
    ).first()


def _found(connection: Connection, programme_id: int) -> Row[Any]:
    row = _running(connection, programme_id)
    if row is None:
        raise NotFound("The programme has no shadow. See: stempel programme shadow start --help")
    return row


def _end(connection: Connection, row: Row[Any], how: str, now: datetime) -> None:
    connection.execute(t.shadow_due.delete().where(t.shadow_due.c.shadow_id == row.id))
    connection.execute(
        update(t.shadow).where(t.shadow.c.id == row.id).values(ended_at=now, ended=how)
    )


def _note(
    connection: Connection,
    programme_id: int,
    shadow_id: int,
    action: str,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    act = Act(
        programme_id=programme_id,
        actor=actor,
        action=action,
        subject=f"shadow {shadow_id}",
        reason=reason,
        detail={},
    )
    note_act(connection, act, now)
