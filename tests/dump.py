"""Everything that a database holds, to see that nothing was touched."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from app.db import tables as t
from app.db.engine import Database


def dump(database: Database, *, without: Collection[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables but those named, table by table."""
    with database.snapshot() as connection:
        return {
            name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for name, table in t.metadata.tables.items()
            if name not in without
        }
