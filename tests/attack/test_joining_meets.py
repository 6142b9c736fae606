"""An account and what waits for it, dealt with by two workers in one moment: they must see each other."""

import threading
import time
from collections.abc import Sequence

import pytest

from app.db.engine import Database
from app.programme.events import Event
from app.services import ingest
from app.services.ingest import Incoming
from app.settings import Settings
from tests.people import OLA, People, account, open_people, order, review
from tests.pipeline import Pipeline

GUEST = order(1, "40.00", email=OLA)
REVIEW = review(2, "a", OLA)
UNPROVED = account("5", OLA, verified=False)


def slowly(people: People, event: Event, begun: threading.Event) -> None:
    """Deal with a statement in a transaction that stays open until others had their chance."""
    pipeline = people.pipeline
    delivery = pipeline.receive(people.stores[0], "order.updated", b"slow")
    incoming = Incoming(
        delivery_id=delivery,
        store_id=people.stores[0].id,
        source="webhook",
        received_at=pipeline.clock(),
        began_at=None,
        readable=False,
        events=(event,),
    )
    with pipeline.database.transaction() as connection:
        batch = ingest.evaluate(
            connection,
            pipeline.runtime.vault,
            programme_id=people.programme_id,
            incoming=[incoming],
            now=pipeline.clock(),
            lock=True,
        )
        begun.set()
        time.sleep(0.5)
        ingest.commit(connection, batch, recheck=False)


def at_one_moment(people: People, first: Event, second: Event) -> None:
    begun = threading.Event()
    thread = threading.Thread(target=slowly, args=(people, first, begun))
    thread.start()
    begun.wait(10)
    people.tell(0, second, join=False)
    thread.join()
    people.pipeline.drain()


@pytest.mark.parametrize("told", [(GUEST, UNPROVED), (UNPROVED, GUEST)])
def test_an_account_finds_what_a_guest_gathered(
    postgres_database: Database, settings: Settings, told: Sequence[Event]
) -> None:
    people = open_people(Pipeline(postgres_database, settings))
    at_one_moment(people, *told)
    assert [row.status for row in people.rows("claim")] == ["pending"]


@pytest.mark.parametrize("told", [(REVIEW, UNPROVED), (UNPROVED, REVIEW)])
def test_an_account_finds_its_review(
    postgres_database: Database, settings: Settings, told: Sequence[Event]
) -> None:
    people = open_people(Pipeline(postgres_database, settings))
    at_one_moment(people, *told)
    assert people.balances() == [120]
    assert people.problems() == []
