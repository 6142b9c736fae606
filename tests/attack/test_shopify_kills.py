"""The whole service killed again and again while a Shopify shop sells: nothing is lost or doubled."""

import threading
import time
from pathlib import Path
from typing import Self

from sqlalchemy import update

from app.db import tables as t
from connectors.shopify.install import OPTIONAL_TOPICS, TOPICS
from connectors.shopify.sandbox import CLIENT_SECRET, Sandbox, Shop, serve
from tests.pipeline import Pipeline
from tests.sockets import free_port
from tests.way.served import service, wait_until_done
from tests.webhooks.conftest import environment

KILLS = 3
ORDERS = 12  # between two kills


class Trade:
    """A shop that sells, gives back and cancels, and sends its webhooks while somebody listens."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.people = [
            int(shop.create_customer(f"person{number}@example.pl")["id"]) for number in range(3)
        ]
        self.mug = shop.add_product("Mug", "10.00")["id"]
        self.worth = dict.fromkeys(self.people, 0)
        self.sold = 0
        self.listening = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self.listening.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.listening.wait()
            self._sell()
            for _ in range(15):  # one by one: eight failures in a row would end a subscription
                if self.listening.is_set():
                    self.shop.run_queue(1, ahead=True)

    def _sell(self) -> None:
        buyer = self.people[self.sold % len(self.people)]
        order = self.shop.place_order({self.mug: 3}, customer_id=buyer)
        self.worth[buyer] += 30
        self.sold += 1
        if self.sold % 3 == 0:
            self.shop.refund(order["id"], lines={order["line_items"][0]["id"]: 1})
            self.worth[buyer] -= 10
        elif self.sold % 5 == 0:
            self.shop.cancel_order(order["id"])
            self.worth[buyer] -= 30


def test_kill_9_while_a_shopify_shop_sells_loses_and_doubles_nothing(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    sandbox = Sandbox()
    port = free_port()
    with serve(sandbox) as running:
        shop = sandbox.open_shop("kawa", currency="PLN", repeats=1, shuffle=7)
        store = pipeline.shopify(
            pipeline.programme(), "kawa", token=shop.token, secret=CLIENT_SECRET
        )
        for topic in (*TOPICS, *OPTIONAL_TOPICS):
            shop.add_webhook(topic, f"http://127.0.0.1:{port}/webhooks/shopify/{store.key}")
        settings = environment(pipeline.database.url, pipeline.settings.keyring, tmp_path, port)
        settings |= {"STEMPEL_DEV": "1", "SHOPIFY_ORIGIN": running.origin}
        with Trade(shop) as trade:
            for _ in range(KILLS):
                known = trade.sold
                with service(settings, port):
                    trade.listening.set()
                    while trade.sold < known + ORDERS:
                        time.sleep(0.01)
                    trade.listening.clear()
                # Killed while it receives, reads and writes.
        with pipeline.database.transaction() as connection:  # later: what it held is free again
            for table in (t.outbox_task, t.store_customer):
                connection.execute(update(table).values(lease_until=None))
        with service(settings, port):
            while shop.run_queue(None, ahead=True):
                wait_until_done(pipeline, 120)
            assert len(shop.webhooks_of()) == len(TOPICS) + len(OPTIONAL_TOPICS)
        assert {one: pipeline.points(store, str(one)) for one in trade.people} == trade.worth
        for one, points in trade.worth.items():
            assert set(shop.tags_of(one)) == {"stempel:member", f"stempel:points={points}"}
        assert pipeline.verified().problems == []
