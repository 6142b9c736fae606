"""The whole service killed again and again: what was acknowledged becomes exactly its effect."""

import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from sqlalchemy import select

from app.db import tables as t
from tests.pipeline import SECRET, Pipeline, order_body
from tests.sockets import free_port
from tests.way.served import deliveries_wait, service
from tests.webhooks.conftest import environment

KILLS = 5
POINTS = 50


class Sender:
    """A shop that sends order after order and remembers which were answered 200."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._template = order_body("008")
        self.sent = 0
        self.acknowledged: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        line = self._template["line_items"][0] | {"total": f"{POINTS}.00", "total_tax": "0.00"}
        while not self._stopping.is_set():
            self.sent += 1
            number = 10_000 + self.sent
            changes = {"id": number, "number": str(number), "line_items": [line]}
            changes["customer_id"] = 1 + self.sent % 7
            body = json.dumps(self._template | changes).encode()
            digest = hmac.digest(SECRET.encode(), body, hashlib.sha256)
            headers = {
                "X-WC-Webhook-Topic": "order.updated",
                "X-WC-Webhook-Signature": base64.b64encode(digest).decode(),
            }
            request = urllib.request.Request(self._url, body, headers)
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    if answer.status == 200:
                        self.acknowledged.add(str(number))
            except (OSError, urllib.error.URLError):
                time.sleep(0.02)  # dead just now


def test_kill_9_of_the_whole_service_again_and_again_loses_and_doubles_nothing(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    programme_id = pipeline.programme()
    store = pipeline.store(programme_id)
    port = free_port()
    settings = environment(pipeline.database.url, pipeline.settings.keyring, tmp_path, port)
    with Sender(f"http://127.0.0.1:{port}/webhooks/woocommerce/{store.key}") as sender:
        for _ in range(KILLS):
            known = len(sender.acknowledged)
            with service(settings, port):
                while len(sender.acknowledged) < known + 25:
                    time.sleep(0.01)
            # Killed in the middle of receiving, draining and whatever else it did.
    with service(settings, port):
        deadline = time.monotonic() + 60
        while deliveries_wait(pipeline):
            assert time.monotonic() < deadline, "the backlog is never worked off"
            time.sleep(0.1)
    with pipeline.database.snapshot() as connection:
        orders = set(
            connection.execute(
                select(t.source_object.c.external_id).where(t.source_object.c.kind == "order")
            ).scalars()
        )
    assert len(sender.acknowledged) >= KILLS * 25
    assert sender.acknowledged - orders == set()
    assert sum(pipeline.balances(programme_id)) == POINTS * len(orders)
    assert pipeline.verified().problems == []
