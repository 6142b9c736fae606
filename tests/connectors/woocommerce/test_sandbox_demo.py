"""The demo's day: it plays to the end, says what happens, and what it says is true."""

import subprocess
import sys
import time
from urllib.request import urlopen

import pytest

from app.errors import Passing
from connectors.woocommerce.install import TOPICS
from connectors.woocommerce.sandbox import Sandbox, serve
from connectors.woocommerce.sandbox.demo import Desk, run_demo
from tests.connectors.woocommerce.sandbox_help import Receiver


def test_a_day_in_the_shop_is_told_and_delivered() -> None:
    shop = Sandbox()
    with serve(shop) as running, Receiver() as receiver:
        told = list(run_demo(running.url, receiver.url, "secret", pace=0, rounds=2))
    assert told[0] == "Anna signs up"
    assert "Anna buys Mug: 49.99 zł (order 5)" in told
    assert any(line.startswith("A guest (Jan) buys 3 x Coffee") for line in told)
    assert any("returns one Mug: 49.99 zł back" in line for line in told)
    assert any("is cancelled" in line for line in told)
    assert any("deletes that refund" in line for line in told)
    assert {row["status"] for row in shop.tables.orders.values()} == {
        "processing",
        "completed",
        "cancelled",
        "refunded",
    }
    [deleted] = [
        row for row in shop.tables.orders.values() if row["billing"]["email"].startswith("marek")
    ][:1]
    assert [refund["total"] for refund in shop.order(deleted["id"])["refunds"]] == ["-49.99"]
    assert not shop.queue
    assert set(receiver.topics()) >= {"order.created", "customer.created", "product.updated"}
    assert receiver.topics().count("ping") == len(TOPICS)
    assert all(row["status"] == "active" for row in shop.tables.webhooks.values())


def test_everybody_in_the_demo_is_invented() -> None:
    shop = Sandbox()
    with serve(shop) as running:
        list(run_demo(running.url, pace=0))
    people = [row["email"] for row in shop.tables.customers.values()]
    people += [row["billing"]["email"] for row in shop.tables.orders.values()]
    assert people
    assert all(email.endswith("@example.pl") for email in people)


def test_a_sandbox_that_is_not_there_is_said_so() -> None:
    with pytest.raises(Passing, match="No sandbox answers"):
        next(run_demo("http://127.0.0.1:9", pace=0))


def test_the_sandbox_runs_in_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "connectors.woocommerce.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[0]
            Desk(url).do("register_customer", email="anna@example.pl", first_name="Anna")
            deadline = time.monotonic() + 5
            with urlopen(url, timeout=5) as page:
                assert "anna@example.pl" in page.read().decode()
            assert time.monotonic() < deadline
        finally:
            process.terminate()
