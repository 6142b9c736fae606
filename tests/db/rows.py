"""One row in every table, for tests of the schema itself; the values mean nothing."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Text

from app.db.tables import metadata
from app.db.types import Moment


def insert_one_of_each(connection: Connection) -> None:
    """Insert a row into each table, in the order of their references; every number is 1."""
    for table in metadata.sorted_tables:
        values = {column.name: _value(column) for column in table.columns if not column.nullable}
        connection.execute(table.insert().values(values))


def _value(column: Column[Any]) -> Any:
    if isinstance(column.type, Moment):
        return datetime(2026, 1, 1, tzinfo=UTC)
    if isinstance(column.type, Text):
        return "x"
    if isinstance(column.type, LargeBinary):
        return b"x"
    return 1
