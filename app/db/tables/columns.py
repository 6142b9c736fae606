"""What every table is made with: the metadata, and the columns that many share."""

from typing import Any

from sqlalchemy import Column, ForeignKey, MetaData, Table

from app.db.types import big

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def table(name: str, *parts: Any) -> Table:
    """Return a table that is STRICT on SQLite."""
    return Table(name, metadata, *parts, sqlite_strict=True)


def id_column() -> Column[int]:
    """Return the primary key; its values are made by `app.db.ids`."""
    return Column("id", big(), primary_key=True, autoincrement=False)


def programme_column() -> Column[int]:
    """Return the column that scopes a row to its programme."""
    return Column("programme_id", big(), ForeignKey("programme.id"), nullable=False)


def store_column() -> Column[int]:
    """Return the column that ties a row to its store."""
    return Column("store_id", big(), ForeignKey("store.id"), nullable=False)


def member_column() -> Column[int]:
    """Return the column that ties a row to its member."""
    return Column("member_id", big(), ForeignKey("member.id"), nullable=False)
