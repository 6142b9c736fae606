"""Refunds: their lines are read once, their money decides, and what was taken comes back as it went."""

import pytest
from sqlalchemy import select

from app.db import tables as t
from tests.pipeline import Pipeline, order_body
from tests.way.connected import unsound
from tests.way.shop import READ_ORDER, Way, connect

BUYER = "jan@example.pl"


def two_lines(way: Way, *, shipping: str | None = None) -> tuple[int, int, int]:
    """Place an order of 100.00 and 23.00 with tax; returns its number and its two lines'."""
    dear = way.shop.add_product("Hoodie", "100.00")["id"]
    cheap = way.shop.add_product("Mug", "23.00")["id"]
    order = way.shop.place_order({dear: 1, cheap: 1}, email=BUYER, shipping=shipping)
    first, second = order["line_items"]
    return order["id"], first["id"], second["id"]


def open_reads(way: Way) -> int:
    return way.count("outbox_task")


def test_refunds_without_lines_are_read_once_for_all_that_wait(way: Way) -> None:
    order, dear, cheap = two_lines(way)
    way.announce()
    reads = way.calls(READ_ORDER)
    bodies = []
    for line in (dear, cheap):
        way.shop.refund(order, lines={line: 1})
        bodies += way.sent()
    way.pipeline.deliver(way.store, "order.updated", way.shop.order(order))
    assert {way.pipeline.outcome(one)[0] for one in bodies} == {"reading"}
    assert open_reads(way) == 1
    way.settle()
    assert way.calls(READ_ORDER) == reads + 1
    assert {way.pipeline.outcome(one)[0] for one in bodies} == {"processed"}
    assert way.guest_points(BUYER) == 0
    way.sound()


def test_a_read_that_has_begun_answers_no_signal_that_comes_later(way: Way) -> None:
    order, dear, cheap = two_lines(way)
    way.announce()
    way.shop.refund(order, lines={dear: 1})
    reads = way.calls(READ_ORDER)

    def another_refund() -> None:
        way.shop.refund(order, lines={cheap: 1})
        way.sent()
        way.pipeline.deliver(way.store, "order.updated", way.shop.order(order))

    with way.while_reading(another_refund):
        way.announce()
    assert way.calls(READ_ORDER) == reads + 2
    assert way.guest_points(BUYER) == 0
    way.sound()


@pytest.mark.parametrize(("line", "left"), [("dear", 23), ("cheap", 100)])
def test_a_line_given_back_takes_what_that_line_earned(way: Way, line: str, left: int) -> None:
    order, dear, cheap = two_lines(way)
    way.shop.refund(order, lines={dear if line == "dear" else cheap: 1})
    way.announce()
    assert way.guest_points(BUYER) == left
    way.sound()


def test_an_amount_without_lines_is_spread_over_the_goods_before_delivery(way: Way) -> None:
    order, _, _ = two_lines(way, shipping="10.00")
    way.announce()
    way.shop.refund(order, amount="61.50")
    way.announce()
    assert way.guest_points(BUYER) == 61  # 61.50 of 123.00 are left
    way.sound()


def test_delivery_given_back_alone_takes_no_points(way: Way) -> None:
    order, _, _ = two_lines(way, shipping="10.00")
    way.announce()
    shipping = way.shop.order(order)["shipping_lines"][0]
    refund = way.shop.refund(order, amount="12.30")["id"]
    row = way.shop.tables.refunds[refund]
    row["shipping_lines"] = [
        {
            **{key: value for key, value in shipping.items() if key != "meta_data"},
            "id": 9001,
            "total": -way.shop.tables.orders[order]["shipping_lines"][0]["total"],
            "total_tax": -way.shop.tables.orders[order]["shipping_lines"][0]["total_tax"],
            "meta_data": [{"id": 9002, "key": "_refunded_item_id", "value": str(shipping["id"])}],
        }
    ]
    way.announce()
    assert way.guest_points(BUYER) == 123
    way.sound()


def test_a_return_without_money_takes_nothing(way: Way) -> None:
    order, dear, _ = two_lines(way)
    refund = way.shop.refund(order, lines={dear: 1})["id"]
    way.shop.tables.refunds[refund]["amount"] *= 0
    way.announce()
    assert way.guest_points(BUYER) == 123
    way.sound()


