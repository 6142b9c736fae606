"""A Stempel and a Shopify shop that talk: what the shop sends is drained here, reads and writes go over HTTP.

Only the edge is missing: what comes is verified as the edge does it, then stored. The shop, the reader
and the pipeline share one clock that only the tests move; the shop's points refill by the machine's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, select

from app.db import tables as t
from app.services.stores import Store, load_edge_store
from connectors.base import Headers
from connectors.shopify.connector import ShopifyShop
from connectors.shopify.install import OPTIONAL_TOPICS, TOPICS
from connectors.shopify.reader import ShopifyReader
from connectors.shopify.sandbox import CLIENT_SECRET, Sandbox, Shop, serve
from tests.connectors.shopify.sandbox_help import Receiver, receiving
from tests.pipeline import Pipeline
from tests.way.shop import unsound


@dataclass
class ShopifyWay:
    """One programme, one shop of Shopify's and the way between them."""

    pipeline: Pipeline
    sandbox: Sandbox
    shop: Shop
    receiver: Receiver
    store: Store
    programme_id: int

    def sent(self) -> list[int]:
        """Let the shop send what waits there; returns the deliveries' ids, not yet drained."""
        self.shop.run_queue()
        inbound = self.pipeline.runtime.connectors["shopify"].inbound
        with self.pipeline.database.snapshot() as connection:
            edge = load_edge_store(connection, self.pipeline.settings.keyring, self.store.key)
        assert edge is not None
        stored = []
        for heard in self.receiver.heard:
            headers = Headers(
                [(name.encode(), value.encode()) for name, value in heard.headers.items()]
            )
            assert inbound.verify(headers, heard.body, [one.value for one in edge.secrets])
            assert inbound.locate(headers) == self.store.ref
            topic = inbound.topic(headers)
            stored.append(self.pipeline.receive(self.store, topic, heard.body, by_header=True))
        self.receiver.heard.clear()
        self.later(seconds=2)
        return stored

    def announce(self) -> list[tuple[str, str]]:
        """Let the shop send, and Stempel do everything that follows; returns the outcomes."""
        stored = self.sent()
        self.settle()
        return [self.pipeline.outcome(one) for one in stored]

    def settle(self) -> None:
        """Drain, read and write until nothing is left to do now."""
        shop = self.pipeline.shops.get(self.store)
        if isinstance(shop, ShopifyShop):
            # The test's clock instead of the machine's.
            shop.reader = ShopifyReader(shop._session, self.pipeline.clock)
        self.pipeline.settle()

    def quiet(self) -> None:
        """Let everything run its course, the echoes of our own writes too."""
        for _ in range(10):
            if not self.announce():
                return
        raise AssertionError("the echoes never end")

    def later(self, **time: float) -> None:
        self.pipeline.clock.advance(**time)

    def buy(self, price: str, *, customer: int | None = None, **values: Any) -> int:
        """Place a paid order over one product at this price; returns its id."""
        product = self.shop.add_product(f"Something for {price}", price)
        placed = self.shop.place_order({product["id"]: 1}, customer_id=customer, **values)
        return int(placed["id"])

    def joins(self, email: str | None = "ola@example.pl", *, verified: bool = True) -> int:
        """Let somebody open an account in the shop; returns the customer's id there."""
        return int(self.shop.create_customer(email, "Ola", verified=verified)["id"])

    def points(self, customer: int) -> int | None:
        return self.pipeline.points(self.store, str(customer))

    def tags(self, customer: int) -> list[str]:
        """Return the tags of ours that the shop shows about a customer, sorted."""
        return sorted(tag for tag in self.shop.tags_of(customer) if tag.startswith("stempel:"))

    def writes(self) -> int:
        """Return how many mutations changed what the shop shows about its customers."""
        fields = ("tagsAdd", "tagsRemove", "metafieldsSet", "metafieldsDelete")
        return sum(self.shop.mutations[name] for name in fields)

    def order_row(self, number: int) -> Row[Any]:
        """Return the source object of an order as stored."""
        with self.pipeline.database.snapshot() as connection:
            return connection.execute(
                select(t.source_object).where(
                    t.source_object.c.store_id == self.store.id,
                    t.source_object.c.kind == "order",
                    t.source_object.c.external_id == str(number),
                )
            ).one()

    def sound(self) -> None:
        """Everything was dealt with, nothing failed, and the ledger proves itself."""
        assert unsound(self.pipeline) == []


@contextmanager
def platform(pipeline: Pipeline) -> Iterator[tuple[Pipeline, Sandbox]]:
    """Serve a sandbox, and give the pipeline the address by which all its shops are called."""
    sandbox = Sandbox(now=lambda: pipeline.clock.moment)
    with serve(sandbox) as running:
        settings = replace(pipeline.settings, dev=True, origins={"shopify": running.origin})
        made = Pipeline(pipeline.database, settings, pipeline.clock)
        try:
            yield made, sandbox
        finally:
            made.close()


@contextmanager
def open_shopify(
    pipeline: Pipeline,
    sandbox: Sandbox,
    programme_id: int,
    *,
    name: str = "kawa",
    topics: Sequence[str] = (*TOPICS, *OPTIONAL_TOPICS),
    token: bool = True,
    **settings: Any,
) -> Iterator[ShopifyWay]:
    """Open a shop that announces everything we listen to, connected to a programme."""
    shop = sandbox.open_shop(name, **settings)
    with receiving() as receiver:
        for topic in topics:
            shop.add_webhook(topic, receiver.url)
        store = pipeline.shopify(
            programme_id, name, token=shop.token if token else None, secret=CLIENT_SECRET
        )
        yield ShopifyWay(pipeline, sandbox, shop, receiver, store, programme_id)


@contextmanager
def open_way(
    pipeline: Pipeline, preset: str = "one-per-unit", **settings: Any
) -> Iterator[ShopifyWay]:
    """Open one shop in PLN at one point per unit."""
    with platform(pipeline) as (made, sandbox):
        programme_id = made.programme(preset)
        values = {"currency": "PLN", **settings}
        with open_shopify(made, sandbox, programme_id, **values) as way:
            yield way
