"""A Shopify shop and Stempel, the whole way: orders in, points posted, tags and metafields written back."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from app.db import tables as t
from tests.pipeline import Pipeline
from tests.way.shopify import ShopifyWay, open_shopify, open_way, platform

OLA = "ola@example.pl"


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


# --- orders and what is shown --------------------------------------------------------------------


def test_an_order_earns_and_the_shop_shows_it_as_tags_and_metafields(way: ShopifyWay) -> None:
    ola = way.joins()
    way.buy("49.95", customer=ola)
    way.announce()
    assert way.points(ola) == 49
    assert way.tags(ola) == ["stempel:member", "stempel:points=49"]
    assert way.shop.metafields_of(ola)["$app:stempel.balance"] == "49"
    way.sound()


def test_a_line_sent_back_a_goodwill_and_a_cancellation_take_back_their_share(
    way: ShopifyWay,
) -> None:
    ola = way.joins()
    mug = way.shop.add_product("Mug", "25.00")["id"]
    order = way.shop.place_order({mug: 3}, customer_id=ola, shipping="12.00")
    way.quiet()
    assert way.points(ola) == 75
    way.shop.refund(order["id"], lines={order["line_items"][0]["id"]: 1})
    way.quiet()
    assert way.points(ola) == 50
    way.shop.refund(order["id"], amount="7.00", note="late")
    way.quiet()
    assert way.points(ola) == 43
    way.shop.cancel_order(order["id"])
    way.quiet()
    assert way.points(ola) == 0
    assert way.tags(ola) == ["stempel:member", "stempel:points=0"]
    way.sound()


def test_an_edited_order_earns_what_it_is_after_the_edit_once_that_is_paid(way: ShopifyWay) -> None:
    ola = way.joins()
    mug, bowl = (way.shop.add_product(name, "20.00")["id"] for name in ("Mug", "Bowl"))
    order = way.shop.place_order({mug: 2}, customer_id=ola)
    way.quiet()
    assert way.points(ola) == 40
    way.shop.edit_order(order["id"], add=[{"product_id": bowl, "quantity": 1}])
    way.quiet()
    way.shop.pay(order["id"])
    way.quiet()
    assert way.points(ola) == 60
    way.sound()


@pytest.mark.parametrize("first", ["the refund", "the edit"])
def test_an_exchange_ends_as_if_the_other_thing_had_been_bought_at_once(
    way: ShopifyWay, first: str
) -> None:
    ola = way.joins()
    mug, bowl = (
        way.shop.add_product(name, price)["id"]
        for name, price in (("Mug", "20.00"), ("Bowl", "35.00"))
    )
    order = way.shop.place_order({mug: 2}, customer_id=ola)
    way.quiet()
    assert way.points(ola) == 40
    sent_back = {order["line_items"][0]["id"]: 1}
    if first == "the refund":
        way.shop.refund(order["id"], lines=sent_back)
        way.quiet()
        assert way.points(ola) == 20
    way.shop.edit_order(order["id"], add=[{"product_id": bowl, "quantity": 1}])
    way.shop.pay(order["id"])
    way.quiet()
    if first == "the edit":
        assert way.points(ola) == 75
        way.shop.refund(order["id"], lines=sent_back)
        way.quiet()
    assert way.points(ola) == 55
    way.sound()


def test_tips_gift_cards_and_delivery_are_not_goods(way: ShopifyWay) -> None:
    ola = way.joins()
    mug = way.shop.add_product("Mug", "30.00")["id"]
    card = way.shop.add_product("Gift card", "50.00", gift_card=True)["id"]
    way.shop.place_order({mug: 1, card: 1}, customer_id=ola, tip="5.00", shipping="9.00")
    way.quiet()
    assert way.points(ola) == 30
    way.sound()


def test_an_order_that_was_deleted_takes_its_points_along(way: ShopifyWay) -> None:
    ola = way.joins()
    order = way.buy("49.95", customer=ola)
    way.quiet()
    way.shop.delete_order(order)
    way.quiet()
    assert way.points(ola) == 0
    way.sound()


def test_a_word_that_an_order_was_deleted_is_not_believed_while_the_shop_has_it(
    way: ShopifyWay,
) -> None:
    ola = way.joins()
    order = way.buy("49.95", customer=ola)
    way.quiet()
    way.shop.announce("orders/delete", {"id": order})
    way.quiet()
    assert way.points(ola) == 49
    way.sound()


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_order_and_the_repeats_the_newest_state_counts(
    way: ShopifyWay, seed: int
) -> None:
    way.shop.change_settings(shuffle=seed, repeats=2)
    ola = way.joins()
    mug = way.shop.add_product("Mug", "25.00")["id"]
    order = way.shop.place_order({mug: 4}, customer_id=ola, paid=False)
    way.shop.pay(order["id"])
    way.later(seconds=seed)
    line = order["line_items"][0]["id"]
    way.shop.refund(order["id"], lines={line: 1})
    kept = way.shop.place_order({mug: 1}, customer_id=ola)
    way.shop.fulfil(kept["id"])
    way.quiet()
    assert way.points(ola) == 100
    way.shop.cancel_order(order["id"])
    way.quiet()
    assert way.points(ola) == 25
    assert way.tags(ola) == ["stempel:member", "stempel:points=25"]
    way.sound()


# --- tags ----------------------------------------------------------------------------------------


def test_the_merchants_tags_stay_and_our_echo_causes_no_further_write(way: ShopifyWay) -> None:
    ola = way.joins()
    way.shop.tag_customer(ola, "VIP", "newsletter", "stempelkarte")
    for price in ("10.00", "20.00", "30.00"):
        way.buy(price, customer=ola)
        way.announce()
    written = way.writes()
    way.quiet()
    way.later(days=3)
    way.quiet()
    assert way.writes() == written
    assert {"VIP", "newsletter", "stempelkarte"} <= set(way.shop.tags_of(ola))
    assert way.tags(ola) == ["stempel:member", "stempel:points=60"]
    way.sound()


def test_a_tag_removed_by_hand_comes_back_at_most_once_a_day(way: ShopifyWay) -> None:
    ola = way.joins()
    way.buy("10.00", customer=ola)
    way.quiet()
    back = 0
    for _ in range(2 * 24):
        before = way.writes()
        way.shop.untag_customer(ola, "stempel:member", "stempel:points=10")
        way.quiet()
        back += way.writes() > before
        way.later(hours=1)
    assert back == 2
    assert way.tags(ola) == []
    way.later(days=1)
    way.quiet()
    assert way.tags(ola) == ["stempel:member", "stempel:points=10"]
    way.sound()


def test_several_customers_are_written_in_one_document(way: ShopifyWay) -> None:
    people = [way.joins(f"person{number}@example.pl") for number in range(20)]
    for one in people:
        way.buy("10.00", customer=one)
    way.quiet()
    assert all(way.tags(one) == ["stempel:member", "stempel:points=10"] for one in people)
    assert way.shop.mutations["tagsAdd"] == 20
    assert way.shop.calls["ShowStates"] == 1
    way.sound()


@pytest.mark.parametrize("fault", ["429", "500", "reset_after", "half_body", "throttled", "html"])
def test_a_write_that_broke_is_done_again_and_shown_once(way: ShopifyWay, fault: str) -> None:
    ola = way.joins()
    way.buy("49.95", customer=ola)
    way.shop.faults.add(fault, operation="ShowStates")
    way.announce()
    for _ in range(5):
        way.later(hours=2)
        way.quiet()
    assert way.tags(ola) == ["stempel:member", "stempel:points=49"]
    assert way.shop.mutations["tagsAdd"] == 1
    way.sound()


# --- disputes, merges, the app's life ------------------------------------------------------------


def test_a_disputed_payment_is_held_back_until_the_bank_decides(way: ShopifyWay) -> None:
    ola = way.joins()
    order = way.buy("80.00", customer=ola)
    way.quiet()
    dispute = way.shop.open_dispute(order)
    way.quiet()
    assert way.points(ola) == 0
    way.shop.settle_dispute(dispute["id"], "won")
    way.quiet()
    assert way.points(ola) == 80
    again = way.shop.open_dispute(order, "30.00")
    way.quiet()
    way.shop.settle_dispute(again["id"], "lost")
    way.quiet()
    assert way.points(ola) == 50
    way.sound()


def test_a_dispute_that_comes_before_its_order_waits_for_it(way: ShopifyWay) -> None:
    ola = way.joins()
    order = way.buy("80.00", customer=ola)
    dispute = way.shop.open_dispute(order)
    way.shop.queue.sort(key=lambda waiting: not waiting.topic.startswith("disputes"))
    way.quiet()
    assert way.points(ola) == 0
    way.shop.settle_dispute(dispute["id"], "won")
    way.quiet()
    assert way.points(ola) == 80
    way.sound()


def test_two_customers_that_the_shop_made_one_have_one_balance(way: ShopifyWay) -> None:
    ola, old = way.joins(), way.joins("ola.stara@example.pl")
    way.buy("10.00", customer=ola)
    way.buy("20.00", customer=old)
    way.quiet()
    way.shop.merge_customers(ola, old)
    way.quiet()
    assert way.points(ola) == 30
    assert way.tags(ola) == ["stempel:member", "stempel:points=30"]
    way.sound()


def test_a_merge_that_the_shop_does_not_know_of_joins_nobody(way: ShopifyWay) -> None:
    ola, jan = way.joins(), way.joins("jan@example.pl")
    way.buy("10.00", customer=ola)
    way.buy("20.00", customer=jan)
    way.quiet()
    told = {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{ola}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{jan}",
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }
    way.shop.announce("customers/merge", told)
    way.quiet()
    assert (way.points(ola), way.points(jan)) == (10, 20)
    way.sound()


def test_an_uninstalled_shop_is_called_no_more(way: ShopifyWay) -> None:
    ola = way.joins()
    way.buy("10.00", customer=ola)
    way.quiet()
    way.shop.uninstall()
    way.announce()
    assert blocked(way) is not None
    calls = sum(way.shop.calls.values())
    way.later(days=2)
    way.settle()
    assert sum(way.shop.calls.values()) == calls


def test_a_late_word_of_uninstalling_does_not_end_a_new_installation(way: ShopifyWay) -> None:
    way.shop.uninstall()
    way.shop.reinstall()
    [outcome] = way.announce()
    assert outcome[0] == "processed"
    assert blocked(way) is None


# --- whose is it ---------------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["ours", "theirs"])
@pytest.mark.parametrize("named", [True, False], ids=["names its shop", "names no shop"])
def test_an_order_under_another_shops_name_does_no_harm(
    pipeline: Pipeline, first: str, named: bool
) -> None:
    """One app, two shops, both with tokens; what is signed for one comes under the other's name."""
    with platform(pipeline) as (made, sandbox):
        programme_id = made.programme()
        with (
            open_shopify(made, sandbox, programme_id, currency="PLN") as ours,
            open_shopify(made, sandbox, programme_id, name="herbata", currency="PLN") as theirs,
        ):
            ola = ours.joins()
            order = ours.buy("49.95", customer=ola)
            body = json.loads(ours.shop.rendered(order))
            if not named:
                del body["order_status_url"]
            raw = json.dumps(body, separators=(",", ":")).encode()
            pair = [ours, theirs] if first == "ours" else [theirs, ours]
            for one in pair:
                made.receive(one.store, "orders/paid", raw, by_header=True)
                one.settle()
            assert ours.points(ola) == 49
            assert theirs.points(ola) is None
            assert not theirs.writes()
            ours.quiet()
            assert ours.points(ola) == 49
            ours.sound()


def test_an_order_without_personal_data_counts_for_its_customer(way: ShopifyWay) -> None:
    way.shop.change_settings(approved_level=1)
    ola = way.joins()
    way.buy("49.95", customer=ola)
    way.quiet()
    assert way.points(ola) == 49
    way.sound()
