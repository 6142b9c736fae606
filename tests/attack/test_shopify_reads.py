"""Shopify: what our reads cannot find, may not see or find half done loses nothing and ends."""

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from app.db import tables as t
from connectors.shopify.sandbox.shops import SCOPES
from tests.pipeline import Pipeline
from tests.way.shopify import ShopifyWay, open_shopify, open_way, platform

RECENT_ONLY = tuple(scope for scope in SCOPES if scope != "read_all_orders")


@pytest.fixture
def way(pipeline: Pipeline) -> Iterator[ShopifyWay]:
    with open_way(pipeline) as opened:
        yield opened


def waiting(way: ShopifyWay) -> int:
    with way.pipeline.database.snapshot() as connection:
        return len(connection.execute(select(t.delivery_queue)).all())


# --- disputes ------------------------------------------------------------------------------------


def test_a_dispute_about_an_order_too_old_to_be_seen_is_asked_for_once(way: ShopifyWay) -> None:
    way.shop.grant(RECENT_ONLY)
    order = way.buy("80.00", customer=way.joins())
    way.shop.queue.clear()
    way.later(days=100)
    way.shop.open_dispute(order)
    [outcome] = way.announce()
    assert outcome[0] == "ignored"
    assert way.shop.calls["Order"] == 1
    way.sound()


@pytest.mark.parametrize("first", ["the dispute", "the order"])
def test_a_dispute_is_kept_where_only_an_unsigned_header_names_the_shop(
    pipeline: Pipeline, first: str
) -> None:
    """One app, two shops: neither a dispute nor this order says which of them it is about."""
    with platform(pipeline) as (made, sandbox):
        programme_id = made.programme()
        with (
            open_shopify(made, sandbox, programme_id, currency="PLN") as ours,
            open_shopify(made, sandbox, programme_id, name="herbata", currency="PLN") as theirs,
        ):
            ola = ours.joins()
            order = ours.buy("80.00", customer=ola)
            if first == "the order":
                ours.quiet()
            dispute = ours.shop.open_dispute(order)
            [told] = [one for one in ours.shop.queue if one.topic.startswith("disputes")]
            ours.shop.queue.sort(key=lambda waiting: not waiting.topic.startswith("disputes"))
            made.receive(theirs.store, "disputes/create", told.body, by_header=True)
            theirs.settle()
            ours.quiet()
            assert ours.points(ola) == 0
            ours.shop.settle_dispute(dispute["id"], "won")
            ours.quiet()
            assert ours.points(ola) == 80
            assert theirs.points(ola) is None
            ours.sound()


# --- orders older than 60 days -------------------------------------------------------------------


@pytest.mark.parametrize("first", ["paid", "refunded"])
def test_two_states_of_one_second_of_an_old_order_end_the_same_in_either_order(
    way: ShopifyWay, first: str
) -> None:
    way.shop.grant(RECENT_ONLY)
    ola = way.joins()
    order = way.buy("80.00", customer=ola)
    way.quiet()
    way.later(days=70)
    way.shop.fulfil(order)
    way.shop.queue.clear()
    paid = json.loads(way.shop.rendered(order))
    line = paid["line_items"][0]["id"]
    way.shop.refund(order, lines={line: 1})
    way.shop.queue.clear()
    refunded = json.loads(way.shop.rendered(order))
    paid["updated_at"] = refunded["updated_at"]
    several = [paid, refunded] if first == "paid" else [refunded, paid]
    for body in several:
        way.pipeline.receive(way.store, "orders/updated", json.dumps(body).encode())
        way.settle()
    assert way.points(ola) == 0
    way.sound()


# --- returns -------------------------------------------------------------------------------------


def test_a_return_that_the_shop_does_not_know_is_left_alone(way: ShopifyWay) -> None:
    told = {"id": 17, "admin_graphql_api_id": "gid://shopify/Return/17", "status": "open"}
    way.shop.announce("returns/update", told)
    stored = way.pipeline.receive(way.store, "returns/update", json.dumps(told).encode())
    way.settle()
    assert way.pipeline.outcome(stored)[0] == "ignored"
    way.sound()


def test_an_app_that_may_not_see_returns_leaves_them_alone(way: ShopifyWay) -> None:
    ola = way.joins()
    order = way.buy("80.00", customer=ola)
    way.quiet()
    made = way.shop.request_return(order)
    way.shop.queue.clear()
    way.shop.grant([scope for scope in SCOPES if scope != "read_returns"])
    gid = f"gid://shopify/Return/{made['id']}"
    told = {"admin_graphql_api_id": gid, "status": "open"}
    stored = way.pipeline.receive(way.store, "returns/update", json.dumps(told).encode())
    way.settle()
    assert way.pipeline.outcome(stored)[0] == "ignored"
    assert way.points(ola) == 80
    way.sound()


# --- bodies with only some keys ------------------------------------------------------------------

LEAST = ("id", "admin_graphql_api_id", "line_items", "financial_status", "currency")


@pytest.mark.parametrize(
    "more",
    [
        ("updated_at", "created_at", "customer", "taxes_included"),  # no refunds, not cancelled
        ("created_at", "customer", "taxes_included", "refunds", "cancelled_at"),  # undated
        ("updated_at", "refunds", "cancelled_at"),
    ],
    ids=["without refunds", "without its date", "without its beginning"],
)
def test_an_order_of_which_only_some_keys_were_sent_is_read(
    way: ShopifyWay, more: tuple[str, ...]
) -> None:
    ola = way.joins()
    order = way.buy("80.00", customer=ola)
    paid = json.loads(way.shop.rendered(order))
    way.quiet()
    way.shop.refund(order, lines={paid["line_items"][0]["id"]: 1})
    way.shop.queue.clear()
    now = json.loads(way.shop.rendered(order))
    for whole in (now, paid):
        body = {key: whole[key] for key in (*LEAST, *more) if key in whole}
        stored = way.pipeline.receive(way.store, "orders/updated", json.dumps(body).encode())
        way.settle()
        assert way.pipeline.outcome(stored)[0] in {"processed", "stale"}
        assert way.points(ola) == 0
    way.sound()


# --- merges --------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True], ids=["as they happened", "the later one first"])
def test_customers_joined_one_after_the_other_before_we_could_ask_have_one_balance(
    way: ShopifyWay, turned: bool
) -> None:
    first, second, last = (way.joins(f"ola{number}@example.pl") for number in range(3))
    for one, price in ((first, "10.00"), (second, "20.00"), (last, "40.00")):
        way.buy(price, customer=one)
    way.quiet()
    way.shop.merge_customers(second, first)
    way.shop.merge_customers(last, second)
    if turned:
        way.shop.queue.reverse()
    way.quiet()
    assert way.points(last) == 70
    way.sound()


def test_a_merge_of_strangers_makes_no_members(way: ShopifyWay) -> None:
    told = {
        "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/4711",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/4712",
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }
    way.shop.announce("customers/merge", told)
    way.quiet()
    assert way.pipeline.members(way.programme_id) == []
    way.sound()
