"""PostgreSQL arrays in its binary form, for statements that take many rows at once.

psycopg writes lists too, element by element in Python: for a group of eight deliveries that took
longer than everything else this side of the connection. The form is described in PostgreSQL's
sources (array_send): dimensions, null flag, element type; then size and lower bound; then elements.
"""

import struct
from collections.abc import Sequence

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format

_NULL = b"\xff\xff\xff\xff"
_INT8, _TEXT, _BYTEA = 20, 25, 17


class _Array(bytes):
    """A parameter that is in its binary form already."""

    __slots__ = ()


class _Int8Array(_Array):
    pass


class _TextArray(_Array):
    pass


class _ByteaArray(_Array):
    pass


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Array) -> bytes:
        return obj


class _Int8ArrayDumper(_AsItIs):
    oid = 1016


class _TextArrayDumper(_AsItIs):
    oid = 1009


class _ByteaArrayDumper(_AsItIs):
    oid = 1001


psycopg.adapters.register_dumper(_Int8Array, _Int8ArrayDumper)
psycopg.adapters.register_dumper(_TextArray, _TextArrayDumper)
psycopg.adapters.register_dumper(_ByteaArray, _ByteaArrayDumper)


def bigints(values: Sequence[int | None]) -> bytes:
    """Return a bigint[] for a `%b` placeholder."""
    head = struct.pack("!5i", 1, 1, _INT8, len(values), 1)
    parts = [
        _NULL if value is None else b"\0\0\0\x08" + struct.pack("!q", value) for value in values
    ]
    return _Int8Array(head + b"".join(parts))


def texts(values: Sequence[str]) -> bytes:
    """Return a text[] for a `%b` placeholder."""
    return _TextArray(_sized(_TEXT, [value.encode() for value in values]))


def blobs(values: Sequence[bytes | None]) -> bytes:
    """Return a bytea[] for a `%b` placeholder."""
    return _ByteaArray(_sized(_BYTEA, values))


def _sized(kind: int, values: Sequence[bytes | None]) -> bytes:
    parts = [struct.pack("!5i", 1, 1, kind, len(values), 1)]
    for value in values:
        if value is None:
            parts.append(_NULL)
        else:
            parts += (struct.pack("!i", len(value)), value)
    return b"".join(parts)
