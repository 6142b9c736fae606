"""The demo's day in the shop kawa: it plays to the end, and what it says is true."""

import subprocess
import sys
from decimal import Decimal
from urllib.request import urlopen

import pytest

from app.errors import Passing
from connectors.shopify.install import OPTIONAL_TOPICS, TOPICS
from connectors.shopify.sandbox import Sandbox, serve
from connectors.shopify.sandbox.demo import ANNA, Desk, open_shop, register_webhooks, run_demo
from tests.connectors.shopify.sandbox_help import receiving


def test_a_day_in_the_shop_is_told_and_delivered() -> None:
    sandbox = Sandbox()
    shop = sandbox.open_shop("kawa")
    with serve(sandbox) as running, receiving() as receiver:
        register_webhooks(running.url, receiver.url, [*TOPICS, *OPTIONAL_TOPICS])
        told = list(run_demo(running.url, pace=0, rounds=2))
        assert not shop.queue
        assert set(receiver.topics()) >= {
            "customers/create",
            "orders/create",
            "orders/paid",
            "orders/updated",
            "orders/edited",
            "orders/cancelled",
            "refunds/create",
        }
    assert told[0] == "Anna opens an account in the shop kawa and proves the e-mail address"
    assert any(line.endswith("to be paid by bank transfer") for line in told)
    assert any("sends one pack back: 16.50 zł back" in line for line in told)
    orders = [order.body for order in shop.tables.orders.values()]
    assert {body["financial_status"] for body in orders} == {
        "paid",
        "partially_refunded",
        "refunded",
    }
    for body in orders:
        assert any(f"{body['total_price']} zł (order {body['name']})" in line for line in told)
        assert Decimal(body["total_outstanding"]) == 0
    assert all(status.endswith("200") for status in shop.deliveries)


def test_anna_proved_her_e_mail_and_is_known_in_the_other_demo_shop() -> None:
    # Not imported from there: connectors do not know each other, only this address.
    from connectors.woocommerce.sandbox import demo as other

    sandbox = Sandbox()
    shop = sandbox.open_shop("kawa")
    with serve(sandbox) as running:
        list(run_demo(running.url, pace=0))
    [anna] = [one.body for one in shop.tables.people.values() if one.body["email"] == ANNA]
    assert anna["verified_email"] is True
    assert ANNA in [email for _, _, email in other._PEOPLE]
    emails = [str(one.body["email"]) for one in shop.tables.people.values()]
    emails += [str(order.body["email"]) for order in shop.tables.orders.values()]
    assert all(email.endswith("@example.pl") for email in emails)


def test_a_sandbox_that_is_not_there_is_said_so() -> None:
    with pytest.raises(Passing, match="No sandbox answers"):
        next(run_demo("http://127.0.0.1:9", pace=0))


def test_the_order_that_the_sandbox_prints_can_be_placed_after_the_day() -> None:
    command = [sys.executable, "-m", "connectors.shopify.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[0]
            printed = next(line for line in process.stdout if "place_order" in line)
            *_, _ = run_demo(url, pace=0)
            line = printed.strip().removeprefix("python -c '").removesuffix("'")
            ordered = line.replace('"CODE"', "").replace("Desk(", "print(Desk(") + '["name"])'
            buying = subprocess.run(
                [sys.executable, "-c", ordered], stdout=subprocess.PIPE, text=True, check=True
            )
            assert buying.stdout.startswith("#")
        finally:
            process.terminate()


def test_the_sandbox_runs_in_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "connectors.shopify.sandbox", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[0]
            assert open_shop(url, "herbata")["domain"] == "herbata.myshopify.com"
            Desk(url, "herbata").do("create_customer", email="ola@example.com", first_name="Ola")
            with urlopen(f"{url}/herbata.myshopify.com/", timeout=5) as page:
                assert "ola@example.com" in page.read().decode()
        finally:
            process.terminate()
