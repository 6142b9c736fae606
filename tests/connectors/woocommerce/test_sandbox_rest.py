"""The traps of WooCommerce's REST API, one by one, over HTTP."""

import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
import woocommerce

from connectors.woocommerce.sandbox import KEY, SECRET
from tests.connectors.woocommerce.sandbox_help import Client, World, basic, small_shop


@pytest.fixture
def world() -> Iterator[World]:
    with small_shop() as made:
        yield made


# --- who may -----------------------------------------------------------------------------------


def test_on_plain_http_only_oauth1_opens_the_door(world: World) -> None:
    world.shop.change_settings(tls_in_front=False)
    world.order()
    assert world.call("GET", "/orders").body["code"] == "woocommerce_rest_cannot_view"
    query = f"/orders?consumer_key={KEY}&consumer_secret={SECRET}"
    assert world.call("GET", query).status == 401
    shop = woocommerce.API(world.running.url, KEY, SECRET, timeout=5)
    answer = shop.get("orders", params={"status": "any", "search": "a b+ż"})
    assert (answer.status_code, len(answer.json())) == (200, 1)
    answer = shop.put("orders/3", {"status": "completed"})
    assert answer.json()["status"] == "completed"


def test_a_wrong_oauth_secret_is_refused_by_name(world: World) -> None:
    answer = woocommerce.API(world.running.url, KEY, "cs_wrong", timeout=5).get("orders")
    assert answer.status_code == 401
    assert answer.json()["code"] == "woocommerce_rest_authentication_error"


def test_a_signed_request_cannot_be_replayed(world: World) -> None:
    from connectors.woocommerce.sandbox.auth import signature
    from connectors.woocommerce.sandbox.request import Request

    query = {
        "oauth_consumer_key": KEY,
        "oauth_timestamp": str(int(time.time())),
        "oauth_nonce": "once",
        "oauth_signature_method": "HMAC-SHA256",
    }
    host = world.running.url.removeprefix("http://")
    path = "/wp-json/wc/v3/orders"
    request = Request("GET", path, tuple(query.items()), {"host": host})
    query["oauth_signature"] = signature(request, SECRET)
    full = path + "?" + "&".join(f"{key}={quote(value, safe='')}" for key, value in query.items())
    anonymous = Client(world.running, {})
    assert anonymous.call("GET", full).status == 200
    assert "nonce" in anonymous.call("GET", full).body["message"]
    anonymous.close()


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "woocommerce_rest_cannot_view"),
        (basic("ck_unknown", "x"), 401, "woocommerce_rest_cannot_view"),
        (basic(secret="wrong"), 401, "woocommerce_rest_authentication_error"),
        (basic("ck_nobody", "cs"), 403, "woocommerce_rest_cannot_view"),
    ],
)
def test_no_key_unknown_key_wrong_secret_and_no_rights_look_as_in_a_real_shop(
    world: World, headers: dict[str, str], status: int, code: str
) -> None:
    world.shop.add_key("ck_nobody", "cs", rights=False)
    client = Client(world.running, headers)
    got = client.call("GET", "/orders")
    client.close()
    assert (got.status, got.body["code"]) == (status, code)


def test_a_read_only_key_may_not_write(world: World) -> None:
    world.shop.add_key("ck_read", "cs", "read")
    number = world.order()
    client = Client(world.running, basic("ck_read", "cs"))
    assert client.call("GET", f"/orders/{number}").status == 200
    got = client.call("PUT", f"/orders/{number}", {"status": "completed"})
    client.close()
    assert (got.status, got.body["code"]) == (401, "woocommerce_rest_authentication_error")
    assert world.shop.order(number)["status"] == "processing"


# --- lists -------------------------------------------------------------------------------------


def test_any_leaves_out_the_trash_even_when_the_trash_is_named_beside_it(world: World) -> None:
    kept, gone = world.order(), world.order()
    world.shop.trash_order(gone)
    assert world.ids("/orders?status=any") == [kept]
    assert world.ids("/orders?status=any,trash") == [kept]
    assert set(world.ids("/orders?status=processing,trash")) == {kept, gone}
    assert world.call("GET", "/orders?status=nosuch").status == 400