@pytest.mark.parametrize("sequence", ["dear first", "cheap first", "amounts", "by hand"])
def test_a_full_refund_in_any_split_takes_back_exactly_what_was_earned(
    way: Way, sequence: str
) -> None:
    order, dear, cheap = two_lines(way, shipping="10.00")
    way.announce()
    assert way.guest_points(BUYER) == 123
    match sequence:
        case "amounts":
            for amount in ("33.33", "50.01", "51.96"):
                way.shop.refund(order, amount=amount)
                way.announce()
        case "by hand":
            pass
        case _:
            for line in (dear, cheap) if sequence == "dear first" else (cheap, dear):
                way.shop.refund(order, lines={line: 1})
                way.announce()
    way.shop.set_status(order, "refunded")  # the shop makes the refund of the rest itself
    way.announce()
    assert way.guest_points(BUYER) == 0
    assert sum(points for _, points in way.entries()) == 0
    way.sound()


def test_a_status_set_to_refunded_by_hand_is_undone_when_its_refund_is_deleted(way: Way) -> None:
    order, _, _ = two_lines(way)
    way.announce()
    refunded = way.shop.set_status(order, "refunded")
    way.announce()
    assert way.guest_points(BUYER) == 0
    # The word "refunded" stays behind; the money is back.
    way.shop.delete_refund(order, refunded["refunds"][0]["id"], on_admin_screen=True)
    way.announce()
    assert way.shop.order(order)["status"] == "refunded"
    assert way.guest_points(BUYER) == 123
    way.sound()


def test_without_api_keys_refunds_count_as_amounts_and_the_explanation_says_so(
    pipeline: Pipeline,
) -> None:
    programme_id = pipeline.programme()
    store = connect(pipeline, programme_id, "https://shop.example", keys=None)
    assert pipeline.deliver(store, "order.updated", order_body("015"))[0] == "processed"
    assert pipeline.balances(programme_id) == [229]
    with pipeline.database.snapshot() as connection:
        [explanation] = connection.execute(select(t.entry.c.explanation)).scalars()
    assert "refunds-without-lines" in explanation or "refunds_without_lines" in explanation
    assert unsound(pipeline) == []


def test_completed_to_pending_and_back_ends_as_it_began(way: Way) -> None:
    order = way.buy("49.95", email=BUYER, status="completed")
    way.announce()
    for status, points in (("pending", 0), ("completed", 49), ("on-hold", 0), ("processing", 49)):
        way.shop.set_status(order, status)
        way.announce()
        assert way.guest_points(BUYER) == points
    assert way.count("lot") == 1
    way.sound()


def test_cancelled_to_processing_earns_again(way: Way) -> None:
    order = way.buy("49.95", email=BUYER)
    way.announce()
    for status, points in (("cancelled", 0), ("processing", 49), ("failed", 0), ("completed", 49)):
        way.shop.set_status(order, status)
        way.announce()
        assert way.guest_points(BUYER) == points
    way.sound()


def test_a_cancelled_order_with_a_refund_comes_back_with_what_is_left(way: Way) -> None:
    order, dear, _ = two_lines(way)
    way.shop.refund(order, lines={dear: 1})
    way.shop.set_status(order, "cancelled")
    way.announce()
    assert way.guest_points(BUYER) == 0
    way.shop.set_status(order, "completed")
    way.announce()
    assert way.guest_points(BUYER) == 23
    way.sound()


def test_two_states_of_one_second_are_settled_by_the_shop(way: Way) -> None:
    order = way.buy("49.95", email=BUYER, status="pending")
    pending = way.shop.order(order)
    paid = way.shop.set_status(order, "processing")  # in the same second
    assert pending["date_modified_gmt"] == paid["date_modified_gmt"]
    way.pipeline.deliver(way.store, "order.updated", paid)
    way.later(seconds=5)
    way.pipeline.deliver(way.store, "order.updated", pending)  # sent earlier, came later
    assert way.pipeline.balances(way.programme_id) == [49]
    way.settle()
    assert way.pipeline.balances(way.programme_id) == [49]
    assert way.calls(READ_ORDER) == 1
    way.sound()


def test_a_read_that_fails_for_a_while_holds_nothing_up_and_ends(way: Way) -> None:
    order, dear, _ = two_lines(way)
    other = way.buy("10.00", email="ola@example.pl")
    way.shop.refund(order, lines={dear: 1})
    way.shop.faults.add("500", times=3, method="GET", path=f"/orders/{order}")
    waiting = way.sent()
    way.settle()
    assert way.guest_points("ola@example.pl") == 10
    assert way.row("order", other).owner_id
    for _ in range(3):
        assert way.guest_points(BUYER) is None
        way.later(hours=1)
        way.settle()
    assert way.guest_points(BUYER) == 23
    assert {way.pipeline.outcome(one)[0] for one in waiting} == {"processed"}
    way.sound()
