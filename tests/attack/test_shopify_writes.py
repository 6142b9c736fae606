"""Shopify: what is shown to customers stays right whatever happens between looking and writing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from app.db import tables as t
from connectors.base import CustomerState, Writer, Written
from connectors.shopify.connector import ShopifyShop
from tests.pipeline import Pipeline
from tests.way.shopify import ShopifyWay, open_way

SHOWN = ["stempel:member", "stempel:points=10"]


@pytest.fixture
def way(pipeline: Pipeline) -> Iterator[ShopifyWay]:
    with open_way(pipeline) as opened:
        yield opened


def shop_of(way: ShopifyWay) -> ShopifyShop:
    shop = way.pipeline.shops.get(way.store)
    assert isinstance(shop, ShopifyShop)
    return shop


def between(way: ShopifyWay, act: Callable[[], object]) -> None:
    """Let something happen in the shop after the writer looked what it shows, before it writes."""
    session = shop_of(way)._session
    run = session.run

    def interrupted(text: str, *args: Any, **more: Any) -> dict[str, Any]:
        if "mutation ShowStates" in text:
            session.run = run  # type: ignore[method-assign]
            act()
        return run(text, *args, **more)

    session.run = interrupted  # type: ignore[method-assign]


@dataclass
class _Late:
    """A writer after whose first write something happens, before we take note of it."""

    inner: Writer
    act: Callable[[], object] | None
    batch_size: int = 25

    def push(self, states: Sequence[CustomerState]) -> Sequence[Written]:
        results = self.inner.push(states)
        act, self.act = self.act, None
        if act is not None:
            act()
        return results


def heard(way: ShopifyWay) -> None:
    """Let a second worker deal with what the shop sends, without writing."""
    way.sent()
    way.pipeline.drain()


def test_a_tag_taken_away_while_a_write_is_on_its_way_comes_back(way: ShopifyWay) -> None:
    ola = way.joins()
    way.buy("4.00", customer=ola)
    way.quiet()
    way.buy("6.00", customer=ola)
    way.sent()
    way.pipeline.drain()

    def take() -> None:
        way.shop.untag_customer(ola, "stempel:member")
        heard(way)

    shop = shop_of(way)
    assert shop.writer is not None
    shop.writer = _Late(shop.writer, take)
    way.quiet()
    assert way.tags(ola) == SHOWN
    written = way.writes()
    way.later(days=3)
    way.quiet()
    assert way.writes() == written
    way.sound()


def test_a_customer_deleted_between_looking_and_writing_costs_the_others_nothing(
    way: ShopifyWay,
) -> None:
    gone, ola = way.joins("gone@example.pl"), way.joins()
    order = way.buy("10.00", customer=gone)
    way.buy("10.00", customer=ola)

    def delete() -> None:
        way.shop.delete_order(order)
        way.shop.delete_customer(gone)

    between(way, delete)
    way.quiet()
    assert way.tags(ola) == SHOWN
    for _ in range(4):
        way.later(hours=2)
        way.quiet()
    with way.pipeline.database.snapshot() as connection:
        ended = connection.execute(
            select(t.store_customer.c.gone).where(t.store_customer.c.external_id == str(gone))
        ).scalar_one()
    assert ended
    way.sound()


def test_a_shop_that_refuses_our_definitions_still_shows_tags_and_values(way: ShopifyWay) -> None:
    session = shop_of(way)._session
    ask = session.ask

    def refusing(name: str, *args: Any) -> dict[str, Any]:
        if name == "metafield_definitions_create":
            refused = {
                "userErrors": [{"field": ["definition"], "code": "RESOURCE_TYPE_LIMIT_EXCEEDED"}]
            }
            return dict.fromkeys(("balance", "tier", "codes"), refused)
        return ask(name, *args)

    session.ask = refusing  # type: ignore[method-assign]
    ola = way.joins()
    way.buy("10.00", customer=ola)
    way.quiet()
    assert way.tags(ola) == SHOWN
    assert way.shop.metafields_of(ola)["$app:stempel.balance"] == "10"
    way.sound()


def test_a_customer_with_no_room_for_tags_keeps_them_all_and_holds_up_nobody(
    way: ShopifyWay,
) -> None:
    full, ola = way.joins("full@example.pl"), way.joins()
    own = [f"tag {number}" for number in range(250)]
    way.shop.tag_customer(full, *own)
    way.buy("10.00", customer=full)
    way.buy("10.00", customer=ola)
    way.quiet()
    assert way.tags(ola) == SHOWN
    assert sorted(way.shop.tags_of(full)) == sorted(own)
    assert way.shop.metafields_of(full)["$app:stempel.balance"] == "10"
    way.shop.untag_customer(full, "tag 7", "tag 8")
    for _ in range(3):
        way.later(days=1)
        way.quiet()
    assert way.tags(full) == SHOWN
    way.sound()


def test_tags_of_the_merchants_that_look_like_ours_stay(way: ShopifyWay) -> None:
    ola = way.joins()
    own = ["stempel:vip", "stempel", "Stempelkarte", "pre-stempel:points=3", "STEMPEL:gold"]
    way.shop.tag_customer(ola, *own)
    for price in ("4.00", "3.00", "3.00"):
        way.buy(price, customer=ola)
        way.quiet()
    assert set(own) <= set(way.shop.tags_of(ola))
    assert {"stempel:member", "stempel:points=10"} <= set(way.tags(ola))
    way.sound()


@pytest.mark.parametrize("kept_has", [True, False])
def test_the_tags_that_a_merged_customer_brought_along_are_cleared_away(
    way: ShopifyWay, kept_has: bool
) -> None:
    """The shop gives the kept customer the other's tags too, also where the balance stays as it is."""
    kept, gone = way.joins(), way.joins("ola.stara@example.pl")
    way.buy("10.00", customer=kept if kept_has else gone)
    back = way.buy("3.00", customer=gone)
    way.quiet()
    way.shop.cancel_order(back)
    way.quiet()
    way.shop.merge_customers(kept, gone)
    way.quiet()
    assert way.points(kept) == 10
    assert way.tags(kept) == SHOWN
    written = way.writes()
    way.shop.again("customers/merge")
    way.quiet()
    assert way.writes() == written
    way.sound()
