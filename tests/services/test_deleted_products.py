"""A line stays what it was when its product is deleted in the shop."""

import itertools
from typing import Any

import pytest

from tests.pipeline import Pipeline, order_body

HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\n'
RULES = (
    '[[rule]]\nkey = "mug"\non = "order.paid"\npoints = 5\nper_piece = true\n'
    'lines = {{ skus = ["MUG-*"] }}\n'
    '[[rule]]\nkey = "cup"\non = "order.paid"\npoints = 100\n'
    'lines = {{ products = [{{ store = "{store}", id = "17" }}] }}\n'
)


def told(minute: int, **line: Any) -> dict[str, Any]:
    """Return order 4711 over two mugs as the shop states it at a minute of the day."""
    body = order_body()
    known = {"id": 1, "quantity": 2, "product_id": 17, "variation_id": 0, "sku": "MUG-RED"}
    return body | {
        "id": 4711,
        "number": "4711",
        "customer_id": 2,
        "status": "processing",
        "date_created_gmt": "2026-11-21T20:05:00",
        "date_modified_gmt": f"2026-11-21T20:{minute + 10}:00",
        "total": "40.00",
        "line_items": [
            body["line_items"][0] | known | {"total": "40.00", "total_tax": "0.00"} | line
        ],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    }


SOLD = told(1)
DELETED = told(2, product_id=0, sku=None)
RETURNED = DELETED | {
    "date_modified_gmt": "2026-11-21T20:13:00",
    "refunds": [{"id": 9, "reason": "", "total": "-15.00", "total_tax": "0.00"}],
}


@pytest.mark.parametrize("states", list(itertools.permutations([SOLD, DELETED, RETURNED])))
def test_a_product_that_is_deleted_later_takes_nothing_back(
    pipeline: Pipeline, states: tuple[dict[str, Any], ...]
) -> None:
    programme_id = pipeline.programme(source=HEAD)
    store = pipeline.store(programme_id)
    pipeline.programme(source=HEAD + RULES.format(store=store.key))
    pipeline.clock.advance(minutes=1)
    for state in states:
        pipeline.deliver(store, "order.updated", state)
    assert pipeline.points(store, "2") == 110
    assert pipeline.verified().problems == []
