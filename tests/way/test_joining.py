"""Joined accounts on the whole way: both shops show the one balance, and workers that join at once."""

import time
from contextlib import ExitStack

from sqlalchemy import select

from app.db import tables as t
from app.services.enrol import confirm_claim
from jobs.drain import drain
from jobs.joins import join_proved
from jobs.worker import Worker
from tests.people import account, open_people, order
from tests.pipeline import Pipeline
from tests.threads import at_once
from tests.way.connected import unsound
from tests.way.shop import Way, open_way
from tests.way.test_many_workers import body, worker

JAN = "jan@example.pl"


def confirm_all(way: Way) -> None:
    """Confirm claims, one after the other, until there are none."""
    while True:
        with way.pipeline.database.transaction() as connection:
            claim = connection.execute(
                select(t.claim.c.id).where(t.claim.c.status == "pending").order_by(t.claim.c.id)
            ).scalar()
            if claim is None:
                return
            confirm_claim(
                connection,
                way.pipeline.runtime.vault,
                claim_id=claim,
                actor="manager",
                reason="known for years",
                now=way.pipeline.clock(),
            )


def test_both_shops_show_the_one_balance(pipeline: Pipeline) -> None:
    with open_way(pipeline) as first, open_way(pipeline, programme_id=first.programme_id) as second:
        first.buy("10.00", email=JAN)
        bought = {way.store.id: (way, way.joins(JAN)) for way in (first, second)}
        for way, customer in bought.values():
            way.buy("49.95", customer=customer)
            way.announce()
        assert pipeline.balances(first.programme_id) == [10, 49, 49]
        confirm_all(first)
        for way, customer in bought.values():
            way.settle()
            assert way.points(customer) == 108
            assert way.shown(customer)["stempel_balance"] == "108"
        first.later(seconds=2)
        order_of_second = second.buy("1.00", customer=bought[second.store.id][1])
        second.announce()
        second.shop.refund(order_of_second, amount="1.00")
        second.announce()
        for way, customer in bought.values():
            way.settle()
            assert way.shown(customer)["stempel_balance"] == "108"
        first.sound()


def test_workers_that_drain_and_join_at_once_lose_nothing(pipeline: Pipeline) -> None:
    people = open_people(pipeline)
    store = people.stores[0]
    for number in range(30):  # of ten customers and five guests
        pipeline.receive(store, "order.updated", body(number))
    drain(pipeline.runtime)
    for customer in range(1, 6):
        proof = account(str(customer), f"guest{customer + 10}@example.pl")
        people.tell(0, proof, join=False)
    refund = {"id": 5000, "reason": "", "total": "-9.95", "total_tax": "0.00"}
    for number in range(60):  # half of them refunded, half of them new
        changed = body(number, refunds=[refund], date_modified_gmt="2026-11-21T19:00:00")
        pipeline.receive(store, "order.updated", changed)
    with ExitStack() as stack:
        first, second, third, fourth = (worker(pipeline, stack) for _ in range(4))
        at_once(
            [
                lambda: drain(first, limit=3),
                lambda: drain(second, limit=3),
                lambda: join_proved(third),
                lambda: join_proved(fourth),
            ]
        )
    pipeline.drain()
    living = [row for row in people.rows("member") if row.merged_into is None]
    assert len(living) == 10
    assert sum(row.balance for row in living) == 60 * 40 + 5 * 100
    assert unsound(pipeline) == []


def test_the_worker_joins_whom_it_drained(pipeline: Pipeline) -> None:
    people = open_people(pipeline)
    people.tell(0, order(1, "40.00", email=JAN), join=False)
    people.tell(0, account("5", JAN), join=False)
    assert people.balances() == [40, 100]
    running = Worker(pipeline.runtime)
    running.start()
    try:
        until = time.monotonic() + 20
        while people.balances() != [140] and time.monotonic() < until:
            time.sleep(0.02)
    finally:
        running.stop()
    assert people.balances() == [140]
    assert people.problems() == []
