"""What the presets promise, from the shop's own deliveries to what the shop shows its customer."""

import pytest

from tests.pipeline import Pipeline
from tests.way.shop import Way, open_way


def shown(way: Way, customer: int) -> str:
    return str(way.shown(customer)["stempel_balance"])


@pytest.mark.parametrize(
    ("preset", "price", "points"),
    [
        ("one-per-unit", "49.95", 49),
        ("one-per-unit", "0.99", 0),
        ("one-per-unit", "1.00", 1),
        ("start-100-50-200", "100.00", 100),  # for joining; 100.00 is not over 100
        ("start-100-50-200", "100.01", 150),
        ("step-10-per-100", "99.99", 0),
        ("step-10-per-100", "100.00", 10),
        ("step-10-per-100", "250.00", 20),
    ],
)
def test_one_order_of_a_customer(pipeline: Pipeline, preset: str, price: str, points: int) -> None:
    with open_way(pipeline, preset) as way:
        ola = way.joins()
        order = way.buy(price, customer=ola)
        way.announce()
        assert shown(way, ola) == str(points)
        joining = 100 if preset == "start-100-50-200" else 0
        way.shop.set_status(order, "refunded")
        way.announce()
        assert shown(way, ola) == str(joining)
        way.sound()


def test_a_refund_of_60_of_250_leaves_10_worth(pipeline: Pipeline) -> None:
    with open_way(pipeline, "step-10-per-100") as way:
        ola = way.joins()
        order = way.buy("250.00", customer=ola)
        way.announce()
        assert shown(way, ola) == "20"
        way.shop.refund(order, amount="60.00")
        way.announce()
        assert shown(way, ola) == "10"
        way.sound()


def test_joining_pays_once_however_often_the_account_is_told_of(pipeline: Pipeline) -> None:
    with open_way(pipeline, "start-100-50-200") as way:
        ola = way.joins()
        way.announce()
        way.shop.change_customer(ola, first_name="Ola")
        way.shop.change_customer(ola, email="olga@example.pl")
        way.announce()
        assert shown(way, ola) == "100"
        assert way.entries() == [("earn", 100)]
        way.sound()


def test_a_deleted_account_keeps_what_joining_paid(pipeline: Pipeline) -> None:
    with open_way(pipeline, "start-100-50-200") as way:
        ola = way.joins()
        way.announce()
        way.shop.delete_customer(ola)
        way.announce()
        assert way.points(ola) == 100
        way.sound()


def test_an_account_first_seen_on_its_order_is_paid_for_joining_too(pipeline: Pipeline) -> None:
    with open_way(pipeline, "start-100-50-200") as way:
        ola = way.joins()
        way.shop.queue.clear()
        way.buy("100.01", customer=ola)
        way.announce()
        assert shown(way, ola) == "150"
        way.sound()


def test_a_full_refund_takes_back_what_was_earned_although_the_rule_was_doubled(
    pipeline: Pipeline,
) -> None:
    with open_way(pipeline) as way:
        ola = way.joins()
        order = way.buy("49.95", customer=ola)
        way.announce()
        way.later(minutes=1)
        doubled = (
            '[programme]\nkey = "one-per-unit"\ncurrency = "PLN"\n'
            '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 2\nper = "1.00"\n'
        )
        assert pipeline.programme(source=doubled) == way.programme_id
        way.later(minutes=1)
        new = way.buy("10.00", customer=ola)
        way.announce()
        assert shown(way, ola) == "69"
        way.shop.set_status(order, "refunded")
        way.announce()
        assert shown(way, ola) == "20"
        without_rules = '[programme]\nkey = "one-per-unit"\ncurrency = "PLN"\n'
        pipeline.programme(source=without_rules)
        way.later(minutes=1)
        way.shop.set_status(new, "refunded")
        way.announce()
        assert shown(way, ola) == "0"
        way.sound()


def test_three_items_with_a_bonus_each_give_back_what_each_was_worth(pipeline: Pipeline) -> None:
    with open_way(pipeline) as way:
        ola = way.joins()
        ids = [
            way.shop.add_product(name, price)["id"]
            for name, price in (("A", "20.00"), ("B", "10.00"), ("C", "10.00"))
        ]
        order = way.shop.place_order(dict.fromkeys(ids, 1), customer_id=ola)
        way.announce()
        assert shown(way, ola) == "40"
        way.shop.refund(order["id"], lines={order["line_items"][2]["id"]: 1})
        way.announce()
        assert shown(way, ola) == "30"
        way.sound()


@pytest.mark.parametrize(("price", "points"), [("19.99", 0), ("45.00", 2), ("900.00", 30)])
def test_a_point_for_every_full_20_delivery_excluded_at_most_30(
    pipeline: Pipeline, price: str, points: int
) -> None:
    source = (
        '[programme]\nkey = "steps"\ncurrency = "PLN"\n'
        '[[rule]]\nkey = "step"\non = "order.paid"\npoints = 1\nper = "20.00"\nstep = true\n'
        "max_points = 30\n"
    )
    with open_way(pipeline, source=source) as way:
        ola = way.joins()
        way.buy(price, customer=ola, shipping="99.00")
        way.announce()
        assert shown(way, ola) == str(points)
        way.sound()


def test_orders_before_the_programmes_first_day_are_known_and_worth_nothing(
    pipeline: Pipeline,
) -> None:
    source = (
        '[programme]\nkey = "late"\ncurrency = "PLN"\nearns_from = 2026-11-23\n'
        'timezone = "Europe/Warsaw"\n'
        '[[rule]]\nkey = "unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
    )
    with open_way(pipeline, source=source) as way:
        ola = way.joins()
        early = way.buy("49.95", customer=ola)
        way.announce()
        assert way.points(ola) == 0
        way.later(days=3)
        way.shop.set_status(early, "completed")  # its day counts, not that of the change
        way.buy("10.00", customer=ola)
        way.announce()
        assert shown(way, ola) == "10"
        way.sound()