def test_modified_after_is_exclusive_to_the_second_and_local_without_an_offset(
    world: World,
) -> None:
    first = world.order()
    world.now[0] += timedelta(seconds=1)
    second = world.order()
    assert world.ids("/orders?modified_after=2026-11-21T16:59:59Z&order=asc") == [first, second]
    assert world.ids("/orders?modified_after=2026-11-21T17:00:00Z") == [second]
    assert world.ids("/orders?modified_after=2026-11-21T17:00:00.900Z") == [second]
    assert world.ids("/orders?modified_after=2026-11-21T18:00:00") == [second]  # Warsaw
    gmt = "/orders?modified_after=2026-11-21T17:00:00&dates_are_gmt=true"
    assert world.ids(gmt) == [second]
    assert (
        world.call("GET", "/orders?modified_after=yesterday").body["code"] == "rest_invalid_param"
    )


def test_pages_of_ties_have_no_gap_and_no_double(world: World) -> None:
    numbers = [world.order() for _ in range(23)]
    seen: list[int] = []
    for page in range(1, 5):
        got = world.call("GET", f"/orders?orderby=modified&order=asc&per_page=7&page={page}")
        seen += [item["id"] for item in got.body]
        assert ('rel="next"' in got.headers["Link"]) == (page < 4)
        assert (got.headers["X-WP-Total"], got.headers["X-WP-TotalPages"]) == ("23", "4")
    assert seen == numbers


def test_a_single_page_links_only_to_the_index(world: World) -> None:
    world.order()
    link = world.call("GET", "/orders").headers["Link"]
    assert link == f'<{world.running.url}/wp-json/>; rel="https://api.w.org/"'


def test_keys_in_the_query_come_back_in_the_links(world: World) -> None:
    for _ in range(2):
        world.order()
    client = Client(world.running, {})
    keys = f"consumer_key={KEY}&consumer_secret={SECRET}"
    got = client.call("GET", f"/orders?per_page=1&{keys}")
    client.close()
    assert f"consumer_secret={SECRET}" in got.headers["Link"]


def test_customers_have_no_modified_filter_and_guests_are_none(world: World) -> None:
    world.shop.register_customer("anna@example.pl")
    world.shop.register_customer("ewa@example.pl", role="subscriber")
    world.order()
    assert world.ids("/customers?modified_after=2030-01-01T00:00:00") == [1]
    assert world.call("GET", "/customers?orderby=modified").status == 400
    assert world.ids("/customers?email=ANNA@example.pl") == [1]
    assert world.ids("/customers?email=jan@example.pl") == []
    assert world.ids("/customers?email=ewa@example.pl") == []
    assert world.ids("/customers?email=ewa@example.pl&role=all") == [2]


def test_reviews_show_what_their_status_filter_means(world: World) -> None:
    for at in range(4):
        world.shop.submit_review(1, "Jan", f"jan{at}@example.pl", "Fine", 5)
    for review, status in enumerate(("approved", "hold", "spam", "trash"), start=1):
        world.shop.set_review_status(review, status)
    assert world.ids("/products/reviews") == [1]
    assert world.ids("/products/reviews?status=all") == [2, 1]
    assert world.ids("/products/reviews?status=trash") == [4]
    assert world.ids("/products/reviews?status=nosuch") == []
    assert world.ids("/products/reviews?status=all&modified_after=2030-01-01T00:00:00") == [2, 1]


def test_a_review_is_verified_when_the_e_mail_bought_the_product(world: World) -> None:
    world.order()
    bought = world.shop.submit_review(1, "Jan", "jan@example.PL", "Fine", 0)
    other = world.shop.submit_review(2, "Jan", "jan@example.pl", "Never seen it", 5)
    assert (bought["verified"], other["verified"]) == (True, False)
    assert (bought["rating"], bought["status"]) == (0, "hold")
    world.shop.approve_review(bought["id"])
    third = world.shop.submit_review(1, "Jan", "jan@example.pl", "Still fine", 5)
    assert third["status"] == "approved"  # no longer a first-time author


# --- writing -----------------------------------------------------------------------------------


def test_meta_comes_back_as_strings_and_hidden_keys_do_not(world: World) -> None:
    world.shop.register_customer("anna@example.pl")
    sent = [
        {"key": "points", "value": 120},
        {"key": "flag", "value": True},
        {"key": "object", "value": {"a": 1}},
        {"key": "_hidden", "value": "x"},
    ]
    world.call("PUT", "/customers/1", {"meta_data": sent})
    assert world.shop.meta_of(1) == {"points": "120", "flag": "1", "object": {"a": 1}}
    again = world.call("PUT", "/customers/1", {"meta_data": [{"key": "points", "value": "7"}]})
    [points] = [meta for meta in again.body["meta_data"] if meta["key"] == "points"]
    assert (points["id"], points["value"]) == (1, "7")
    gone = [{"id": points["id"], "key": "points", "value": None}]
    world.call("PUT", "/customers/1", {"meta_data": gone})
    assert "points" not in world.shop.meta_of(1)
    number = world.order()
    body = world.call("PUT", f"/orders/{number}", {"meta_data": [{"key": "_lp", "value": 5}]}).body
    assert [(meta["key"], meta["value"]) for meta in body["meta_data"]] == [("_lp", "5")]


