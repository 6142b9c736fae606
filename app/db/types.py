"""Column types that mean the same on SQLite (STRICT) and PostgreSQL.

Times are BIGINT microseconds UTC, money BIGINT ten-thousandths of the unit, JSON is TEXT that we
write ourselves: SQLite spoils Numeric and forgets time zones (facts/recipes.md, SQLite).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from app.clock import from_micros, to_micros


def big() -> TypeEngine[int]:
    """Return a 64-bit integer column."""
    return BigInteger().with_variant(Integer(), "sqlite")


def holds(value: str) -> bool:
    """Say whether a text column of every database can hold it: no NUL, nothing that is not Unicode."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def text() -> TypeEngine[str]:
    """Return a text column, compared byte by byte (byte collation) on both databases."""
    return Text().with_variant(Text(collation="C"), "postgresql")


def blob() -> TypeEngine[bytes]:
    """Return a bytes column."""
    return LargeBinary()


class Moment(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Use INTEGER on SQLite, where it is 64 bits wide."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Store microseconds; a time without a zone raises ValueError."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Return an aware UTC datetime."""
        return None if value is None else from_micros(value)
