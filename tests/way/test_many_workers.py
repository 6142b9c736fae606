"""Several workers on one backlog, and a delivery that poisons its batch."""

import json
import random
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.db import tables as t
from app.db.engine import open_database
from app.services.enrol import confirm_claim
from jobs.drain import drain
from jobs.runtime import Runtime, new_runtime
from tests.pipeline import Pipeline, order_body
from tests.threads import at_once
from tests.way.connected import unsound
from tests.way.shop import connect

OLA = "ola@example.pl"


def body(number: int, **changes: Any) -> bytes:
    """Return an order over 49.95 of one of ten customers or five guests."""
    line = order_body("008")["line_items"][0] | {"total": "49.95", "total_tax": "0.00"}
    customer = number % 15 + 1
    order = order_body("008") | {
        "id": 1000 + number,
        "number": str(number),
        "customer_id": customer if customer <= 10 else 0,
        "billing": {"email": f"guest{customer}@example.pl"},
        "line_items": [line],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "total": "49.95",
    }
    return json.dumps(order | changes).encode()


def worker(pipeline: Pipeline, stack: ExitStack) -> Runtime:
    """Return the runtime of another process: its own connections and its own cache of keys."""
    database = open_database(pipeline.database.url)
    stack.callback(database.close)
    return new_runtime(database, pipeline.settings, pipeline.runtime.connectors, pipeline.clock)


