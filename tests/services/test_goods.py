"""Whatever order messages about orders and products come in: what was known first decides, for ever."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.db import tables as t
from app.db.engine import Database
from app.services.stores import Store
from app.services.view_segments import members_of
from app.settings import Settings
from jobs.segments import refresh
from tests.pipeline import Pipeline, captured_delivery, order_body

RULES = (
    '[programme]\nkey = "kawa"\ncurrency = "PLN"\n'
    '[[rule]]\nkey = "coffee"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
    'lines = { categories = ["coffee"] }\nexcept_lines = { on_sale = true }\n'
)
COFFEE, MUGS = "coffee", "mugs"


def product(minute: int, category: str, *, on_sale: bool = False) -> dict[str, Any]:
    """Return product 17 as the shop tells of it at a minute."""
    body: dict[str, Any] = json.loads(captured_delivery("002").body)
    return body | {
        "id": 17,
        "date_modified_gmt": f"2026-11-21T20:{minute:02}:00",
        "categories": [{"id": 1, "name": category.title(), "slug": category}],
        "on_sale": on_sale,
    }


def order(minute: int, status: str = "processing", *, lines: int = 1) -> dict[str, Any]:
    """Return order 4711 over 40.00 of product 17; a second line is of product 18."""
    body = order_body()
    line = body["line_items"][0] | {"variation_id": 0, "sku": "", "quantity": 1}
    line |= {"total": "40.00", "total_tax": "0.00"}
    return body | {
        "id": 4711,
        "number": "4711",
        "customer_id": 2,
        "status": status,
        "date_created_gmt": "2026-11-21T20:05:00",
        "date_modified_gmt": f"2026-11-21T20:{minute:02}:00",
        "total": f"{40 * lines}.00",
        "line_items": [line | {"id": at, "product_id": 16 + at} for at in range(1, lines + 1)],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    }


def opened(pipeline: Pipeline) -> Store:
    return pipeline.store(pipeline.programme(source=RULES))


def tell(pipeline: Pipeline, store: Store, body: dict[str, Any]) -> tuple[str, str]:
    topic = "order.updated" if "line_items" in body else "product.updated"
    return pipeline.deliver(store, topic, body)


MESSAGES: dict[str, dict[str, Any]] = {
    "coffee": product(1, COFFEE),
    "mugs": product(2, MUGS),
    "sale": product(3, COFFEE, on_sale=True),
    "order": order(10),
    "done": order(11, "completed"),
}


def expected(names: tuple[str, ...]) -> int:
    """Return the points by the rule: the newest product that came before any word of the order."""
    first = min(names.index("order"), names.index("done"))
    known = [name for name in ("coffee", "mugs", "sale") if name in names[:first]]
    return 40 if known and known[-1] == "coffee" else 0


def test_in_every_order_of_receipt_the_newest_product_known_at_first_sight_decides(
    sqlite_database: Database, settings: Settings
) -> None:
    pipeline = Pipeline(sqlite_database, settings)
    programme_id = pipeline.programme(source=RULES)
    for at, names in enumerate(itertools.permutations(MESSAGES)):
        if at % 11:
            continue  # so many of 120 are enough: each message comes first, between and last
        store = pipeline.store(programme_id, url=f"https://shop{at}.example")
        for name in names:
            body = json.loads(
                json.dumps(MESSAGES[name]).replace("https:\\/\\/shop.example", "https://x")
            )
            body.pop("_links", None)
            tell(pipeline, store, body)
            tell(pipeline, store, body)  # once more: a repeat changes nothing
        assert pipeline.points(store, "2") == expected(names), names
    assert pipeline.verified().problems == []
    assert pipeline.rebuilt().ok
    pipeline.close()


def test_without_keys_nothing_is_waited_for_and_the_explanation_says_so(pipeline: Pipeline) -> None:
    store = opened(pipeline)
    status, _ = tell(pipeline, store, order(10))
    assert status == "processed"
    assert pipeline.points(store, "2") == 0
    with pipeline.database.snapshot() as connection:
        [why] = connection.execute(select(t.award.c.explanation)).scalars()
        [context] = connection.execute(select(t.source_object.c.context)).scalars()
    assert json.loads(why)["notes"] == ["goods-unknown"]
    assert json.loads(context)["products"] == [{"product": "17", "known": False}]
    tell(pipeline, store, product(30, COFFEE))
    tell(pipeline, store, order(31, "completed"))
    assert pipeline.points(store, "2") == 0
    assert pipeline.verified().problems == []


def test_a_line_that_comes_later_is_looked_at_then(pipeline: Pipeline) -> None:
    store = opened(pipeline)
    tell(pipeline, store, product(1, COFFEE))
    tell(pipeline, store, order(10))
    tell(pipeline, store, product(11, MUGS))
    tell(pipeline, store, product(12, COFFEE) | {"id": 18})
    tell(pipeline, store, order(13, lines=2))
    assert pipeline.points(store, "2") == 80
    assert pipeline.verified().problems == []


def test_messages_of_one_batch_are_taken_as_they_came(pipeline: Pipeline) -> None:
    store = opened(pipeline)
    pipeline.receive_all(
        store,
        [
            ("product.updated", json.dumps(product(1, COFFEE)).encode()),
            ("order.updated", json.dumps(order(10)).encode()),
            ("product.updated", json.dumps(product(11, MUGS)).encode()),
        ],
    )
    pipeline.drain()
    assert pipeline.points(store, "2") == 40


@pytest.mark.parametrize("asks", [True, False])
def test_products_cost_nothing_where_nobody_asks(pipeline: Pipeline, asks: bool) -> None:
    text = RULES if asks else RULES.split("lines", maxsplit=1)[0]
    store = pipeline.store(pipeline.programme(source=text))
    status, reason = tell(pipeline, store, product(1, COFFEE))
    assert status == ("processed" if asks else "ignored")
    assert "cannot be read, no API keys" in reason
    with pipeline.database.snapshot() as connection:
        kept = connection.execute(select(t.source_object.c.kind)).scalars().all()
    assert kept == (["product"] if asks else [])


changes = st.lists(
    st.one_of(
        st.builds(
            product, st.integers(20, 59), st.sampled_from([COFFEE, MUGS]), on_sale=st.booleans()
        ),
        st.builds(order, st.integers(20, 59), st.sampled_from(["processing", "completed"])),
    ),
    max_size=6,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from([COFFEE, MUGS]), st.booleans(), changes)
def test_no_later_change_of_a_product_moves_a_point(
    sqlite_database: Database,
    settings: Settings,
    category: str,
    on_sale: bool,
    later: list[dict[str, Any]],
) -> None:
    pipeline = Pipeline(sqlite_database, settings)
    programme_id = pipeline.programme(source=RULES)
    store = pipeline.store(programme_id, url=f"https://s{pipeline.clock().timestamp()}.example")
    for body in [product(1, category, on_sale=on_sale), order(10), *later]:
        tell(pipeline, store, body)
    assert pipeline.points(store, "2") == (40 if category == COFFEE and not on_sale else 0)
    pipeline.close()


@pytest.mark.parametrize(("category", "belongs"), [(COFFEE, 1), (MUGS, 0)])
def test_who_bought_of_a_category_is_in_its_segment(
    pipeline: Pipeline, category: str, belongs: int
) -> None:
    segment = '[[segment]]\nkey = "coffee"\nwhere = { bought = { categories = ["coffee"] } }\n'
    programme_id = pipeline.programme(source=RULES + segment)
    store = pipeline.store(programme_id)
    pipeline.deliver(store, "product.updated", product(1, category))
    buyer = {"id": 2, "role": "customer", "email": "ola@example.pl", "billing": {}}
    dates = dict.fromkeys(("date_created_gmt", "date_modified_gmt"), "2026-11-21T20:00:00")
    pipeline.deliver(store, "customer.created", buyer | dates)
    pipeline.deliver(store, "order.updated", order(5))
    pipeline.clock.advance(hours=1)
    refresh(pipeline.database, pipeline.clock, programme_id)
    with pipeline.database.snapshot() as connection:
        assert len(members_of(connection, programme_id, "coffee")) == belongs
