"""What WooCommerce does not say, says twice, or says in an envelope: the shop is asked and believed."""

import json

import pytest

from connectors.woocommerce.sandbox import Settings
from jobs.drain import drain
from tests.pipeline import Pipeline, captured_delivery
from tests.way.connected import unsound
from tests.way.shop import READ_ORDER, Way, connect, open_way

BUYER = "jan@example.pl"


def test_three_paid_orders_that_share_one_delivery_id_all_earn(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    captured = [captured_delivery(number) for number in ("045", "046", "047")]
    assert len({one.headers["X-WC-Webhook-Delivery-ID"] for one in captured}) == 1
    for one in captured:
        assert pipeline.deliver(store, one.topic, one.body)[0] == "processed"
    assert pipeline.balances(programme_id) == []  # they are pending: tracked, worth nothing yet
    for one in captured:
        paid = json.loads(one.body) | {
            "status": "processing",
            "date_modified_gmt": "2026-11-21T19:59:00",
            "date_paid_gmt": "2026-11-21T19:59:00",
        }
        assert pipeline.deliver(store, one.topic, paid)[0] == "processed"
    assert pipeline.balances(programme_id) == [16, 16, 16]  # three guests, 16.xx each
    assert unsound(pipeline) == []


@pytest.mark.parametrize("hpos", [True, False], ids=["own tables", "orders as posts"])
def test_trashed_restored_and_trashed_again_ends_trashed(pipeline: Pipeline, hpos: bool) -> None:
    settings = Settings(home_url="https://shop.example", hpos=hpos)
    with open_way(pipeline, settings=settings) as way:
        order = way.buy("49.95", email=BUYER, status="completed")
        way.announce()
        assert way.guest_points(BUYER) == 49
        for points in (0, 49, 0):
            if points:
                way.shop.restore_order(order)
            else:
                way.shop.trash_order(order)
            assert {status for status, _ in way.announce()} == {"processed"}
            assert way.guest_points(BUYER) == points
        assert way.entries() == [("earn", 49), ("reverse", -49), ("earn", 49), ("reverse", -49)]
        way.sound()


def test_the_second_trashing_announced_by_the_same_bytes_is_read_again(way: Way) -> None:
    order = way.buy("49.95", email=BUYER)
    way.announce()
    for _ in range(2):
        way.shop.trash_order(order)
        way.announce()
        assert way.guest_points(BUYER) == 0
        way.shop.restore_order(order)
        way.announce()
        assert way.guest_points(BUYER) == 49
    way.sound()


def test_with_orders_as_posts_a_trashed_order_is_known_from_coupon_deleted(
    pipeline: Pipeline,
) -> None:
    settings = Settings(home_url="https://shop.example", hpos=False)
    with open_way(pipeline, settings=settings) as way:
        order = way.buy("49.95", email=BUYER)
        way.announce()
        for webhook in list(way.shop.tables.webhooks.values()):
            if webhook["topic"].startswith("order."):
                webhook["status"] = "paused"
        way.shop.trash_order(order)
        assert way.announce()[0] == ("processed", f"read from the shop: order {order} updated")
        assert way.guest_points(BUYER) == 0
        way.sound()


def test_a_trashed_product_and_a_coupon_take_no_order_with_them(way: Way) -> None:
    order = way.buy("49.95", email=BUYER)
    coupon = way.shop.add_coupon("SPRING", "10")
    way.announce()
    way.shop.trash_product(way.shop.order(order)["line_items"][0]["product_id"])
    way.shop.trash_page()
    assert {status for status, _ in way.announce()} == {"ignored"}
    way.pipeline.deliver(way.store, "coupon.deleted", {"id": coupon["id"]})
    way.settle()
    assert way.guest_points(BUYER) == 49
    way.sound()


def test_an_order_deleted_for_good_is_found_through_the_hook_alone(way: Way) -> None:
    order = way.buy("49.95", email=BUYER)
    way.announce()
    way.shop.delete_order(order)
    [(status, reason)] = way.announce()
    assert status == "processed"
    assert f"order {order} updated" in reason
    assert way.guest_points(BUYER) == 0
    assert way.row("order", order).gone == 1
    way.sound()


def test_a_late_body_of_an_order_deleted_since_does_not_bring_it_back(way: Way) -> None:
    order = way.buy("49.95", email=BUYER)
    way.announce()
    late = way.shop.set_status(order, "completed")
    way.shop.run_queue()
    way.receiver.heard.clear()  # stuck somewhere between the shop and us
    way.shop.delete_order(order)
    way.announce()
    assert way.guest_points(BUYER) == 0
    way.pipeline.deliver(way.store, "order.updated", late)
    way.settle()
    assert way.guest_points(BUYER) == 0
    way.sound()


def test_a_body_that_arrives_while_its_order_is_found_gone_leaves_nobody_waiting(way: Way) -> None:
    order = way.buy("49.95", email=BUYER)
    way.announce()
    late = way.shop.set_status(order, "completed")
    way.shop.run_queue()
    way.receiver.heard.clear()
    way.shop.delete_order(order)
    with way.while_reading(lambda: way.pipeline.deliver(way.store, "order.updated", late)):
        [(status, reason)] = way.announce()
    assert (status, way.guest_points(BUYER)) == ("processed", 0)
    assert reason.startswith("read from the shop: ")
    assert way.calls(READ_ORDER) == 2  # the first answer and the body contradicted each other
    way.sound()


def test_two_refunds_announced_by_the_same_bytes_are_both_read_back(pipeline: Pipeline) -> None:
    with open_way(pipeline) as way:
        for webhook in way.shop.tables.webhooks.values():
            webhook["status"] = "paused"
        way.shop.add_webhook(
            "action.woocommerce_order_refunded", way.receiver.url, "letters and digits 1"
        )
        order = way.buy("100.00", email=BUYER)
        way.pipeline.deliver(way.store, "order.created", way.shop.order(order))
        way.settle()
        assert way.guest_points(BUYER) == 100
        for left in (70, 40):
            way.shop.refund(order, amount="30.00")
            assert len(way.receiver.heard) == 0
            assert way.announce() == [("processed", f"read from the shop: order {order} updated")]
            assert way.guest_points(BUYER) == left
        way.sound()


@pytest.mark.parametrize("on_admin_screen", [True, False])
def test_a_refund_deleted_in_the_shop_gives_its_points_back_to_their_lot(
    way: Way, on_admin_screen: bool
) -> None:
    order = way.buy("100.00", email=BUYER)
    way.announce()
    refund = way.shop.refund(order, amount="40.00")["id"]
    way.announce()
    assert way.guest_points(BUYER) == 60
    way.shop.delete_refund(order, refund, on_admin_screen=on_admin_screen)
    if on_admin_screen:
        assert way.announce() == [("processed", f"read from the shop: order {order} updated")]
    else:
        # Through REST it is invisible; the next reason to read the order finds it.
        assert way.announce() == []
        assert way.guest_points(BUYER) == 60
        way.pipeline.deliver(
            way.store,
            "action.woocommerce_order_status_changed",
            {"action": "woocommerce_order_status_changed", "arg": order},
        )
        way.settle()
    assert way.guest_points(BUYER) == 100
    assert way.entries() == [("earn", 100), ("reverse", -40), ("earn", 40)]
    assert way.count("lot") == 1
    way.sound()


def test_a_refund_deleted_while_its_order_is_still_being_read_is_found(way: Way) -> None:
    order = way.buy("100.00", email=BUYER)
    way.announce()
    refund = way.shop.refund(order, amount="40.00")["id"]
    way.sent()
    way.shop.delete_refund(order, refund, on_admin_screen=True)
    way.announce()
    assert way.guest_points(BUYER) == 100
    way.sound()


@pytest.mark.parametrize("seen", [True, False], ids=["known order", "first sight"])
def test_a_refund_deleted_after_its_order_was_read_but_before_that_counted_is_found(
    way: Way, seen: bool
) -> None:
    order = way.buy("100.00", email=BUYER)
    if seen:
        way.announce()
    refund = way.shop.refund(order, amount="40.00")["id"]

    def delete_it() -> None:
        way.shop.delete_refund(order, refund, on_admin_screen=True)
        way.sent()
        drain(way.pipeline.runtime)

    with way.while_reading(delete_it):
        way.announce()
    assert way.guest_points(BUYER) == 100
    way.sound()


def test_the_signed_error_object_is_visible_as_what_it_is_and_earns_nothing(way: Way) -> None:
    order = way.buy("49.95", email=BUYER)
    way.shop.delete_order(order)
    outcomes = way.announce()
    errors = [reason for status, reason in outcomes if "an error instead" in reason]
    assert len(errors) == 2  # created and updated
    assert all("deleted in the shop before this message was sent" in error for error in errors)
    assert {status for status, _ in outcomes} == {"ignored"}
    assert way.count("member") == way.count("entry") == 0
    way.sound()


def test_a_webhook_whose_owner_lost_his_rights_tells_the_merchant_what_to_do(way: Way) -> None:
    for webhook in list(way.shop.tables.webhooks):
        way.shop.revoke_webhook_owner(webhook)
    way.buy("49.95", email=BUYER)
    outcomes = way.announce()
    assert {status for status, _ in outcomes} == {"ignored"}
    assert "role shop manager" in outcomes[0][1]
    assert way.calls(READ_ORDER) == 0
    way.sound()


def test_a_draft_left_behind_by_a_refused_coupon_is_nobodys_order(way: Way) -> None:
    with pytest.raises(Exception, match="coupon"):
        way.buy("49.95", email=BUYER, coupons=["NO-SUCH"])
    outcomes = way.announce()
    assert outcomes
    assert {status for status, _ in outcomes} == {"ignored"}
    assert way.count("member") == 0
    way.sound()
