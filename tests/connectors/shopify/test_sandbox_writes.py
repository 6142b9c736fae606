"""What mutations change in the sandbox, what they refuse, and what is heard of them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.connectors.shopify.sandbox_help import DOCUMENTS, Got, World, gid, open_world

ANSWERS = DOCUMENTS.parent / "answers"
POINTS = {"namespace": "$app:stempel", "key": "balance", "type": "number_integer"}


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as made:
        made.shop.tag_customer(made.anna, "newsletter", "VIP")
        yield made


def add(world: World, *tags: str, number: int | None = None) -> Any:
    who = gid("Customer", number or world.anna)
    return world.client.ask("tags_add", id=who, tags=list(tags)).data["tagsAdd"]


def remove(world: World, *tags: str) -> Any:
    who = gid("Customer", world.anna)
    return world.client.ask("tags_remove", id=who, tags=list(tags)).data["tagsRemove"]


def put(world: World, *metafields: Any) -> Any:
    owner = {"ownerId": gid("Customer", world.anna)}
    sent = [owner | one for one in metafields]
    return world.client.ask("metafields_set", metafields=sent).data["metafieldsSet"]


def codes(payload: Any) -> list[str]:
    return [error["code"] for error in payload["userErrors"]]


# --- tags -------------------------------------------------------------------------------------------


def test_a_tag_is_added_to_those_that_are_there(world: World) -> None:
    made = add(world, "stempel:tier=gold")
    assert made["node"]["tags"] == ["newsletter", "stempel:tier=gold", "VIP"]
    assert world.shop.tags_of(world.anna) == ["newsletter", "stempel:tier=gold", "VIP"]


def test_a_comma_separates_tags_and_spaces_around_them_are_lost(world: World) -> None:
    assert add(world, " gold , silver,, ", "bronze")["userErrors"] == []
    assert set(world.shop.tags_of(world.anna)) >= {"gold", "silver", "bronze"}


def test_a_tag_that_is_there_in_another_case_stays_as_it_is(world: World) -> None:
    assert add(world, "vip")["node"]["tags"] == ["newsletter", "VIP"]
    assert remove(world, "NEWSLETTER", "never there")["node"]["tags"] == ["VIP"]


@pytest.mark.parametrize("tags", [["x" * 256], [f"tag {n}" for n in range(249)]])
def test_too_long_and_too_many_tags_change_nothing(world: World, tags: list[str]) -> None:
    made = add(world, *tags)
    assert made["node"] is None
    assert made["userErrors"][0]["field"] == ["tags"]
    assert world.shop.tags_of(world.anna) == ["newsletter", "VIP"]


def test_250_tags_of_255_characters_are_taken(world: World) -> None:
    tags = [f"{n:0255}" for n in range(248)]
    assert add(world, *tags)["userErrors"] == []
    assert len(world.shop.tags_of(world.anna)) == 250


def test_nobody_s_tags_are_a_user_error(world: World) -> None:
    made = add(world, "gold", number=1)
    assert made == {
        "node": None,
        "userErrors": [{"field": ["id"], "message": "Resource not found"}],
    }


def test_an_order_has_tags_too(world: World) -> None:
    bought = world.buy()
    got = world.client.ask("tags_add", id=gid("Order", bought["id"]), tags=["b2b"])
    assert got.codes == ["ACCESS_DENIED"]
    world.shop.grant([*world.sandbox.app.scopes, "write_orders"])
    world.client.ask("tags_add", id=gid("Order", bought["id"]), tags=["b2b", "fast"])
    assert world.shop.order(bought["id"])["tags"] == "b2b, fast"


def test_the_tags_of_customer_update_are_all_that_is_left(world: World) -> None:
    # The trap because of which nobody should send them.
    sent = {"id": gid("Customer", world.anna), "tags": ["stempel:member"]}
    got = world.client.ask("customer_update", input=sent)
    assert got.data["customerUpdate"]["customer"]["tags"] == ["stempel:member"]
    assert world.shop.tags_of(world.anna) == ["stempel:member"]


# --- metafields ---------------------------------------------------------------------------------------


def test_the_app_s_own_namespace_is_written_out(world: World) -> None:
    made = put(world, POINTS | {"value": "1250"})
    [field] = made["metafields"]
    assert (field["namespace"], field["value"]) == ("app--1234567--stempel", "1250")
    assert world.shop.metafields_of(world.anna) == {"$app:stempel.balance": "1250"}
    document = (
        "query Own($id: ID!) { customer(id: $id) {"
        ' a: metafield(namespace: "$app:stempel", key: "balance") { value }'
        ' b: metafield(namespace: "app--1234567--stempel", key: "balance") { value }'
        ' c: metafield(namespace: "custom", key: "balance") { value } } }'
    )
    seen = world.client.run(document, id=gid("Customer", world.anna)).data["customer"]
    assert [seen[name] for name in "abc"] == [{"value": "1250"}, {"value": "1250"}, None]


def test_one_bad_metafield_keeps_all_from_being_set(world: World) -> None:
    bad = {"namespace": "$app:stempel", "key": "tier", "type": "number_integer", "value": "gold"}
    made = put(world, POINTS | {"value": "1250"}, bad)
    assert made["metafields"] is None
    assert codes(made) == ["INVALID_VALUE"]
    assert made["userErrors"][0]["elementIndex"] == 1
    assert world.shop.metafields_of(world.anna) == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"value": "1.5"}, "INVALID_VALUE"),
        ({"value": "a", "type": "single_line_text"}, "INVALID_TYPE"),
        ({"value": "a\nb", "type": "single_line_text_field"}, "INVALID_VALUE"),
        ({"value": ""}, "BLANK"),
        ({"value": "1", "type": None}, "BLANK"),
        ({"value": "{", "type": "json"}, "INVALID_VALUE"),
        ({"value": "1", "key": "x"}, "TOO_SHORT"),
        ({"value": "1", "namespace": "n" * 256}, "TOO_LONG"),
        ({"value": "1", "namespace": "app--999--stempel"}, "APP_NOT_AUTHORIZED"),
        ({"value": "1", "ownerId": "gid://shopify/Customer/1"}, "INVALID"),
        ({"value": "1", "compareDigest": "never seen"}, "STALE_OBJECT"),
    ],
)
def test_a_bad_metafield_has_a_code(world: World, changes: dict[str, Any], code: str) -> None:
    assert codes(put(world, POINTS | changes)) == [code]


def test_a_digest_protects_what_somebody_else_has_changed(world: World) -> None:
    first = put(world, POINTS | {"value": "1", "compareDigest": None})["metafields"][0]
    assert codes(put(world, POINTS | {"value": "2", "compareDigest": None})) == ["STALE_OBJECT"]
    again = POINTS | {"value": "2", "compareDigest": first["compareDigest"]}
    assert put(world, again)["metafields"][0]["value"] == "2"
    assert codes(put(world, again)) == ["STALE_OBJECT"]


def test_26_metafields_are_too_many(world: World) -> None:
    many = [POINTS | {"key": f"key{n}", "value": "1"} for n in range(26)]
    assert codes(put(world, *many)) == ["LESS_THAN_OR_EQUAL_TO"]
    assert put(world, *many[:25])["userErrors"] == []


def test_a_definition_is_made_once_and_fixes_the_type(world: World) -> None:
    definition = {"name": "Points", "ownerType": "CUSTOMER", **POINTS}
    made = world.client.ask("metafield_definition_create", definition=definition).data
    created = made["metafieldDefinitionCreate"]["createdDefinition"]
    assert created["namespace"] == "app--1234567--stempel"
    again = world.client.ask("metafield_definition_create", definition=definition).data
    assert codes(again["metafieldDefinitionCreate"]) == ["TAKEN"]
    assert put(world, POINTS | {"value": "5", "type": None})["userErrors"] == []
    text = POINTS | {"value": "5", "type": "single_line_text_field"}
    assert codes(put(world, text)) == ["INVALID_TYPE"]


def test_metafields_are_deleted_and_what_is_not_there_is_null(world: World) -> None:
    put(world, POINTS | {"value": "5"})
    sent = {"ownerId": gid("Customer", world.anna), "namespace": "$app:stempel", "key": "balance"}
    got = world.client.ask("metafields_delete", metafields=[sent, sent | {"key": "tier"}])
    done = got.data["metafieldsDelete"]["deletedMetafields"]
    assert done[0]["namespace"] == "app--1234567--stempel"
    assert done[1] is None
    assert world.shop.metafields_of(world.anna) == {}


def test_inputs_of_more_than_250_are_refused_as_a_whole(world: World) -> None:
    got = world.client.ask("tags_add", id=gid("Customer", world.anna), tags=["x"] * 251)
    assert got.codes == ["MAX_INPUT_SIZE_EXCEEDED"]


# --- subscriptions and the app -----------------------------------------------------------------------


def subscribe(world: World, topic: str, uri: str) -> Got:
    return world.client.ask(
        "webhook_subscription_create", topic=topic, webhookSubscription={"uri": uri}
    )


def test_a_topic_goes_to_an_address_once(world: World) -> None:
    made = subscribe(world, "ORDERS_PAID", "https://loyalty.example.com/hook").data
    number = made["webhookSubscriptionCreate"]["webhookSubscription"]["id"]
    again = subscribe(world, "ORDERS_PAID", "https://loyalty.example.com/hook").body
    sample = json.loads((ANSWERS / "webhook_subscription_create.taken.json").read_text("utf-8"))
    assert again["data"] == sample["data"]
    listed = world.client.ask("webhook_subscriptions_list", topics=["ORDERS_PAID"]).data
    [node] = listed["webhookSubscriptions"]["nodes"]
    assert (node["id"], node["apiVersion"]) == (number, {"handle": "2026-10"})
    moved = world.client.ask(
        "webhook_subscription_update",
        id=number,
        webhookSubscription={"uri": "https://loyalty.example.com/v2"},
    ).data
    assert moved["webhookSubscriptionUpdate"]["webhookSubscription"]["uri"].endswith("/v2")
    gone = world.client.ask("webhook_subscription_delete", id=number).data
    assert gone["webhookSubscriptionDelete"]["deletedWebhookSubscriptionId"] == number
    assert world.shop.webhooks_of() == []


@pytest.mark.parametrize("uri", ["http://loyalty.example.com/hook", "loyalty", ""])
def test_an_address_without_tls_is_refused(world: World, uri: str) -> None:
    made = subscribe(world, "ORDERS_PAID", uri).data["webhookSubscriptionCreate"]
    assert made["webhookSubscription"] is None
    assert made["userErrors"][0]["field"] == ["webhookSubscription", "callbackUrl"]


def test_a_topic_needs_its_scope(world: World) -> None:
    world.shop.grant(["read_orders", "write_customers"])
    made = subscribe(world, "DISPUTES_CREATE", "https://loyalty.example.com/hook").data
    assert "disputes/create" in made["webhookSubscriptionCreate"]["userErrors"][0]["message"]


def test_an_app_that_uninstalls_itself_is_out_at_once(world: World) -> None:
    assert world.client.ask("app_uninstall").data["appUninstall"]["userErrors"] == []
    assert world.client.ask("shop_get").status == 401
    world.shop.reinstall()
    assert world.client.ask("shop_get").status == 200
