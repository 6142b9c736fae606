"""Databases for tests: migrated once in a session, then copied for each test.

`database` runs a test twice, on SQLite and on PostgreSQL; `sqlite_database` and `postgres_database`
give one. `empty_database` has no tables yet. `database.url` opens the same one in another process.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from app.db import schema
from app.db.engine import Database, open_database
from tests.servers import start_postgres

_TEMPLATE = "migrated_template"


class PostgresCluster:
    """A running PostgreSQL in which databases are made and dropped."""

    def __init__(self, url: str, admin: psycopg.Connection) -> None:
        self.url = url
        self._admin = admin
        self._numbers = count(1)

    @contextmanager
    def new_database(self, template: str = "template1") -> Iterator[str]:
        """Make a database and yield its URL; drop it afterwards, whoever is still connected."""
        name = f"test_{next(self._numbers)}"
        self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url_of(name)
        finally:
            self._admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def make_template(self) -> None:
        """Make the migrated database that the others are copied from."""
        self._admin.execute(f'CREATE DATABASE "{_TEMPLATE}"')
        with opened(self.url_of(_TEMPLATE)) as database:
            schema.upgrade(database)

    def url_of(self, name: str) -> str:
        """Return the URL of one database of this cluster."""
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)


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
            yield cluster


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
    path = tmp_path / "stempel.db"
    shutil.copy(migrated_sqlite_file, path)
    with opened(f"sqlite:///{path}") as database:
        yield database


@pytest.fixture
def postgres_database(postgres_cluster: PostgresCluster) -> Iterator[Database]:
    with postgres_cluster.new_database(_TEMPLATE) as url, opened(url) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def database(request: pytest.FixtureRequest, backend: str) -> Database:
    name = "sqlite_database" if backend == "sqlite" else "postgres_database"
    return request.getfixturevalue(name)


@pytest.fixture
def empty_database(
    request: pytest.FixtureRequest, backend: str, tmp_path: Path
) -> Iterator[Database]:
    if backend == "sqlite":
        with opened(f"sqlite:///{tmp_path}/empty.db") as database:
            yield database
        return
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    with cluster.new_database() as url, opened(url) as database:
        yield database
