"""Every Shopify delivery of the payload files, sent to a Stempel whose shop has those orders."""

from datetime import datetime

import pytest

from tests.connectors.shopify.captured import deliveries
from tests.pipeline import Pipeline
from tests.way.shopify import open_shopify, platform

HERE = "loyalty-test-store"


@pytest.mark.parametrize("backwards", [False, True], ids=["by name", "backwards"])
def test_every_captured_delivery_is_dealt_with_and_the_ledger_holds(
    pipeline: Pipeline, backwards: bool
) -> None:
    with platform(pipeline) as (made, sandbox):
        programme_id = made.programme(currency="EUR")
        with open_shopify(
            made, sandbox, programme_id, name=HERE, shop_id=70_000_000_001, currency="EUR"
        ) as way:
            orders = [one.json for one in deliveries() if "line_items" in one.json]
            for order in sorted(
                orders, key=lambda order: datetime.fromisoformat(order["updated_at"])
            ):
                way.shop.load_order(order)
            sent = {}
            for one in sorted(deliveries(), key=lambda one: one.name, reverse=backwards):
                sent[one.name] = made.receive(way.store, one.topic, one.body, by_header=True)
                way.settle()
            for name, delivery_id in sent.items():
                status, reason = made.outcome(delivery_id)
                assert status in {"processed", "stale", "ignored"}, (name, reason)
                assert reason, name
            # The newest state of the life's order is its cancellation, whatever came last.
            assert way.points(7_700_000_009_081) == 0
            way.sound()
