"""Runs migrations, and says what a database lacks: all that needs alembic.

`app.db.schema` calls it when there is something to do.
"""

import time
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from app.db import dialect, schema
from app.db.engine import Database
from app.db.tables import metadata
from app.errors import ConfigError, Passing


def migrate(database: Database, to: str, wait: float) -> None:
    """Do what `app.db.schema.upgrade` says: one transaction, one process at a time."""
    deadline = time.monotonic() + wait
    while True:
        try:
            _upgrade(database, to, wait_ms=max(1, int((deadline - time.monotonic()) * 1000)))
        except OperationalError as error:
            if not _is_busy(error):
                raise
            if time.monotonic() >= deadline:
                raise Passing(
                    "The database is in use by a migration or a long transaction of another "
                    f"process; waited {wait:.0f} s. Stop that process, then start again."
                ) from error
            time.sleep(0.1)
        else:
            return


def current_revision(database: Database) -> str | None:
    """Return the revision the database is at, None if it has no tables of ours."""
    with database.reader.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check(database: Database) -> list[str]:
    """Return what is wrong with the schema, one sentence each; empty when all is well."""
    at, head = current_revision(database), schema.newest_revision()
    if at != head:
        return [f"The database is at revision {at or 'none'}, this Stempel needs {head}."]
    with database.reader.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": default_differs}
        )
        problems = [
            f"The database differs from the code: {difference!r}"
            for difference in compare_metadata(context, metadata)
        ]
        problems += [
            f"The trigger {name} is missing." for name in dialect.missing_triggers(connection)
        ]
    return problems


def default_differs(
    _context: MigrationContext,
    _found_column: Any,
    _wanted_column: Any,
    found: str | None,
    _wanted: Any,
    rendered: str | None,
) -> bool:
    """Compare defaults: for our 0, PostgreSQL says '0'::bigint and SQLite ('0')."""
    return _plain(found) != _plain(rendered)


def _plain(default: str | None) -> str | None:
    return None if default is None else default.split("::")[0].strip("(')")


def config(connection: Connection | None = None) -> Config:
    """Return alembic's configuration; no alembic.ini, so that an installed package has it."""
    made = Config()
    made.set_main_option("script_location", str(schema.MIGRATIONS).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def _upgrade(database: Database, to: str, *, wait_ms: int) -> None:
    with database.writer.connect() as connection:
        dialect.prepare_to_migrate(connection, wait_ms=wait_ms)
        with connection.begin():
            dialect.require_supported(connection)
            dialect.lock_schema(connection, wait_ms=wait_ms)
            _refuse_newer(connection)
            command.upgrade(config(connection), to)
            dialect.protect(connection)
            dialect.store_bodies_as_they_are(connection)
            dialect.refuse_orphans(connection)


def _refuse_newer(connection: Connection) -> None:
    """Raise ConfigError if the database knows revisions that this code does not."""
    known = {script.revision for script in ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()}
    for revision in MigrationContext.configure(connection).get_current_heads():
        if revision not in known:
            raise ConfigError(
                f"The database is at revision {revision}, which this Stempel does not know: a "
                "newer one made it. Start that version, or go back to a backup from before it."
            )


def _is_busy(error: OperationalError) -> bool:
    """Say whether another process holds the lock (55P03 is lock_not_available)."""
    return getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_BUSY") or (
        getattr(error.orig, "sqlstate", None) == "55P03"
    )
