"""Shopify: a shop that cannot be called for a while loses nothing, and is stopped only where it must be."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.services import writeback
from connectors.shopify.sandbox.shops import SCOPES
from tests.pipeline import Pipeline
from tests.sizes import sized
from tests.way.shopify import ShopifyWay, open_way


@pytest.fixture
def way(pipeline: Pipeline) -> Iterator[ShopifyWay]:
    with open_way(pipeline) as opened:
        yield opened


def blocked(way: ShopifyWay) -> str | None:
    with way.pipeline.database.snapshot() as connection:
        reason: str | None = connection.execute(
            select(t.store.c.blocked_reason).where(t.store.c.id == way.store.id)
        ).scalar()
    return reason


def resume(way: ShopifyWay) -> None:
    with way.pipeline.database.transaction() as connection:
        writeback.unblock(connection, way.store.id, way.pipeline.clock())
    way.quiet()


@pytest.mark.parametrize("how", ["the token ended", "customers may not be written", "402", "423"])
def test_a_shop_that_was_stopped_catches_up_when_it_is_resumed(way: ShopifyWay, how: str) -> None:
    ola = way.joins()
    order = way.buy("80.00", customer=ola)
    way.quiet()
    line = way.shop.order(order)["line_items"][0]["id"]
    match how:
        case "the token ended":
            way.shop.end_tokens()
        case "customers may not be written":
            way.shop.grant([*(s for s in SCOPES if s != "write_customers"), "read_customers"])
        case _:
            way.shop.faults.add(how, times=None)
    way.buy("15.00", customer=ola)
    way.announce()
    assert blocked(way)
    way.shop.refund(order, lines={line: 1})
    dispute = way.shop.open_dispute(way.buy("40.00", customer=ola))
    for _ in range(3):
        way.later(days=1)
        way.announce()
    assert way.points(ola) == 15
    way.shop.settle_dispute(dispute["id"], "won")
    way.shop.faults.clear()
    way.shop.reinstall()
    resume(way)
    assert blocked(way) is None
    assert way.points(ola) == 55
    assert way.tags(ola) == ["stempel:member", "stempel:points=55"]
    with way.pipeline.database.snapshot() as connection:
        assert connection.execute(select(t.delivery_queue)).all() == []
        assert connection.execute(select(t.outbox_task)).all() == []
    assert way.pipeline.verified().problems == []


@pytest.mark.parametrize(
    "fault", ["429", "500", "html", "half_body", "throttled", "internal_error"]
)
def test_trouble_of_the_shops_own_stops_it_for_a_while_only(way: ShopifyWay, fault: str) -> None:
    ola = way.joins()
    order = way.buy("80.00", customer=ola)
    way.quiet()
    way.shop.refund(order, lines={way.shop.order(order)["line_items"][0]["id"]: 1})
    way.shop.faults.add(fault, times=40)
    way.announce()
    assert blocked(way) is None
    way.shop.faults.clear()
    for _ in range(3):
        way.later(hours=7)
        way.quiet()
    assert way.points(ola) == 0
    assert way.tags(ola) == ["stempel:member", "stempel:points=0"]
    way.sound()


def test_hundreds_of_our_writes_leave_the_merchants_tags_alone(way: ShopifyWay) -> None:
    way.shop.change_settings(restore_rate=100_000.0)  # or the test would wait for points
    people = [way.joins(f"person{number}@example.pl") for number in range(50)]
    own = {one: {"VIP", f"club {one}", "stempelkarte"} for one in people}
    for one in people:
        way.shop.tag_customer(one, *own[one])
    way.quiet()
    while way.writes() < sized(300, 1000):
        for one in people:
            way.buy("1.00", customer=one)
        way.quiet()
    bought = way.points(people[0])
    ours = {"stempel:member", f"stempel:points={bought}"}
    assert all(set(way.shop.tags_of(one)) == own[one] | ours for one in people)
    written = way.writes()
    way.quiet()
    assert way.writes() == written
    way.sound()
