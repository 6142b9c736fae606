"""Every delivery that was captured from a real shop, sent to a Stempel whose shop answers as it did."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.services.stores import Store, load_edge_store
from connectors.base import Headers
from connectors.woocommerce.sandbox import Sandbox, Settings, serve
from tests.connectors.woocommerce.sandbox_help import REST
from tests.pipeline import Captured, Pipeline, captured_deliveries, captured_delivery
from tests.way.connected import unsound
from tests.way.shop import connect, keep_time

UNSIGNED = {"001", "048"}  # the ping of a new webhook, and the call that hands over API keys


@dataclass
class Replica:
    """The captured shop, seeded from its own REST answers, and its store here."""

    pipeline: Pipeline
    shop: Sandbox
    store: Store
    programme_id: int

    def send(self, captured: Captured) -> tuple[str, str]:
        """Verify the delivery as the edge does, store it, and do all that follows."""
        inbound = self.pipeline.runtime.connectors["woocommerce"].inbound
        with self.pipeline.database.snapshot() as connection:
            edge = load_edge_store(connection, self.pipeline.settings.keyring, self.store.key)
        assert edge is not None
        headers = Headers([(k.encode(), v.encode()) for k, v in captured.headers.items()])
        assert inbound.verify(headers, captured.body, [one.value for one in edge.secrets])
        delivery_id = self.pipeline.receive(self.store, inbound.topic(headers), captured.body)
        self.pipeline.settle()
        return self.pipeline.outcome(delivery_id)

    def states(self) -> list[str]:
        """Return the states of all accounts, in order."""
        with self.pipeline.database.snapshot() as connection:
            return sorted(connection.execute(select(t.member.c.state)).scalars())


@contextmanager
def replica_of(pipeline: Pipeline) -> Iterator[Replica]:
    shop = Sandbox(Settings(home_url="https://shop.example"), now=lambda: pipeline.clock.moment)
    shop.seed_captured(REST, webhooks=False)
    with serve(shop) as running:
        programme_id = pipeline.programme()
        secrets = sorted({one.secret for one in captured_deliveries() if one.secret})
        assert len(secrets) == 3
        store = connect(pipeline, programme_id, running.url, secrets=secrets)
        keep_time(pipeline, store)
        yield Replica(pipeline, shop, store, programme_id)


@pytest.fixture
def replica(pipeline: Pipeline) -> Iterator[Replica]:
    with replica_of(pipeline) as made:
        yield made


def signed() -> list[Captured]:
    found = [one for one in captured_deliveries() if one.name[:3] not in UNSIGNED]
    assert len(found) > 60
    return found


@pytest.mark.parametrize("backwards", [False, True], ids=["as captured", "backwards"])
def test_every_captured_delivery_is_dealt_with_and_the_ledger_holds(
    replica: Replica, backwards: bool
) -> None:
    outcomes = {
        one.name: replica.send(one)
        for one in sorted(signed(), key=lambda c: c.name, reverse=backwards)
    }
    assert {status for status, _ in outcomes.values()} <= {"processed", "stale", "ignored"}
    assert all(reason.strip() for _, reason in outcomes.values())
    assert unsound(replica.pipeline) == []
    # Whatever came first, the end is what the shop says: order 16 was refunded in full, 21 cancelled.
    assert replica.pipeline.balances(replica.programme_id) == [16, 18, 89, 89, 9394]
    assert replica.shop.meta_of(2)["stempel_balance"] == "9394"


def test_all_of_them_at_once_with_every_one_twice_end_the_same(replica: Replica) -> None:
    stored = [
        replica.pipeline.receive(replica.store, one.topic, one.body)
        for one in (*signed(), *reversed(signed()))
    ]
    replica.pipeline.settle()
    statuses = {replica.pipeline.outcome(one)[0] for one in stored}
    assert statuses <= {"processed", "stale", "ignored"}
    assert unsound(replica.pipeline) == []
    assert replica.pipeline.balances(replica.programme_id) == [16, 18, 89, 89, 9394]


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        ("005", "ignored", "a coupon earns nothing"),
        ("029", "ignored", "an error instead of the object"),
        ("031", "ignored", "customer 3 is not in the shop and was never seen here"),
        ("033", "ignored", "role 'subscriber'"),
        ("040", "ignored", "woocommerce_store_api_checkout_order_processed says nothing"),
        ("049", "ignored", "order 47 is not in the shop"),
        ("051", "ignored", "order 47 is not in the shop"),
        ("055", "ignored", "order 53 is not in the shop"),  # it is a coupon
        ("057", "ignored", "order 63 is a checkout-draft, not an order yet"),
        ("059", "ignored", "refund 70 belongs to no order seen here"),
        ("060", "ignored", "order 69 is not in the shop"),
    ],
)
def test_what_changes_nothing_says_why(
    replica: Replica, number: str, status: str, said: str
) -> None:
    outcome, reason = replica.send(captured_delivery(number))
    assert outcome == status
    assert said in reason
    assert replica.states() == []


def test_an_erased_person_is_never_a_member(replica: Replica) -> None:
    assert replica.send(captured_delivery("077")) == ("processed", "order 393 recorded")
    assert replica.states() == []
    assert replica.pipeline.balances(replica.programme_id) == []


def test_the_unsigned_captures_are_not_taken_for_deliveries(replica: Replica) -> None:
    inbound = replica.pipeline.runtime.connectors["woocommerce"].inbound
    for number in sorted(UNSIGNED):
        one = captured_delivery(number)
        headers = Headers([(k.encode(), v.encode()) for k, v in one.headers.items()])
        assert not inbound.verify(headers, one.body, [b"", one.secret.encode()])


def test_with_no_api_keys_signals_say_so_and_the_rest_counts(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    secrets = sorted({one.secret for one in captured_deliveries() if one.secret})
    store = connect(pipeline, programme_id, "https://shop.example", secrets=secrets, keys=None)
    outcomes = {}
    for one in signed():
        delivery_id = pipeline.receive(store, one.topic, one.body)
        pipeline.settle()
        outcomes[one.name[:3]] = pipeline.outcome(delivery_id)
    assert {status for status, _ in outcomes.values()} == {"processed", "stale", "ignored"}
    assert outcomes["027"] == ("ignored", "cannot be read, no API keys")
    assert outcomes["016"][0] == "processed"
    assert unsound(pipeline) == []
