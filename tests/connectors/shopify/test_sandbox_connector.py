"""The connector and the sandbox talk: what is registered, written and heard of it."""

from collections.abc import Iterator

import pytest

from app.errors import Blocked
from connectors.base import Access, Closed, CustomerState, Delivery, Headers, Observed, Ref, Shop
from connectors.http import GuardedClient
from connectors.shopify.connector import ShopifyConnector
from connectors.shopify.sandbox import CLIENT_ID, CLIENT_SECRET
from tests.connectors.shopify.sandbox_help import World, open_world, receiving

ADDRESS = "http://127.0.0.1:9/webhooks/shopify/a-store"
APP = {"client-id": CLIENT_ID, "client-secret": CLIENT_SECRET}


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as made:
        yield made


@pytest.fixture
def connected(world: World) -> Iterator[Shop]:
    access = Access(
        store_key="a-store",
        url=f"https://{world.shop.domain}",
        credentials=APP,
        origin=world.running.origin,
    )
    shop = ShopifyConnector().connect(access, GuardedClient(allow_private=True))
    yield shop
    shop.close()


def state(customer: int, balance: int, tier: str | None = None) -> CustomerState:
    return CustomerState(customer=str(customer), programme="kawa", balance=balance, tier=tier)


def push(shop: Shop, *states: CustomerState) -> list[str | None]:
    assert shop.writer is not None
    return [written.error for written in shop.writer.push(states)]


def test_registering_twice_makes_each_webhook_once(world: World, connected: Shop) -> None:
    assert connected.installer is not None
    first = connected.installer.register(ADDRESS, "unused")
    second = connected.installer.register(ADDRESS, "unused")
    assert first == second
    assert len(world.shop.webhooks_of()) == len(first)
    assert all(one.active for one in first)


def test_a_balance_is_shown_beside_the_merchant_s_own_tags(world: World, connected: Shop) -> None:
    world.shop.tag_customer(world.anna, "VIP", "newsletter")
    assert push(connected, state(world.anna, 120, "gold")) == [None]
    assert world.shop.tags_of(world.anna) == [
        "newsletter",
        "stempel:member",
        "stempel:points=120",
        "stempel:tier=gold",
        "VIP",
    ]
    assert world.shop.metafields_of(world.anna) == {
        "$app:stempel.balance": "120",
        "$app:stempel.tier": "gold",
    }
    assert push(connected, state(world.anna, 7)) == [None]
    tags = world.shop.tags_of(world.anna)
    assert tags == ["newsletter", "stempel:member", "stempel:points=7", "VIP"]
    assert world.shop.metafields_of(world.anna) == {"$app:stempel.balance": "7"}


def test_writing_what_is_there_writes_nothing(world: World, connected: Shop) -> None:
    push(connected, state(world.anna, 120))
    before = dict(world.shop.mutations)
    push(connected, state(world.anna, 120))
    assert dict(world.shop.mutations) == before


def test_what_is_written_comes_back_signed(world: World, connected: Shop) -> None:
    with receiving() as receiver:
        for topic in ("customer.tags_added", "customer.tags_removed", "customers/update"):
            world.shop.add_webhook(topic, receiver.url)
        push(connected, state(world.anna, 120))
        push(connected, state(world.anna, 121))
        world.shop.run_queue()
        inbound = ShopifyConnector.inbound
        for heard in receiver.heard:
            pairs = [(name.encode(), value.encode()) for name, value in heard.headers.items()]
            assert inbound.verify(Headers(pairs), heard.body, [CLIENT_SECRET.encode()])
        assert receiver.topics().count("customer.tags_added") == 2


def test_a_customer_who_is_gone_is_said_so(world: World, connected: Shop) -> None:
    assert connected.writer is not None
    [written] = connected.writer.push([state(1, 5)])
    assert written.gone


def test_an_uninstalled_app_is_closed_for_the_reader_and_blocked_for_the_writer(
    world: World, connected: Shop
) -> None:
    push(connected, state(world.anna, 5))
    world.shop.uninstall()
    assert connected.reader is not None
    answer = connected.reader.read(Ref("installation", "self"))
    told = ShopifyConnector.inbound.normalise(
        Delivery(
            source="read",
            topic=answer.topic,
            body=answer.body,
            received_at=world.now[0],
            began_at=answer.began_at,
        )
    )
    assert isinstance(told, Closed)
    with pytest.raises(Blocked):
        push(connected, state(world.anna, 6))


def test_a_merge_is_read_as_one(world: World, connected: Shop) -> None:
    other = world.shop.create_customer("ola@example.com")["id"]
    world.buy(customer_id=other)
    world.shop.merge_customers(world.anna, other)
    assert connected.reader is not None
    answer = connected.reader.read(Ref("customer_merge", f"{other}:{world.anna}"))
    told = ShopifyConnector.inbound.normalise(
        Delivery(
            source="read",
            topic=answer.topic,
            body=answer.body,
            received_at=world.now[0],
            began_at=answer.began_at,
        )
    )
    assert isinstance(told, Observed)
    assert [(event.external_id, event.into) for event in told.events] == [
        (str(world.anna), None),
        (str(other), str(world.anna)),
    ]
