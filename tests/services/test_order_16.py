"""Order 16 of the captured deliveries: a guest's, from its creation to its full refund."""

from itertools import islice, permutations

import pytest

from app.services.enrol import add_member
from jobs.drain import drain
from tests.pipeline import Pipeline, captured_delivery
from tests.sizes import sized

WORTH = {"008": 269, "010": 314, "011": 314, "013": 274, "015": 229, "016": 0}
BUYER = "jan.kowalski@example.pl"


@pytest.mark.parametrize("enrolled", ["first", "midway", "last"])
def test_order_16_is_worth_what_its_newest_state_says(pipeline: Pipeline, enrolled: str) -> None:
    programme_id = pipeline.programme("one-per-unit")
    store = pipeline.store(programme_id)

    def enrol() -> None:
        with pipeline.database.transaction() as connection:
            add_member(
                connection,
                pipeline.runtime.vault,
                programme_id=programme_id,
                email=BUYER,
                now=pipeline.clock(),
            )

    if enrolled == "first":
        enrol()
    for number, points in WORTH.items():
        pipeline.deliver_captured(store, number)
        assert pipeline.balances(programme_id) == ([points] if points else [])
        if enrolled == "midway" and number == "011":
            enrol()
            assert pipeline.balances(programme_id) == [points]
    if enrolled == "last":
        enrol()
    assert pipeline.balances(programme_id) == []
    assert pipeline.verified().problems == []


@pytest.mark.parametrize("drained", ["one by one", "together"])
def test_every_order_of_receipt_ends_as_the_newest_state_says(
    pipeline: Pipeline, drained: str
) -> None:
    """Orders of up to six deliveries with a duplicate, in one batch each, a part of them singly.

    Every fourth of 720; PostgreSQL, where the same code runs under other locks, gets every 30th.
    All of them in `make chaos`.
    """
    singly = drained == "one by one"
    step = sized(30 if not pipeline.database.embedded else 24 if singly else 4, 1)
    bodies = {number: captured_delivery(number) for number in WORTH}
    rounds = 0
    for number, order in enumerate(islice(permutations(WORTH), 0, None, step)):
        # Leave out the last of some rounds, so that other states than the refund are the newest too.
        sent = order[: 6 - number % 3]
        programme_id = pipeline.programme("one-per-unit", key=f"round-{number}")
        store = pipeline.store(programme_id)
        messages = [
            (bodies[one].topic, bodies[one].body) for one in (*sent, sent[number % len(sent)])
        ]
        if drained == "together":
            pipeline.receive_all(store, messages)
            drain(pipeline.runtime)
        for topic, body in messages if drained == "one by one" else ():
            pipeline.receive(store, topic, body)
            drain(pipeline.runtime)
        newest = WORTH[max(sent)]
        assert pipeline.balances(programme_id) == ([newest] if newest else []), sent
        rounds += 1
    assert rounds == 720 // step
    assert pipeline.verified().problems == []
