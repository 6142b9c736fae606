"""Brings a database to the newest revision.

`upgrade` runs whenever the service or a command starts, and most of the time there is nothing to do:
that is found out without alembic, whose import would take longer than most commands.
"""

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from app.db import dialect
from app.db.engine import Database
from app.errors import ConfigError

WAIT_SECONDS = 60.0
"""How long a process waits for another one that is migrating."""

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database, *, to: str = "head", wait: float = WAIT_SECONDS) -> None:
    """Run every migration up to `to` that the database has not seen, and guard append-only tables.

    Safe when several processes start at once. Raises ConfigError for a database that is too old, or
    that a newer Stempel made; Passing if another process holds it for longer than `wait` seconds.
    """
    if to == "head" and _is_ready(database):
        return
    from app.db.migrating import migrate  # noqa: PLC0415 - alembic, only where it has work

    migrate(database, to, wait)


def newest_revision() -> str:
    """Return the revision that this code was written for: migrations are numbered in their files' names."""
    numbers = [path.name[1:].partition("_")[0] for path in MIGRATIONS.glob("versions/r[0-9]*.py")]
    if not numbers:
        raise ConfigError(f"No migrations found in {MIGRATIONS}: the installation is incomplete.")
    return max(numbers)


def _is_ready(database: Database) -> bool:
    try:
        with database.reader.connect() as connection:
            dialect.require_supported(connection)
            return (
                _revisions(connection) == [newest_revision()]
                and not dialect.missing_triggers(connection)
                and not dialect.would_compress_bodies(connection)
            )
    except OperationalError:
        return False  # to migrate waits for others, or says what is wrong


def _revisions(connection: Connection) -> list[str]:
    if not dialect.has_table(connection, "alembic_version"):
        return []
    return list(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
