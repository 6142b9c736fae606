"""The versions of a programme as people ask for them: from when, by whom and why, and what became of each."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.services.programmes import LATEST, PUBLISHED, Version, ended_at, versions


class Stage(StrEnum):
    """Where a version stands in time."""

    OVER = "over"
    IN_FORCE = "in force"
    TO_COME = "to come"
    REPLACED = "replaced"  # another one took its place before it began


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """One version. `since` is None for the first, `until` where none is to take over from it.

    `actor` is None where nobody noted who published it.
    """

    number: int
    stage: Stage
    since: datetime | None
    until: datetime | None
    published_at: datetime
    actor: str | None
    reason: str


def list_versions(connection: Connection, programme_id: int, now: datetime) -> list[VersionView]:
    """Return every version of a programme, oldest first."""
    known = versions(connection, programme_id)
    rows = connection.execute(
        select(t.audit.c.subject, t.audit.c.actor, t.audit.c.reason).where(
            t.audit.c.programme_id == programme_id, t.audit.c.action == PUBLISHED
        )
    )
    acts = {row.subject: (row.actor, row.reason) for row in rows}
    found = []
    for one in known:
        until = ended_at(known, one, LATEST)
        actor, reason = acts.get(f"version {one.number}", (None, ""))
        found.append(
            VersionView(
                number=one.number,
                stage=stage_of(known, one, now),
                since=one.effective_at,
                until=None if until == LATEST else until,
                published_at=one.published_at,
                actor=actor,
                reason=reason,
            )
        )
    return found


def stage_of(known: Sequence[Version], version: Version, now: datetime) -> Stage:
    """Say where a version stands in time."""
    since, until = version.effective_at, ended_at(known, version, LATEST)
    if since is not None and until <= since:
        return Stage.REPLACED
    if since is not None and since > now:
        return Stage.TO_COME
    return Stage.OVER if until <= now else Stage.IN_FORCE
