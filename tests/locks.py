"""Two writers on PostgreSQL, one of whom waits for the other."""

import time

from sqlalchemy import text

from app.db.engine import Database


def wait_for_lock(database: Database) -> None:
    """Return once somebody waits for a lock."""
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    for _ in range(500):
        with database.snapshot() as connection:
            if connection.execute(waiting).scalar_one():
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")
