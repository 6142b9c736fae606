"""A Stempel and a shop that talk: the shop's webhooks are drained here, reads and writes go over HTTP.

Only the edge is missing: what the shop sends over HTTP is verified as the edge does it, then stored.
The shop, the reader and the pipeline share one clock that only the tests move.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from app.db import tables as t
from app.programme.emails import fold
from app.services.stores import Store, add_store, load_edge_store
from connectors.base import Headers, ReadAnswer, Ref
from connectors.woocommerce.connector import WooShop
from connectors.woocommerce.reader import WooReader
from connectors.woocommerce.sandbox import KEY, SECRET, Running, Sandbox, Settings, serve
from tests.connectors.woocommerce.sandbox_help import Receiver
from tests.pipeline import Pipeline

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


@dataclass
class Way:
    """One programme, one shop and the way between them. Money is PLN, with tax, 2 decimals."""

    pipeline: Pipeline
    shop: Sandbox
    running: Running
    receiver: Receiver
    store: Store
    programme_id: int

    def sent(self) -> list[int]:
        """Let the shop send what waits there; returns the deliveries' ids, not yet drained.

        Afterwards it is two seconds later: the shop dates what happens next differently.
        """
        self.shop.run_queue()
        inbound = self.pipeline.runtime.connectors["woocommerce"].inbound
        with self.pipeline.database.snapshot() as connection:
            edge = load_edge_store(connection, self.pipeline.settings.keyring, self.store.key)
        assert edge is not None
        stored = []
        for heard in self.receiver.heard:
            headers = Headers([(name.encode(), value.encode()) for name, value in heard.headers])
            assert inbound.verify(headers, heard.body, [one.value for one in edge.secrets])
            stored.append(self.pipeline.receive(self.store, inbound.topic(headers), heard.body))
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
        keep_time(self.pipeline, self.store)
        self.pipeline.settle()

    @contextmanager
    def while_reading(self, act: Callable[[], object]) -> Iterator[None]:
        """Let something happen between the shop's next answer and our storing it."""
        shop = self.pipeline.shops.get(self.store)
        assert isinstance(shop, WooShop)
        shop.reader = _Interrupted(WooReader(shop._session, self.pipeline.clock), act)
        yield
        shop.reader = WooReader(shop._session, self.pipeline.clock)

    def later(self, **time: float) -> None:
        self.pipeline.clock.advance(**time)

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

    def points(self, customer: int) -> int | None:
        """Return the balance of a shop customer, None if there is no member behind it."""
        with self.pipeline.database.snapshot() as connection:
            found: int | None = connection.execute(
                select(t.member.c.balance)
                .join(t.store_customer, t.store_customer.c.member_id == t.member.c.id)
                .where(
                    t.store_customer.c.store_id == self.store.id,
                    t.store_customer.c.external_id == str(customer),
                )
            ).scalar()
        return found

    def guest_points(self, email: str) -> int | None:
        """Return what a guest gathered under an e-mail, None if nobody is known by it."""
        folded = fold(email)
        assert folded is not None
        hashed = self.pipeline.runtime.vault.email_hash(self.programme_id, folded)
        with self.pipeline.database.snapshot() as connection:
            found: int | None = connection.execute(
                select(t.member.c.balance)
                .join(t.identity, t.identity.c.member_id == t.member.c.id)
                .where(t.identity.c.email_hash == hashed)
            ).scalar()
        return found

    def shown(self, customer: int) -> dict[str, Any]:
        """Return what the shop shows about a customer: ours among its metadata."""
        meta = self.shop.meta_of(customer)
        return {key: value for key, value in meta.items() if key.startswith("stempel_")}

    def calls(self, name: str) -> int:
        """Return how often the shop was called so, faults included that let the call through."""
        return self.shop.calls[name]

    def row(self, kind: str, number: int) -> Row[Any]:
        """Return the source object as stored."""
        with self.pipeline.database.snapshot() as connection:
            return connection.execute(
                select(t.source_object).where(
                    t.source_object.c.store_id == self.store.id,
                    t.source_object.c.kind == kind,
                    t.source_object.c.external_id == str(number),
                )
            ).one()

    def entries(self) -> list[tuple[str, int]]:
        """Return every entry of the ledger as (kind, points), oldest first."""
        with self.pipeline.database.snapshot() as connection:
            rows = connection.execute(
                select(t.entry.c.kind, t.entry.c.points).order_by(t.entry.c.id)
            ).all()
        return [(row.kind, row.points) for row in rows]

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        with self.pipeline.database.snapshot() as connection:
            query = select(func.count()).select_from(t.metadata.tables[table])
            return int(connection.execute(query).scalar_one())

    def sound(self) -> None:
        """Everything was dealt with, nothing failed, and the ledger proves itself."""
        assert unsound(self.pipeline) == []


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


def unsound(pipeline: Pipeline) -> list[str]:
    """Return what is left to do, what failed, and what the ledger cannot prove."""
    with pipeline.database.snapshot() as connection:
        failures = connection.execute(
            select(t.delivery_outcome.c.reason).where(
                t.delivery_outcome.c.status.in_(("failed", "dead"))
            )
        ).scalars()
        found = [f"failed: {reason}" for reason in failures]
        for table in (t.delivery_queue, t.outbox_task, t.task_waiter):
            left = connection.execute(select(func.count()).select_from(table)).scalar_one()
            if left:
                found.append(f"{left} left in {table.name}")
    return found + [str(problem) for problem in pipeline.verified().problems]


def keep_time(pipeline: Pipeline, store: Store) -> None:
    """Let the reader look at the clock of the test instead of the machine's."""
    shop = pipeline.shops.get(store)
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
        yield Way(pipeline, shop, running, receiver, store, programme_id)
