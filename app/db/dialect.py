"""Every place where SQLite and PostgreSQL differ in SQL: supported versions, append-only tables."""

from collections.abc import Iterable

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from app.errors import ConfigError

OLDEST = {"sqlite": (3, 40), "postgresql": (15,)}

APPEND_ONLY = ("audit", "checkpoint", "delivery_outcome", "entry", "lot_use")
"""Tables whose rows are never changed or removed; corrections are further rows."""

_EXISTING_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "WHERE c.relnamespace = current_schema()::regnamespace "
    "AND NOT t.tgisinternal AND t.tgenabled <> 'D'",
}

_EXISTING_TABLES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') "
    "AND relnamespace = current_schema()::regnamespace",
}

# Without the ERRCODE the refusal would be a ProgrammingError here and an IntegrityError on SQLite.
_REFUSE_ON_POSTGRESQL = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END
$$
"""


def is_contention(error: Exception) -> bool:
    """Say whether another writer was in the way: a key just taken, a lost lock, a deadlock.

    The same work, done again from its start, may well succeed.
    """
    if isinstance(error, IntegrityError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlstate", None)
    if code is not None:
        return str(code)[:2] == "40" or code == "55P03"
    return isinstance(error, OperationalError)


def require_supported(connection: Connection) -> None:
    """Raise ConfigError if the database is older than we test with."""
    name = connection.dialect.name
    require_version(name, connection.dialect.server_version_info or ())


def require_version(name: str, version: tuple[int | str, ...]) -> None:
    """Raise ConfigError, saying what to do, if `version` of the database `name` is too old."""
    numbers = tuple(part for part in version if isinstance(part, int))
    if numbers >= OLDEST[name]:
        return
    found = ".".join(str(part) for part in version)
    if name == "sqlite":
        raise ConfigError(
            f"This Python brings SQLite {found}; Stempel needs 3.40 or newer. Use a newer Python, "
            "or set DATABASE_URL to a PostgreSQL (15 or newer)."
        )
    raise ConfigError(f"This is PostgreSQL {found}; Stempel needs 15 or newer.")


def prepare_to_migrate(connection: Connection, *, wait_ms: int) -> None:
    """Set what SQLite accepts only outside a transaction; the connection is closed after use.

    With foreign keys on, rebuilding a table (alembic's batch mode) would trip over references to it;
    `refuse_orphans` checks them afterwards.
    """
    if connection.dialect.name == "sqlite":
        connection.detach()
        # Through the driver: SQLAlchemy would begin a transaction first.
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute(f"PRAGMA busy_timeout = {wait_ms:d}")
        cursor.close()


def refuse_orphans(connection: Connection) -> None:
    """Raise ConfigError if a row points at none: checks what SQLite did not while migrating."""
    if connection.dialect.name != "sqlite":
        return
    orphan = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if orphan is not None:
        raise ConfigError(
            f"The migration would leave a row of {orphan[0]} that points at no row of {orphan[2]}. "
            "Nothing was changed; please report this."
        )


def lock_schema(connection: Connection, *, wait_ms: int) -> None:
    """Let one process at a time migrate, until its transaction ends; others wait up to `wait_ms`.

    SQLite needs nothing: BEGIN IMMEDIATE lets only one process write. Raises OperationalError when
    the wait was in vain.
    """
    if connection.dialect.name == "sqlite":
        return
    connection.execute(text(f"SET LOCAL lock_timeout = {wait_ms:d}"))
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('stempel schema', 0))"))
    # From here on we wait for tables that others use: while we queue for one, all of its readers
    # queue behind us.
    connection.execute(text("SET LOCAL lock_timeout = 4000"))


def lock_hashes(connection: Connection, hashes: Iterable[bytes]) -> None:
    """Let one transaction at a time deal with each of these keyed hashes, until it ends.

    For what has no row yet that could be locked. SQLite needs nothing: one process writes at a time.
    """
    keys = sorted({int.from_bytes(one[:8], "big", signed=True) for one in hashes})
    if keys and connection.dialect.name == "postgresql":
        one_by_one = "SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key"
        connection.execute(text(one_by_one), {"keys": keys})


def store_bodies_as_they_are(connection: Connection) -> None:
    """Let PostgreSQL not try to compress bodies: they are compressed and encrypted already.

    SQLite never does.
    """
    if would_compress_bodies(connection):
        connection.execute(text("ALTER TABLE delivery_body ALTER body SET STORAGE EXTERNAL"))


def would_compress_bodies(connection: Connection) -> bool:
    """Say whether `store_bodies_as_they_are` has something to do."""
    if connection.dialect.name != "postgresql":
        return False
    plain = text(
        "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('delivery_body') "
        "AND attname = 'body' AND attstorage <> 'e'"
    )
    return connection.execute(plain).first() is not None


def has_table(connection: Connection, name: str) -> bool:
    """Say whether there is such a table."""
    return name in _names(connection, _EXISTING_TABLES)


def missing_triggers(connection: Connection) -> list[str]:
    """Return the names of the triggers that should guard the append-only tables and do not."""
    return sorted(_wanted_triggers(connection).keys() - _names(connection, _EXISTING_TRIGGERS))


def protect(connection: Connection) -> None:
    """Make the database refuse to change or remove rows of append-only tables.

    Makes what is missing, so that it can follow every migration: SQLite drops a table's triggers
    without a word when alembic's batch mode rebuilds the table.
    """
    missing = missing_triggers(connection)
    if missing and connection.dialect.name == "postgresql":
        connection.execute(text(_REFUSE_ON_POSTGRESQL))
    wanted = _wanted_triggers(connection)
    for name in missing:
        connection.exec_driver_sql(wanted[name])


def _wanted_triggers(connection: Connection) -> dict[str, str]:
    """Return name and SQL of each trigger, for those append-only tables that exist by now."""
    tables = _names(connection, _EXISTING_TABLES)
    wanted = {}
    for table in APPEND_ONLY:
        if table not in tables:
            continue
        for change in ("update", "delete"):
            name = f"{table}_refuses_{change}"
            if connection.dialect.name == "sqlite":
                wanted[name] = (
                    f"CREATE TRIGGER {name} BEFORE {change.upper()} ON {table} BEGIN "
                    f"SELECT RAISE(ABORT, '{table} is append-only: {change.upper()} refused'); END"
                )
            else:
                wanted[name] = (
                    f"CREATE OR REPLACE TRIGGER {name} BEFORE {change.upper()} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
                )
        if connection.dialect.name == "postgresql":
            name = f"{table}_refuses_truncate"
            wanted[name] = (
                f"CREATE OR REPLACE TRIGGER {name} BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
    return wanted


def _names(connection: Connection, query: dict[str, str]) -> set[str]:
    return set(connection.execute(text(query[connection.dialect.name])).scalars())
