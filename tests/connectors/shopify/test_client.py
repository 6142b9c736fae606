"""One call to the shop: who calls, what is waited for, what refusals mean."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import pytest

from app.errors import Blocked, Invalid, Passing, StempelError
from connectors.base import Access
from connectors.http import Answer
from connectors.shopify.client import Session
from connectors.shopify.refusals import Denied, NoAccess
from connectors.shopify.version import API_VERSION
from tests.connectors.loopback import Reply, Request
from tests.connectors.shopify.graphql_shop import (
    APP,
    SHOP,
    SHOP_NODE,
    TOKEN,
    GraphqlShop,
    as_data,
    cost,
    sample,
    shop_with,
)

CUSTOMER = {"customer": {"id": "gid://shopify/Customer/1"}, "shop": SHOP_NODE}
PAGE = Reply(200, b"<html>x</html>", {"Content-Type": "text/html"})


def ask(shop: GraphqlShop) -> dict[str, Any]:
    return shop.session.ask("customer", {"id": "gid://shopify/Customer/1"})


def refusal(*replies: Reply, credentials: Mapping[str, str] = TOKEN) -> StempelError:
    with (
        shop_with({"Customer": list(replies)}, credentials) as shop,
        pytest.raises(StempelError) as refused,
    ):
        ask(shop)
    return refused.value


# --- who calls -----------------------------------------------------------------------------------


class Recorder:
    """An HttpClient that notes requests and always gives the same answer."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Mapping[str, str]]] = []

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, **_: object
    ) -> Answer:
        self.seen.append((f"{method} {url}", headers or {}))
        return Answer(status=200, headers={}, body=b'{"data":{}}')

    def close(self) -> None:
        pass


def test_a_shop_is_called_at_its_own_address_with_its_token_in_a_header() -> None:
    line = Recorder()
    access = Access(store_key="k", url=f"https://{SHOP}", credentials=TOKEN)
    session = Session(access, line, clock=lambda: 0.0, sleep=lambda _: None)
    session.ask("health")
    [(url, headers)] = line.seen
    assert url == f"POST https://{SHOP}/admin/api/{API_VERSION}/graphql.json"
    assert headers["x-shopify-access-token"] == "shpat_for_tests"


def test_a_document_travels_with_its_name_and_variables_over_one_connection() -> None:
    with shop_with({"Customer": CUSTOMER}) as shop:
        assert ask(shop) == CUSTOMER
        ask(shop)
    first, second = shop.server.requests
    assert first.path == f"/{SHOP}/admin/api/{API_VERSION}/graphql.json"
    assert first.headers["content-type"] == "application/json"
    body = json.loads(first.body)
    assert set(body) == {"query", "variables", "operationName"}
    assert body["operationName"] == "Customer"
    assert "fragment Shop on Shop" in body["query"]
    assert first.peer == second.peer


def test_an_app_of_the_shops_own_organisation_fetches_a_token_and_keeps_it() -> None:
    with shop_with({"token": sample("client_credentials.ok"), "Customer": CUSTOMER}, APP) as shop:
        ask(shop)
        ask(shop)
        grant, *calls = shop.server.requests
        assert parse_qs(grant.body.decode()) == {
            "grant_type": ["client_credentials"],
            "client_id": ["app-for-tests"],
            "client_secret": ["secret_for_tests"],
        }
        assert grant.headers["content-type"] == "application/x-www-form-urlencoded"
        assert [call.headers["x-shopify-access-token"] for call in calls] == [
            "shpat_fixture_cc"
        ] * 2


def test_a_token_is_fetched_anew_a_minute_before_its_end() -> None:
    with shop_with({"token": sample("client_credentials.ok"), "Customer": CUSTOMER}, APP) as shop:
        ask(shop)
        shop.time.now += 86399 - 61
        ask(shop)
        assert len(grants(shop)) == 1
        shop.time.now += 1
        ask(shop)
        assert len(grants(shop)) == 2


