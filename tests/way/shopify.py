"""A Stempel and a Shopify shop that talk; reads and writes go over HTTP.

The shop's points, which calls cost, refill by the machine's clock.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from connectors.shopify.connector import ShopifyShop
from connectors.shopify.credits import ShopifyCredits
from connectors.shopify.install import OPTIONAL_TOPICS, TOPICS
from connectors.shopify.reader import ShopifyReader
from connectors.shopify.sandbox import CLIENT_SECRET, Sandbox, Shop, serve
from tests.connectors.shopify.sandbox_help import Receiver, receiving
from tests.pipeline import Pipeline
from tests.way.connected import Connected, Heard


@dataclass(kw_only=True)
class ShopifyWay(Connected):
    """One programme, one shop of Shopify's and the way between them."""

    sandbox: Sandbox
    shop: Shop
    receiver: Receiver

    def heard(self) -> list[Heard]:
        self.shop.run_queue()
        messages: list[Heard] = [(one.headers.items(), one.body) for one in self.receiver.heard]
        self.receiver.heard.clear()
        return messages

    def keep_time(self) -> None:
        shop = self.pipeline.shops.get(self.store)
        if isinstance(shop, ShopifyShop):
            shop.reader = ShopifyReader(shop._session, self.pipeline.clock)
            shop.credits = ShopifyCredits(shop._session, self.pipeline.clock)

    def buy(self, price: str, *, customer: int | None = None, **values: Any) -> int:
        """Place a paid order over one product at this price; returns its id."""
        product = self.shop.add_product(f"Something for {price}", price)
        placed = self.shop.place_order({product["id"]: 1}, customer_id=customer, **values)
        return int(placed["id"])

    def joins(self, email: str | None = "ola@example.pl", *, verified: bool = True) -> int:
        """Let somebody open an account in the shop; returns the customer's id there."""
        return int(self.shop.create_customer(email, "Ola", verified=verified)["id"])

    def tags(self, customer: int) -> list[str]:
        """Return the tags of ours that the shop shows about a customer, sorted."""
        return sorted(tag for tag in self.shop.tags_of(customer) if tag.startswith("stempel:"))

    def writes(self) -> int:
        """Return how many mutations changed what the shop shows about its customers."""
        fields = ("tagsAdd", "tagsRemove", "metafieldsSet", "metafieldsDelete")
        return sum(self.shop.mutations[name] for name in fields)


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
        yield ShopifyWay(
            pipeline=pipeline,
            sandbox=sandbox,
            shop=shop,
            receiver=receiver,
            store=store,
            programme_id=programme_id,
        )


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
