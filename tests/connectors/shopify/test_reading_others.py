"""Reading what is no order: products, returns, customers, merges, the installation."""

from typing import Any

import pytest

from app.errors import Blocked, Passing
from app.programme.events import ProductFacts
from tests.connectors.loopback import Reply
from tests.connectors.outcomes import event, reason
from tests.connectors.shopify.captured import answer
from tests.connectors.shopify.graphql_shop import (
    APP,
    SHOP_NODE,
    as_data,
    sample,
    shop_with,
)
from tests.connectors.shopify.test_reading import ORDER, STAMP, installation, order, read, told_of


def test_a_product_tells_its_collections_tags_and_whether_any_variant_is_on_sale() -> None:
    product: dict[str, Any] = {
        "id": "gid://shopify/Product/7",
        "createdAt": STAMP,
        "updatedAt": STAMP,
        "tags": ["New in", "gift"],
        "collections": {"nodes": [{"handle": "mugs"}, {"handle": "all"}]},
        "variants": {
            "nodes": [
                {"price": "10.00", "compareAtPrice": None},
                {"price": "10.00", "compareAtPrice": "10.0"},
                {"price": "9.00", "compareAtPrice": "12.00"},
            ]
        },
    }
    with shop_with({"Product": {"product": product, "shop": SHOP_NODE}}) as shop:
        answer, _ = read(shop, "product", "7")
    told = event(told_of(answer))
    assert told.facts == ProductFacts(
        categories=("all", "mugs"), tags=("New in", "gift"), on_sale=True
    )
    product["variants"]["nodes"].pop()
    with shop_with({"Product": {"product": product, "shop": SHOP_NODE}}) as shop:
        answer, _ = read(shop, "product", "7")
    facts = event(told_of(answer)).facts
    assert isinstance(facts, ProductFacts)
    assert not facts.on_sale


def test_a_product_that_is_gone_is_an_answer_and_one_we_may_not_see_is_none() -> None:
    with shop_with({"Product": {"product": None, "shop": SHOP_NODE}}) as shop:
        answer, _ = read(shop, "product", "7")
    assert event(told_of(answer)).facts is None
    denied = as_data(
        {"product": None},
        errors=[{"message": "x", "path": ["product"], "extensions": {"code": "ACCESS_DENIED"}}],
    )
    with shop_with({"Product": lambda _: denied}) as shop:
        answer, _ = read(shop, "product", "7")
    assert "permission read_products" in reason(told_of(answer))


def test_a_return_is_answered_by_its_order() -> None:
    answers = {"Return": {"return": {"order": {"id": ORDER}}}, "Order": order()}
    with shop_with(answers) as shop:
        answer, body = read(shop, "return", "945000519")
        assert shop.calls[0] == ("Return", {"id": "gid://shopify/Return/945000519"})
    assert (answer.topic, body["id"]) == ("read.order", "5999000000001")


def test_a_return_that_is_unknown_or_hidden_stops_nothing_else() -> None:
    error = {"extensions": {"code": "ACCESS_DENIED"}, "path": ["return"]}
    for reply, why in (
        (as_data({"return": None}), "has no return 1"),
        (as_data({"return": None}, errors=[error]), "read_returns"),
    ):
        with shop_with({"Return": reply}) as shop:
            found, body = read(shop, "return", "1")
        assert found.topic == "read.return"
        assert why in reason(answer("return", **body))


def test_a_customer_is_read() -> None:
    customer = {"id": "gid://shopify/Customer/7", "verifiedEmail": True}
    with shop_with({"Customer": {"customer": customer, "shop": SHOP_NODE}}) as shop:
        answer, body = read(shop, "customer", "7")
        assert shop.calls == [("Customer", {"id": "gid://shopify/Customer/7"})]
    assert answer.topic == "read.customer"
    assert body == {"id": "7", "shop": SHOP_NODE, "customer": customer}


def test_a_customer_the_shop_does_not_know_is_an_answer() -> None:
    with shop_with({"Customer": {"customer": None, "shop": SHOP_NODE}}) as shop:
        _, body = read(shop, "customer", "7")
    assert body["customer"] is None


def test_a_customer_whom_we_may_not_see_is_not_gone() -> None:
    with (
        shop_with({"Customer": sample("access_denied_protected_customer_data")}) as shop,
        pytest.raises(Blocked, match="protected customer data"),
    ):
        read(shop, "customer", "7")


def test_a_merge_is_read_as_both_its_customers() -> None:
    kept = {"id": "gid://shopify/Customer/8"}
    data = {"keptCustomer": kept, "deletedCustomer": None, "shop": SHOP_NODE}
    with shop_with({"CustomerMerge": data}) as shop:
        answer, body = read(shop, "customer_merge", "7:8")
        assert shop.calls[0][1] == {
            "kept": "gid://shopify/Customer/8",
            "deleted": "gid://shopify/Customer/7",
        }
    assert answer.topic == "read.customer_merge"
    assert body == {"kept": "8", "deleted": "7", **data}


def test_an_installation_is_read_with_its_permissions() -> None:
    with shop_with({"Installation": installation("read_orders", "write_customers")}) as shop:
        answer, body = read(shop, "installation", "self")
    assert answer.topic == "read.installation"
    assert body == {
        "installed": True,
        "shop": SHOP_NODE,
        "scopes": ["read_orders", "write_customers"],
    }


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_shop_that_no_longer_knows_us_has_uninstalled_us(status: int) -> None:
    with shop_with({"Installation": Reply(status, b"{}")}) as shop:
        _, body = read(shop, "installation", "self")
    assert body == {"installed": False, "shop": None, "scopes": []}


def test_a_shop_that_gives_no_token_any_more_has_uninstalled_us() -> None:
    with shop_with({"token": Reply(400, b"<html>app_not_installed</html>")}, APP) as shop:
        _, body = read(shop, "installation", "self")
    assert body["installed"] is False


@pytest.mark.parametrize("status", [402, 423, 500, 503])
def test_a_shop_in_trouble_has_not_uninstalled_us(status: int) -> None:
    with (
        shop_with({"Installation": Reply(status, b"{}")}) as shop,
        pytest.raises((Blocked, Passing)),
    ):
        read(shop, "installation", "self")
