"""Order 5999000000001 of the Shopify deliveries: pending, paid, returned in parts, cancelled."""

from itertools import islice, permutations

import pytest

from jobs.drain import drain
from tests.connectors.shopify.captured import Captured, captured
from tests.pipeline import Pipeline
from tests.sizes import sized

# What the order is worth once a delivery is the newest. Without an API token a bare refund is ignored:
# the order's own message follows it.
WORTH = {
    "case-life-1-pending": 0,
    "case-life-2-paid-arrives-before-create": 66,
    "case-life-3-paid": 66,
    "case-life-4-partial-one-of-three": None,
    "case-life-5-partially-refunded": 47,
    "case-life-7-cancelled-refunded": 0,
}
BUYER = "7700000009081"
PAID = "case-life-3-paid"


def newest(sent: tuple[str, ...]) -> int:
    return next(WORTH[one] or 0 for one in sorted(sent, reverse=True) if WORTH[one] is not None)


def test_paid_66_after_one_shirt_back_47_in_the_end_nothing(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme(currency="EUR")
    store = pipeline.shopify(programme_id)
    for name, points in WORTH.items():
        one = captured(name)
        status, reason = pipeline.deliver(store, one.topic, one.body)
        assert status in {"processed", "ignored"}
        assert reason
        if points is not None:
            assert pipeline.points(store, BUYER) == points
    stale = captured(PAID).json | {"note": "sent again with what was true then"}
    assert pipeline.deliver(store, "orders/paid", stale)[0] == "stale"
    assert pipeline.points(store, BUYER) == 0
    assert not pipeline.verified().problems


@pytest.mark.parametrize("drained", ["one by one", "together"])
def test_every_order_of_receipt_ends_as_the_newest_state_says(
    pipeline: Pipeline, drained: str
) -> None:
    """All orders of up to six deliveries, with a duplicate and a stale retry of the paid state.

    Every third of 720 in one batch each; a part of them singly; PostgreSQL gets every 30th.
    All of them in `make chaos`.
    """
    singly = drained == "one by one"
    step = sized(30 if not pipeline.database.embedded else 24 if singly else 3, 1)
    bodies: dict[str, Captured] = {name: captured(name) for name in WORTH}
    rounds = 0
    for number, order in enumerate(islice(permutations(WORTH), 0, None, step)):
        sent = order[: 6 - number % 3]
        programme_id = pipeline.programme("one-per-unit", key=f"round-{number}", currency="EUR")
        store = pipeline.shopify(programme_id, f"shop-{number}")
        messages = [
            # Every shop has its own name in its orders.
            (
                bodies[name].topic,
                bodies[name].body.replace(b"loyalty-test-store", b"shop-%d" % number),
            )
            for name in (*sent, sent[number % len(sent)], PAID)
        ]
        if drained == "together":
            pipeline.receive_all(store, messages)
            drain(pipeline.runtime)
        for topic, body in messages if drained == "one by one" else ():
            pipeline.receive(store, topic, body)
            drain(pipeline.runtime)
        points = newest((*sent, PAID))
        assert pipeline.balances(programme_id) == ([points] if points else []), sent
        rounds += 1
    assert rounds == 720 // step
    assert not pipeline.verified().problems
