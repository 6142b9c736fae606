"""Counts who is in which segment: read without holding anything, kept in slices."""

from datetime import datetime
from functools import partial

from app.clock import Clock
from app.db.engine import Database
from app.services.programmes import in_force, versions
from app.services.segments import CHUNK, due, finish, has_members, keep, take_census
from jobs.runtime import Runtime

# On SQLite a slice keeps others from writing: it must be over in some 50 ms.
_ROWS = 1_000


def count_segments(runtime: Runtime) -> None:
    """Count the members of every programme where a day or a version has begun."""
    with runtime.database.snapshot() as connection:
        programmes = due(connection, runtime.clock())
    for programme_id in programmes:
        refresh(runtime.database, runtime.clock, programme_id)


def refresh(database: Database, clock: Clock, programme_id: int) -> datetime:
    """Count the members of a programme now; returns the moment that they were counted for.

    Others write in between: who changes meanwhile may be counted as they were before.
    """
    now = clock()
    census = None
    with database.snapshot() as connection:
        known = versions(connection, programme_id)
        version = in_force(known, now)
        programme = version.programme
        if programme.segments or has_members(connection, programme_id):
            census = take_census(connection, programme_id, known, programme, now)
    size = max(1, _ROWS // max(1, len(programme.segments)))
    for found in () if census is None else census.parts(min(size, CHUNK)):
        database.run(partial(keep, programme_id=programme_id, found=found, at=now))
    database.run(partial(finish, programme_id=programme_id, version=version, at=now))
    return now