def test_a_fetched_token_that_is_refused_is_fetched_anew_once() -> None:
    refused = sample("invalid_token_http_401", 401)
    answers = {
        "token": sample("client_credentials.ok"),
        "Customer": [refused, as_data(CUSTOMER), refused],
    }
    with shop_with(answers, APP) as shop:
        assert ask(shop) == CUSTOMER
        assert len(grants(shop)) == 2
        with pytest.raises(NoAccess, match="revoked"):
            ask(shop)
        assert len(grants(shop)) == 3


def test_a_given_token_that_is_refused_is_not_tried_again() -> None:
    with shop_with({"Customer": sample("invalid_token_http_401", 401)}, TOKEN | APP) as shop:
        with pytest.raises(NoAccess):
            ask(shop)
        assert len(shop.server.requests) == 1


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (Reply(400, b'{"error":"invalid_request"}'), NoAccess, "client id"),
        (Reply(401, b'{"error":"invalid_client"}'), NoAccess, "client id"),
        (Reply(403, b"<html>shop_not_permitted</html>"), NoAccess, "organisation"),
        (Reply(404, b"<html>"), NoAccess, "no shop"),
        (Reply(429, b"", {"Retry-After": "7"}), Passing, "later"),
        (Reply(503, b""), Passing, "503"),
        (PAGE, Passing, "instead of JSON"),
        (Reply(200, b'{"access_token": 5}'), Passing, "instead of JSON"),
    ],
)
def test_a_token_that_is_not_given_is_told_in_words(
    reply: Reply, kind: type[StempelError], sentence: str
) -> None:
    with (
        shop_with({"token": reply}, APP) as shop,
        pytest.raises(kind, match=sentence) as refused,
    ):
        ask(shop)
    assert "secret_for_tests" not in str(refused.value)


def test_without_anything_to_call_with_nothing_is_called() -> None:
    with shop_with({}, {"client-secret": "secret_for_tests"}) as shop:
        with pytest.raises(Blocked, match="access token"):
            ask(shop)
        assert shop.server.requests == []


def test_no_secret_is_in_what_a_log_would_show() -> None:
    with shop_with({"token": sample("client_credentials.ok"), "Customer": CUSTOMER}, APP) as shop:
        ask(shop)
        shown = repr(shop.session) + repr(vars(shop.session))
    assert "secret_for_tests" not in shown
    assert "shpat" not in shown


def grants(shop: GraphqlShop) -> list[Request]:
    return [one for one in shop.server.requests if one.path.endswith("/oauth/access_token")]


# --- what is waited for --------------------------------------------------------------------------


def test_a_throttled_call_is_made_again_when_its_points_are_there() -> None:
    with shop_with({"Customer": [sample("throttled"), as_data(CUSTOMER)]}) as shop:
        assert ask(shop) == CUSTOMER
    assert shop.time.slept == [pytest.approx(0.86)]  # (752 - 666) points at 100 a second
    assert len(shop.calls) == 2


def test_a_throttled_call_under_429_is_the_same() -> None:
    with shop_with({"Customer": [sample("throttled", 429), as_data(CUSTOMER)]}) as shop:
        assert ask(shop) == CUSTOMER
    assert shop.time.slept == [pytest.approx(0.86)]


def test_what_takes_long_is_left_to_the_scheduler() -> None:
    throttled = json.loads(sample("throttled").body) | {"extensions": cost(752, 52, rate=50)}
    refused = refusal(Reply(200, json.dumps(throttled).encode()))
    assert isinstance(refused, Passing)
    assert refused.retry_after == pytest.approx(14)


def test_a_shop_that_throttles_for_ever_is_left_after_a_few_seconds() -> None:
    with shop_with({"Customer": sample("throttled")}) as shop:
        with pytest.raises(Passing, match="limits our calls"):
            ask(shop)
        assert sum(shop.time.slept) <= 5
        assert len(shop.calls) < 10


def test_a_429_without_points_is_waited_out_as_the_shop_asks() -> None:
    refused = refusal(Reply(429, b"", {"Retry-After": "30"}))
    assert isinstance(refused, Passing)
    assert refused.retry_after == 30


