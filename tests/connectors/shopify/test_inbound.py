"""Shopify's headers: who signed, which shop, which topic, and is it a repeat."""

import pytest

from connectors.base import Headers
from tests.connectors.shopify.captured import (
    SECRET,
    Captured,
    captured,
    deliveries,
    inbound,
    signature,
)

BODY = b'{"id":1}'


def headers(*pairs: tuple[str, str]) -> Headers:
    return Headers([(name.encode(), value.encode()) for name, value in pairs])


@pytest.mark.parametrize("delivery", deliveries(), ids=lambda one: one.name)
def test_every_captured_signature_holds(delivery: Captured) -> None:
    assert inbound.verify(delivery.headers, delivery.body, [b"newer", SECRET])
    assert not inbound.verify(delivery.headers, delivery.body, [b"another"])
    assert inbound.locate(delivery.headers) == "loyalty-test-store.myshopify.com"


def test_headers_of_both_families_at_once_are_refused() -> None:
    signed = signature(BODY).decode()
    old = ("X-Shopify-Hmac-Sha256", signed)
    assert inbound.verify(headers(old), BODY, [SECRET])
    for other in ("Hmac-Sha256", "Topic", "Shop-Domain", "Event-Id", "Anything"):
        assert not inbound.verify(headers(old, (f"shopify-{other}", signed)), BODY, [SECRET])
    new = ("shopify-hmac-sha256", signed)
    assert inbound.verify(headers(new), BODY, [SECRET])
    assert not inbound.verify(headers(new, ("X-Shopify-Topic", "orders/paid")), BODY, [SECRET])


@pytest.mark.parametrize("name", ["X-Shopify-Topic", "X-Shopify-Shop-Domain"])
def test_a_doubled_topic_or_shop_is_refused(name: str) -> None:
    signed = ("X-Shopify-Hmac-Sha256", signature(BODY).decode())
    assert inbound.verify(headers(signed, (name, "a")), BODY, [SECRET])
    assert not inbound.verify(headers(signed, (name, "a"), (name, "a")), BODY, [SECRET])


@pytest.mark.parametrize(
    ("domain", "shop"),
    [
        ("Kawa.MyShopify.com", "kawa.myshopify.com"),
        ("kawa.example", None),
        ("kawa.myshopify.com.evil.example", None),
        ("evil.example/kawa.myshopify.com", None),
        ("-kawa.myshopify.com", None),
        ("a.b.myshopify.com", None),
        ("", None),
    ],
)
def test_a_shop_is_named_by_its_permanent_domain_only(domain: str, shop: str | None) -> None:
    for family in ("X-Shopify-", "shopify-"):
        assert inbound.locate(headers((f"{family}Shop-Domain", domain))) == shop


def test_a_shop_that_is_named_twice_is_not_named() -> None:
    twice = ("X-Shopify-Shop-Domain", "kawa.myshopify.com")
    assert inbound.locate(headers(twice, twice)) is None
    assert inbound.locate(headers(twice, ("shopify-shop-domain", "kawa.myshopify.com"))) is None


def test_a_topic_is_read_from_either_family() -> None:
    assert inbound.topic(headers(("X-Shopify-Topic", "orders/paid"))) == "orders/paid"
    assert inbound.topic(headers(("shopify-topic", "Customer"))) == "Customer"
    assert len(inbound.topic(headers(("X-Shopify-Topic", "x" * 500)))) == 128


def test_nothing_unsigned_is_expected() -> None:
    assert inbound.preflight(headers(), b"") is None


# --- repeats -------------------------------------------------------------------------------------


def test_a_redelivery_is_known_by_its_content_whatever_its_headers() -> None:
    first, again = captured("case-life-3-paid"), captured("case-life-3b-redelivery-same-webhook-id")
    assert inbound.content_key(first.topic, first.body) == first.body == again.body
    # orders/updated and orders/paid tell the same state in the same bytes.
    assert inbound.content_key("orders/updated", again.body) == first.body


@pytest.mark.parametrize(
    "topic",
    [
        "orders/delete", "orders/edited", "customers/delete", "customers/merge",
        "customers/redact", "customers/data_request", "shop/redact", "customer.tags_added",
        "customer.tags_removed", "app/uninstalled", "app/scopes_update", "disputes/create",
        "disputes/update", "returns/close", "refunds/create", "Customer", "Refund", "",
    ],
)  # fmt: skip
def test_what_announces_something_is_never_a_repeat(topic: str) -> None:
    body = captured("case-life-3-paid").body
    assert inbound.content_key(topic, body) is None
    assert inbound.content_key(topic.upper(), body) is None


def test_a_short_body_is_never_a_repeat() -> None:
    assert inbound.content_key("orders/updated", b"x" * 511) is None
    assert inbound.content_key("orders/updated", b"x" * 512) is not None
