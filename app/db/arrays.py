"""PostgreSQL's binary form of arrays, for statements that take many rows at once.

The form is described in PostgreSQL's sources (array_send): number of dimensions, null flag, element
type; then size and lower bound; then each element behind its length, -1 for NULL.
"""

import struct
from collections.abc import Sequence

INT8_ARRAY, TEXT_ARRAY, BYTEA_ARRAY = 1016, 1009, 1001
"""Type numbers of the arrays, from pg_type."""

_INT8, _TEXT, _BYTEA = 20, 25, 17
_NULL = b"\xff\xff\xff\xff"


def bigints(values: Sequence[int | None]) -> bytes:
    """Return a bigint[]."""
    return _array(_INT8, [None if v is None else v.to_bytes(8, "big", signed=True) for v in values])


def texts(values: Sequence[str]) -> bytes:
    """Return a text[]."""
    return _array(_TEXT, [value.encode() for value in values])


def blobs(values: Sequence[bytes | None]) -> bytes:
    """Return a bytea[]."""
    return _array(_BYTEA, values)


def _array(kind: int, values: Sequence[bytes | None]) -> bytes:
    parts = [struct.pack("!5i", 1, 1, kind, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts += (len(value).to_bytes(4, "big"), value)
    return b"".join(parts)
