"""Opens a database and hands out transactions: `transaction()` to write, `snapshot()` to read.

One commit per request or job, here and nowhere else. SQLite has a writing engine (BEGIN IMMEDIATE)
and a reading one, so that readers never meet the write lock (facts/recipes.md, SQLite without stalls).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from app.db.dialect import is_contention

T = TypeVar("T")

_BUSY_TIMEOUT_MS = 5_000
_ATTEMPTS = 5
_IDLE_IN_TRANSACTION_MS = 30_000  # ends a worker that was stopped with locks in its hands


@dataclass(frozen=True)
class Database:
    """One open database. `embedded` is SQLite, one operator, one serving process."""

    url: str
    writer: Engine
    reader: Engine

    @property
    def embedded(self) -> bool:
        """Say whether this is SQLite."""
        return self.writer.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Begin a writing transaction; commits at the end of the block, rolls back if it raises."""
        with self.writer.begin() as connection:
            yield connection

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a writing transaction, again from its start if another writer was in the way."""
        for _ in range(_ATTEMPTS - 1):
            try:
                with self.transaction() as connection:
                    return work(connection)
            except DBAPIError as error:
                if not is_contention(error):
                    raise
        with self.transaction() as connection:
            return work(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Begin a reading transaction: one consistent state, no locks."""
        with self.reader.connect() as connection:
            if not self.embedded:
                connection.execute(
                    text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                )
            yield connection
            connection.rollback()

    def close(self) -> None:
        """Close every pooled connection."""
        self.writer.dispose()
        self.reader.dispose()


def open_database(url: str) -> Database:
    """Open the database at `url` (sqlite:///… or postgresql+psycopg://…); no connection is made yet."""
    if url.startswith("sqlite"):
        path = make_url(url).database
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        return Database(
            url, _sqlite_engine(url, "BEGIN IMMEDIATE"), _sqlite_engine(url, "BEGIN DEFERRED")
        )
    engine = create_engine(
        url,
        hide_parameters=True,  # an error's text must not carry e-mails or bodies into a log
        pool_size=8,
        max_overflow=8,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 3,
            # A server that vanished without a word is noticed in about 11 s, not in 15 minutes.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "options": f"-c idle_in_transaction_session_timeout={_IDLE_IN_TRANSACTION_MS}"
            " -c lock_timeout=10000 -c timezone=UTC",
        },
    )
    return Database(url, engine, engine)


def _sqlite_engine(url: str, begin: str) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")  # a commit is on the disk before we answer 200
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA recursive_triggers = ON")  # REPLACE meets the triggers on DELETE too
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
