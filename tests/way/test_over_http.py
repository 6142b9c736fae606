"""The same over real HTTP: `stempel up` on one side, the sandbox shop on the other."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, permutations
from pathlib import Path

import pytest
from sqlalchemy import select

from app.db import tables as t
from connectors.woocommerce.sandbox import Sandbox, Settings, serve
from connectors.woocommerce.sandbox.demo import TOPICS
from tests.connectors.woocommerce.sandbox_help import REST
from tests.pipeline import Pipeline, captured_deliveries, captured_delivery
from tests.services.test_order_16 import WORTH
from tests.sockets import free_port
from tests.way.served import post, service, wait_until_done
from tests.way.shop import HOOK_SECRET, connect
from tests.webhooks.conftest import environment

PING, KEY_HANDOVER = "001", "048"


@dataclass
class Up:
    """A running service and the database it works on."""

    pipeline: Pipeline
    port: int


@pytest.fixture
def up(pipeline: Pipeline, tmp_path: Path) -> Iterator[Up]:
    port = free_port()
    settings = environment(pipeline.database.url, pipeline.settings.keyring, tmp_path, port)
    with service(settings | {"ALLOW_PRIVATE_ADDRESSES": "1"}, port):
        yield Up(pipeline, port)


def test_every_captured_delivery_with_its_own_bytes_and_secret(up: Up) -> None:
    shop = Sandbox(Settings(home_url="https://shop.example"))
    shop.seed_captured(REST, webhooks=False)
    with serve(shop) as running:
        programme_id = up.pipeline.programme()
        secrets = sorted({one.secret for one in captured_deliveries() if one.secret})
        store = connect(up.pipeline, programme_id, running.url, secrets=secrets)
        for captured in captured_deliveries():
            path = f"/webhooks/woocommerce/{store.key}"
            status = post(up.port, path, captured.body, captured.headers)
            # The hand-over of API keys is no webhook: unsigned, so it is refused like anything is.
            assert status == (401 if captured.name.startswith(KEY_HANDOVER) else 200), captured.name
        wait_until_done(up.pipeline)
    with up.pipeline.database.snapshot() as connection:
        deliveries = set(connection.execute(select(t.delivery.c.id)).scalars())
        ended = {
            row.delivery_id: (row.status, row.reason)
            for row in connection.execute(
                select(t.delivery_outcome).order_by(t.delivery_outcome.c.id)
            )
        }
    assert ended.keys() == deliveries
    assert {status for status, _ in ended.values()} <= {"processed", "stale", "ignored"}
    assert all(reason for _, reason in ended.values())
    assert up.pipeline.verified().problems == []


def test_order_16_in_24_orders_of_receipt(up: Up) -> None:
    chosen = random.Random(16).sample(list(permutations(WORTH)), 24)
    programmes = {}
    for number, order in enumerate(chosen):
        programme_id = up.pipeline.programme(key=f"round-{number}")
        store = up.pipeline.store(programme_id)
        sent = order[: 6 - number % 3]
        for one in (*sent, sent[0]):
            captured = captured_delivery(one)
            path = f"/webhooks/woocommerce/{store.key}"
            assert post(up.port, path, captured.body, captured.headers) == 200
        programmes[programme_id] = WORTH[max(sent)]
    wait_until_done(up.pipeline)
    for programme_id, points in programmes.items():
        assert up.pipeline.balances(programme_id) == ([points] if points else [])
    assert up.pipeline.verified().problems == []


@pytest.mark.parametrize(
    ("preset", "price", "shown"),
    [
        ("one-per-unit", "49.95", "49"),
        ("start-100-50-200", "100.00", "100"),  # for joining; 100.00 is not over 100
        ("start-100-50-200", "100.01", "150"),
        ("step-10-per-100", "99.99", "0"),
        ("step-10-per-100", "250.00", "20"),
    ],
)
def test_what_a_preset_promises_is_what_the_shop_shows(
    up: Up, preset: str, price: str, shown: str
) -> None:
    shop = Sandbox()
    with serve(shop, runner_every=0.1) as running:
        store = connect(up.pipeline, up.pipeline.programme(preset), running.url)
        address = f"http://127.0.0.1:{up.port}/webhooks/woocommerce/{store.key}"
        for topic in TOPICS:
            shop.add_webhook(topic, address, HOOK_SECRET, ping=True)
        ola = shop.register_customer("ola@example.pl", "Ola")
        mug = shop.add_product("Mug", price)
        shop.place_order({mug["id"]: 1}, customer_id=ola["id"])
        for _ in islice(iter(int, 1), 200):  # the shop sends by itself, a tenth of a second later
            shop.run_queue()
            wait_until_done(up.pipeline)
            if shop.meta_of(ola["id"]).get("stempel_balance") == shown:
                break
        assert shop.meta_of(ola["id"])["stempel_balance"] == shown
        assert shop.meta_of(ola["id"])["stempel_programme"] == preset
    assert up.pipeline.verified().problems == []
