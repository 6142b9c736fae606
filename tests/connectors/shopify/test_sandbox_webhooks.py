"""The sandbox's webhooks: signed, in no order, repeated, tried again, and given up."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.shopify.sandbox import CLIENT_SECRET, SandboxError
from connectors.shopify.sandbox.topics import TOPICS
from tests.connectors.loopback import Request
from tests.connectors.shopify.captured import PAYLOADS, captured
from tests.connectors.shopify.sandbox_help import Receiver, World, gid, open_world, receiving


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as made:
        yield made


@pytest.fixture
def receiver(world: World) -> Iterator[Receiver]:
    with receiving() as made:
        for header, _ in TOPICS.values():
            world.shop.add_webhook(header, made.url)
        yield made


def signed_with(request: Request, secret: str) -> bool:
    made = base64.b64encode(hmac.digest(secret.encode(), request.body, hashlib.sha256)).decode()
    return request.headers["x-shopify-hmac-sha256"] == made


def heard(world: World, receiver: Receiver) -> list[str]:
    """Send what waits; return the topics and forget them."""
    world.shop.run_queue()
    topics = receiver.topics()
    receiver.heard.clear()
    return topics


def test_an_order_s_update_arrives_before_its_creation(world: World, receiver: Receiver) -> None:
    bought = world.buy(2)
    world.shop.run_queue()
    assert receiver.topics() == ["orders/updated", "orders/create", "orders/paid"]
    assert [json.loads(one.body) for one in receiver.heard] == [bought] * 3


def test_one_action_has_one_event_id_and_each_delivery_its_own(
    world: World, receiver: Receiver
) -> None:
    world.buy()
    world.shop.run_queue()
    headers = [one.headers for one in receiver.heard]
    assert len({one["x-shopify-event-id"] for one in headers}) == 1
    assert len({one["x-shopify-webhook-id"] for one in headers}) == 3


def test_headers_are_those_that_shopify_sends(world: World, receiver: Receiver) -> None:
    world.buy()
    world.shop.run_queue()
    [request] = [one for one in receiver.heard if one.headers["x-shopify-topic"] == "orders/paid"]
    [path] = PAYLOADS.glob("*__case-life-3-paid.json")
    sample = json.loads(path.read_text("utf-8"))["headers"]
    assert {name.lower() for name in sample} <= set(request.headers)
    assert request.headers["x-shopify-shop-domain"] == "kawa.myshopify.com"
    assert request.headers["x-shopify-api-version"] == "2026-10"
    assert request.headers["x-shopify-triggered-at"] == "2026-11-21T17:00:00.000000Z"
    assert request.headers["content-type"] == "application/json"
    assert signed_with(request, CLIENT_SECRET)


def test_the_oldest_secret_that_is_not_revoked_signs(world: World, receiver: Receiver) -> None:
    app = world.sandbox.app
    app.add_secret("a newer one")
    world.buy()
    world.shop.run_queue()
    assert all(signed_with(one, CLIENT_SECRET) for one in receiver.heard)
    receiver.heard.clear()
    app.revoke_secret(CLIENT_SECRET)
    world.buy()
    world.shop.run_queue()
    assert all(signed_with(one, "a newer one") for one in receiver.heard)
    with pytest.raises(ValueError, match="last one"):
        app.revoke_secret("a newer one")


@pytest.mark.parametrize(
    ("family", "there"),
    [("X-Shopify", (True, False)), ("shopify", (False, True)), ("both", (True, True))],
)
def test_both_header_families_can_be_had(
    world: World, receiver: Receiver, family: str, there: tuple[bool, bool]
) -> None:
    world.shop.change_settings(header_family=family)
    world.buy()
    world.shop.run_queue()
    headers = receiver.heard[0].headers
    assert ("x-shopify-hmac-sha256" in headers, "shopify-hmac-sha256" in headers) == there


def test_the_body_is_what_was_true_when_it_happened(world: World, receiver: Receiver) -> None:
    bought = world.buy(2)
    line = bought["line_items"][0]["id"]
    world.shop.refund(bought["id"], lines={line: 1})
    world.shop.run_queue()
    statuses = [body["financial_status"] for body in receiver.bodies("orders/updated")]
    assert statuses == ["paid", "partially_refunded"]
    receiver.heard.clear()
    world.shop.again("orders/paid")
    world.shop.run_queue()
    [late] = receiver.bodies("orders/paid")
    assert late == bought  # the refund is not in it


def test_a_seed_sends_in_a_random_order_that_can_be_had_again(
    world: World, receiver: Receiver
) -> None:
    orders = []
    for seed in (1, 1, 2):
        world.shop.change_settings(shuffle=None)
        heard(world, receiver)
        world.shop.change_settings(shuffle=seed)
        for _ in range(4):
            world.buy()
        orders.append(heard(world, receiver))
    assert orders[0] == orders[1]
    assert orders[1] != orders[2]
    assert sorted(orders[1]) == sorted(orders[2])


def test_a_delivery_may_come_several_times_under_its_id(world: World, receiver: Receiver) -> None:
    world.shop.change_settings(repeats=2, shuffle=7)
    world.buy()
    world.shop.run_queue()
    ids = [one.headers["x-shopify-webhook-id"] for one in receiver.heard]
    assert len(ids) == 9
    assert len(set(ids)) == 3
    assert len({one.body for one in receiver.heard}) == 1


def test_a_failed_delivery_is_tried_eight_more_times_within_four_hours(
    world: World, receiver: Receiver
) -> None:
    with receiving() as app_wide:
        world.sandbox.add_app_webhook("orders/delete", app_wide.url)
        app_wide.status = 500
        bought = world.buy()
        heard(world, receiver)
        world.shop.delete_order(bought["id"])
        assert world.shop.run_queue() == 2
        assert world.shop.run_queue() == 0  # not due yet
        tried = []
        for minutes in range(1, 5 * 60):
            world.later(minutes=1)
            if world.shop.run_queue():
                tried.append(minutes)
        assert len(app_wide.heard) == 1 + len(tried) == 1 + 8
        assert tried[-1] == 4 * 60
        # One in the app's own configuration is never deleted.
        assert "orders/delete" in world.sandbox.app.webhooks
        bodies = {one.body for one in app_wide.heard}
        assert bodies == {json.dumps({"id": bought["id"]}, separators=(",", ":")).encode()}
        assert len({one.headers["x-shopify-webhook-id"] for one in app_wide.heard}) == 1
    assert world.shop.deliveries["orders/delete 500"] == 9


def test_a_success_ends_the_tries(world: World, receiver: Receiver) -> None:
    world.shop.create_customer("ola@example.com")
    receiver.statuses = [500, 503]
    assert world.shop.run_queue() == 1
    assert world.shop.run_queue(ahead=True) == 2
    assert world.shop.run_queue(ahead=True) == 0
    assert world.shop.deliveries == {
        "customers/create 500": 1,
        "customers/create 503": 1,
        "customers/create 200": 1,
    }


def test_a_subscription_is_deleted_after_eight_failures_in_a_row(
    world: World, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 7 + [200] + [500] * 8
    for number in range(2):
        world.shop.create_customer(f"ola{number}@example.com")
        world.shop.run_queue(ahead=True)
    topics = [one["topic"] for one in world.shop.webhooks_of()]
    assert "customers/create" not in topics
    assert "customers/update" in topics
    world.shop.create_customer("nobody@hears.example.com")
    assert heard(world, receiver).count("customers/create") == 8 + 8


def test_a_redirect_is_no_success(world: World, receiver: Receiver) -> None:
    receiver.status, receiver.location = 302, receiver.url
    world.shop.create_customer()
    world.shop.run_queue()
    assert world.shop.deliveries == {"customers/create 302": 1}
    assert not world.shop.sent[0].success


def test_a_slow_answer_is_none(world: World, receiver: Receiver) -> None:
    world.shop.change_settings(total_timeout=0.1)
    receiver.delay = 0.3
    world.shop.create_customer()
    world.shop.run_queue()
    assert world.shop.deliveries == {"customers/create none": 1}
    assert "timed out" in world.shop.sent[0].error


def test_nobody_is_told_what_was_not_subscribed_to(world: World) -> None:
    world.buy()
    assert world.shop.run_queue() == 0
    with pytest.raises(ValueError, match="never sends"):
        world.shop.add_webhook("carts/update", "http://127.0.0.1:9/hook")


# --- what is heard of which act ---------------------------------------------------------------------


def test_our_own_tags_come_back_as_an_echo_without_tags_in_the_customer(
    world: World, receiver: Receiver
) -> None:
    world.client.ask("tags_swap", id=gid("Customer", world.anna), remove=["x"], add=["gold"])
    world.shop.run_queue()
    assert receiver.topics() == ["customer.tags_added", "customers/update"]
    assert receiver.bodies("customer.tags_added") == [
        {
            "customerId": gid("Customer", world.anna),
            "tags": ["gold"],
            "occurredAt": "2026-11-21T17:00:00.000Z",
        }
    ]
    [person] = receiver.bodies("customers/update")
    assert "tags" not in person
    receiver.heard.clear()
    world.client.ask("tags_add", id=gid("Customer", world.anna), tags=["GOLD"])
    assert heard(world, receiver) == []  # nothing changed, so nothing is said


def test_a_tag_taken_away_by_hand_is_heard(world: World, receiver: Receiver) -> None:
    world.shop.tag_customer(world.anna, "stempel:member", "VIP")
    heard(world, receiver)
    assert world.shop.untag_customer(world.anna, "stempel:member") == ["VIP"]
    world.shop.run_queue()
    assert receiver.bodies("customer.tags_removed")[0]["tags"] == ["stempel:member"]


ACTS: list[tuple[str, list[str]]] = [
    ("fulfil", ["orders/fulfilled", "orders/updated"]),
    ("edit_order", ["orders/edited", "orders/updated"]),
    ("cancel_order", ["orders/cancelled", "orders/updated", "refunds/create"]),
    ("delete_order", ["orders/delete"]),
    ("open_dispute", ["disputes/create"]),
    ("request_return", ["returns/request"]),
]


@pytest.mark.parametrize(("act", "topics"), ACTS)
def test_each_act_is_heard_under_its_topics(
    world: World, receiver: Receiver, act: str, topics: list[str]
) -> None:
    bought = world.buy()
    heard(world, receiver)
    getattr(world.shop, act)(bought["id"])
    assert heard(world, receiver) == topics


def test_a_refund_is_heard_with_and_without_its_order(world: World, receiver: Receiver) -> None:
    bought = world.buy()
    heard(world, receiver)
    made = world.shop.refund(bought["id"], amount="10.00")
    world.shop.run_queue()
    assert receiver.topics() == ["refunds/create", "orders/updated"]
    assert receiver.bodies("refunds/create") == [made]
    assert made["order_id"] == bought["id"]


def same_keys(mine: Any, sample: Any, but: frozenset[str] = frozenset()) -> None:
    assert set(sample) - set(mine) - but == set()


def test_bodies_have_the_keys_of_shopify_s_samples(world: World, receiver: Receiver) -> None:
    bought = world.buy(2)
    line = bought["line_items"][0]["id"]
    refund = world.shop.refund(bought["id"], lines={line: 1})
    dispute = world.shop.open_dispute(bought["id"])
    other = world.shop.create_customer("ola@example.com")
    world.shop.merge_customers(world.anna, other["id"])
    world.shop.edit_order(bought["id"], remove={line: 1})
    back = world.shop.request_return(bought["id"])["id"]
    for status in ("open", "closed"):
        world.shop.set_return(back, status)
    world.shop.change_return(back)
    world.shop.delete_customer(world.shop.create_customer("jan@example.com")["id"])
    world.shop.grant(["read_orders"])
    world.shop.run_queue()
    same_keys(bought, captured("case-plain-vat-on-top").json)
    same_keys(bought["line_items"][0], captured("case-plain-vat-on-top").json["line_items"][0])
    same_keys(refund, captured("case-life-4-partial-one-of-three").json)
    same_keys(dispute, captured("disputes_create__docs-2026-07").json)
    same_keys(other, captured("customers_create__case-phone-only").json)
    for topic, name in (
        ("customers/merge", "customers_merge__case-completed"),
        ("customers/delete", "customers_delete__docs-2026-07"),
        ("orders/edited", "orders_edited__docs-2026-07"),
        ("returns/approve", "returns_approve__docs-2026-07"),
        ("returns/close", "returns_close__docs-2026-07"),
        ("returns/update", "returns_update__docs-2026-07"),
        ("app/scopes_update", "app_scopes_update__docs-2026-07"),
    ):
        same_keys(receiver.bodies(topic)[0], captured(name).json)


def test_the_last_word_of_an_app_is_that_it_was_uninstalled(
    world: World, receiver: Receiver
) -> None:
    world.shop.uninstall()
    assert world.client.ask("shop_get").status == 401  # dead before the webhook arrives
    world.shop.run_queue()
    assert receiver.topics() == ["app/uninstalled"]
    assert receiver.bodies("app/uninstalled")[0]["myshopify_domain"] == "kawa.myshopify.com"
    world.shop.reinstall()
    world.buy()
    assert heard(world, receiver) == ["app/uninstalled"]  # subscriptions are gone


def test_the_three_compliance_topics_come_from_the_app_s_configuration_only(world: World) -> None:
    bought = world.buy()
    with receiving() as receiver:
        for topic in ("customers/data_request", "customers/redact", "shop/redact"):
            world.sandbox.add_app_webhook(topic, receiver.url)
        world.shop.request_data(world.anna)
        world.shop.redact_customer(world.anna)
        world.shop.redact_shop()
        world.shop.run_queue()
        [asked] = receiver.bodies("customers/data_request")
        assert asked["orders_requested"] == [bought["id"]]
        same_keys(asked, captured("customers_data_request__docs-2026-07").json)
        same_keys(
            receiver.bodies("customers/redact")[0], captured("customers_redact__docs-2026-07").json
        )
        assert receiver.bodies("shop/redact") == [
            {"shop_id": world.shop.id, "shop_domain": "kawa.myshopify.com"}
        ]


@pytest.mark.parametrize("form", ["absent", "null"])
def test_without_approval_for_personal_data_keys_are_missing_or_null(
    world: World, receiver: Receiver, form: str
) -> None:
    world.shop.change_settings(approved_level=1, redacted_as=form)
    world.buy()
    world.shop.run_queue()
    body = receiver.bodies("orders/paid")[0]
    sample = captured(
        "case-no-protected-data-keys-absent" if form == "absent" else "case-no-protected-data-nulls"
    ).json
    for name in ("email", "contact_email", "phone", "order_status_url"):
        assert (name in body) == (name in sample), name
    assert set(sample["customer"]) - {"admin_graphql_api_id"} <= set(body["customer"])
    assert body["customer"].get("email") is None
    assert "Anna" not in json.dumps(body)


def test_a_customer_with_orders_cannot_be_deleted(world: World) -> None:
    world.buy()
    with pytest.raises(SandboxError, match="with orders"):
        world.shop.delete_customer(world.anna)


def test_fields_that_were_not_asked_for_are_left_out(world: World) -> None:
    with receiving() as receiver:
        world.shop.add_webhook("orders/paid", receiver.url, include_fields=["id", "updated_at"])
        bought = world.buy()
        world.shop.run_queue()
        assert receiver.bodies("orders/paid") == [
            {"id": bought["id"], "updated_at": bought["updated_at"]}
        ]
