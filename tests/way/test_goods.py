"""Rules about kinds of goods with shops that talk: what is asked of them, and what later changes do."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from app.db import tables as t
from app.db.engine import Database
from app.settings import Settings
from tests.pipeline import Pipeline
from tests.way.shop import Way, open_way
from tests.way.shopify import ShopifyWay, open_shopify, platform

HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\n'
RULE = '[[rule]]\nkey = "coffee"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
COFFEE = HEAD + RULE + 'lines = { categories = ["Coffee"] }\nexcept_lines = { on_sale = true }\n'
TAG = 'lines = { tags = ["House Roast"] }\n'
READ = "GET /products/{id}"
OLA = "ola@example.pl"


@pytest.fixture
def sqlite_pipeline(sqlite_database: Database, settings: Settings) -> Iterator[Pipeline]:
    made = Pipeline(sqlite_database, settings)
    yield made
    made.close()


@pytest.fixture
def way(sqlite_pipeline: Pipeline) -> Iterator[Way]:
    with open_way(sqlite_pipeline, source=COFFEE) as opened:
        opened.announce()
        yield opened


def shelf(way: Way) -> tuple[int, int]:
    """Put beans (coffee, 20.00) and a mug (50.00) on the shelf, and let nobody hear of it."""
    beans = way.shop.add_product("Beans", "20.00", category="Coffee", tags=["House roast"])["id"]
    mug = way.shop.add_product("Mug", "50.00", category="Mugs")["id"]
    way.receiver.heard.clear()
    return beans, mug


def rows_of(pipeline: Pipeline, kind: str) -> int:
    with pipeline.database.snapshot() as connection:
        query = select(func.count()).where(t.source_object.c.kind == kind)
        return int(connection.execute(query).scalar_one())


def test_an_order_waits_until_the_shop_has_said_what_its_goods_are(pipeline: Pipeline) -> None:
    with open_way(pipeline, source=COFFEE) as way:
        beans, mug = shelf(way)
        way.shop.place_order({beans: 2, mug: 1}, email=OLA)
        waiting = way.sent()
        way.pipeline.drain()
        assert "reading" in {way.pipeline.outcome(one)[0] for one in waiting}
        assert way.guest_points(OLA) is None
        way.settle()
        assert way.guest_points(OLA) == 40
        assert way.calls(READ) == 2
        way.shop.place_order({beans: 1, mug: 1}, email=OLA)
        way.announce()
        assert way.guest_points(OLA) == 60
        assert way.calls(READ) == 2  # known, and of today
        way.sound()
        assert way.pipeline.rebuilt().ok


def test_what_becomes_of_a_product_afterwards_moves_no_point(way: Way) -> None:
    beans, mug = shelf(way)
    first = way.shop.place_order({beans: 1}, email=OLA)
    way.announce()
    assert way.guest_points(OLA) == 20
    way.shop.change_product(beans, sale="15.00")
    way.shop.change_product(mug, category="Coffee")
    way.announce()
    assert way.guest_points(OLA) == 20
    way.shop.set_status(first["id"], "completed")
    way.announce()
    assert way.guest_points(OLA) == 20
    way.shop.place_order({beans: 1, mug: 1}, email=OLA)
    way.announce()
    assert way.guest_points(OLA) == 70  # the mug is coffee by now, the beans are on sale
    line = first["line_items"][0]["id"]
    way.shop.refund(first["id"], lines={line: 1})
    way.announce()
    assert way.guest_points(OLA) == 50
    way.sound()


def test_a_product_heard_of_a_day_ago_is_asked_for_again(way: Way) -> None:
    beans, _ = shelf(way)
    way.shop.place_order({beans: 1}, email=OLA)
    way.announce()
    way.shop.change_product(beans, category="Mugs")
    way.shop.run_queue()
    way.receiver.heard.clear()  # the message is lost
    way.shop.place_order({beans: 1}, email=OLA)
    way.announce()
    assert way.guest_points(OLA) == 40
    way.later(hours=25)
    way.shop.place_order({beans: 1}, email=OLA)
    way.announce()
    assert way.guest_points(OLA) == 40
    assert way.calls(READ) == 2
    way.sound()


def test_goods_of_a_product_that_is_gone_are_of_no_kind(way: Way) -> None:
    beans, mug = shelf(way)
    way.shop.place_order({beans: 1, mug: 1}, email=OLA)
    del way.shop.tables.products[beans]
    way.announce()
    assert way.guest_points(OLA) == 0
    assert '"known":false' in way.row("order", next(iter(way.shop.tables.orders))).context
    way.sound()


def test_a_programme_that_does_not_ask_reads_no_products_and_keeps_none(
    sqlite_pipeline: Pipeline,
) -> None:
    with open_way(sqlite_pipeline) as way:
        way.buy("10.00", email=OLA)
        way.quiet()
        product = next(iter(way.shop.tables.products))
        way.shop.change_product(product, category="Coffee")
        way.quiet()
        assert way.calls(READ) == 0
        assert way.row("order", next(iter(way.shop.tables.orders))).context == "{}"
        assert rows_of(way.pipeline, "product") == 0
        way.sound()


# --- Shopify --------------------------------------------------------------------------------------


@pytest.fixture
def shopify(sqlite_pipeline: Pipeline) -> Iterator[ShopifyWay]:
    with platform(sqlite_pipeline) as (made, sandbox):
        programme_id = made.programme(source=COFFEE + RULE.replace("coffee", "tagged") + TAG)
        with open_shopify(made, sandbox, programme_id, currency="PLN") as way:
            yield way


def test_collections_tags_and_compared_prices_of_shopify_decide(shopify: ShopifyWay) -> None:
    shop, ola = shopify.shop, shopify.joins()
    beans = shop.add_product("Beans", "20.00", tags=["house ROAST"])["id"]
    cheap = shop.add_product("Old beans", "10.00", compare_at="15.00")["id"]
    mug = shop.add_product("Mug", "50.00", compare_at="50.00")["id"]
    shop.add_collection("Coffee", [beans, cheap])
    shop.place_order({beans: 1, cheap: 1, mug: 1}, customer_id=ola)
    shopify.announce()
    assert (
        shopify.points(ola) == 20 + 20
    )  # beans as coffee and by their tag; the cheap ones are on sale
    shop.change_product(beans, tags=[], compare_at="99.00")
    shop.delete_product(mug)
    shopify.later(hours=30)
    shopify.quiet()
    assert shopify.points(ola) == 40
    shop.place_order({beans: 1}, customer_id=ola)
    shopify.announce()
    assert shopify.points(ola) == 40
    shopify.sound()


def test_without_the_permission_orders_are_judged_as_of_no_kind(sqlite_pipeline: Pipeline) -> None:
    with platform(sqlite_pipeline) as (made, sandbox):
        programme_id = made.programme(source=COFFEE + RULE.replace("coffee", "all"))
        with open_shopify(made, sandbox, programme_id, currency="PLN") as way:
            ola = way.joins()
            way.shop.revoke("read_products")
            way.buy("20.00", customer=ola)
            way.announce()
            assert way.points(ola) == 20  # by the rule about all goods alone
            way.sound()