def test_several_workers_end_a_backlog_with_duplicates_as_one_would(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    chance = random.Random(300)
    sent: list[bytes] = []
    for number in range(100):
        pending = body(number, status="pending", date_modified_gmt="2026-11-21T17:00:00")
        paid = body(number, date_modified_gmt="2026-11-21T17:00:01")
        sent += [pending, paid, paid]
    chance.shuffle(sent)
    stored = [pipeline.receive(store, "order.updated", one) for one in sent]
    assert len(set(stored)) == 200  # 100 came twice
    workers = 2 if pipeline.database.embedded else 4
    with ExitStack() as stack:
        runtimes = [worker(pipeline, stack) for _ in range(workers)]
        handled: list[int] = []
        at_once(
            [
                lambda runtime=runtime: handled.append(drain(runtime, limit=10))  # type: ignore[misc]
                for runtime in runtimes
            ]
        )
    drain(pipeline.runtime)  # what the last of them left to each other
    with pipeline.database.snapshot() as connection:
        per_delivery = connection.execute(
            select(func.count(t.delivery_outcome.c.id)).group_by(t.delivery_outcome.c.delivery_id)
        ).scalars()
        assert set(per_delivery) == {1}
        assert connection.execute(select(func.count()).select_from(t.entry)).scalar_one() == 100
    assert pipeline.balances(programme_id) == [6 * 49] * 5 + [7 * 49] * 10
    assert unsound(pipeline) == []


@pytest.mark.parametrize("customers", [1, 30])
def test_workers_on_two_stores_of_one_programme_agree_on_each_person(
    pipeline: Pipeline, customers: int
) -> None:
    programme_id = pipeline.programme()
    stores = [
        connect(pipeline, programme_id, f"https://{name}.example", keys=None)
        for name in ("kawa", "herbata")
    ]
    for number in range(60):
        for store in stores:
            order = body(
                number, customer_id=0, billing={"email": f"g{number % customers}@example.pl"}
            )
            pipeline.receive(store, "order.updated", order)
    with ExitStack() as stack:
        runtimes = [worker(pipeline, stack) for _ in range(2)]
        at_once(
            [
                lambda runtime=runtime, only=store.id: drain(runtime, limit=7, only=only)  # type: ignore[misc]
                for runtime, store in zip(runtimes, stores, strict=True)
            ]
        )
    assert pipeline.balances(programme_id) == [120 // customers * 49] * customers
    assert unsound(pipeline) == []


def spoil(pipeline: Pipeline, order: int) -> None:
    """Leave an order's stored facts so that nothing can be worked out from them."""
    with pipeline.database.transaction() as connection:
        connection.execute(
            update(t.source_object)
            .where(t.source_object.c.external_id == str(order))
            .values(facts="{}")
        )


def test_a_poisoned_delivery_stands_alone_and_its_neighbours_count(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    pipeline.deliver(store, "order.updated", body(25, status="pending"))
    spoil(pipeline, 1025)
    stored = [
        pipeline.receive(
            store, "order.updated", body(number, date_modified_gmt="2026-11-21T19:00:00")
        )
        for number in range(50)
    ]
    assert drain(pipeline.runtime, limit=50) == 50
    outcomes = [pipeline.outcome(one) for one in stored]
    assert outcomes[25][0] == "failed"
    assert outcomes[25][1].startswith("a fault of ours (")
    assert {status for number, (status, _) in enumerate(outcomes) if number != 25} == {"processed"}
    assert sum(pipeline.balances(programme_id)) == 49 * 49
    for _ in range(5):  # it is tried a few times, then given up
        pipeline.clock.advance(hours=1)
        drain(pipeline.runtime)
    status, reason = pipeline.outcome(stored[25])
    assert (status, reason) == ("dead", "a fault of ours (ValidationError), given up")
    with pipeline.database.snapshot() as connection:
        error = connection.execute(
            select(t.delivery_outcome.c.error)
            .where(t.delivery_outcome.c.delivery_id == stored[25])
            .limit(1)
        ).scalar_one()
    assert error is not None
    assert "decode_facts" in error  # where it happened, for support
    assert OLA not in error


@pytest.mark.parametrize(
    "absurd",
    [
        {"total": "1e400"},
        {"total": "9" * 400},
        {"currency": "ZŁOTY!"},
        {"date_created_gmt": "9999-12-31T23:59:59"},
        {"line_items": [{"id": 1, "total": "99999999999999.99"}]},
        {"id": 10**19},
        {"customer_id": -5},
    ],
    ids=lambda absurd: next(iter(absurd)),
)
def test_an_absurd_body_is_dead_with_a_reason_and_its_neighbours_count(
    pipeline: Pipeline, absurd: dict[str, Any]
) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    bodies = [body(number) for number in range(5)]
    bodies.insert(2, body(99, **absurd))
    stored = [pipeline.receive(store, "order.updated", one) for one in bodies]
    assert drain(pipeline.runtime) == 6
    outcomes = [pipeline.outcome(one) for one in stored]
    status, reason = outcomes.pop(2)
    assert status == "dead"
    assert reason.startswith("cannot work: ")
    assert {status for status, _ in outcomes} == {"processed"}
    assert sum(pipeline.balances(programme_id)) == 5 * 49
    assert pipeline.verified().ok


def test_amounts_that_no_rule_can_pay_in_one_award_are_limited_and_still_proved(
    pipeline: Pipeline,
) -> None:
    programme_id = pipeline.programme(
        source='[programme]\nkey = "rich"\ncurrency = "PLN"\n'
        '[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1000000000\nper = "0.01"\n'
    )
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    line = order_body("008")["line_items"][0]
    for number in range(3):
        lines = [line | {"total": "999999999999.99", "total_tax": "0.00"}]
        outcome = pipeline.deliver(
            store, "order.updated", body(number, customer_id=1, line_items=lines, total="1")
        )
        assert outcome[0] == "processed"
    assert pipeline.balances(programme_id) == [3 * 10**12]
    assert unsound(pipeline) == []


def test_a_claim_confirmed_while_the_guests_orders_change_loses_nothing(
    pipeline: Pipeline,
) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    guest = {"customer_id": 0, "billing": {"email": OLA}}
    for number in range(40):
        pipeline.receive(store, "order.updated", body(number, **guest))
    account = {
        "id": 7,
        "email": OLA,
        "role": "customer",
        "date_created_gmt": "2026-11-21T17:00:00",
        "date_modified_gmt": "2026-11-21T17:00:00",
        "padding": "x" * 600,
    }
    pipeline.receive(store, "customer.created", json.dumps(account).encode())
    drain(pipeline.runtime)
    for number in range(80):  # half of them refunded, half of them new
        refund = {"id": 5000 + number, "reason": "", "total": "-9.95", "total_tax": "0.00"}
        changed = body(number, refunds=[refund], date_modified_gmt="2026-11-21T19:00:00", **guest)
        pipeline.receive(store, "order.updated", changed)
    with ExitStack() as stack:
        first, second, clerk = (worker(pipeline, stack) for _ in range(3))

        def confirm() -> None:
            with clerk.database.transaction() as connection:
                confirm_claim(
                    connection,
                    clerk.vault,
                    claim_id=connection.execute(select(t.claim.c.id)).scalar_one(),
                    actor="manager",
                    reason="showed the receipt",
                    now=clerk.clock(),
                )

        at_once([confirm, lambda: drain(first, limit=3), lambda: drain(second, limit=3)])
    drain(pipeline.runtime)
    assert pipeline.balances(programme_id) == [80 * 40]
    assert unsound(pipeline) == []
