"""Over real HTTP to `stempel up`: who a Shopify delivery is from, and what a false header can do."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.services.stores import Store
from tests.connectors.shopify.captured import Captured, captured, deliveries, raw, signature
from tests.pipeline import Pipeline
from tests.sockets import free_port
from tests.way.served import deliveries_wait, post, service
from tests.webhooks.conftest import environment

BUYER = "7700000009081"
HERE = "loyalty-test-store.myshopify.com"
THERE = "another-shop.myshopify.com"
PAID = "case-life-3-paid"


@dataclass
class Up:
    """A running service, two shops of one app, neither of which can be called."""

    pipeline: Pipeline
    port: int
    ours: Store
    theirs: Store

    def send(self, body: bytes, headers: Mapping[str, str], path: str = "/webhooks/shopify") -> int:
        return post(self.port, path, body, headers)

    def wait(self) -> None:
        """Wait until every delivery is dealt with; the shops are never called."""
        deadline = time.monotonic() + 30
        while deliveries_wait(self.pipeline):
            assert time.monotonic() < deadline, "deliveries still wait"
            time.sleep(0.05)

    def outcomes(self, store: Store) -> list[tuple[str, str, str]]:
        """Return (topic, status, reason) of what came for a store, in the order of receipt."""
        self.wait()
        with self.pipeline.database.snapshot() as connection:
            rows = connection.execute(
                select(t.delivery.c.topic, t.delivery_outcome.c.status, t.delivery_outcome.c.reason)
                .join(t.delivery, t.delivery.c.id == t.delivery_outcome.c.delivery_id)
                .where(t.delivery.c.store_id == store.id)
                .order_by(t.delivery_outcome.c.id)
            )
            return [(row.topic, row.status, row.reason) for row in rows]


@pytest.fixture
def up(pipeline: Pipeline, tmp_path: Path) -> Iterator[Up]:
    port = free_port()
    settings = environment(pipeline.database.url, pipeline.settings.keyring, tmp_path, port)
    programme_id = pipeline.programme(currency="EUR")
    ours = pipeline.shopify(programme_id)
    theirs = pipeline.shopify(programme_id, "another-shop")
    with service(settings, port):
        yield Up(pipeline, port, ours, theirs)


def sent_as(body: Any, topic: str, shop: str = HERE, **more: str) -> tuple[bytes, dict[str, str]]:
    content = body if isinstance(body, bytes) else raw(body)
    headers = {
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-Hmac-Sha256": signature(content).decode(),
    }
    return content, headers | more


def headers_of(one: Captured) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in one.headers}


def test_every_captured_delivery_ends_with_a_stated_reason(up: Up) -> None:
    for one in deliveries():
        assert up.send(one.body, headers_of(one)) == 200, one.name
    outcomes = up.outcomes(up.ours)
    assert len(outcomes) >= len({one.body for one in deliveries()})
    assert {status for _, status, _ in outcomes} == {"processed", "stale", "ignored"}
    assert all(reason for _, _, reason in outcomes)
    assert up.outcomes(up.theirs) == []
    assert not up.pipeline.verified().problems


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_a_body_of_one_shop_under_the_name_of_another_does_no_harm(up: Up, first: str) -> None:
    """The order is worth its points once, to the shop it belongs to, in either order of arrival."""
    names = [HERE, THERE] if first == "ours" else [THERE, HERE]
    for shop in names:
        assert up.send(*sent_as(captured(PAID).body, "orders/paid", shop)) == 200
    assert [status for _, status, _ in up.outcomes(up.ours)] == ["processed"]
    assert up.outcomes(up.theirs) == [("orders/paid", "ignored", f"sent by another shop ({HERE})")]
    assert up.pipeline.points(up.ours, BUYER) == 66
    assert up.pipeline.points(up.theirs, BUYER) is None


@pytest.mark.parametrize("first", ["ours", "theirs"])
def test_without_a_word_about_its_shop_a_body_is_not_believed_by_its_header(
    up: Up, first: str
) -> None:
    bare = captured(PAID).json
    del bare["order_status_url"]
    if first == "ours":
        assert up.send(*sent_as(captured(PAID).body, "orders/paid")) == 200
    for shop in (THERE, HERE):
        assert up.send(*sent_as(bare, "orders/updated", shop)) == 200
    [told] = up.outcomes(up.theirs)
    assert told[1] == "ignored"
    assert "its signature fits several stores here" in told[2]
    # What is known to be this shop's order is believed; a stranger is not.
    last = up.outcomes(up.ours)[-1]
    assert last[1] == ("processed" if first == "ours" else "ignored")
    assert up.pipeline.points(up.theirs, BUYER) is None


def test_the_path_with_the_stores_key_proves_where_it_was_meant_to_go(up: Up) -> None:
    bare = captured(PAID).json
    del bare["order_status_url"]
    content, headers = sent_as(bare, "orders/paid", THERE)
    assert up.send(content, headers, f"/webhooks/shopify/{up.ours.key}") == 200
    assert up.outcomes(up.ours)[0][1] == "processed"
    assert up.pipeline.points(up.ours, BUYER) == 66


def test_a_false_topic_deletes_nothing(up: Up) -> None:
    assert up.send(*sent_as(captured(PAID).body, "orders/paid")) == 200
    relabelled = {
        "orders/delete": captured(PAID).json | {"note": "1"},
        "customers/delete": captured(PAID).json | {"note": "2"},
        "customers/redact": captured("case-no-orders-email-only").json,
        "shop/redact": captured("case-known-customer").json,
        "app/uninstalled": captured(PAID).json | {"note": "3"},
        "customers/merge": captured(PAID).json | {"note": "4"},
    }
    for topic, body in relabelled.items():
        assert up.send(*sent_as(body, topic)) == 200
    assert {status for _, status, _ in up.outcomes(up.ours)} <= {"processed", "stale", "ignored"}
    assert up.pipeline.points(up.ours, BUYER) == 66
    with up.pipeline.database.snapshot() as connection:
        gone = connection.execute(select(t.source_object.c.gone)).scalars().all()
        blocked = connection.execute(select(t.store.c.blocked_reason)).scalars().all()
    assert set(gone) == {0}
    assert set(blocked) == {None}


def test_what_is_not_signed_by_a_shop_we_know_is_refused(up: Up) -> None:
    content, headers = sent_as(captured(PAID).body, "orders/paid")
    for spoilt in (
        {"X-Shopify-Hmac-Sha256": "bm8="},
        {"X-Shopify-Shop-Domain": "nobody.myshopify.com"},
        {"X-Shopify-Shop-Domain": "evil.example"},
        {"X-Shopify-Shop-Domain": ""},
        {"shopify-topic": "orders/paid"},  # both header families at once
        {"shopify-hmac-sha256": "x", "shopify-shop-domain": HERE},
    ):
        assert up.send(content, headers | spoilt) == 401, spoilt
    assert up.outcomes(up.ours) == []


def test_the_newer_header_family_is_understood(up: Up) -> None:
    content, headers = sent_as(captured(PAID).body, "orders/paid")
    newer = {name.removeprefix("X-").lower(): value for name, value in headers.items()}
    assert up.send(content, newer) == 200
    assert up.outcomes(up.ours)[0][:2] == ("orders/paid", "processed")


def test_a_redelivery_with_the_same_bytes_is_counted_not_doubled(up: Up) -> None:
    for name in (PAID, "case-life-3b-redelivery-same-webhook-id"):
        one = captured(name)
        assert up.send(one.body, headers_of(one)) == 200
    up.wait()
    with up.pipeline.database.snapshot() as connection:
        [row] = connection.execute(select(t.delivery.c.repeats)).all()
    assert row.repeats == 1
    assert up.pipeline.points(up.ours, BUYER) == 66


def test_ids_longer_than_a_float_can_hold_stay_what_they_are(up: Up) -> None:
    body = captured(PAID).json | {"id": 9_007_199_254_740_993_001}
    assert up.send(*sent_as(json.dumps(body).encode(), "orders/paid")) == 200
    up.wait()
    with up.pipeline.database.snapshot() as connection:
        known = connection.execute(
            select(t.source_object.c.external_id).where(t.source_object.c.kind == "order")
        ).scalar_one()
    assert known == "9007199254740993001"
