"""Everybody's tiers, looked at anew as days go by and rules change."""

from sqlalchemy import Connection

from app.services.tier_run import Slices, recalculate
from jobs.runtime import Runtime

# SQLite is written to for a moment only; on PostgreSQL nobody waits for long for the rows of a slice.
_EMBEDDED, _LARGE = Slices(500, 20), Slices(100_000, 200)


def recalculate_tiers(runtime: Runtime, connection: Connection) -> int:
    """Go through one slice of accounts; returns how many, 0 if nobody is due."""
    slices = _EMBEDDED if runtime.database.embedded else _LARGE
    return recalculate(connection, runtime.clock(), slices)
