"""Reader, writer and installer against the sandbox, which answers by the official schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from app.errors import Passing
from app.programme.events import CustomerFacts, OrderFacts
from connectors.base import Access, Closed, CustomerState, Delivery, Observed, Outcome, Ref
from connectors.base import Shop as OpenShop
from connectors.http import GuardedClient
from connectors.shopify import connector
from connectors.shopify.answers import merge_ref
from connectors.shopify.install import OPTIONAL_TOPICS, TOPICS
from connectors.shopify.refusals import Denied
from connectors.shopify.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, Shop, serve
from tests.connectors.outcomes import event_of_all

ADDRESS = "https://stempel.example/webhooks/shopify/abc"


@dataclass
class Counter:
    """The shop as seen from both sides of its counter."""

    ours: OpenShop
    shop: Shop
    sandbox: Sandbox

    def read(self, ref: Ref) -> Outcome:
        assert self.ours.reader is not None
        found = self.ours.reader.read(ref)
        return connector.inbound.normalise(
            Delivery(
                source="read",
                topic=found.topic,
                body=found.body,
                received_at=found.began_at,
                began_at=found.began_at,
            )
        )

    def heard(self, order_id: int) -> Outcome:
        """What a webhook about the order would state."""
        now = self.sandbox.clock()
        body = self.shop.rendered(order_id)
        delivery = Delivery(source="webhook", topic="orders/updated", body=body, received_at=now)
        return connector.inbound.normalise(delivery)

    def push(self, states: list[CustomerState]) -> list[Any]:
        assert self.ours.writer is not None
        size = self.ours.writer.batch_size
        return [
            one
            for start in range(0, len(states), size)
            for one in self.ours.writer.push(states[start : start + size])
        ]


@contextmanager
def counter(*, token: bool = True, **settings: Any) -> Iterator[Counter]:
    sandbox = Sandbox()
    shop = sandbox.open_shop("kawa", **settings)
    keys = {"client-id": CLIENT_ID, "client-secret": CLIENT_SECRET}
    with serve(sandbox) as running:
        place = connector.place({"shop": ["kawa"]})
        access = Access(
            store_key="k",
            url=place.url,
            credentials={"access-token": shop.token} if token else keys,
            origin=running.origin,
        )
        ours = connector.connect(access, GuardedClient(allow_private=True))
        yield Counter(ours, shop, sandbox)
        ours.close()


def only(outcome: Outcome) -> Any:
    assert isinstance(outcome, Observed)
    [event] = outcome.events
    return event


# --- reading -------------------------------------------------------------------------------------


def test_a_long_order_with_many_refunds_is_read_as_it_is_announced() -> None:
    with counter(bucket_size=20_000) as seen:
        anna = seen.shop.create_customer("anna@example.com", "Anna", verified=True)
        lines = [
            {"title": f"Mug {number}", "price": "10.00", "quantity": 3} for number in range(70)
        ]
        order = seen.shop.place_order(lines, customer_id=anna["id"], shipping="15.00")
        for line in order["line_items"][:12]:
            seen.shop.refund(order["id"], lines={line["id"]: 1})
        several = {line["id"]: 1 for line in order["line_items"][12:24]}
        seen.shop.refund(order["id"], lines=several, shipping="15.00")
        told, announced = (
            only(seen.read(Ref("order", str(order["id"])))),
            event_of_all(seen.heard(order["id"])),
        )
    assert isinstance(told.facts, OrderFacts)
    assert len(told.facts.refunds) == 13
    assert max(len(refund.lines) for refund in told.facts.refunds) == 13
    assert len(told.facts.lines) == 71
    assert told == announced
    # 70 lines are two pages; 13 refunds come in two calls, and one has two pages of lines.
    asked = ("Order", "OrderLines", "Refunds", "RefundLines")
    assert [seen.shop.calls[name] for name in asked] == [1, 1, 2, 1]


def test_a_deleted_order_is_gone() -> None:
    with counter() as seen:
        order = seen.shop.place_order([{"title": "Mug", "price": "10.00", "quantity": 1}])
        seen.shop.delete_order(order["id"])
        assert only(seen.read(Ref("order", str(order["id"])))).facts is None


def test_an_order_is_read_by_its_return() -> None:
    with counter() as seen:
        order = seen.shop.place_order([{"title": "Mug", "price": "10.00", "quantity": 1}])
        seen.shop.fulfil(order["id"])
        made = seen.shop.request_return(order["id"])
        assert only(seen.read(Ref("return", str(made["id"])))).external_id == str(order["id"])


def test_a_customer_and_a_merge_are_read() -> None:
    with counter() as seen:
        anna = seen.shop.create_customer("anna@example.com", "Anna", verified=True)
        twin = seen.shop.create_customer("ania@example.com", "Anna")
        told = only(seen.read(Ref("customer", str(anna["id"]))))
        assert told.facts == CustomerFacts(registered=True)
        assert (told.person.email, told.person.verified) == ("anna@example.com", True)
        seen.shop.merge_customers(anna["id"], twin["id"])
        merged = seen.read(merge_ref(str(twin["id"]), str(anna["id"])))
    assert isinstance(merged, Observed)
    assert [event.into for event in merged.events] == [None, str(anna["id"])]


def test_without_leave_for_emails_people_are_known_by_number() -> None:
    with counter(approved_level=1) as seen:
        anna = seen.shop.create_customer("anna@example.com", "Anna", verified=True)
        lines = [{"title": "Mug", "price": "10.00", "quantity": 1}]
        order = seen.shop.place_order(lines, customer_id=anna["id"])
        told = only(seen.read(Ref("order", str(order["id"]))))
    assert (told.person.customer, told.person.email) == (str(anna["id"]), None)


def test_without_leave_for_customers_an_order_is_not_taken_for_a_guests() -> None:
    with counter(approved_level=0) as seen:
        anna = seen.shop.create_customer("anna@example.com", "Anna")
        lines = [{"title": "Mug", "price": "10.00", "quantity": 1}]
        order = seen.shop.place_order(lines, customer_id=anna["id"])
        for ref in (Ref("order", str(order["id"])), Ref("customer", str(anna["id"]))):
            with pytest.raises(Denied, match="protected customer data"):
                seen.read(ref)


@pytest.mark.parametrize("token", [True, False])
def test_an_uninstalled_app_learns_it_by_asking(token: bool) -> None:
    with counter(token=token) as seen:
        assert isinstance(seen.read(Ref("installation", "self")), Observed)
        seen.shop.uninstall()
        assert isinstance(seen.read(Ref("installation", "self")), Closed)


def test_a_fetched_token_that_ended_early_is_fetched_anew() -> None:
    with counter(token=False) as seen:
        assert seen.ours.health is not None
        assert seen.ours.health.check().startswith("Shopify ")
        seen.shop.end_tokens()
        assert "PLN" in seen.ours.health.check()
        assert seen.shop.calls["token client_credentials"] == 2


# --- writing -------------------------------------------------------------------------------------


def state(customer: dict[str, Any], balance: int, tier: str | None = None) -> CustomerState:
    return CustomerState(customer=str(customer["id"]), programme="kawa", balance=balance, tier=tier)


def test_a_thousand_writes_leave_the_merchants_tags_alone_and_repeat_nothing() -> None:
    theirs = ["VIP", "newsletter", "Stempelkissen", "stempel", "tier=gold"]
    with counter(bucket_size=10**9, restore_rate=10**9) as seen:
        people = [
            seen.shop.create_customer(f"p{number}@example.com", "P", tags=[*theirs, f"no-{number}"])
            for number in range(100)
        ]
        for turn in range(10):
            tier = None if turn % 3 == 2 else f"tier-{turn % 3}"
            states = [state(one, turn * 7, tier) for one in people]
            assert all(result.error is None for result in seen.push(states))
        written = sum(seen.shop.mutations.values())
        last = seen.push([state(one, 63, "tier-0") for one in people])
        assert sum(seen.shop.mutations.values()) == written
        shown = [seen.shop.tags_of(one["id"]) for one in people]
    ours = {"stempel:member", "stempel:points=63", "stempel:tier=tier-0"}
    for number, tags in enumerate(shown):
        assert set(tags) == {*theirs, f"no-{number}", *ours}
    assert {one.marks for one in last} == {
        ("stempel:member", "stempel:points=63", "stempel:tier=tier-0")
    }
    assert set(seen.shop.mutations) == {
        "metafieldDefinitionCreate", "metafieldsDelete", "metafieldsSet", "tagsAdd", "tagsRemove",
    }  # fmt: skip


def test_what_themes_can_read_follows_the_member() -> None:
    with counter() as seen:
        anna = seen.shop.create_customer("anna@example.com", "Anna")
        seen.push([state(anna, 120, "gold")])
        assert seen.shop.metafields_of(anna["id"]) == {
            "$app:stempel.balance": "120",
            "$app:stempel.tier": "gold",
        }
        seen.push([state(anna, -5)])
        assert seen.shop.metafields_of(anna["id"]) == {"$app:stempel.balance": "-5"}


def test_a_write_whose_answer_was_lost_is_repeated_without_harm() -> None:
    with counter() as seen:
        anna = seen.shop.create_customer("anna@example.com", "Anna", tags=["VIP"])
        seen.shop.faults.add("reset_after", operation="ShowStates")
        with pytest.raises(Passing):
            seen.push([state(anna, 120)])
        before = sum(seen.shop.mutations.values())
        [written] = seen.push([state(anna, 120)])
        assert written.error is None
        assert sum(seen.shop.mutations.values()) == before
        assert set(seen.shop.tags_of(anna["id"])) == {"VIP", "stempel:member", "stempel:points=120"}


def test_a_customer_deleted_in_the_shop_is_gone() -> None:
    with counter() as seen:
        anna = seen.shop.create_customer("anna@example.com", "Anna")
        bob = seen.shop.create_customer("bob@example.com", "Bob")
        seen.shop.delete_customer(anna["id"])
        gone, fine = seen.push([state(anna, 1), state(bob, 1)])
    assert (gone.gone, fine.error) == (True, None)


def test_without_leave_to_write_the_permission_is_named() -> None:
    with counter() as seen:
        anna = seen.shop.create_customer("anna@example.com", "Anna")
        seen.shop.grant(["read_orders", "read_customers"])
        with pytest.raises(Denied, match="write_customers"):
            seen.push([state(anna, 1)])
        assert seen.shop.tags_of(anna["id"]) == []


def test_a_full_batch_is_within_what_one_call_may_cost() -> None:
    with counter() as seen:
        people = [seen.shop.create_customer(f"p{number}@example.com", "P") for number in range(25)]
        seen.push([state(one, 1, "silver") for one in people])
        results = seen.push([state(one, 2, "gold") for one in people])
        assert all(one.error is None for one in results)
        assert seen.shop.calls["ShowStates"] == 2


def test_points_that_ran_out_are_waited_for() -> None:
    with counter(bucket_size=120, restore_rate=100) as seen:
        people = [seen.shop.create_customer(f"p{number}@example.com", "P") for number in range(2)]
        for turn in range(3):
            assert all(one.error is None for one in seen.push([state(one, turn) for one in people]))
        assert seen.shop.tags_of(people[0]["id"]) == ["stempel:member", "stempel:points=2"]


# --- setting up ----------------------------------------------------------------------------------


def test_our_webhooks_are_made_once_and_others_left_alone() -> None:
    with counter() as seen:
        assert seen.ours.installer is not None
        seen.shop.add_webhook("orders/paid", "https://other.example/hook")
        first = seen.ours.installer.register(ADDRESS, "")
        assert seen.ours.installer.register(ADDRESS, "") == first
        assert {one.topic for one in first} == {*TOPICS, *OPTIONAL_TOPICS}
        assert len(seen.shop.webhooks_of()) == len(first) + 1
        seen.ours.installer.register(ADDRESS.replace("stempel.", "new."), "")
        uris = [one["uri"] for one in seen.shop.webhooks_of()]
    assert uris.count("https://other.example/hook") == 1
    assert uris.count(ADDRESS.replace("stempel.", "new.")) == len(first)


def test_topics_that_need_more_leave_are_left_out() -> None:
    with counter() as seen:
        assert seen.ours.installer is not None
        seen.shop.grant(["read_orders", "write_customers"])
        made = seen.ours.installer.register(ADDRESS, "")
    assert {one.topic for one in made} == set(TOPICS)
