"""The sandbox's queue: one runner, one attempt, seven failures and out."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from connectors.woocommerce.sandbox import Sandbox, Settings, serve
from tests.connectors.woocommerce.sandbox_help import Client, Receiver


@pytest.fixture
def lone() -> Iterator[tuple[Sandbox, Receiver, Callable[[], int]]]:
    """A shop with one webhook, and an act that sends one delivery."""
    shop = Sandbox()
    shop.add_product("Mug", "49.99")
    with Receiver() as receiver:
        shop.add_webhook("product.updated", receiver.url, "secret")

        def deliver() -> int:
            shop.change_product(1)
            return shop.run_queue()

        yield shop, receiver, deliver


Lone = tuple[Sandbox, Receiver, Callable[[], int]]


def test_nothing_is_ever_retried(lone: Lone) -> None:
    shop, receiver, deliver = lone
    receiver.status = 503
    assert deliver() == 1
    assert shop.run_queue() == 0
    assert len(receiver.heard) == 1


def _status(shop: Sandbox) -> str:
    return str(shop.tables.webhooks[1]["status"])


def test_the_seventh_failure_in_a_row_switches_off_and_reactivating_forgives_nothing(
    lone: Lone,
) -> None:
    shop, receiver, deliver = lone
    receiver.status = 500
    for _ in range(6):
        deliver()
    assert _status(shop) == "active"
    deliver()
    assert _status(shop) == "disabled"
    assert deliver() == 0  # what happens now is never delivered
    shop.change_settings(tls_in_front=True)
    with serve(shop) as running:
        client = Client(running)
        client.call("PUT", "/webhooks/1", {"status": "active"})
        deliver()
        assert _status(shop) == "disabled"
        client.call("PUT", "/webhooks/1", {"status": "active"})
        client.close()
    receiver.status = 200
    deliver()
    receiver.status = 500
    for _ in range(6):
        deliver()
    assert _status(shop) == "active"


@pytest.mark.parametrize("status", [200, 202, 204, 301, 302])
def test_redirects_count_as_success_and_are_not_followed(lone: Lone, status: int) -> None:
    shop, receiver, deliver = lone
    receiver.status, receiver.location = status, receiver.url
    deliver()
    assert len(receiver.heard) == 1
    assert shop.sent[-1].success


@pytest.mark.parametrize("status", [303, 307, 308, 400, 401, 404, 410, 429, 500, 503])
def test_everything_else_counts_as_failure(lone: Lone, status: int) -> None:
    shop, receiver, deliver = lone
    receiver.status, receiver.location = status, receiver.url
    deliver()
    assert not shop.sent[-1].success
    assert shop.tables.webhooks[1]["_failures"] == 1


def test_a_dead_address_counts_as_failure(lone: Lone) -> None:
    shop, _, deliver = lone
    shop.tables.webhooks[1]["delivery_url"] = "http://127.0.0.1:9/nobody"
    deliver()
    assert (shop.sent[-1].status, shop.sent[-1].success) == (None, False)


def test_a_webhook_answered_202_to_its_ping_is_pinged_after_every_delivery() -> None:
    shop = Sandbox()
    shop.add_product("Mug", "49.99")
    with Receiver(status=202) as receiver:
        shop.add_webhook("product.updated", receiver.url, "secret", ping=True)
        shop.change_product(1)
        shop.run_queue()
        assert receiver.topics() == ["ping", "product.updated", "ping"]
        receiver.status = 200
        shop.change_product(1)
        shop.run_queue()
        shop.change_product(1)
        shop.run_queue()
        assert receiver.topics()[3:] == ["product.updated", "ping", "product.updated"]


def test_a_redirecting_ping_is_followed(lone: Lone) -> None:
    shop, receiver, _ = lone
    receiver.statuses, receiver.location = [302], receiver.url
    shop.add_webhook("order.updated", receiver.url, "secret", ping=True)
    assert receiver.topics() == ["ping", "ping"]
    assert shop.sent[-1].success


def test_the_ping_comes_while_the_post_that_made_the_webhook_is_still_open() -> None:
    shop = Sandbox(Settings(tls_in_front=True, ping_timeout=0.2))
    with serve(shop) as running, Receiver(delay=1.5) as receiver:
        client = Client(running)
        began = time.monotonic()
        sent = {"topic": "order.updated", "delivery_url": receiver.url, "secret": "s"}
        got = client.call("POST", "/webhooks", sent)
        assert 0.2 <= time.monotonic() - began < 1.5
        client.close()
    # The ping had no answer in time; the webhook is there and active all the same.
    assert (got.status, got.body["status"]) == (201, "active")
    assert not {"secret", "failure_count", "pending_delivery"} & set(got.body)


def test_one_slow_target_stops_the_whole_queue_and_a_second_runner_does_nothing(lone: Lone) -> None:
    shop, receiver, _ = lone
    receiver.delay = 0.3
    shop.change_product(1)
    runner = threading.Thread(target=shop.run_queue)
    runner.start()
    while not receiver.heard:
        time.sleep(0.01)
    shop.add_product("Hoodie", "199.00")
    shop.change_product(2)
    assert shop.run_queue() == 0
    runner.join()
    assert len(receiver.heard) == 2


def test_what_was_queued_while_active_is_sent_after_a_pause(lone: Lone) -> None:
    shop, receiver, _ = lone
    shop.change_product(1)
    shop.tables.webhooks[1]["status"] = "paused"
    shop.change_product(1)
    assert shop.run_queue() == 1
    shop.change_product(1)
    assert shop.run_queue() == 0
    assert len(receiver.heard) == 1


def test_the_secret_is_decoded_as_html_before_it_signs(lone: Lone) -> None:
    from connectors.signatures import hmac_sha256_base64

    shop, receiver, deliver = lone
    shop.tables.webhooks[1]["secret"] = "a&amp;b&lt;"
    deliver()
    [heard] = receiver.heard
    expected = hmac_sha256_base64(heard.body, b"a&b<").decode()
    assert dict(heard.headers)["X-WC-Webhook-Signature"] == expected


def test_a_topic_in_capitals_is_taken_and_never_delivered(lone: Lone) -> None:
    shop, receiver, _ = lone
    assert shop.add_webhook("PRODUCT.UPDATED", receiver.url, "s")["topic"] == ""
    shop.change_product(1)
    assert shop.run_queue() == 1


def test_a_background_runner_sends_what_waits(lone: Lone) -> None:
    shop, receiver, _ = lone
    with serve(shop, runner_every=0.02):
        shop.change_product(1)
        deadline = time.monotonic() + 5
        while not receiver.heard and time.monotonic() < deadline:
            time.sleep(0.01)
    assert receiver.topics() == ["product.updated"]