def test_a_batch_of_customers_answers_each_on_its_own(world: World) -> None:
    world.shop.register_customer("anna@example.pl")
    meta = [{"key": "stempel_balance", "value": "269"}]
    sent = {"update": [{"id": 1, "meta_data": meta}, {"id": 99, "meta_data": meta}]}
    got = world.call("POST", "/customers/batch", sent)
    assert got.status == 200
    assert got.body["update"][0]["id"] == 1
    assert got.body["update"][1]["error"]["code"] == "woocommerce_rest_invalid_id"
    assert world.shop.meta_of(1) == {"stempel_balance": "269"}
    too_many = {"update": [{"id": 1}] * 101}
    got = world.call("POST", "/customers/batch", too_many)
    assert (got.status, got.body["code"]) == (413, "woocommerce_rest_request_entity_too_large")


@pytest.mark.parametrize("path", ["/customers/1", "/webhooks/1", "/orders/3/refunds/4"])
def test_what_has_no_trash_is_deleted_only_by_force(world: World, path: str) -> None:
    world.shop.register_customer("anna@example.pl")
    world.shop.add_webhook("order.updated", "http://127.0.0.1:9/", "s")
    world.shop.refund(world.order(), amount="1.00")
    assert world.call("DELETE", path).status == 501
    assert world.call("DELETE", f"{path}?force=true").status == 200
    assert world.call("DELETE", f"{path}?force=true").status == 404


def test_any_status_may_follow_any_other(world: World) -> None:
    number = world.order(status="completed")
    for status in ("pending", "cancelled", "processing"):
        assert world.call("PUT", f"/orders/{number}", {"status": status}).body["status"] == status


def test_an_empty_put_moves_the_date_and_a_note_does_not(world: World) -> None:
    number = world.order()
    world.now[0] += timedelta(seconds=5)
    world.call("POST", f"/orders/{number}/notes", {"note": "120 points"})
    assert world.shop.order(number)["date_modified_gmt"] == "2026-11-21T17:00:00"
    world.call("PUT", f"/orders/{number}", {})
    assert world.shop.order(number)["date_modified_gmt"] == "2026-11-21T17:00:05"


def test_cash_on_delivery_is_not_paid_until_it_is_completed(world: World) -> None:
    number = world.order(payment_method="cod")
    assert world.shop.order(number)["date_paid"] is None
    world.shop.set_status(number, "completed")
    assert world.shop.order(number)["date_paid"] == "2026-11-21T18:00:00"
    paid = world.shop.place_order({1: 1}, email="a@example.pl", payment_method="cod", set_paid=True)
    assert paid["status"] == "completed"


# --- the server --------------------------------------------------------------------------------


def test_calls_are_counted_by_route(world: World) -> None:
    world.shop.register_customer("anna@example.pl")
    world.call("GET", "/customers/1")
    world.call("PUT", "/customers/1", {})
    world.call("PUT", "/customers/1", {})
    assert world.shop.calls["PUT /customers/{id}"] == 2
    assert world.shop.calls["GET /customers/{id}"] == 1


def test_the_index_and_the_page_for_people_answer(world: World) -> None:
    world.shop.register_customer("anna@example.pl", "Anna <b>", "Nowak")
    world.shop.change_customer(1, meta_data=[{"key": "stempel_balance", "value": "269"}])
    index = world.call("GET", "/wp-json/?_fields=name,timezone_string").body
    assert index == {"name": "Sandbox shop", "timezone_string": "Europe/Warsaw"}
    page = world.call("GET", "/").raw.decode()
    assert "stempel_balance" in page
    assert "Anna &lt;b&gt;" in page


def test_a_call_costs_nowhere_near_the_40_ms_of_two_small_writes(world: World) -> None:
    world.order()
    took = []
    for _ in range(50):
        began = time.perf_counter()
        world.call("GET", "/orders/3")
        took.append(time.perf_counter() - began)
    assert sorted(took)[25] < 0.02
