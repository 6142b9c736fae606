"""Shopify over real HTTP: whose a delivery is, where its own words are samples, cut or misleading."""

from typing import Any

import pytest

from tests.connectors.shopify.captured import captured
from tests.way.test_shopify_headers import BUYER, PAID, Up, sent_as
from tests.way.test_shopify_headers import up as up  # noqa: PLC0414 - a fixture

# What Shopify's own tools send for a try, signed with the app's secret.
SAMPLES: dict[str, Any] = {
    "shop/redact": {"shop_id": 954889, "shop_domain": "{shop}.myshopify.com"},
    "customers/redact": {
        "shop_id": 954889,
        "shop_domain": "{shop}.myshopify.com",
        "customer": {"id": 191167, "email": "john@example.com"},
        "orders_to_redact": [299938],
    },
    "app/scopes_update": captured("app_scopes_update__docs-2026-07").json,
}


def elsewhere(url: str) -> dict[str, Any]:
    return captured(PAID).json | {"order_status_url": url}


@pytest.mark.parametrize("topic", SAMPLES)
def test_a_sample_that_was_sent_for_a_try_makes_no_stranger_of_the_shop(up: Up, topic: str) -> None:
    """The shop has a domain of its own: only the number in its links names it."""
    path = f"/webhooks/shopify/{up.ours.key}"
    assert up.send(*sent_as(SAMPLES[topic], topic), path) == 200
    up.wait()
    order = elsewhere("https://kawa.example/70000000001/orders/x/authenticate?key=y")
    assert up.send(*sent_as(order, "orders/paid"), path) == 200
    assert up.outcomes(up.ours)[-1][1] == "processed"
    assert up.pipeline.points(up.ours, BUYER) == 66


@pytest.mark.parametrize(
    "url",
    [
        "https://LOYALTY-TEST-STORE.MyShopify.com:443/70000000001/orders/x",
        "https://loyalty-test-store.myshopify.com",
        "https://loyalty-test-store.myshopify.com/",
    ],
)
def test_however_the_link_is_written_it_names_its_shop(up: Up, url: str) -> None:
    assert up.send(*sent_as(elsewhere(url), "orders/paid")) == 200
    assert up.outcomes(up.ours)[0][1] == "processed"


@pytest.mark.parametrize(
    "url",
    [
        "https://loyalty-test-store.myshopify.com@evil.example/70000000001/orders/x",
        "https://loyalty-test-store.myshopify.com.evil.example/70000000001/orders/x",
        "https://evil.example/?https://loyalty-test-store.myshopify.com/70000000001/orders/x",
        "https://löyalty-test-store.myshopify.com/70000000001/orders/x",
        "https://[::1/70000000001/orders/x",
        "//loyalty-test-store.myshopify.com%2f@evil.example/1/orders/x",
        "",
    ],
)
def test_a_link_that_only_looks_like_the_shops_proves_nothing(up: Up, url: str) -> None:
    """Two shops of one app, no keys: what no word of the shop's proves is not believed."""
    assert up.send(*sent_as(elsewhere(url), "orders/paid")) == 200
    assert up.outcomes(up.ours)[0][1] == "ignored"
    assert up.pipeline.points(up.ours, BUYER) is None
