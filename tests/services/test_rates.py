"""Orders in another currency: worth nothing until there is a rate, then by the rate of their time."""

import json
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.errors import ConfigError, Conflict
from app.services.rates import add_rate
from jobs.drain import drain
from tests.pipeline import Pipeline, order_body

START = datetime(2026, 1, 1, tzinfo=UTC)


def add(pipeline: Pipeline, programme_id: int, currency: str, rate: str, since: datetime) -> int:
    with pipeline.database.transaction() as connection:
        return add_rate(
            connection,
            pipeline.runtime.vault,
            programme_id=programme_id,
            currency=currency,
            rate=Decimal(rate),
            since=since,
            now=pipeline.clock(),
        )


def test_an_order_without_a_rate_waits_and_is_paid_when_one_is_added(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    pipeline.deliver_captured(store, "019")  # 199.00 EUR of goods
    assert pipeline.balances(programme_id) == []
    assert add(pipeline, programme_id, "EUR", "4.00", START) == 1
    assert pipeline.balances(programme_id) == [796]
    assert pipeline.verified().problems == []


def test_the_rate_of_the_orders_own_time_counts_for_ever(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    add(pipeline, programme_id, "EUR", "4.00", START)
    pipeline.deliver_captured(store, "019")
    assert add(pipeline, programme_id, "EUR", "5.00", datetime(2026, 6, 1, tzinfo=UTC)) == 0
    assert pipeline.balances(programme_id) == [796]
    pipeline.deliver_captured(store, "024")  # cancelled: takes back exactly what it gave
    assert pipeline.balances(programme_id) == []
    assert pipeline.verified().problems == []


def test_a_rate_that_starts_later_helps_no_earlier_order(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    pipeline.deliver_captured(pipeline.store(programme_id), "019")
    assert add(pipeline, programme_id, "EUR", "4.00", datetime(2027, 1, 1, tzinfo=UTC)) == 0
    assert pipeline.balances(programme_id) == []


@pytest.mark.parametrize(
    ("currency", "rate"), [("PLN", "1"), ("eur", "4"), ("EUR", "0"), ("EUR", "NaN")]
)
def test_a_rate_that_makes_no_sense_is_refused(
    pipeline: Pipeline, currency: str, rate: str
) -> None:
    programme_id = pipeline.programme()
    with pytest.raises(ConfigError):
        add(pipeline, programme_id, currency, rate, START)


def test_two_rates_from_the_same_day_are_refused(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    add(pipeline, programme_id, "EUR", "4.00", START)
    with pytest.raises(Conflict):
        add(pipeline, programme_id, "EUR", "4.10", START)


def test_an_order_that_comes_while_a_rate_is_added_is_paid_by_it(pipeline: Pipeline) -> None:
    """Drained and added at once, many times: no order may stay without the rate."""
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    pipeline.deliver(store, "order.updated", order_body("019", id=1))
    for number in range(2, 12):
        pipeline.receive(store, "order.updated", json.dumps(order_body("019", id=number)).encode())
        thread = threading.Thread(target=drain, args=(pipeline.runtime,))
        thread.start()
        since = START - timedelta(days=number)
        add(pipeline, programme_id, "EUR" if number == 2 else "USD", "4.00", since)
        thread.join()
    drain(pipeline.runtime)
    assert pipeline.balances(programme_id) == [11 * 796]
    assert pipeline.verified().problems == []
