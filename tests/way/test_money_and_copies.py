"""Currencies, decimals and taxes as shops have them; shops that move, and copies that send as they did."""

import json

import msgspec
import pytest
from sqlalchemy import select

from app.db import tables as t
from app.services.stores import accept_move, get_store
from connectors.woocommerce.sandbox import Settings
from jobs.drain import drain
from tests.pipeline import Pipeline, order_body
from tests.way.connected import unsound
from tests.way.shop import Way, connect, open_way

OLA = "ola@example.pl"


def shop(**values: object) -> Settings:
    return Settings(**{"home_url": "https://shop.example", **values})  # type: ignore[arg-type]


def explanations(way: Way) -> list[dict[str, object]]:
    with way.pipeline.database.snapshot() as connection:
        rows = connection.execute(select(t.award.c.explanation).order_by(t.award.c.id)).scalars()
        return [msgspec.json.decode(row) for row in rows]


@pytest.mark.parametrize(
    ("decimals", "price", "points"), [(0, "3690", 3690), (2, "49.95", 49), (3, "12.345", 12)]
)
def test_a_shop_with_so_many_decimals(
    pipeline: Pipeline, decimals: int, price: str, points: int
) -> None:
    with open_way(pipeline, settings=shop(decimals=decimals)) as way:
        order = way.buy(price, email=OLA)
        way.announce()
        assert way.guest_points(OLA) == points
        way.shop.refund(order, amount=price)
        way.announce()
        assert way.guest_points(OLA) == 0
        way.sound()


@pytest.mark.parametrize(("currency", "decimals"), [("JPY", 0), ("KWD", 3)])
def test_programmes_in_currencies_without_and_with_three_decimals(
    pipeline: Pipeline, currency: str, decimals: int
) -> None:
    source = (
        f'[programme]\nkey = "money"\ncurrency = "{currency}"\n'
        '[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1\nper = "1"\n'
    )
    settings = shop(currency=currency, decimals=decimals)
    with open_way(pipeline, source=source, settings=settings) as way:
        way.buy("50" if decimals == 0 else "50.999", email=OLA)
        way.announce()
        assert way.guest_points(OLA) == 50
        way.sound()


def test_amounts_read_after_the_shop_shows_fewer_decimals_are_not_spoilt(
    pipeline: Pipeline,
) -> None:
    with open_way(pipeline, settings=shop(prices_include_tax=True)) as way:
        order = way.buy("49.95", email=OLA)
        way.announce()
        way.shop.change_settings(decimals=0)
        way.shop.set_status(order, "completed")
        way.announce()
        assert way.guest_points(OLA) == 49
        way.sound()


def test_prices_without_tax_count_without_it(pipeline: Pipeline) -> None:
    with open_way(pipeline, settings=shop(prices_include_tax=False)) as way:
        order = way.buy("100.00", email=OLA)
        assert way.shop.order(order)["total"] == "123.00"
        way.announce()
        assert way.guest_points(OLA) == 100
        way.shop.refund(order, amount="61.50")
        way.announce()
        assert way.guest_points(OLA) == 50
        way.sound()


def test_a_discount_given_as_a_negative_fee_comes_off_the_goods(way: Way) -> None:
    order = way.buy("100.00", email=OLA)
    way.shop.change_order(
        order, fee_lines=[{"name": "Rabat", "total": "-20.00", "tax_status": "none"}]
    )
    total = way.shop.order(order)["total"]
    way.announce()
    assert way.guest_points(OLA) == int(float(total))
    way.sound()


def test_a_coupon_of_100_percent_leaves_nothing_to_earn_on(way: Way) -> None:
    way.shop.add_coupon("GRATIS", "100")
    order = way.buy("100.00", email=OLA, coupons=["gratis"], shipping="10.00")
    way.announce()
    assert way.shop.order(order)["status"] == "processing"
    assert way.guest_points(OLA) == 0
    assert [one["reason"] for one in explanations(way)] == ["nothing-counts"]
    way.sound()


@pytest.mark.parametrize("currency", ["JPY", "KWD", "XXX", "EUR"])
def test_an_order_in_another_currency_waits_for_a_rate_and_says_so(way: Way, currency: str) -> None:
    order = way.buy("100.00", email=OLA, currency=currency)
    assert way.shop.order(order)["currency"] == currency
    way.announce()
    assert way.guest_points(OLA) == 0
    [explanation] = explanations(way)
    assert (explanation["reason"], explanation["currency"]) == ("no-rate", currency)
    way.sound()


def store_row(pipeline: Pipeline, key: str) -> tuple[str | None, str | None]:
    with pipeline.database.snapshot() as connection:
        store = get_store(connection, key)
    return store.host, store.copy_host


def body_of(host: str, order: int) -> dict[str, object]:
    """Return a captured order as a shop at another address would send it."""
    links = {"self": [{"href": f"https://{host}/wp-json/wc/v3/orders/{order}"}]}
    return order_body("008") | {"id": order, "number": str(order), "_links": links}


def test_a_copy_of_the_shop_is_ignored_and_flagged_and_a_move_accepted(
    pipeline: Pipeline,
) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    for order, host in ((1, "shop.example"), (2, "www.example"), (3, "shop.example")):
        outcome = pipeline.deliver(store, "order.updated", body_of(host, order))
        if host == "www.example":
            assert outcome == ("ignored", "sent by a copy of the shop (www.example)")
        else:
            assert outcome[0] == "processed"
    assert store_row(pipeline, store.key) == ("shop.example", "www.example")
    assert pipeline.balances(programme_id) == [2 * 269]
    with pipeline.database.transaction() as connection:
        assert accept_move(connection, get_store(connection, store.key)) == "www.example"
    outcome = pipeline.deliver(store, "order.updated", body_of("www.example", 4))
    assert outcome[0] == "processed"
    outcome = pipeline.deliver(store, "order.updated", body_of("shop.example", 5))
    assert outcome == ("ignored", "sent by a copy of the shop (shop.example)")
    assert store_row(pipeline, store.key) == ("www.example", "shop.example")
    assert unsound(pipeline) == []


def test_a_copy_in_the_very_first_batch_is_told_from_the_shop_that_came_first(
    pipeline: Pipeline,
) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    stored = [
        pipeline.receive(store, "order.updated", json.dumps(body_of(host, number)).encode())
        for number, host in enumerate(["shop.example", "staging.example", "shop.example"], 1)
    ]
    drain(pipeline.runtime)
    assert [pipeline.outcome(one)[0] for one in stored] == ["processed", "ignored", "processed"]
    assert store_row(pipeline, store.key) == ("shop.example", "staging.example")


def test_a_copys_signal_is_answered_by_the_shop_itself(way: Way) -> None:
    order = way.buy("49.95", email=OLA)
    way.announce()
    way.pipeline.deliver(way.store, "order.deleted", {"id": order})  # the copy trashed its own
    way.settle()
    assert way.guest_points(OLA) == 49
    way.sound()


def test_the_shops_own_folder_and_port_are_part_of_no_copy(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example/sklep", keys=None)
    for order, host in ((1, "shop.example/sklep"), (2, "SHOP.example:443"), (3, "shop.example")):
        assert pipeline.deliver(store, "order.updated", body_of(host, order))[0] == "processed"
    assert unsound(pipeline) == []
