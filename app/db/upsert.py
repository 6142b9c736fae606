"""INSERT … ON CONFLICT DO NOTHING, spelled alike for SQLite and PostgreSQL."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_missing(
    connection: Connection,
    table: Table,
    rows: Sequence[dict[str, Any]],
    *,
    keys: Sequence[str],
    where: ColumnElement[bool] | None = None,
) -> None:
    """Insert the rows whose `keys` are not there yet; the others are left as they are.

    `keys` are the columns of one unique constraint or index, `where` the condition of a partial one.
    A conflict with any other constraint is raised as it always is.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        connection.execute(
            sqlite.insert(table).on_conflict_do_nothing(index_elements=keys, index_where=where),
            list(rows),
        )
    else:
        connection.execute(
            postgresql.insert(table).on_conflict_do_nothing(index_elements=keys, index_where=where),
            list(rows),
        )
