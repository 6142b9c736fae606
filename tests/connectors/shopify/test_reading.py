"""Reading from the shop: what is asked for, and what is stored as the answer."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.errors import Blocked, Invalid, Passing
from connectors.base import Delivery, Outcome, ReadAnswer, Ref
from connectors.shopify.normalise import normalise
from connectors.shopify.reader import ShopifyReader
from connectors.shopify.refusals import Denied
from tests.connectors.loopback import Reply
from tests.connectors.outcomes import event, reason
from tests.connectors.shopify.captured import answer
from tests.connectors.shopify.graphql_shop import (
    SHOP_NODE,
    Answerer,
    GraphqlShop,
    as_data,
    sample,
    shop_with,
)

ORDER = "gid://shopify/Order/5999000000001"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
STAMP = "2026-11-22T08:00:00Z"


def reader_of(shop: GraphqlShop) -> ShopifyReader:
    ticks = iter(range(1000))
    return ShopifyReader(shop.session, lambda: NOW + timedelta(seconds=next(ticks)))


def read(shop: GraphqlShop, kind: str, number: str) -> tuple[ReadAnswer, dict[str, Any]]:
    answer = reader_of(shop).read(Ref(kind, number))
    return answer, json.loads(answer.body)


def page(nodes: list[Any], after: str | None = None) -> dict[str, Any]:
    return {"nodes": nodes, "pageInfo": {"hasNextPage": after is not None, "endCursor": after}}


def order(**changed: Any) -> dict[str, Any]:
    made = {
        "id": ORDER,
        "name": "#2001",
        "updatedAt": STAMP,
        "lineItems": page([{"id": "gid://shopify/LineItem/1"}]),
        "shippingLines": page([]),
        "refunds": [],
    }
    return {"order": made | changed, "shop": SHOP_NODE}


def lines(first: int, last: int) -> list[dict[str, str]]:
    return [{"id": f"gid://shopify/LineItem/{number}"} for number in range(first, last + 1)]


def refund(
    number: int, *, more: str | None = None, name: str = "refundLineItems"
) -> dict[str, Any]:
    made = {
        "id": f"gid://shopify/Refund/{number}",
        "refundLineItems": page([{"quantity": 1}]),
        "refundShippingLines": page([]),
    }
    return made | {name: page([{"quantity": 1}], more)}


def more(nodes: list[Any], after: str | None = None, stamp: str = STAMP) -> dict[str, Any]:
    return {"order": {"updatedAt": stamp}, "owner": {"page": page(nodes, after)}}


def told_of(answer: ReadAnswer) -> Outcome:
    return normalise(Delivery(source="read", topic=answer.topic, body=answer.body, received_at=NOW))


def test_an_order_without_refunds_is_one_call() -> None:
    with shop_with({"Order": order()}) as shop:
        answer, body = read(shop, "order", "5999000000001")
        assert shop.calls == [("Order", {"id": ORDER})]
    assert answer.topic == "read.order"
    assert body["id"] == "5999000000001"
    assert body["shop"] == SHOP_NODE
    assert body["order"]["name"] == "#2001"
    assert body["order"]["lineItems"] == {"nodes": lines(1, 1)}


def test_the_truth_is_that_of_the_moment_before_the_first_call() -> None:
    with shop_with({"Order": order()}) as shop:
        answer, _ = read(shop, "order", "5999000000001")
    assert answer.began_at == NOW


def installation(*scopes: str) -> dict[str, Any]:
    granted = {"accessScopes": [{"handle": scope} for scope in scopes]}
    return {"currentAppInstallation": granted, "shop": SHOP_NODE}


def test_an_order_the_shop_does_not_know_is_an_answer() -> None:
    answers = {
        "Order": {"order": None, "shop": SHOP_NODE},
        "Installation": installation("read_orders", "read_all_orders"),
    }
    with shop_with(answers) as shop:
        _, body = read(shop, "order", "7")
    assert body == {"id": "7", "shop": SHOP_NODE, "order": None}


def test_an_order_that_may_only_be_too_old_to_be_seen_is_not_gone() -> None:
    # Its refund is announced, its points must not be taken back as if it had never been.
    answers = {
        "Order": {"order": None, "shop": SHOP_NODE},
        "Installation": installation("read_orders", "write_customers"),
    }
    with shop_with(answers) as shop:
        _, body = read(shop, "order", "7")
    assert body == {"id": "7", "shop": SHOP_NODE, "order": None, "hidden": True}
    assert "read_all_orders" in reason(answer("order", **body))


def test_an_order_that_was_said_to_be_deleted_and_is_not_there_is_gone() -> None:
    with shop_with({"Order": {"order": None, "shop": SHOP_NODE}}) as shop:
        _, body = read(shop, "deleted_order", "7")
    assert event(answer("order", **body)).facts is None


@pytest.mark.parametrize(
    "reply",
    [
        sample("access_denied_protected_customer_data"),
        sample("internal_error"),
        as_data({"shop": SHOP_NODE}),
        as_data({}),
        as_data({"order": []}),
        Reply(404, b"<html>not found</html>"),
    ],
)
def test_a_refusal_or_an_empty_answer_says_nothing_about_an_order(reply: Reply) -> None:
    # A permission lost for a moment must not take every point back.
    with shop_with({"Order": reply}) as shop, pytest.raises((Blocked, Passing)):
        read(shop, "order", "5999000000001")


def test_pages_of_lines_are_joined_in_order() -> None:
    def further(variables: dict[str, Any]) -> object:
        pages = {"c30": more(lines(31, 80), "c80"), "c80": more(lines(81, 120))}
        return pages[variables["after"]]

    answers: dict[str, Answerer | dict[str, Any]] = {
        "Order": order(lineItems=page(lines(1, 30), "c30")),
        "OrderLines": further,
    }
    with shop_with(answers) as shop:
        _, body = read(shop, "order", "5999000000001")
        assert [name for name, _ in shop.calls] == ["Order", "OrderLines", "OrderLines"]
        assert shop.calls[1][1] == {"order": ORDER, "id": ORDER, "after": "c30"}
    assert body["order"]["lineItems"] == {"nodes": lines(1, 120)}


def test_pages_of_shipping_lines_are_joined() -> None:
    answers = {
        "Order": order(shippingLines=page([{"id": "a"}], "c1")),
        "OrderShippingLines": more([{"id": "b"}]),
    }
    with shop_with(answers) as shop:
        _, body = read(shop, "order", "5999000000001")
    assert body["order"]["shippingLines"] == {"nodes": [{"id": "a"}, {"id": "b"}]}


def test_refunds_come_with_all_pages_of_their_lines() -> None:
    listed = [{"id": f"gid://shopify/Refund/{number}"} for number in range(1, 13)]

    def some(variables: dict[str, Any]) -> object:
        numbers = [int(one.rsplit("/", 1)[1]) for one in variables["ids"]]
        nodes = [refund(number, more="c1" if number == 12 else None) for number in numbers]
        return {"order": {"updatedAt": STAMP}, "nodes": nodes}

    answers: dict[str, Any] = {
        "Order": order(refunds=listed),
        "Refunds": some,
        "RefundLines": more([{"quantity": 2}]),
    }
    with shop_with(answers) as shop:
        _, body = read(shop, "order", "5999000000001")
        assert [name for name, _ in shop.calls] == ["Order", "Refunds", "Refunds", "RefundLines"]
        assert shop.calls[3][1]["id"] == "gid://shopify/Refund/12"
    refunds = body["order"]["refunds"]
    assert [one["id"] for one in refunds] == [one["id"] for one in listed]
    assert refunds[11]["refundLineItems"] == {"nodes": [{"quantity": 1}, {"quantity": 2}]}
    assert refunds[0]["refundLineItems"] == {"nodes": [{"quantity": 1}]}


def test_pages_of_refunded_shipping_are_joined() -> None:
    one = refund(1, more="c1", name="refundShippingLines")
    answers = {
        "Order": order(refunds=[{"id": one["id"]}]),
        "Refunds": {"order": {"updatedAt": STAMP}, "nodes": [one]},
        "RefundShippingLines": more([{"quantity": 2}]),
    }
    with shop_with(answers) as shop:
        _, body = read(shop, "order", "5999000000001")
    [found] = body["order"]["refunds"]
    assert found["refundShippingLines"] == {"nodes": [{"quantity": 1}, {"quantity": 2}]}


def test_an_order_that_changes_while_its_pages_are_read_is_read_again() -> None:
    answers: dict[str, Any] = {
        "Order": [
            as_data(order(lineItems=page(lines(1, 30), "c30"))),
            as_data(order(lineItems=page(lines(1, 2)), updatedAt="2026-11-22T08:00:05Z")),
        ],
        "OrderLines": more(lines(31, 40), stamp="2026-11-22T08:00:05Z"),
    }
    with shop_with(answers) as shop:
        answer, body = read(shop, "order", "5999000000001")
    assert body["order"]["lineItems"] == {"nodes": lines(1, 2)}
    assert answer.began_at == NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    "between",
    [
        {"order": {"updatedAt": "later"}, "nodes": [refund(1)]},
        {"order": {"updatedAt": STAMP}, "nodes": [None]},
        {"order": None, "nodes": [refund(1)]},
    ],
)
def test_an_order_that_never_comes_to_rest_is_read_later(between: dict[str, Any]) -> None:
    answers = {"Order": order(refunds=[{"id": refund(1)["id"]}]), "Refunds": between}
    with shop_with(answers) as shop:
        with pytest.raises(Passing, match="keeps changing"):
            read(shop, "order", "5999000000001")
        assert len(shop.calls) == 6


def test_an_order_deleted_between_two_calls_is_gone() -> None:
    gone = {"order": None, "shop": SHOP_NODE}
    answers: dict[str, Any] = {
        "Order": [as_data(order(refunds=[{"id": refund(1)["id"]}])), as_data(gone)],
        "Refunds": {"order": None, "nodes": [None]},
        "Installation": installation("read_all_orders"),
    }
    with shop_with(answers) as shop:
        _, body = read(shop, "order", "5999000000001")
    assert body["order"] is None


def test_a_list_that_never_ends_is_not_followed_for_ever() -> None:
    answers = {
        "Order": order(lineItems=page(lines(1, 1), "c")),
        "OrderLines": more(lines(1, 1), "c"),
    }
    with shop_with(answers) as shop, pytest.raises(Invalid, match="more lineItems"):
        read(shop, "order", "5999000000001")


def test_an_order_without_access_to_its_customer_is_not_taken_for_a_guests() -> None:
    error = {"extensions": {"code": "ACCESS_DENIED"}, "path": ["order", "customer"]}
    reply = as_data(order(customer=None), errors=[error])
    with (
        shop_with({"Order": reply}) as shop,
        pytest.raises(Denied, match="protected customer data"),
    ):
        read(shop, "order", "5999000000001")


@pytest.mark.parametrize("what", ["product", "variant"])
def test_an_order_whose_goods_we_may_not_look_up_is_read_without_them(what: str) -> None:
    path = ["order", "lineItems", "nodes", 0, what]
    error = {"extensions": {"code": "ACCESS_DENIED"}, "path": path}
    with shop_with({"Order": as_data(order(), errors=[error])}) as shop:
        _, body = read(shop, "order", "5999000000001")
    assert body["order"]["id"] == ORDER


def test_an_order_whose_email_is_kept_from_us_is_read_without_it() -> None:
    error = {"extensions": {"code": "ACCESS_DENIED"}, "path": ["order", "email"]}
    reply = as_data(order(email=None), errors=[error])
    with shop_with({"Order": reply}) as shop:
        _, body = read(shop, "order", "5999000000001")
    assert body["order"]["email"] is None


@pytest.mark.parametrize("kind", ["order", "customer", "customer_merge", "return"])
@pytest.mark.parametrize("number", ["", "0", "x", "-1", "1.5", "gid://shopify/Order/1", "9" * 30])
def test_only_an_id_can_be_asked_for(kind: str, number: str) -> None:
    with shop_with({}) as shop:
        with pytest.raises(Invalid):
            read(shop, kind, number)
        assert shop.server.requests == []


def test_an_unknown_kind_cannot_be_read() -> None:
    with shop_with({}) as shop, pytest.raises(Invalid, match="draft"):
        read(shop, "draft", "1")
