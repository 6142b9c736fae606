"""Two batches about one person's windows at once, evaluated without locks."""

import pytest

from app.db.engine import Database
from app.errors import Conflict
from app.services import ingest
from app.services.ingest import Incoming
from app.settings import Settings
from tests.people import OLA, account, open_people, removed, review
from tests.pipeline import Pipeline


def test_a_review_that_earns_nothing_yet_is_not_missed_when_the_other_one_is_removed(
    sqlite_database: Database, settings: Settings
) -> None:
    """The second review of a product comes while the first, paid one is being taken back."""
    pipeline = Pipeline(sqlite_database, settings)
    people = open_people(pipeline)
    people.tell(0, account("5", OLA), review(1, "a", OLA))
    incoming = Incoming(
        delivery_id=pipeline.receive(people.stores[0], "order.updated", b"the first is gone"),
        store_id=people.stores[0].id,
        source="webhook",
        received_at=pipeline.clock(),
        began_at=None,
        readable=False,
        events=(removed(review(1, "a", OLA)),),
    )
    with sqlite_database.snapshot() as connection:
        batch = ingest.evaluate(
            connection,
            pipeline.runtime.vault,
            programme_id=people.programme_id,
            incoming=[incoming],
            now=pipeline.clock(),
            lock=False,
        )
    people.receive([(0, [review(2, "a", OLA)])])
    assert people.balances() == [120]
    with sqlite_database.transaction() as connection, pytest.raises(Conflict):
        ingest.commit(connection, batch, recheck=True)
    people.receive([(0, incoming.events)])
    assert people.balances() == [120]
    assert people.problems() == []
    pipeline.close()
