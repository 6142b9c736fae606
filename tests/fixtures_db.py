"""Databases for tests: migrated once in a session, then copied for each test.

`database` runs a test twice, on SQLite and on PostgreSQL; `sqlite_database` and `postgres_database`
give one; `new_database()` gives as many as a test wants (one per example of a property test);
`empty_database` has no tables yet. `database.url` opens the same one in another process.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from app.db import schema
from app.db.engine import Database, open_database
from app.db.tables import metadata
from tests.servers import start_postgres

_TEMPLATE = "migrated_template"


# What a database must still look like to be used for another test: nothing of its schema changed (a
# row of the catalogue that was written again has another xmin), nobody else connected, not grown big.
_FINGERPRINT = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT 'class ' || oid || ' ' || xmin AS part
        FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'column ' || attrelid || ' ' || attnum || ' ' || a.xmin
        FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'constraint ' || oid || ' ' || xmin FROM pg_constraint
    UNION ALL SELECT 'trigger ' || oid || ' ' || xmin FROM pg_trigger
    UNION ALL SELECT 'function ' || oid || ' ' || xmin
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'revision ' || version_num FROM alembic_version
) parts
"""
_OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
_MOST_GROWTH = 4 * 1024 * 1024  # bytes; deleted rows still take part in every scan


class PostgresCluster:
    """A running PostgreSQL in which databases are made and dropped."""

    def __init__(self, url: str, admin: psycopg.Connection) -> None:
        self.url = url
        self._admin = admin
        self._numbers = count(1)
        self._clean: list[str] = []
        self._wipers: dict[str, psycopg.Connection] = {}
        self._fingerprint = ""
        self._size = 0

    @contextmanager
    def empty(self) -> Iterator[str]:
        """Make a database without tables and yield its URL; drop it afterwards."""
        name = self._create("template1")
        try:
            yield self.url_of(name)
        finally:
            self._drop(name)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Yield the URL of a migrated database without rows.

        Copying one takes half a second, deleting a test's rows a hundredth of that: so a database
        whose schema was left alone is used again.
        """
        name = self._clean.pop() if self._clean else self._create(_TEMPLATE)
        try:
            yield self.url_of(name)
        finally:
            if self._wipe(name):
                self._clean.append(name)
            else:
                self._drop(name)

    def make_template(self) -> None:
        """Make the migrated database that the others are copied from."""
        self._admin.execute(f'CREATE DATABASE "{_TEMPLATE}"')
        with opened(self.url_of(_TEMPLATE)) as database:
            schema.upgrade(database)
        with self._connect(_TEMPLATE) as connection:
            self._fingerprint, self._size = self._state(connection)

    def close(self) -> None:
        """Close what was kept open."""
        for wiper in self._wipers.values():
            wiper.close()

    def url_of(self, name: str) -> str:
        """Return the URL of one database of this cluster."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def _drop(self, name: str) -> None:
        if name in self._wipers:
            self._wipers.pop(name).close()
        self._admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _wipe(self, name: str) -> bool:
        """Delete every row; False if the database cannot be used for another test."""
        connection = self._wiper(name)
        if not self._left_alone(connection, name):
            return False
        fingerprint, size = self._state(connection)
        if fingerprint != self._fingerprint or size > self._size + _MOST_GROWTH:
            return False
        connection.execute("; ".join(f'DELETE FROM "{table}"' for table in metadata.tables))
        return True

    def _wiper(self, name: str) -> psycopg.Connection:
        """Return the connection kept for wiping: a new one would plan every statement anew, 13 ms."""
        kept = self._wipers.get(name)
        if kept is not None:
            try:
                kept.execute("SELECT 1")
            except psycopg.OperationalError:  # a test ended all connections
                kept.close()
            else:
                return kept
        made = self._wipers[name] = self._connect(name)
        made.execute("SET session_replication_role = replica")  # no triggers, no references
        return made

    def _left_alone(self, connection: psycopg.Connection, name: str) -> bool:
        """Say whether the test's connections are gone; closed ones take a moment to go."""
        for _ in range(20):
            if connection.execute(_OTHERS, [name]).fetchone() == (0,):
                return True
            time.sleep(0.005)
        return False

    def _state(self, connection: psycopg.Connection) -> tuple[str, int]:
        row = connection.execute(
            f"SELECT ({_FINGERPRINT}), pg_database_size(current_database())"
        ).fetchone()
        assert row is not None
        return row[0], row[1]

    def _connect(self, name: str) -> psycopg.Connection:
        plain = self.url_of(name).replace("postgresql+psycopg://", "postgresql://")
        return psycopg.connect(plain, autocommit=True)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """Open a database and close it again."""
    database = open_database(url)
    try:
        yield database
    finally:
        database.close()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresCluster]:
    with start_postgres() as url:
        plain = url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(plain, autocommit=True) as admin:
            cluster = PostgresCluster(url, admin)
            cluster.make_template()
            try:
                yield cluster
            finally:
                cluster.close()


@pytest.fixture(scope="session")
def postgres_url(postgres_cluster: PostgresCluster) -> str:
    return postgres_cluster.url


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "stempel.db"
    with opened(f"sqlite:///{path}") as database:
        schema.upgrade(database)
    return path  # the last connection has folded the write-ahead log into it


@pytest.fixture
def sqlite_database(tmp_path: Path, migrated_sqlite_file: Path) -> Iterator[Database]:
    with _copied(migrated_sqlite_file, tmp_path / "stempel.db") as database:
        yield database


@pytest.fixture
def postgres_database(postgres_cluster: PostgresCluster) -> Iterator[Database]:
    with postgres_cluster.migrated() as url, opened(url) as database:
        yield database


@contextmanager
def _copied(template: Path, path: Path) -> Iterator[Database]:
    shutil.copy(template, path)
    with opened(f"sqlite:///{path}") as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def database(request: pytest.FixtureRequest, backend: str) -> Database:
    name = "sqlite_database" if backend == "sqlite" else "postgres_database"
    chosen: Database = request.getfixturevalue(name)
    return chosen


@pytest.fixture
def new_database(
    request: pytest.FixtureRequest, backend: str, tmp_path: Path
) -> Callable[[], AbstractContextManager[Database]]:
    """Return what makes a migrated database: `with new_database() as database:`."""
    if backend == "sqlite":
        template: Path = request.getfixturevalue("migrated_sqlite_file")
        numbers = count(1)
        return lambda: _copied(template, tmp_path / f"stempel-{next(numbers)}.db")
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")

    @contextmanager
    def on_postgresql() -> Iterator[Database]:
        with cluster.migrated() as url, opened(url) as database:
            yield database

    return on_postgresql


@pytest.fixture
def empty_database(
    request: pytest.FixtureRequest, backend: str, tmp_path: Path
) -> Iterator[Database]:
    if backend == "sqlite":
        with opened(f"sqlite:///{tmp_path}/empty.db") as database:
            yield database
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    with cluster.empty() as url, opened(url) as database:
        yield database
