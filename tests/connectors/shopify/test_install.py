"""Setting up webhooks and asking for the shop's health."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.errors import Blocked, Invalid
from connectors.shopify.install import OPTIONAL_TOPICS, TOPICS, ShopifyHealth, ShopifyInstaller
from connectors.shopify.refusals import NoAccess
from tests.connectors.shopify.graphql_shop import (
    Answerer,
    GraphqlShop,
    as_data,
    sample,
    shop_with,
)

ADDRESS = "https://stempel.example/webhooks/shopify/abc"


class Webhooks:
    """The subscriptions of an app in a shop."""

    def __init__(self, *existing: tuple[str, str], a_page: int = 100) -> None:
        self.rows: dict[str, dict[str, str]] = {}
        self.a_page = a_page
        self.refused: dict[str, str] = {}  # topic: field of the user error
        for topic, uri in existing:
            self._add(topic, uri)

    def _add(self, topic: str, uri: str) -> dict[str, str]:
        number = f"gid://shopify/WebhookSubscription/{len(self.rows) + 1}"
        self.rows[number] = {"id": number, "topic": topic, "uri": uri, "format": "JSON"}
        return self.rows[number]

    def listed(self, variables: dict[str, Any]) -> object:
        start = int(variables["after"] or 0)
        end = start + self.a_page
        info = {"hasNextPage": end < len(self.rows), "endCursor": str(end)}
        nodes = list(self.rows.values())[start:end]
        return {"webhookSubscriptions": {"nodes": nodes, "pageInfo": info}}

    def create(self, variables: dict[str, Any]) -> object:
        topic, given = variables["topic"], variables["webhookSubscription"]
        assert given["format"] == "JSON"
        if topic in self.refused:
            made = {"webhookSubscription": None, "userErrors": [{"field": [self.refused[topic]]}]}
        else:
            made = {"webhookSubscription": self._add(topic, given["uri"]), "userErrors": []}
        return {"webhookSubscriptionCreate": made}

    def update(self, variables: dict[str, Any]) -> object:
        row = self.rows[variables["id"]]
        row |= variables["webhookSubscription"]
        return {"webhookSubscriptionUpdate": {"webhookSubscription": row, "userErrors": []}}


@contextmanager
def shop_of(webhooks: Webhooks) -> Iterator[tuple[ShopifyInstaller, GraphqlShop]]:
    answers: dict[str, Answerer] = {
        "WebhookSubscriptions": webhooks.listed,
        "WebhookSubscriptionCreate": webhooks.create,
        "WebhookSubscriptionUpdate": webhooks.update,
    }
    with shop_with(answers) as shop:
        yield ShopifyInstaller(shop.session), shop


def test_every_topic_we_need_is_registered_once() -> None:
    webhooks = Webhooks()
    with shop_of(webhooks) as (installer, _):
        first = installer.register(ADDRESS, "")
        again = installer.register(ADDRESS, "")
    assert first == again
    assert {one.topic for one in first} == {*TOPICS, *OPTIONAL_TOPICS}
    assert all(one.active and one.address == ADDRESS for one in first)
    assert len(webhooks.rows) == len(TOPICS) + len(OPTIONAL_TOPICS)


def test_one_of_ours_at_an_earlier_address_is_moved() -> None:
    earlier = "https://old.example/webhooks/shopify/abc"
    webhooks = Webhooks(("ORDERS_PAID", earlier), ("ORDERS_UPDATED", ADDRESS))
    with shop_of(webhooks) as (installer, _):
        made = installer.register(ADDRESS, "")
    kept = {one.topic: one.id for one in made}
    assert kept["ORDERS_PAID"] == "gid://shopify/WebhookSubscription/1"
    assert kept["ORDERS_UPDATED"] == "gid://shopify/WebhookSubscription/2"
    assert {row["uri"] for row in webhooks.rows.values()} == {ADDRESS}
    assert len(webhooks.rows) == len(TOPICS) + len(OPTIONAL_TOPICS)


def test_the_webhooks_of_others_are_left_alone() -> None:
    theirs = [
        ("ORDERS_PAID", "https://other.example/hooks"),
        ("ORDERS_PAID", "https://other.example/webhooks/shopify"),
        ("ORDERS_PAID", "pubsub://project:topic"),
        ("ORDERS_PAID", "arn:aws:events:eu-west-1::event-source/x"),
        ("ORDERS_PAID", "https://[::1/webhooks/shopify/x"),
        ("PRODUCTS_UPDATE", "https://old.example/webhooks/shopify/abc"),
    ]
    webhooks = Webhooks(*theirs)
    with shop_of(webhooks) as (installer, _):
        installer.register(ADDRESS, "")
    rows = list(webhooks.rows.values())
    assert [(row["topic"], row["uri"]) for row in rows[: len(theirs)]] == theirs


def test_ours_are_found_on_later_pages() -> None:
    others = [("ORDERS_PAID", f"https://other.example/{number}") for number in range(4)]
    webhooks = Webhooks(*others, ("ORDERS_PAID", ADDRESS), a_page=2)
    with shop_of(webhooks) as (installer, shop):
        made = installer.register(ADDRESS, "")
        asked = [given["after"] for name, given in shop.calls if name == "WebhookSubscriptions"]
    assert asked == [None, "2", "4"]
    assert ("ORDERS_PAID", "gid://shopify/WebhookSubscription/5") in {
        (one.topic, one.id) for one in made
    }


def test_a_topic_that_is_merely_useful_may_be_refused() -> None:
    webhooks = Webhooks()
    webhooks.refused = {"DISPUTES_CREATE": "topic"}
    with shop_of(webhooks) as (installer, _):
        made = installer.register(ADDRESS, "")
    assert {one.topic for one in made} == {*TOPICS, *OPTIONAL_TOPICS} - {"DISPUTES_CREATE"}


def test_a_topic_that_is_needed_may_not_be_refused() -> None:
    webhooks = Webhooks()
    webhooks.refused = {"ORDERS_PAID": "topic"}
    with (
        shop_of(webhooks) as (installer, _),
        pytest.raises(Blocked, match="ORDERS_PAID: the app lacks the permission"),
    ):
        installer.register(ADDRESS, "")


def test_an_address_that_is_refused_is_told() -> None:
    webhooks = Webhooks()
    webhooks.refused = {"ORDERS_CREATE": "callbackUrl"}
    with (
        shop_of(webhooks) as (installer, _),
        pytest.raises(Invalid, match=r"ORDERS_CREATE \(callbackUrl\): its address must be https"),
    ):
        installer.register(ADDRESS, "")


def test_the_sample_answers_are_understood() -> None:
    answers = {
        "WebhookSubscriptions": sample("webhook_subscriptions_list.one"),
        "WebhookSubscriptionCreate": sample("webhook_subscription_create.taken"),
    }
    with shop_with(answers) as shop, pytest.raises(Invalid, match="callbackUrl"):
        ShopifyInstaller(shop.session).register(ADDRESS, "")


def health(*scopes: str, plan: str = "Basic") -> dict[str, Any]:
    granted = {"accessScopes": [{"handle": scope} for scope in scopes]}
    shop = {"currencyCode": "EUR", "plan": {"publicDisplayName": plan}}
    return {"currentAppInstallation": granted, "shop": shop}


def check(answer: dict[str, Any]) -> str:
    with shop_with({"Health": answer}) as shop:
        return ShopifyHealth(shop.session).check()


def test_the_health_of_a_shop_is_one_line() -> None:
    assert check(health("read_orders", "write_customers")) == "Shopify Basic, EUR"


def test_a_permission_to_write_includes_the_one_to_read() -> None:
    assert check(health("write_orders", "write_customers")).startswith("Shopify")


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        ([], "read_orders and write_customers"),
        (["read_orders", "read_customers"], "permission write_customers in"),
        (["write_customers"], "permission read_orders in"),
    ],
)
def test_a_missing_permission_is_named(scopes: list[str], missing: str) -> None:
    with pytest.raises(Blocked, match=missing):
        check(health(*scopes))


def test_a_shop_that_refuses_the_token_is_not_healthy() -> None:
    with (
        shop_with({"Health": sample("invalid_token_http_401", 401)}) as shop,
        pytest.raises(NoAccess),
    ):
        ShopifyHealth(shop.session).check()


def test_a_strange_answer_is_not_healthy() -> None:
    from app.errors import Passing

    with shop_with({"Health": as_data({"shop": None})}) as shop, pytest.raises(Passing):
        ShopifyHealth(shop.session).check()
