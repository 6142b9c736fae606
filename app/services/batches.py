"""Batches of points that are staged, looked at, applied and undone: what every kind of them shares.

An import brings the rows of a file, a bonus those of a segment's members. The batch is the lock: whoever
deals with it holds its row, and rows say what was done, so a slice that is done again does nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.errors import Conflict, NotFound
from app.programme.import_values import Fault
from app.services.audit import Act, note_act
from app.services.views import key_of

Kind = Literal["import", "bonus"]

Dealt = Literal["ready", "applied"]
"""What rows are that are dealt with: to be posted, or to be taken back."""

_ASIDE: dict[Dealt, str] = {"ready": "failed", "applied": "stuck"}
"""What rows are that could not be, until somebody tries again."""

KEPT = timedelta(days=30)
"""How long a batch that nobody applies keeps its rows: those of imports hold e-mails."""

_OPEN = ("staging", "staged")


def begin_batch(
    connection: Connection,
    *,
    programme_id: int,
    kind: Kind,
    act: str,
    settings: msgspec.Struct,
    reason: str,
    actor: str,
    now: datetime,
    store_id: int | None = None,
    system: str = "",
    digest: bytes = b"",
) -> int:
    """Open a batch that rows can be added to; returns its id. `act` is what the audit log calls that."""
    batch_id = new_id()
    connection.execute(
        insert(t.import_batch).values(
            id=batch_id,
            programme_id=programme_id,
            store_id=store_id,
            kind=kind,
            system=system,
            digest=digest,
            state="staging",
            settings=msgspec.json.encode(settings).decode(),
            reason=reason,
            actor=actor,
            created_at=now,
        )
    )
    note_batch(connection, kind, programme_id, batch_id, act, actor, reason, now)
    return batch_id


def finish_stage(connection: Connection, batch_id: int) -> None:
    """Say that all rows are there: only then can a batch be applied. One thrown away stays so."""
    connection.execute(
        update(t.import_batch)
        .where(t.import_batch.c.id == batch_id, t.import_batch.c.state == "staging")
        .values(state="staged")
    )


def lock_staging(connection: Connection, batch_id: int, kind: Kind) -> None:
    """Let rows be added to a batch until this transaction ends; raises Conflict for one thrown away."""
    batch = lock_batch(connection, batch_id, kind)
    if batch.state != "staging":
        raise Conflict(f"Batch {batch_id} is {batch.state}: nothing can be added to it.")


def discard(
    connection: Connection,
    batch_id: int,
    *,
    actor: str,
    reason: str,
    now: datetime,
    kind: Kind = "import",
) -> None:
    """Throw a batch away that was never applied, with all that it keeps; raises Conflict."""
    batch = lock_batch(connection, batch_id, kind)
    if batch.state not in _OPEN:
        raise Conflict(f"Batch {batch_id} is {batch.state}: only one that waits can be discarded.")
    _throw_away(connection, batch, actor, reason, now)


def purge_staged(connection: Connection, now: datetime) -> int:
    """Throw away what nobody has applied for a long time; returns how many batches."""
    old = connection.execute(
        select(t.import_batch)
        .where(t.import_batch.c.state.in_(_OPEN), t.import_batch.c.created_at < now - KEPT)
        .order_by(t.import_batch.c.id)
        .with_for_update()
    ).all()
    for batch in old:
        _throw_away(connection, batch, "schedule", f"not applied for {KEPT.days} days", now)
    return len(old)


def lock_batch(connection: Connection, batch_id: int, kind: Kind | None = None) -> Row[Any]:
    """Return a batch that nobody else deals with until this transaction ends; raises NotFound.

    One of another `kind` is not found either.
    """
    row = connection.execute(
        select(t.import_batch).where(t.import_batch.c.id == key_of(batch_id)).with_for_update()
    ).one_or_none()
    if row is None or kind not in {None, row.kind}:
        raise no_such(batch_id, kind or "import")
    return row


def next_rows(
    connection: Connection, batch_id: int, state: str, *, limit: int
) -> Sequence[Row[Any]]:
    """Return the next rows of a batch that are in a state."""
    return connection.execute(
        select(t.import_row)
        .where(t.import_row.c.batch_id == batch_id, t.import_row.c.state == state)
        .order_by(t.import_row.c.number)
        .limit(limit)
    ).all()


def set_aside(connection: Connection, batch_id: int, row_id: int, state: Dealt, why: str) -> None:
    """Let the other rows go on: this one, in this state, could not be dealt with, and is told of."""
    lock_batch(connection, batch_id)
    what = f"could not be {'posted' if state == 'ready' else 'taken back'} ({why})"
    connection.execute(
        update(t.import_row)
        .where(t.import_row.c.id == row_id, t.import_row.c.state == state)
        .values(state=_ASIDE[state], faults=stored_faults([Fault(column="", value="", what=what)]))
    )


def try_again(connection: Connection, batch_id: int, state: Dealt) -> None:
    """Let the rows that were set aside be dealt with once more."""
    connection.execute(
        update(t.import_row)
        .where(t.import_row.c.batch_id == batch_id, t.import_row.c.state == _ASIDE[state])
        .values(state=state, faults=None)
    )


def has_set_aside(connection: Connection, batch_id: int, state: Dealt) -> bool:
    """Say whether rows of a batch could not be dealt with: it is not at its end yet."""
    return bool(next_rows(connection, batch_id, _ASIDE[state], limit=1))


def faults_of(stored: str | None) -> list[Fault]:
    """Return what is wrong with a stored row."""
    return [] if stored is None else msgspec.json.decode(stored, type=list[Fault])


def stored_faults(faults: Sequence[Fault]) -> str:
    """Return what is wrong with a row as it is stored."""
    return msgspec.json.encode(faults).decode()


def end_batch(connection: Connection, batch_id: int, state: str, now: datetime) -> None:
    """Note that nothing more is done with a batch."""
    connection.execute(
        update(t.import_batch)
        .where(t.import_batch.c.id == batch_id)
        .values(state=state, ended_at=now)
    )


def no_such(batch_id: int, kind: Kind) -> NotFound:
    """Return the error of a batch that there is not."""
    return NotFound(f"There is no {kind} {batch_id}. See: stempel {kind} list")


def note_batch(
    connection: Connection,
    kind: Kind,
    programme_id: int,
    batch_id: int,
    act: str,
    actor: str,
    reason: str,
    now: datetime,
) -> int:
    """Note in the audit log what is done with a batch; returns the id of the note."""
    audit_id = new_id()
    note_act(
        connection,
        Act(
            id=audit_id,
            programme_id=programme_id,
            actor=actor,
            action=f"{kind}.{act}",
            subject=f"{kind} {batch_id}",
            reason=reason,
            detail={"batch": str(batch_id)},
        ),
        now,
    )
    return audit_id


def _throw_away(
    connection: Connection, batch: Row[Any], actor: str, reason: str, now: datetime
) -> None:
    connection.execute(delete(t.import_row).where(t.import_row.c.batch_id == batch.id))
    end_batch(connection, batch.id, "discarded", now)
    note_batch(connection, batch.kind, batch.programme_id, batch.id, "discard", actor, reason, now)


def entry_key(batch: Row[Any], row: Row[Any], member_id: int) -> str:
    """Return the idempotency key of the entry for a row, which is posted to this account."""
    return f"{batch.kind}:{batch.id}:{member_id if batch.kind == 'bonus' else row.number}"


def told(batch: Row[Any], audit_id: int) -> str:
    """Return the explanation of an entry of a batch: who did it and why is in the audit log."""
    return msgspec.json.encode({"audit": str(audit_id), batch.kind: str(batch.id)}).decode()


def write_rows(connection: Connection, changed: Iterable[dict[str, Any]]) -> None:
    """Write what became of rows: dictionaries with the same keys, the row's id as `_id`."""
    rows = list(changed)
    names = rows[0].keys() - {"_id"} if rows else ()
    if rows:
        connection.execute(
            update(t.import_row)
            .where(t.import_row.c.id == bindparam("_id"))
            .values({name: bindparam(f"_{name}") for name in names}),
            [{"_id": row["_id"]} | {f"_{name}": row[name] for name in names} for row in rows],
        )
