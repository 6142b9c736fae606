"""Two batches about one person's windows at once, evaluated without locks."""

import pytest

from app.db.engine import Database
from app.errors import Conflict
from app.programme.events import Event, Standing
from app.services import ingest
from app.services.ingest import Incoming
from app.settings import Settings
from tests.people import OLA, People, account, open_people, removed, review
from tests.pipeline import Pipeline
from tests.services.test_order_windows import TENTH, opened, placed


def evaluated(people: People, event: Event) -> ingest.Batch:
    """Evaluate a delivery of one event without locks, and commit nothing yet."""
    pipeline = people.pipeline
    incoming = Incoming(
        delivery_id=pipeline.receive(people.stores[0], "order.updated", b"the first of the two"),
        store_id=people.stores[0].id,
        source="webhook",
        received_at=pipeline.clock(),
        began_at=None,
        readable=False,
        events=(event,),
    )
    with pipeline.database.snapshot() as connection:
        return ingest.evaluate(
            connection,
            pipeline.runtime.vault,
            programme_id=people.programme_id,
            incoming=[incoming],
            now=pipeline.clock(),
            lock=False,
        )


def test_a_review_that_earns_nothing_yet_is_not_missed_when_the_other_one_is_removed(
    sqlite_database: Database, settings: Settings
) -> None:
    """The second review of a product comes while the first, paid one is being taken back."""
    pipeline = Pipeline(sqlite_database, settings)
    people = open_people(pipeline)
    people.tell(0, account("5", OLA), review(1, "a", OLA))
    first_removed = removed(review(1, "a", OLA))
    batch = evaluated(people, first_removed)
    people.receive([(0, [review(2, "a", OLA)])])
    assert people.balances() == [120]
    with sqlite_database.transaction() as connection, pytest.raises(Conflict):
        ingest.commit(connection, batch, recheck=True)
    people.receive([(0, [first_removed])])
    assert people.balances() == [120]
    assert people.problems() == []
    pipeline.close()


def test_two_batches_that_judge_one_persons_orders_at_once_do_not_miss_each_other(
    sqlite_database: Database, settings: Settings
) -> None:
    """The ninth order is cancelled, worth no points, while the tenth is evaluated."""
    pipeline = Pipeline(sqlite_database, settings)
    people = opened(pipeline, TENTH)
    people.receive([(0, [placed(n, "0.50", hours=n) for n in range(1, 10)])])
    tenth = placed(10, "0.50", hours=10)
    batch = evaluated(people, tenth)
    people.receive([(0, [placed(9, "0.50", hours=9, standing=Standing.CANCELLED, at=1)])])
    with sqlite_database.transaction() as connection, pytest.raises(Conflict):
        ingest.commit(connection, batch, recheck=True)
    people.receive([(0, [tenth])])
    assert people.windows() == {}
    assert people.problems() == []
    pipeline.close()
