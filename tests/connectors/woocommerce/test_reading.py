"""Reading from the shop: what is asked for, by whom, and what the answers state."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

import pytest

from app.errors import Blocked, Invalid, Passing
from app.programme.events import OrderFacts, ProductFacts
from connectors.base import Access, Ref
from connectors.http import Answer
from connectors.woocommerce import connector
from connectors.woocommerce.client import api_base
from tests.connectors.loopback import Reply, Request
from tests.connectors.outcomes import event
from tests.connectors.woocommerce.captured import answer, reply, rest
from tests.connectors.woocommerce.shops import (
    API,
    KEYS,
    Routes,
    as_json,
    path_of,
    query_of,
    read,
    shop_with,
)

# --- reading -------------------------------------------------------------------------------------


def test_an_order_is_read_with_the_lines_of_its_refunds() -> None:
    routes = {"GET /orders/16": reply("012"), "GET /orders/16/refunds": reply("013")}
    with shop_with(routes) as (shop, server):
        told = event(read(shop, "order", "16"))
    body, refunds = rest("012")["body"], rest("013")["body"]
    assert told == event(answer("order", id="16", order=body, refunds=refunds))
    assert [path_of(request) for request in server.requests] == [
        "/orders/16",
        "/orders/16/refunds",
    ]
    assert len({request.peer for request in server.requests}) == 1


def test_an_order_without_refunds_is_one_call() -> None:
    with shop_with({"GET /orders/21": reply("017")}) as (shop, server):
        told = event(read(shop, "order", "21"))
    assert isinstance(told.facts, OrderFacts)
    assert told.facts.refunds == ()
    assert len(server.requests) == 1


def test_the_truth_is_that_of_the_moment_before_the_first_call() -> None:
    with shop_with({"GET /orders/21": reply("017")}) as (shop, _):
        assert shop.reader is not None
        began_at = shop.reader.read(Ref("order", "21")).began_at
    assert began_at.tzinfo is not None


def test_an_order_the_shop_does_not_know_is_an_answer() -> None:
    with shop_with({"GET /orders/999999": reply("046")}) as (shop, _):
        told = event(read(shop, "order", "999999"))
    assert (told.external_id, told.facts) == ("999999", None)


def test_a_customer_the_shop_does_not_know_is_an_answer() -> None:
    with shop_with({"GET /customers/3": reply("025")}) as (shop, _):
        told = event(read(shop, "customer", "3"))
    assert (told.kind, told.external_id, told.facts) == ("customer", "3", None)


def test_a_missing_route_says_nothing_about_an_order() -> None:
    # WooCommerce switched off for a moment must not take every point back.
    with shop_with({}) as (shop, _), pytest.raises(Blocked, match="no WooCommerce REST API"):
        read(shop, "order", "16")


def test_a_page_of_the_web_server_says_nothing_about_an_order() -> None:
    page = Reply(404, b"<html>not found</html>", {"Content-Type": "text/html"})
    with shop_with({"GET /orders/16": page}) as (shop, _), pytest.raises(Blocked):
        read(shop, "order", "16")


def test_an_order_being_refunded_while_it_is_read_is_read_again() -> None:
    before = rest("012")["body"] | {"refunds": rest("012")["body"]["refunds"][1:]}
    orders = [before, rest("012")["body"]]
    routes: Routes = {
        "GET /orders/16": lambda _: as_json(orders.pop(0)),
        "GET /orders/16/refunds": reply("013"),
    }
    with shop_with(routes) as (shop, server):
        told = event(read(shop, "order", "16"))
    assert isinstance(told.facts, OrderFacts)
    assert len(told.facts.refunds) == 2
    assert len(server.requests) == 4


def test_an_order_that_never_comes_to_rest_is_read_later() -> None:
    routes = {"GET /orders/16": reply("014"), "GET /orders/16/refunds": reply("013")}
    with shop_with(routes) as (shop, server):
        with pytest.raises(Passing, match="keeps changing"):
            read(shop, "order", "16")
        assert len(server.requests) == 6


def test_an_order_deleted_between_two_calls_is_gone() -> None:
    orders = [reply("012"), reply("046")]
    routes: Routes = {
        "GET /orders/16": lambda _: orders.pop(0),
        "GET /orders/16/refunds": reply("046"),
    }
    with shop_with(routes) as (shop, _):
        assert event(read(shop, "order", "16")).facts is None


def test_more_refunds_than_a_page_holds_are_paged_through() -> None:
    refund = rest("013")["body"][1]
    many = [refund | {"id": number} for number in range(1000, 1250)]
    listed = [{"id": one["id"], "total": "-0.10"} for one in many]

    def page(request: Request) -> Reply:
        query = query_of(request)
        size, number = int(query["per_page"]), int(query["page"])
        return as_json(many[(number - 1) * size : number * size])

    routes: Routes = {
        "GET /orders/16": as_json(rest("012")["body"] | {"refunds": listed}),
        "GET /orders/16/refunds": page,
    }
    with shop_with(routes) as (shop, server):
        told = event(read(shop, "order", "16"))
    assert isinstance(told.facts, OrderFacts)
    assert len(told.facts.refunds) == 250
    assert len(server.requests) == 4


def test_reviews_of_every_status_are_read_and_no_words_of_them() -> None:
    review = rest("033")["body"][0]
    asked = []

    def reviews(request: Request) -> Reply:
        query = query_of(request)
        asked.append(query["status"])
        assert query["product"] == "11"
        assert "review" not in query["_fields"].split(",")
        if query["status"] == "all":
            return as_json([review])
        if query["status"] == "trash":
            return as_json([review | {"id": 60, "status": "trash"}])
        return as_json([])

    with shop_with({"GET /products/reviews": reviews}) as (shop, _):
        told = read(shop, "product_reviews", "11")
    assert asked == ["all", "spam", "trash"]
    assert [one.external_id for one in told.events] == ["50", "60"]


def test_a_product_is_read_with_no_more_than_its_kind() -> None:
    terms = [{"id": 1, "name": "Mugs", "slug": "mugs"}, {"id": 2, "name": "Ą", "slug": "%c4%85"}]
    body = {"id": 11, "status": "publish", "date_modified_gmt": "2026-11-21T17:39:10"}

    def product(request: Request) -> Reply:
        assert "description" not in query_of(request)["_fields"]
        return as_json(
            body | {"categories": terms, "tags": {"0": {"slug": "gift"}}, "on_sale": True}
        )

    with shop_with({"GET /products/11": product}) as (shop, _):
        told = event(read(shop, "product", "11"))
    assert told.external_id == "11"
    assert told.facts == ProductFacts(categories=("%c4%85", "mugs"), tags=("gift",), on_sale=True)
    with shop_with({"GET /products/11": as_json(body | {"status": "trash"})}) as (shop, _):
        assert event(read(shop, "product", "11")).facts == ProductFacts(removed=True)


def test_a_product_that_is_not_there_is_gone() -> None:
    missing = as_json({"code": "woocommerce_rest_product_invalid_id", "data": {"status": 404}}, 404)
    with shop_with({"GET /products/11": missing}) as (shop, _):
        told = event(read(shop, "product", "11"))
    assert (told.kind, told.external_id, told.facts) == ("product", "11", None)


def test_a_refund_by_itself_cannot_be_read() -> None:
    with shop_with({}) as (shop, server):
        assert shop.reader is not None
        with pytest.raises(Invalid, match="under its order"):
            shop.reader.read(Ref("refund", "70"))
        assert server.requests == []


@pytest.mark.parametrize("number", ["", "0", "../users", "16/refunds", "16?x=1", "-1", "9" * 30])
def test_only_an_id_can_be_asked_for(number: str) -> None:
    with shop_with({}) as (shop, server):
        assert shop.reader is not None
        with pytest.raises(Invalid):
            shop.reader.read(Ref("order", number))
        assert server.requests == []


def test_an_unknown_kind_cannot_be_read() -> None:
    with shop_with({}) as (shop, _):
        assert shop.reader is not None
        with pytest.raises(Invalid, match="coupon"):
            shop.reader.read(Ref("coupon", "15"))


def test_a_byte_order_mark_before_the_answer_is_overlooked() -> None:
    marked = Reply(body=b"\xef\xbb\xbf" + reply("017").body)
    with shop_with({"GET /orders/21": marked}) as (shop, _):
        assert event(read(shop, "order", "21")).external_id == "21"


# --- who asks ------------------------------------------------------------------------------------


def test_on_plain_http_the_secret_never_travels_and_the_signature_holds() -> None:
    with shop_with({"GET /products/reviews": as_json([])}) as (shop, server):
        read(shop, "product_reviews", "11")
    for request in server.requests:
        assert "authorization" not in request.headers
        assert "cs_for_tests" not in request.path
        query = query_of(request)
        signature = query.pop("oauth_signature")
        pairs = "&".join(
            f"{quote(key, '')}={quote(value, '')}" for key, value in sorted(query.items())
        )
        base = "&".join(
            quote(part, "") for part in ("GET", f"{server.url}{API}/products/reviews", pairs)
        )
        digest = hmac.digest(b"cs_for_tests&", base.encode(), hashlib.sha256)
        assert signature == base64.b64encode(digest).decode()


class Recorder:
    """An HttpClient that notes one request and gives one answer."""

    def __init__(self, status: int = 200, body: bytes = b"{}") -> None:
        self.answer = Answer(status=status, headers={}, body=body)
        self.seen: list[tuple[str, Mapping[str, str]]] = []

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **_: object
    ) -> Answer:
        self.seen.append((f"{method} {url}", headers or {}))
        return self.answer

    def close(self) -> None:
        pass


def test_on_https_the_key_travels_in_the_header_and_not_in_the_address() -> None:
    line = Recorder(body=reply("017").body)
    access = Access(store_key="k", url="https://shop.example/", credentials=KEYS)
    read(connector.connect(access, line), "order", "21")
    [(url, headers)] = line.seen
    assert url == "GET https://shop.example/wp-json/wc/v3/orders/21"
    pair = base64.b64decode(headers["authorization"].removeprefix("Basic "))
    assert pair == b"ck_for_tests:cs_for_tests"


@pytest.mark.parametrize(
    ("typed", "base"),
    [
        ("https://shop.example", "https://shop.example/wp-json/wc/v3"),
        ("https://shop.example/", "https://shop.example/wp-json/wc/v3"),
        (" shop.example ", "https://shop.example/wp-json/wc/v3"),
        ("https://shop.example/sklep/", "https://shop.example/sklep/wp-json/wc/v3"),
        ("https://shop.example/wp-json/wc/v3/", "https://shop.example/wp-json/wc/v3"),
        ("http://shop.example:8080?x=1#y", "http://shop.example:8080/wp-json/wc/v3"),
    ],
)
def test_the_address_of_a_shop_is_taken_as_people_type_it(typed: str, base: str) -> None:
    assert api_base(typed) == base
