"""A Stempel and a WooCommerce shop that talk; reads and writes go over HTTP."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.services.stores import Store, add_store
from connectors.base import ReadAnswer, Ref
from connectors.woocommerce.codes import WooCodes
from connectors.woocommerce.connector import WooShop
from connectors.woocommerce.reader import WooReader
from connectors.woocommerce.sandbox import KEY, SECRET, Running, Sandbox, Settings, serve
from tests.connectors.woocommerce.sandbox_help import Receiver
from tests.pipeline import Pipeline
from tests.way.connected import Connected, Heard

HOOK_SECRET = "letters and digits 1"
TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "product.updated",
    "coupon.deleted",
    "product.deleted",
    "action.woocommerce_delete_order",
    "action.woocommerce_refund_deleted",
)
WRITE = "POST /customers/batch"
READ_ORDER = "GET /orders/{id}"


@dataclass(kw_only=True)
class Way(Connected):
    """One programme, one shop and the way between them. Money is PLN, with tax, 2 decimals."""

    shop: Sandbox
    running: Running
    receiver: Receiver

    def heard(self) -> list[Heard]:
        self.shop.run_queue()
        messages: list[Heard] = [(one.headers, one.body) for one in self.receiver.heard]
        self.receiver.heard.clear()
        return messages

    def keep_time(self) -> None:
        keep_time(self.pipeline, self.store)

    @contextmanager
    def while_reading(self, act: Callable[[], object]) -> Iterator[None]:
        """Let something happen between the shop's next answer and our storing it."""
        shop = self.pipeline.shops.get(self.store)
        assert isinstance(shop, WooShop)
        shop.reader = _Interrupted(WooReader(shop._session, self.pipeline.clock), act)
        yield
        shop.reader = WooReader(shop._session, self.pipeline.clock)

    def buy(self, price: str, *, customer: int = 0, email: str | None = None, **values: Any) -> int:
        """Place an order over one product at this price with tax; returns its number."""
        product = self.shop.add_product(f"Something for {price}", price)
        placed = self.shop.place_order(
            {product["id"]: 1}, customer_id=customer, email=email, **values
        )
        return int(placed["id"])

    def joins(self, email: str = "ola@example.pl") -> int:
        """Let somebody sign up in the shop; returns the customer's number there."""
        return int(self.shop.register_customer(email)["id"])

    def shown(self, customer: int) -> dict[str, Any]:
        """Return what the shop shows about a customer: ours among its metadata."""
        meta = self.shop.meta_of(customer)
        return {key: value for key, value in meta.items() if key.startswith("stempel_")}

    def calls(self, name: str) -> int:
        """Return how often the shop was called so, faults included that let the call through."""
        return self.shop.calls[name]


@dataclass
class _Interrupted:
    """A reader during whose first answer something else happens."""

    inner: WooReader
    act: Callable[[], object] | None

    def read(self, ref: Ref) -> ReadAnswer:
        answer = self.inner.read(ref)
        act, self.act = self.act, None
        if act is not None:
            act()
        return answer


def keep_time(pipeline: Pipeline, store: Store) -> None:
    """Let the shop look at the clock of the test instead of the machine's."""
    shop = pipeline.shops.get(store)
    if isinstance(shop, WooShop):
        shop.codes = WooCodes(shop._session, pipeline.clock)
    if isinstance(shop, WooShop) and not isinstance(shop.reader, _Interrupted):
        shop.reader = WooReader(shop._session, pipeline.clock)


def connect(
    pipeline: Pipeline,
    programme_id: int,
    url: str,
    *,
    secrets: Sequence[str] = (HOOK_SECRET,),
    keys: tuple[str, str] | None = (KEY, SECRET),
) -> Store:
    """Connect a shop as `stempel store add` does."""
    values: dict[str, Sequence[str]] = {"webhook-secret": secrets}
    if keys is not None:
        values |= {"consumer-key": [keys[0]], "consumer-secret": [keys[1]]}
    with pipeline.database.transaction() as connection:
        return add_store(
            connection,
            pipeline.settings.keyring,
            programme_id=programme_id,
            platform="woocommerce",
            url=url,
            values=values,
            now=pipeline.clock(),
        )


@contextmanager
def open_way(
    pipeline: Pipeline,
    preset: str = "one-per-unit",
    *,
    source: str | None = None,
    programme_id: int | None = None,
    settings: Settings | None = None,
    keys: tuple[str, str] | None = (KEY, SECRET),
    names: Mapping[str, str] | None = None,
) -> Iterator[Way]:
    """Open a shop that announces everything we listen to, connected to a programme."""
    if programme_id is None:
        programme_id = pipeline.programme(preset, source=source, **(names or {}))
    shop = Sandbox(
        settings or Settings(home_url="https://shop.example"), now=lambda: pipeline.clock.moment
    )
    with serve(shop) as running, Receiver() as receiver:
        for topic in TOPICS:
            shop.add_webhook(topic, receiver.url, HOOK_SECRET)
        store = connect(pipeline, programme_id, running.url, keys=keys)
        yield Way(
            pipeline=pipeline,
            shop=shop,
            running=running,
            receiver=receiver,
            store=store,
            programme_id=programme_id,
        )
