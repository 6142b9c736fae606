"""What was written to a shop is noted without waiting for whoever works on the members just then.

They wait for these very rows, so that waiting would be a deadlock: the write would count as not made.
"""

from sqlalchemy import select, text

from app.db import tables as t
from app.db.engine import Database
from app.services import writeback
from app.settings import Settings
from jobs.drain import drain
from tests.attack.help import customer, order
from tests.pipeline import Pipeline


def test_writes_are_claimed_and_noted_while_the_members_are_locked(
    postgres_database: Database, settings: Settings
) -> None:
    pipeline = Pipeline(postgres_database, settings)
    store = pipeline.store(pipeline.programme(), keys=True)
    for number in (1, 2):
        pipeline.receive(store, "customer.created", customer(number, email=f"p{number}@example.pl"))
        pipeline.receive(store, "order.created", order("30.00", number=number, customer=number))
    drain(pipeline.runtime)
    now = pipeline.clock()
    with postgres_database.transaction() as working:
        working.execute(select(t.member.c.id).with_for_update()).all()
        with postgres_database.transaction() as pushing:
            pushing.execute(text("SET LOCAL lock_timeout = '2s'"))
            due = writeback.claim_due(pushing, store.id, now, limit=9)
        assert [one.balance for one in due] == [30, 30]
        with postgres_database.transaction() as pushing:
            pushing.execute(text("SET LOCAL lock_timeout = '2s'"))
            assert all(writeback.written(pushing, one, now) for one in due)
    with postgres_database.transaction() as again:
        assert writeback.claim_due(again, store.id, now, limit=9) == []
    pipeline.close()
