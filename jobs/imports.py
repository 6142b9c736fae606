"""Brings members in from a file, and takes that back, slice by slice: others write in between.

Whoever is stopped in the middle calls again: what was done is not done twice. So does who was told that
some rows could not be posted.
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
from app.services.batches import Dealt, Kind, finish_stage, next_rows, set_aside
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
from jobs.policy import is_databases, safe_message
from jobs.slices import ACCOUNTS, MOST_PASSED_OVER, Size, one_by_one

_STAGED = Size(100, 1_000)


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
    number, size = 1, _STAGED.of(database)
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
        vault,
        batch_id,
        "ready",
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
        vault,
        batch_id,
        "applied",
        lambda connection, limit: undo_slice(connection, vault, batch_id, now=clock(), limit=limit),
    )


def _slices(
    database: Database,
    vault: Vault,
    batch_id: int,
    state: Dealt,
    work: Callable[[Connection, int], int],
) -> int:
    """Deal with all rows in a state; returns how many were. Those that cannot be are set aside.

    Raises what was wrong if that is the database, or if it is wrong with row after row.
    """
    alone: int | None = None
    aside = 0

    def some(limit: int) -> int:
        nonlocal alone
        if limit == 1:
            with database.snapshot() as connection:
                first = next_rows(connection, batch_id, state, limit=1)
            alone = first[0].id if first else None
        return database.run(lambda connection: work(connection, limit))

    def pass_over(error: Exception) -> str:
        nonlocal aside
        vault.data_keys.forget()
        if alone is None or is_databases(error) or aside >= MOST_PASSED_OVER:
            raise error
        aside += 1
        why = f"{type(error).__name__} {safe_message(error)}".strip()
        database.run(partial(set_aside, batch_id=batch_id, row_id=alone, state=state, why=why))
        return f"row {alone} of batch {batch_id}"

    return sum(one_by_one(some, ACCOUNTS.of(database), pass_over))
