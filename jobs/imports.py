"""Brings members in from a file, and takes that back, slice by slice: others write in between.

Whoever is stopped in the middle calls again: what was done is not done twice.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from itertools import islice
from typing import BinaryIO

import msgspec
from sqlalchemy import Connection

from app.clock import Clock
from app.db.engine import Database
from app.errors import Invalid
from app.programme.import_columns import map_columns
from app.programme.import_csv import Record, Survey, records, survey
from app.programme.import_values import Order, Reading, read_row
from app.services.batches import Kind, finish_stage
from app.services.import_apply import apply_slice, begin_apply
from app.services.import_stage import (
    Wish,
    begin_stage,
    places_of,
    stage_slice,
)
from app.services.import_undo import begin_undo, undo_slice
from app.services.keys import Vault
from app.services.views import programme_views

# On SQLite a slice keeps others from writing: it must be over in some 50 ms.
_EMBEDDED, _SLICE = 20, 200
_STAGED_EMBEDDED, _STAGED = 100, 1_000


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How a person says that a file is to be read; what is None is found out."""

    system: str | None = None
    columns: Mapping[str, str] = {}
    encoding: str | None = None
    delimiter: str | None = None
    order: Order | None = None
    round_down: bool = False


def stage_file(
    database: Database, vault: Vault, clock: Clock, stream: BinaryIO, wish: Wish, manner: Manner
) -> int:
    """Put the rows of a file aside; returns the id of its batch. Nobody's points change.

    Raises Invalid for a file that nothing can be read from, Conflict for one that was read before.
    """
    how = survey(stream, encoding=manner.encoding, delimiter=manner.delimiter)
    with closing(records(stream, how)) as rows:
        return _stage(database, vault, clock, rows, wish, manner, how)


def _stage(
    database: Database,
    vault: Vault,
    clock: Clock,
    rows: Iterator[Record],
    wish: Wish,
    manner: Manner,
    how: Survey,
) -> int:
    head = next(rows, None)
    if head is None:
        raise Invalid("The file is empty.")
    if head.problem is not None:
        raise Invalid(f"The first line of the file cannot be read: {head.problem}.")
    columns = map_columns(head.cells, system=manner.system, chosen=manner.columns)
    with database.snapshot() as connection:
        zone = programme_views(connection)[wish.programme_id].zone
        places = places_of(connection, wish)
    reading = Reading(
        columns=columns,
        zone=zone,
        now=clock(),
        order=manner.order,
        round_down=manner.round_down,
        numbered=places.numbered,
    )
    batch_id = database.run(
        lambda connection: begin_stage(connection, vault, wish, how, columns, clock())
    )
    number, size = 1, _STAGED_EMBEDDED if database.embedded else _STAGED
    while several := list(islice(rows, size)):
        read = [(record.line, read_row(record, reading)) for record in several]
        keep = partial(
            stage_slice,
            vault=vault,
            wish=wish,
            batch_id=batch_id,
            places=places,
            rows=read,
            first=number,
        )
        number = database.run(keep)
    database.run(lambda connection: finish_stage(connection, batch_id))
    return batch_id


def apply_batch(
    database: Database,
    vault: Vault,
    clock: Clock,
    batch_id: int,
    *,
    actor: str,
    skip_bad: bool = False,
    kind: Kind = "import",
) -> int:
    """Post what a batch brings, or the rest of it; returns how many rows were dealt with now."""
    if not database.run(
        lambda connection: begin_apply(
            connection, batch_id, actor=actor, now=clock(), skip_bad=skip_bad, kind=kind
        )
    ):
        return 0
    return _slices(
        database,
        lambda connection, limit: apply_slice(
            connection, vault, batch_id, now=clock(), limit=limit
        ),
    )


def undo_batch(
    database: Database,
    vault: Vault,
    clock: Clock,
    batch_id: int,
    *,
    actor: str,
    reason: str,
    kind: Kind = "import",
) -> int:
    """Take back what a batch gave, or the rest of it; returns how many rows were dealt with now."""
    if not database.run(
        lambda connection: begin_undo(
            connection, batch_id, reason=reason, actor=actor, now=clock(), kind=kind
        )
    ):
        return 0
    return _slices(
        database,
        lambda connection, limit: undo_slice(connection, vault, batch_id, now=clock(), limit=limit),
    )


def _slices(database: Database, work: Callable[[Connection, int], int]) -> int:
    limit = _EMBEDDED if database.embedded else _SLICE
    total = 0
    while done := database.run(lambda connection: work(connection, limit)):
        total += done
    return total
