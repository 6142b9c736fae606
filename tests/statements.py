"""Statements are turned into SQL once in a test run, not once for each test.

A database that is opened anew knows no statement yet, and to turn one into SQL costs more than to run it;
a service does it once in its life, a test run did it for each of its thousands of databases.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Dialect, Engine, event

_known: dict[str, tuple[Dialect, dict[object, object]]] = {}


@contextmanager
def turned_into_sql_once() -> Iterator[None]:
    """Let all engines for one kind of database share what they have compiled."""
    event.listen(Engine, "engine_connect", _share)
    try:
        yield
    finally:
        event.remove(Engine, "engine_connect", _share)


def _share(connection: Connection) -> None:
    engine = connection.engine
    # Compiled statements are known by the dialect too. This one has met a database already: its
    # engine's first connection is open.
    dialect, compiled = _known.setdefault(engine.dialect.name, (engine.dialect, {}))
    if engine.get_execution_options().get("compiled_cache") is compiled:
        return
    engine.dialect = connection.dialect = dialect
    engine.update_execution_options(compiled_cache=compiled)
    connection.execution_options(compiled_cache=compiled)
