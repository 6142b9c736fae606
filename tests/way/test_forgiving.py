"""Taking back what is not there any more: as a debt, or forgiven, and never twice."""

from typing import Any

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.programme.presets import preset_source
from app.services.adjust import adjust_points
from app.services.redeem import Outlet, redeem
from tests.pipeline import Pipeline
from tests.way.shop import Way, open_way

OLA = "ola@example.pl"
REWARDING = (
    preset_source("one-per-unit")
    + '\n[[reward]]\nkey = "ten-percent"\ncost = 80\nkind = "percent"\nvalue = "10"\n'
)
FORGIVING = REWARDING.replace('currency = "PLN"', 'currency = "PLN"\ndebt = "forgive"')


def spend(way: Way, customer: int) -> None:
    """Take the reward for 80 points."""
    with way.pipeline.database.transaction() as connection:
        found = connection.execute(
            select(t.store_customer.c.member_id).where(
                t.store_customer.c.external_id == str(customer)
            )
        ).scalar_one()
        redeem(
            connection,
            way.pipeline.runtime.vault,
            programme_id=way.programme_id,
            member_id=found,
            reward="ten-percent",
            outlets=[Outlet(way.store, frozenset({"percent"}))],
            actor="test",
            now=way.pipeline.clock(),
        )


def award(way: Way) -> Any:
    with way.pipeline.database.snapshot() as connection:
        return connection.execute(
            select(t.award.c.points, t.award.c.forgiven).where(t.award.c.rule == "per-unit")
        ).one()


def test_what_was_spent_becomes_a_debt_that_later_orders_pay_off(pipeline: Pipeline) -> None:
    with open_way(pipeline, source=REWARDING) as way:
        ola = way.joins(OLA)
        order = way.buy("100.00", customer=ola)
        way.announce()
        spend(way, ola)
        way.shop.set_status(order, "refunded")
        way.announce()
        assert way.points(ola) == -80
        assert way.shown(ola)["stempel_balance"] == "-80"
        way.buy("30.00", customer=ola)
        way.announce()
        assert way.points(ola) == -50
        way.buy("60.00", customer=ola)
        way.announce()
        assert way.points(ola) == 10
        way.sound()


def test_forgiven_points_are_posted_as_what_they_are(pipeline: Pipeline) -> None:
    with open_way(pipeline, source=FORGIVING) as way:
        ola = way.joins(OLA)
        order = way.buy("100.00", customer=ola)
        way.announce()
        spend(way, ola)
        way.shop.set_status(order, "refunded")
        way.announce()
        assert way.points(ola) == 0
        assert way.entries() == [("earn", 100), ("spend", -80), ("reverse", -100), ("forgive", 80)]
        assert tuple(award(way)) == (0, 80)  # posted is what is entitled
        way.sound()


def test_a_replay_takes_nothing_of_what_was_forgiven(pipeline: Pipeline) -> None:
    with open_way(pipeline, source=FORGIVING) as way:
        ola = way.joins(OLA)
        order = way.buy("100.00", customer=ola)
        way.announce()
        spend(way, ola)
        way.shop.set_status(order, "refunded")
        way.announce()
        way.buy("30.00", customer=ola)
        way.announce()
        posted = way.entries()
        for _ in range(2):
            way.pipeline.deliver(way.store, "order.updated", way.shop.order(order))
            way.pipeline.deliver(
                way.store,
                "action.woocommerce_order_refunded",
                {"action": "woocommerce_order_refunded", "arg": order},
            )
            way.announce()
        assert way.entries() == posted
        assert way.points(ola) == 30
        way.sound()


@pytest.mark.parametrize(("back", "points"), [("pending", 0), ("completed", 20)])
def test_a_restoration_nets_first_what_was_forgiven(
    pipeline: Pipeline, back: str, points: int
) -> None:
    with open_way(pipeline, source=FORGIVING) as way:
        ola = way.joins(OLA)
        order = way.buy("100.00", customer=ola)
        way.announce()
        spend(way, ola)
        way.shop.set_status(order, "cancelled")
        way.announce()
        way.shop.set_status(order, back)
        way.announce()
        assert way.points(ola) == points
        assert tuple(award(way)) == ((0, 80) if back == "pending" else (100, 0))
        # And again: the circle ends where it began.
        way.shop.set_status(order, "cancelled")
        way.announce()
        assert way.points(ola) == 0
        assert tuple(award(way)) == (0, 80)
        way.sound()


def test_part_of_a_restoration_nets_part_of_what_was_forgiven(pipeline: Pipeline) -> None:
    with open_way(pipeline, source=FORGIVING) as way:
        ola = way.joins(OLA)
        order = way.buy("100.00", customer=ola)
        way.announce()
        spend(way, ola)
        refund = way.shop.refund(order, amount="100.00")["id"]
        way.announce()
        way.shop.delete_refund(order, refund, on_admin_screen=True)
        way.announce()
        assert way.points(ola) == 20
        way.shop.refund(order, amount="50.00")
        way.announce()
        assert way.points(ola) == 0
        assert tuple(award(way)) == (50, 30)
        way.sound()


def test_points_of_other_orders_are_taken_before_anything_is_forgiven(
    pipeline: Pipeline,
) -> None:
    with open_way(pipeline, source=FORGIVING) as way:
        ola = way.joins(OLA)
        first = way.buy("100.00", customer=ola)
        way.announce()
        spend(way, ola)
        way.buy("50.00", customer=ola)
        way.announce()
        way.shop.set_status(first, "refunded")
        way.announce()
        assert way.points(ola) == 0
        assert ("forgive", 30) in way.entries()
        way.shop.set_status(first, "completed")
        way.shop.delete_refund(
            first, way.shop.order(first)["refunds"][0]["id"], on_admin_screen=True
        )
        way.announce()
        assert way.points(ola) == 70
        way.sound()


def test_a_correction_by_hand_below_nothing_is_forgiven_too(pipeline: Pipeline) -> None:
    with open_way(pipeline, source=FORGIVING) as way:
        ola = way.joins(OLA)
        way.buy("10.00", customer=ola)
        way.announce()
        with pipeline.database.transaction() as connection:
            balance = adjust_points(
                connection,
                pipeline.runtime.vault,
                programme_id=way.programme_id,
                member_id=connection.execute(select(t.member.c.id)).scalar_one(),
                points=-25,
                reason="taken twice",
                key="one",
                actor="support",
                now=pipeline.clock(),
            )
        assert balance == 0
        assert way.entries()[-2:] == [("adjust", -25), ("forgive", 15)]
        way.settle()
        assert way.shown(ola)["stempel_balance"] == "0"
        way.sound()


def test_an_order_that_changes_owner_after_being_forgiven_owes_nobody(
    pipeline: Pipeline,
) -> None:
    with open_way(pipeline, source=FORGIVING) as way:
        ola, jan = way.joins(OLA), way.joins("jan@example.pl")
        order = way.buy("100.00", customer=ola)
        way.announce()
        spend(way, ola)
        way.shop.change_order(order, customer_id=jan)
        way.announce()
        assert (way.points(ola), way.points(jan)) == (0, 100)
        way.shop.change_order(order, customer_id=ola)
        way.announce()
        assert (way.points(ola), way.points(jan)) == (20, 0)
        way.sound()
