"""What fires what in the sandbox, and what a delivery then says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from connectors.woocommerce.sandbox import RestError, Sandbox
from connectors.woocommerce.sandbox.webhooks import TOPICS
from tests.connectors.woocommerce.sandbox_help import Receiver

ACTIONS = (
    "action.woocommerce_delete_order",
    "action.woocommerce_refund_deleted",
    "action.woocommerce_order_status_completed",
)


class Clock:
    """A clock that stands still until told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_seconds(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class World:
    """A shop with two products and a receiver that hears every topic."""

    shop: Sandbox
    receiver: Receiver
    clock: Clock

    def after(self, act: Callable[[], object]) -> list[str]:
        """Return the topics delivered because of one act."""
        self.shop.run_queue()
        self.receiver.heard.clear()
        act()
        self.shop.run_queue()
        return sorted(self.receiver.topics())

    def order(self, **values: object) -> int:
        return int(self.shop.place_order({1: 2, 2: 1}, email="jan@example.pl", **values)["id"])  # type: ignore[arg-type]


@pytest.fixture
def world() -> Iterator[World]:
    clock = Clock()
    shop = Sandbox(now=clock)
    shop.add_product("Mug", "49.99")
    shop.add_product("Hoodie", "199.00")
    with Receiver() as receiver:
        for topic in (*TOPICS, *ACTIONS):
            shop.add_webhook(topic, receiver.url, "secret")
        yield World(shop, receiver, clock)


def test_a_new_order_is_announced_as_created_and_updated(world: World) -> None:
    assert world.after(world.order) == ["order.created", "order.updated"]


def test_the_block_checkout_says_updated_before_created(world: World) -> None:
    world.order(via="store-api")
    world.shop.run_queue()
    assert world.receiver.topics() == ["order.updated", "order.created"]


def test_a_refund_updates_the_order_and_the_last_one_makes_it_refunded(world: World) -> None:
    number = world.order()
    assert world.after(lambda: world.shop.refund(number, amount="40.00")) == ["order.updated"]
    assert world.shop.order(number)["status"] == "processing"
    assert world.after(lambda: world.shop.refund(number, amount="258.98")) == ["order.updated"]
    assert world.shop.order(number)["status"] == "refunded"
    assert world.shop.order(number)["total"] == "298.98"


def test_setting_refunded_by_hand_makes_the_refund_of_the_rest(world: World) -> None:
    number = world.order()
    world.shop.refund(number, amount="100.00")
    assert world.after(lambda: world.shop.set_status(number, "refunded")) == ["order.updated"]
    assert [refund["total"] for refund in world.shop.order(number)["refunds"]] == [
        "-198.98",
        "-100.00",
    ]


def test_a_deleted_refund_is_invisible_through_rest(world: World) -> None:
    number = world.order()
    refund = world.shop.refund(number, amount="40.00")["id"]
    before = world.shop.order(number)["date_modified_gmt"]
    world.clock.pass_seconds(60)
    assert world.after(lambda: world.shop.delete_refund(number, refund)) == []
    assert world.shop.order(number)["refunds"] == []
    assert world.shop.order(number)["date_modified_gmt"] == before


def test_a_refund_deleted_on_the_admin_screen_names_only_itself(world: World) -> None:
    number = world.order()
    refund = world.shop.refund(number, amount="40.00")["id"]
    topics = world.after(lambda: world.shop.delete_refund(number, refund, on_admin_screen=True))
    assert topics == ["action.woocommerce_refund_deleted"]
    [heard] = world.receiver.heard
    assert heard.json == {"action": "woocommerce_refund_deleted", "arg": refund}


def test_the_trash_says_deleted_and_restoring_fires_the_completion_again(world: World) -> None:
    number = world.order()
    world.shop.set_status(number, "completed")
    assert world.after(lambda: world.shop.trash_order(number)) == ["order.deleted"]
    assert world.receiver.heard[0].body == b'{"id":%d}' % number
    assert world.after(lambda: world.shop.restore_order(number)) == [
        "action.woocommerce_order_status_completed",
        "order.restored",
    ]
    assert world.shop.order(number)["status"] == "completed"


def test_deleting_for_good_fires_only_the_custom_action(world: World) -> None:
    number = world.order()
    assert world.after(lambda: world.shop.delete_order(number)) == [
        "action.woocommerce_delete_order"
    ]


def test_with_orders_as_posts_a_trashed_order_is_called_a_deleted_coupon(world: World) -> None:
    world.shop.change_settings(hpos=False)
    number = world.order()
    topics = world.after(lambda: world.shop.trash_order(number))
    assert topics == ["coupon.deleted", "order.deleted", "product.deleted"]
    assert world.after(lambda: world.shop.restore_order(number)) == [
        "coupon.restored",
        "order.restored",
        "order.updated",
        "product.restored",
    ]


def test_trashed_products_and_pages_are_called_deleted_coupons(world: World) -> None:
    assert "coupon.deleted" in world.after(lambda: world.shop.trash_product(1))
    assert world.after(world.shop.trash_page) == ["coupon.deleted", "product.deleted"]


def test_a_used_coupon_says_nothing(world: World) -> None:
    world.shop.add_coupon("lato10", "10")
    assert world.after(lambda: world.order(coupons=["lato10"])) == [
        "order.created",
        "order.updated",
    ]


def test_accounts_are_announced_whatever_their_role(world: World) -> None:
    shop = world.shop
    assert world.after(lambda: shop.register_customer("anna@example.pl")) == [
        "customer.created",
        "customer.updated",
    ]
    topics = world.after(lambda: shop.register_customer("ewa@example.pl", role="subscriber"))
    assert topics == ["customer.created"]
    assert world.receiver.heard[0].json["role"] == "subscriber"
    assert world.after(lambda: shop.delete_customer(2)) == []
    assert world.after(lambda: shop.delete_customer(1)) == ["customer.deleted"]


def test_a_deleted_customer_leaves_his_orders_without_an_order_event(world: World) -> None:
    number = world.shop.register_customer("anna@example.pl")["id"]
    order = world.order(customer_id=number)
    assert world.after(lambda: world.shop.delete_customer(number)) == ["customer.deleted"]
    assert world.shop.order(order)["customer_id"] == 0


def test_the_first_completed_order_of_a_customer_updates_the_customer(world: World) -> None:
    number = world.shop.register_customer("anna@example.pl")["id"]
    order = world.order(customer_id=number)
    topics = world.after(lambda: world.shop.set_status(order, "completed"))
    assert "customer.updated" in topics
    assert world.shop.customer(number)["is_paying_customer"] is True


def test_our_own_write_to_a_customer_comes_back(world: World) -> None:
    number = world.shop.register_customer("anna@example.pl")["id"]
    meta = [{"key": "stempel_balance", "value": 120}]
    assert world.after(lambda: world.shop.change_customer(number, meta_data=meta)) == [
        "customer.updated"
    ]


def test_a_review_is_known_only_by_its_product_being_updated(world: World) -> None:
    shop = world.shop

    def submit() -> None:
        shop.submit_review(1, "Jan", "jan@example.pl", "Fine", 5)

    assert world.after(submit) == ["product.updated"]
    assert world.receiver.heard[0].json["average_rating"] == "0.00"
    assert world.after(lambda: shop.approve_review(1)) == ["product.updated"]
    assert world.receiver.heard[0].json["average_rating"] == "5.00"
    assert world.after(lambda: shop.set_review_status(1, "trash")) == ["product.updated"]
    assert world.after(lambda: shop.delete_review(1)) == []


def test_erasure_is_an_ordinary_update_of_a_nobody(world: World) -> None:
    world.order()
    assert world.after(lambda: world.shop.erase_customer("jan@example.pl")) == ["order.updated"]
    body = world.receiver.heard[0].json
    assert (body["billing"]["email"], body["status"]) == ("deleted@site.invalid", "processing")


def test_a_refused_coupon_leaves_a_ghost_that_is_announced(world: World) -> None:
    def attempt() -> None:
        with pytest.raises(RestError, match="woocommerce_rest_invalid_coupon"):
            world.order(coupons=["nosuch"])

    assert world.after(attempt) == ["order.created"]
    assert world.receiver.heard[0].json["status"] == "checkout-draft"


def test_before_version_10_the_ghost_was_a_pending_order(world: World) -> None:
    world.shop.change_settings(version="9.9.5")
    with pytest.raises(RestError):
        world.order(coupons=["nosuch"])
    [ghost] = world.shop.tables.orders.values()
    assert ghost["status"] == "pending"


# --- the queue --------------------------------------------------------------------------------


def test_the_body_is_the_state_at_delivery_and_waiting_events_are_merged(world: World) -> None:
    number = world.order(status="pending")
    world.shop.set_status(number, "processing")
    world.shop.set_status(number, "completed")
    world.shop.run_queue()
    heard = [one for one in world.receiver.heard if one.topic.startswith("order.")]
    assert [one.topic for one in heard] == ["order.created", "order.updated"]
    assert {one.json["status"] for one in heard} == {"completed"}


def test_one_webhook_uses_one_delivery_id_for_a_whole_second(world: World) -> None:
    for _ in range(3):
        world.order()
    world.shop.run_queue()

    def ids() -> list[str]:
        return [
            dict(one.headers)["X-WC-Webhook-Delivery-ID"]
            for one in world.receiver.heard
            if one.topic == "order.updated"
        ]

    first = ids()
    assert len(first) == 3
    assert len(set(first)) == 1
    world.clock.pass_seconds(1)
    world.shop.set_status(3, "processing")
    world.shop.run_queue()
    assert ids()[3] != first[0]


def test_an_order_gone_before_delivery_arrives_as_a_signed_error(world: World) -> None:
    number = world.order()
    world.shop.delete_order(number)
    world.shop.run_queue()
    created = world.receiver.heard[0]
    assert created.topic == "order.created"
    assert created.json["code"] == "woocommerce_rest_shop_order_invalid_id"
    assert created.json["data"] == {"status": 404}


def test_a_webhook_whose_owner_lost_his_rights_sends_403_bodies(world: World) -> None:
    world.shop.revoke_webhook_owner(1)
    world.order()
    world.shop.run_queue()
    [created] = [one for one in world.receiver.heard if one.topic == "order.created"]
    assert created.json["data"] == {"status": 403}
    assert dict(created.headers)["X-WC-Webhook-Signature"]