def test_a_429_is_made_again_after_the_moment_that_the_shop_names() -> None:
    busy = Reply(429, b"", {"Retry-After": "2"})
    with shop_with({"Customer": [busy, as_data(CUSTOMER)]}) as shop:
        assert ask(shop) == CUSTOMER
    assert shop.time.slept == [2]


def test_points_that_are_known_to_lack_are_waited_for_before_the_call() -> None:
    reply = as_data(CUSTOMER, extensions=cost(300, 100))
    with shop_with({"Customer": reply}) as shop:
        ask(shop)
        assert shop.time.slept == []
        ask(shop)
        assert shop.time.slept == [pytest.approx(2)]
        shop.time.now += 60
        ask(shop)
        assert len(shop.time.slept) == 1


def test_a_shop_that_never_restores_points_is_not_waited_for() -> None:
    reply = as_data(CUSTOMER, extensions=cost(300, 100, rate=0))
    with shop_with({"Customer": reply}) as shop:
        ask(shop)
        with pytest.raises(Passing) as refused:
            ask(shop)
    assert refused.value.retry_after == 24 * 3600


# --- what refusals mean --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind", "sentence"),
    [
        (301, Blocked, "redirect"),
        (400, Invalid, "400"),
        (401, NoAccess, "revoked"),
        (402, Blocked, "frozen"),
        (403, NoAccess, "Install the app"),
        (404, NoAccess, "no shop kawa"),
        (423, Blocked, "locked"),
        (430, Passing, "refuses for now"),
        (500, Passing, "500"),
        (503, Passing, "503"),
    ],
)
def test_a_status_is_told_in_words(status: int, kind: type[StempelError], sentence: str) -> None:
    refused = refusal(Reply(status, b'{"errors":"x"}'))
    assert type(refused) is kind
    assert sentence in str(refused)


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("access_denied_scope", Denied, "permission write_discounts"),
        ("access_denied_protected_customer_data", Denied, "protected customer data"),
        ("max_cost_exceeded", Invalid, "MAX_COST_EXCEEDED"),
        ("internal_error", Passing, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_an_error_inside_an_answer_is_told_in_words(
    name: str, kind: type[StempelError], sentence: str
) -> None:
    refused = refusal(sample(name))
    assert type(refused) is kind
    assert sentence in str(refused)


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([{"message": "x", "extensions": {"code": "SHOP_INACTIVE"}}], Blocked),
        ([{"message": "x", "extensions": {"code": "undefinedField"}}], Invalid),
        ([{"message": "anna@example.com"}], Invalid),
        ([{"message": "x", "extensions": {"code": "a b\nanna@example.com"}}], Invalid),
        ("anna@example.com", Passing),
        (None, Passing),
    ],
)
def test_no_refusal_repeats_the_shops_own_text(errors: object, kind: type[StempelError]) -> None:
    refused = refusal(Reply(200, json.dumps({"errors": errors}).encode()))
    assert type(refused) is kind
    assert "anna" not in str(refused)


@pytest.mark.parametrize(
    "body", [b"", b"<html>x</html>", b"[]", b"null", b'{"data":5}', b'{"data":null}', b"\xff", b"[" * 100_000]
)  # fmt: skip
def test_a_page_in_place_of_json_is_for_a_moment_only(body: bytes) -> None:
    assert isinstance(refusal(Reply(200, body)), Passing)


def denied(*path: object) -> dict[str, Any]:
    return {"message": "x", "extensions": {"code": "ACCESS_DENIED"}, "path": list(path)}


def test_personal_data_kept_from_us_leaves_the_rest() -> None:
    customer = {"customer": {"id": "gid://shopify/Customer/1", "defaultEmailAddress": None}}
    reply = as_data(customer, errors=[denied("customer", "defaultEmailAddress")])
    with shop_with({"Customer": reply}) as shop:
        assert ask(shop) == customer


@pytest.mark.parametrize(
    "path", [("customer",), ("order", "customer"), ("nodes", 0), ("email",), ()]
)
def test_what_is_denied_as_a_whole_is_not_taken_for_gone(path: tuple[object, ...]) -> None:
    assert isinstance(refusal(as_data({"customer": None}, errors=[denied(*path)])), Denied)
