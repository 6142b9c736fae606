"""WooCommerce holds to the contract, and the wire is as captured."""

import html

import pytest

from connectors.base import Delivery, Headers, NeedsRead
from connectors.registry import load_connectors
from connectors.woocommerce import connector
from tests.connectors.contract import ConnectorContract
from tests.connectors.woocommerce.captured import Captured, captured, deliveries

SIGNED = [one for one in deliveries() if one.headers.all("X-WC-Webhook-Signature")]


class TestContract(ConnectorContract):
    connector = connector
    signature_header = "X-WC-Webhook-Signature"
    credentials = {"consumer-key": "ck_for_tests", "consumer-secret": "cs_for_tests"}  # noqa: RUF012  # never changed
    forged_reads = {  # noqa: RUF012  # never changed
        **ConnectorContract.forged_reads,
        "product_reviews": b'{"id":"16","reviews":[]}',
    }

    def deliveries(self) -> list[Delivery]:
        return [delivery.delivery for delivery in SIGNED]

    def signals(self) -> list[Delivery]:
        return [
            delivery
            for delivery in self.deliveries()
            if isinstance(connector.inbound.normalise(delivery), NeedsRead)
        ]


def test_it_is_found_through_its_entry_point() -> None:
    assert load_connectors()["woocommerce"] is connector


@pytest.mark.parametrize("delivery", SIGNED, ids=lambda delivery: delivery.name)
def test_every_captured_signature_holds(delivery: Captured) -> None:
    assert connector.inbound.verify(delivery.headers, delivery.body, [delivery.secret])
    assert not connector.inbound.verify(delivery.headers, delivery.body, [b"another"])


def test_a_secret_typed_with_html_entities_works_as_well() -> None:
    order = captured("016")
    typed = html.escape(order.secret.decode()).encode()
    assert typed != order.secret
    assert connector.inbound.verify(order.headers, order.body, [typed])


def test_a_secret_that_is_not_text_is_no_reason_to_fail() -> None:
    order = captured("016")
    assert not connector.inbound.verify(order.headers, order.body, [b"\xff&lt;\xfe"])


def test_no_header_tells_which_store_it_is() -> None:
    assert connector.inbound.locate(captured("016").headers) is None


def test_the_ping_of_a_webhook_being_created_is_known_by_its_shape() -> None:
    ping = captured("001")
    preflight = connector.inbound.preflight
    assert preflight(ping.headers, ping.body) == "ping of webhook 3"
    assert preflight(ping.headers, b"webhook_id=3&x=1") is None
    assert preflight(ping.headers, b"webhook_id=") is None
    assert preflight(ping.headers, b"webhook_id=" + b"9" * 60) is None
    assert preflight(ping.headers, "webhook_id=٣".encode()) is None


def test_a_ping_with_a_signature_header_is_no_ping() -> None:
    headers = Headers([(b"X-WC-Webhook-Signature", b"")])
    assert connector.inbound.preflight(headers, b"webhook_id=3") is None


def test_two_deliveries_of_one_new_order_are_one_content() -> None:
    key = connector.inbound.content_key
    created, updated = captured("006"), captured("007")
    assert key("order.created", created.body) == key("order.updated", updated.body) is not None


def test_different_orders_under_one_delivery_id_are_different_content() -> None:
    same = [captured(number) for number in ("045", "046", "047")]
    ids = {delivery.headers.text("X-WC-Webhook-Delivery-ID") for delivery in same}
    keys = {connector.inbound.content_key("order.updated", delivery.body) for delivery in same}
    assert len(ids) == 1
    assert len(keys) == 3


def test_a_review_approved_again_is_not_taken_for_a_repeat() -> None:
    product = captured("073")
    assert connector.inbound.content_key("product.updated", product.body) is None
