"""One wallet per proved person, across the stores of a programme, in every order of receipt."""

import itertools
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

import pytest

from app.db.engine import Database
from app.settings import Settings
from tests.people import OLA, People, account, gone, open_people, order
from tests.pipeline import Pipeline

ONE_PERSON = (
    (1, order(1, "40.00", email=OLA)),
    (0, account("5", OLA)),
    (1, account("7", OLA)),
    (0, order(2, "100.00", customer="5", email=OLA)),
    (0, order(2, "100.00", customer="5", email=OLA, refunded="30.00", at=5)),
)
MERGED_BY_THE_SHOP = (
    (0, account("5", "old@example.pl")),
    (0, account("6", OLA)),
    (0, order(1, "40.00", customer="5", email="old@example.pl")),
    (0, gone("5", into="6")),
    (0, gone("5")),
)
STORIES = {"proved": (ONE_PERSON, 210), "merged": (MERGED_BY_THE_SHOP, 140)}


@pytest.mark.parametrize("joined", ["at once", "in the end", "one batch"])
@pytest.mark.parametrize("story", STORIES)
def test_every_order_of_receipt_ends_at_the_same_balance(
    new_database: Callable[[], AbstractContextManager[Database]],
    backend: str,
    settings: Settings,
    story: str,
    joined: str,
) -> None:
    events, points = STORIES[story]
    # Each begins and goes on differently; all 120 would take two minutes.
    orders = list(itertools.permutations(events))[:: 7 if backend == "sqlite" else 17]
    for told in orders:
        with new_database() as database, closing(Pipeline(database, settings)) as pipeline:
            people = open_people(pipeline)
            if joined == "one batch":
                people.receive([(store, [event]) for store, event in told])
            for store, event in () if joined == "one batch" else told:
                people.tell(store, event, join=joined == "at once")
            pipeline.drain()
            assert people.balances() == [points], told
            assert people.problems() == [], told
            assert _all_of_one_person(people), told


def _all_of_one_person(people: People) -> bool:
    [living] = [row.id for row in people.rows("member") if row.merged_into is None]
    owners = {row.member_id for row in people.rows("store_customer")}
    owners |= {row.owner_id for row in people.rows("source_object", kind="order")}
    return owners == {living}
