"""A signal is never lost, whatever the read it asks for is doing at that very moment."""

from typing import Any

from sqlalchemy import event, select

from app.db import tables as t
from app.db.engine import Database, open_database
from app.services.outbox import claim_tasks
from app.settings import Settings
from jobs.drain import drain
from tests.pipeline import Pipeline


def test_a_signal_that_meets_the_start_of_a_read_asks_for_another(
    postgres_database: Database, settings: Settings
) -> None:
    pipeline = Pipeline(postgres_database, settings)
    other = open_database(postgres_database.url)
    programme = pipeline.programme()
    store = pipeline.store(programme, keys=True)
    pipeline.receive(store, "order.deleted", b'{"id":16}')
    drain(pipeline.runtime)
    second = pipeline.receive(store, "order.deleted", b'{"id":16}')
    claimed = []

    def begin_the_read(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT outbox_task.id") and not claimed:
            claimed.append(statement)
            with other.transaction() as connection:
                claimed.extend(claim_tasks(connection, [store.id], pipeline.clock(), limit=9))

    event.listen(postgres_database.writer, "before_cursor_execute", begin_the_read)
    drain(pipeline.runtime)
    event.remove(postgres_database.writer, "before_cursor_execute", begin_the_read)
    other.close()
    assert len(claimed) == 2
    assert pipeline.outcome(second)[0] == "reading"
    with postgres_database.snapshot() as connection:
        started = select(t.outbox_task.c.started).order_by(t.outbox_task.c.id)
        assert list(connection.execute(started).scalars()) == [1, 0]
    pipeline.close()
