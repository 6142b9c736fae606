"""All that a programme has, table by table, as rows for files.

Every table is exported that belongs to a programme, unless it is named in `LEFT_OUT`: a new one is
without a word. Of bytes only the seals of the ledger are: keys, hashes and encrypted texts stay here.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Table, select
from sqlalchemy.types import LargeBinary

from app.db import tables as t
from app.services.keys import Vault

LEFT_OUT: Mapping[str, str] = {
    "store_secret": "secrets of the shops",
    "data_key": "keys",
    "delivery": "messages of the shops: what they said is in the objects",
    "delivery_body": "messages of the shops, encrypted",
    "delivery_queue": "work that waits",
    "delivery_outcome": "what became of messages",
    "object_delivery": "which message spoke of what",
    "outbox_task": "work that waits",
    "task_waiter": "work that waits",
    "schedule_run": "of the installation",
    "identity": "keyed hashes of e-mails",
    "import_row": "rows of files that were imported: what they gave is in the entries",
}
"""Tables that are of no use elsewhere, or must not leave: why."""

_SEALS = frozenset({("entry", "mac"), ("member", "head"), ("checkpoint", "mac")})
_JSON = frozenset(
    {"context", "detail", "document", "explanation", "facts", "faults", "payload", "settings"}
)
_SECRET = re.compile("secret|token|password")
_AT_ONCE = 500


def exported() -> list[Table]:
    """Return the tables that are exported, those that others refer to first.

    What belongs to no programme is the installation's.
    """
    return [
        one
        for one in t.metadata.sorted_tables
        if one.name not in LEFT_OUT and _of_programme(one, 0) is not None
    ]


def is_nested(table: Table) -> bool:
    """Say whether rows of a table hold more than one line of a plain table can: JSON."""
    return any(column.name in _JSON for column in table.columns)


def columns_of(table: Table) -> list[str]:
    """Return which columns of a table are exported."""
    return [
        column.name
        for column in table.columns
        if not _SECRET.search(column.name)
        and (
            not isinstance(column.type, LargeBinary)
            or (table.name, column.name) in _SEALS
            or (table.name, column.name) == ("member", "email")
        )
    ]


def table_rows(
    connection: Connection, vault: Vault, programme_id: int, table: Table
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a programme in a table, streamed. Ids are text: others lose their last digits."""
    names = columns_of(table)
    query = _of_programme(table, programme_id)
    if query is None:
        raise LookupError(f"{table.name} belongs to no programme")
    query = query.order_by(*table.primary_key.columns)
    for row in connection.execute(query, execution_options={"yield_per": _AT_ONCE}).mappings():
        values = {name: _value(name, row[name]) for name in names}
        if table is t.member:
            sealed, key = row["email"], row["data_key_id"]
            known = sealed is not None and key is not None
            values["email"] = (
                vault.open_email(connection, key, row["id"], sealed) if known else None
            )
        yield values


def _of_programme(table: Table, programme_id: int) -> Select[Any] | None:
    """Choose the rows of a programme: by its column, or by that of a table that they refer to."""
    if table is t.programme:
        return select(table).where(table.c.id == programme_id)
    query, here, seen = select(table), table, {table}
    while "programme_id" not in here.c:
        step = next(
            (
                (column, key.column)
                for column in here.columns
                for key in column.foreign_keys
                if not column.nullable and key.column.table not in seen
            ),
            None,
        )
        if step is None:
            return None
        column, parent = step
        here = parent.table
        seen.add(here)
        query = query.join(here, parent == column)
    return query.where(here.c.programme_id == programme_id)


def _value(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    if name in _JSON and isinstance(value, str):
        try:
            return msgspec.json.decode(value)
        except msgspec.DecodeError:
            return value
    if isinstance(value, int) and (name == "id" or name.endswith("_id")):
        return str(value)
    return value
