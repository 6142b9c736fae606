"""The schema: what migrations make is what the code has, and append-only means append-only."""

import subprocess
import sys
import time
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql import ClauseElement

from app.db import dialect, migrating, schema
from app.db.engine import Database
from app.db.tables import metadata
from app.errors import ConfigError, Passing
from tests.db.rows import insert_one_of_each

_REVISIONS = sorted(
    script.revision for script in ScriptDirectory.from_config(migrating.config()).walk_revisions()
)


def test_after_all_migrations_the_schema_is_what_the_code_has(database: Database) -> None:
    assert migrating.check(database) == []
    assert migrating.current_revision(database) == schema.newest_revision() == _REVISIONS[-1]


def test_migrations_make_the_very_schema_that_the_tables_describe(
    database: Database, empty_database: Database
) -> None:
    with empty_database.transaction() as connection:
        metadata.create_all(connection)
        wanted = describe(connection)
    with database.transaction() as connection:
        assert describe(connection) == wanted
    assert len(wanted) == len(metadata.tables)


@pytest.mark.parametrize("earlier", _REVISIONS)
def test_an_upgrade_from_every_earlier_revision_keeps_triggers_and_constraints(
    empty_database: Database, database: Database, earlier: str
) -> None:
    schema.upgrade(empty_database, to=earlier)
    assert migrating.current_revision(empty_database) == earlier

    schema.upgrade(empty_database)

    assert migrating.check(empty_database) == []
    with empty_database.transaction() as connection, database.transaction() as wanted:
        assert describe(connection) == describe(wanted)


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    schema.upgrade(database)
    assert migrating.check(database) == []


@pytest.mark.parametrize("table", dialect.APPEND_ONLY)
@pytest.mark.parametrize("statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_the_database_refuses_to_change_what_is_append_only(
    database: Database, table: str, statement: str
) -> None:
    with database.transaction() as connection:
        insert_one_of_each(connection)
    column = next(iter(metadata.tables[table].primary_key)).name
    with (
        pytest.raises(IntegrityError, match=f"{table} is append-only"),
        database.transaction() as c,
    ):
        c.execute(text(statement.format(table, column)))
    with database.snapshot() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 1


@pytest.mark.parametrize("table", dialect.APPEND_ONLY)
def test_postgresql_refuses_to_truncate_what_is_append_only(
    postgres_database: Database, table: str
) -> None:
    with pytest.raises(IntegrityError, match="append-only"), postgres_database.transaction() as c:
        c.execute(text(f"TRUNCATE {table} CASCADE"))


@pytest.mark.parametrize("table", dialect.APPEND_ONLY)
def test_sqlite_refuses_to_replace_what_is_append_only(
    sqlite_database: Database, table: str
) -> None:
    with sqlite_database.transaction() as connection:
        insert_one_of_each(connection)
    with pytest.raises(IntegrityError, match="append-only"), sqlite_database.transaction() as c:
        c.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"))


def test_a_rebuilt_table_gets_its_triggers_back_at_the_next_upgrade(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("audit", recreate="always"):
            pass
    assert migrating.check(sqlite_database) == [
        "The trigger audit_refuses_delete is missing.",
        "The trigger audit_refuses_update is missing.",
    ]
    schema.upgrade(sqlite_database)
    assert migrating.check(sqlite_database) == []


def test_a_database_without_tables_is_named_as_such(empty_database: Database) -> None:
    [problem] = migrating.check(empty_database)
    assert "revision none" in problem


def test_a_database_of_a_newer_stempel_is_left_alone(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"9999.*newer one made it"):
        schema.upgrade(database)
    assert migrating.current_revision(database) == "9999"


def test_four_processes_that_start_at_once_migrate_once(empty_database: Database) -> None:
    script = (
        "import sys; from app.db import schema; from app.db.engine import open_database\n"
        "database = open_database(sys.argv[1]); sys.stdin.readline()\n"
        "schema.upgrade(database); database.close()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, empty_database.url],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    errors = [process.communicate(timeout=60)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], errors
    assert migrating.check(empty_database) == []


def test_an_upgrade_that_waits_in_vain_says_so(empty_database: Database) -> None:
    with empty_database.transaction() as connection:
        dialect.lock_schema(connection, wait_ms=100)
        began = time.monotonic()
        with pytest.raises(Passing, match="another process"):
            schema.upgrade(empty_database, wait=0.2)
        assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("name", "version", "says"),
    [
        ("sqlite", (3, 39, 4), "SQLite 3.39.4.*3.40 or newer"),
        ("postgresql", (14, 11), "PostgreSQL 14.11.*15 or newer"),
    ],
)
def test_a_database_too_old_is_refused_with_what_to_do(
    name: str, version: tuple[int, ...], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        dialect.require_version(name, version)


@pytest.mark.parametrize(("name", "version"), [("sqlite", (3, 40, 0)), ("postgresql", (15, 0))])
def test_the_oldest_supported_database_is_accepted(name: str, version: tuple[int, ...]) -> None:
    dialect.require_version(name, version)


def describe(connection: Connection) -> dict[str, object]:
    """Return all that matters of a schema, read back from the database."""
    inspector = inspect(connection)
    tables: dict[str, object] = {}
    for name in sorted(set(inspector.get_table_names()) - {"alembic_version"}):
        tables[name] = {
            "columns": {
                column["name"]: (
                    repr(column["type"]),
                    column["nullable"],
                    (column["default"] or "none").strip("()"),
                )
                for column in inspector.get_columns(name)
            },
            "primary key": inspector.get_pk_constraint(name),
            "foreign keys": _sorted(inspector.get_foreign_keys(name)),
            "unique": _sorted(inspector.get_unique_constraints(name)),
            "check": _sorted(inspector.get_check_constraints(name)),
            "indexes": _sorted(inspector.get_indexes(name)),
            "options": inspector.get_table_options(name),
        }
    return tables


def _sorted(parts: list[Any]) -> list[str]:
    return sorted(repr(_plain(part)) for part in parts)


def _plain(part: Any) -> Any:
    """Return the same with SQL expressions (of partial indexes) as text."""
    if isinstance(part, dict):
        return {name: _plain(value) for name, value in part.items()}
    return str(part) if isinstance(part, ClauseElement) else part
