"""A shop that members move to: files are imported into it, time passes, rewards are taken."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from app.db import tables as t
from app.services.import_apply import apply_slice, begin_apply
from app.services.import_stage import Wish
from app.services.import_undo import begin_undo, undo_slice
from app.services.view_imports import Check, check_batch
from jobs.imports import Manner, apply_batch, stage_file, undo_batch
from tests.people import People


@dataclass
class Moving:
    """Imports into a programme, as its manager does them."""

    people: People

    def stage(self, content: str | bytes, *, store: int | None = None, **said: Any) -> int:
        """Put a file aside; `said` are fields of the wish or of the manner."""
        pipeline = self.people.pipeline
        wished = {name: said.pop(name) for name in tuple(said) if name in Wish.__struct_fields__}
        wish = Wish(
            programme_id=self.people.programme_id,
            reason=wished.pop("reason", "moving house"),
            actor="ewa",
            store=None if store is None else self.people.stores[store],
            **wished,
        )
        raw = content.encode() if isinstance(content, str) else content
        return stage_file(
            pipeline.database,
            pipeline.runtime.vault,
            pipeline.clock,
            io.BytesIO(raw),
            wish,
            Manner(**said),
        )

    def check(self, batch: int) -> Check:
        with self.people.pipeline.database.snapshot() as connection:
            return check_batch(connection, batch)

    def apply(self, batch: int, **said: Any) -> int:
        pipeline = self.people.pipeline
        return apply_batch(
            pipeline.database, pipeline.runtime.vault, pipeline.clock, batch, actor="ewa", **said
        )

    def bring(self, content: str | bytes, **said: Any) -> int:
        """Stage and apply a file; returns its batch."""
        batch = self.stage(content, **said)
        self.apply(batch)
        return batch

    def undo(self, batch: int) -> int:
        pipeline = self.people.pipeline
        return undo_batch(
            pipeline.database,
            pipeline.runtime.vault,
            pipeline.clock,
            batch,
            actor="ewa",
            reason="the wrong file",
        )

    def slice(self, batch: int, *, limit: int, undo: bool = False, die: bool = False) -> int:
        """Do one slice, as a process does that is killed afterwards, or (`die`) before its commit."""
        pipeline = self.people.pipeline
        vault, database, now = pipeline.runtime.vault, pipeline.database, pipeline.clock()
        with database.transaction() as connection:
            if undo:
                begin_undo(connection, batch, reason="wrong", actor="ewa", now=now)
            else:
                begin_apply(connection, batch, actor="ewa", now=now)
        one = undo_slice if undo else apply_slice
        with database.writer.connect() as connection, connection.begin() as transaction:
            done = one(connection, vault, batch, now=now, limit=limit)
            if die:
                transaction.rollback()
        return done

    def rows(self, batch: int) -> Sequence[Row[Any]]:
        with self.people.pipeline.database.snapshot() as connection:
            return connection.execute(
                select(t.import_row)
                .where(t.import_row.c.batch_id == batch)
                .order_by(t.import_row.c.number)
            ).all()

    def balance(self, email: str) -> int:
        """Return what the account behind an e-mail has."""
        [row] = self.people.rows("member", id=self.people.holder(email))
        found: int = row.balance
        return found
