"""Follows every shadow: looked up and judged without holding anything, written down in slices."""

import time
from functools import partial

from app.db.engine import Database
from app.services.shadow import running
from app.services.shadow_follow import LAG_SECONDS, keep, look
from jobs.runtime import Runtime

_LONGEST = 5.0  # seconds that other jobs are kept waiting
_PEOPLE = 200  # judged in one snapshot


def follow_shadows(runtime: Runtime) -> bool:
    """Follow all shadows for as long as others can wait; say if nothing is left."""
    until = time.monotonic() + _LONGEST
    while follow_all(runtime.database):
        if time.monotonic() > until:
            return False
    return True


def follow_all(database: Database, *, limit: int = _PEOPLE, lag_seconds: int = LAG_SECONDS) -> int:
    """Follow every shadow a little; returns how much was done, 0 when there is no more."""
    with database.snapshot() as connection:
        shadows = running(connection)
    return sum(_follow(database, one, limit, lag_seconds) for one in shadows)


def _follow(database: Database, shadow_id: int, limit: int, lag_seconds: int) -> int:
    with database.snapshot() as connection:
        found = look(connection, shadow_id, limit=limit, lag_seconds=lag_seconds)
    return 0 if found is None else database.run(partial(keep, found=found))
