"""A Shopify shop in a bad week: whatever happened and however it was told, the end is what is true."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.pipeline import Pipeline
from tests.way.shopify import ShopifyWay, open_way

FAULTS = ("429", "500", "html", "half_body", "reset_after", "throttled", "internal_error")


@pytest.fixture
def way(pipeline: Pipeline) -> Iterator[ShopifyWay]:
    with open_way(pipeline) as opened:
        yield opened


class Week:
    """Lets things happen at random, and remembers the disputes' last words."""

    def __init__(self, way: ShopifyWay, seed: int) -> None:
        self.way, self.shop = way, way.shop
        self.dice = random.Random(seed)
        self.people = [way.joins(f"person{number}@example.pl") for number in range(4)]
        self.goods = [way.shop.add_product(f"Thing {n}", f"{n}.00")["id"] for n in (3, 8, 21)]
        self.orders: list[int] = []
        self.disputes: dict[int, dict[str, Any]] = {}
        way.shop.change_settings(shuffle=seed, repeats=seed % 3)

    def happen(self) -> None:
        act = self.dice.choice(
            [self.buy] * 3
            + [self.pay, self.give_back, self.goodwill, self.edit, self.cancel, self.fulfil]
            + [self.delete, self.dispute, self.settle, self.merge, self.trouble, self.hand]
        )
        act()
        self.way.later(seconds=self.dice.choice([0, 0, 1, 5, 4000]))
        if self.dice.random() < 0.4:
            self.way.announce()

    def buy(self) -> None:
        items = {one: self.dice.randint(1, 3) for one in self.dice.sample(self.goods, 2)}
        placed = self.shop.place_order(
            items,
            customer_id=self.dice.choice(self.people),
            paid=self.dice.random() < 0.7,
            shipping=self.dice.choice([None, "9.00"]),
            tip=self.dice.choice(["0", "2.00"]),
            presentment=self.dice.choice([None, ("EUR", "0.23")]),
        )
        self.orders.append(int(placed["id"]))

    def pick(self) -> dict[str, Any] | None:
        living = [self.shop.order(one) for one in self.orders]
        living = [one for one in living if not one["cancelled_at"]]
        return self.dice.choice(living) if living else None

    def pay(self) -> None:
        order = self.pick()
        if order and float(order["total_outstanding"]) > 0:
            self.shop.pay(order["id"])

    def give_back(self) -> None:
        order = self.pick()
        if order and order["financial_status"] in {"paid", "partially_refunded"}:
            lines = [one for one in order["line_items"] if one["current_quantity"]]
            if lines:
                self.shop.refund(order["id"], lines={self.dice.choice(lines)["id"]: 1})

    def goodwill(self) -> None:
        order = self.pick()
        if order and order["financial_status"] == "paid":
            self.shop.refund(order["id"], amount="2.50")

    def edit(self) -> None:
        order = self.pick()
        if order:
            add = [{"product_id": self.dice.choice(self.goods), "quantity": 1}]
            self.shop.edit_order(order["id"], add=add)

    def cancel(self) -> None:
        order = self.pick()
        if order:
            self.shop.cancel_order(order["id"], refund=self.dice.random() < 0.7)

    def fulfil(self) -> None:
        order = self.pick()
        if order:
            self.shop.fulfil(order["id"])

    def delete(self) -> None:
        if self.orders and self.dice.random() < 0.5:
            gone = self.orders.pop(self.dice.randrange(len(self.orders)))
            self.shop.delete_order(gone)
            self.disputes = {k: v for k, v in self.disputes.items() if v["order_id"] != gone}

    def dispute(self) -> None:
        order = self.pick()
        if order and order["financial_status"] == "paid":
            amount = self.dice.choice([None, "5.00"])
            made = self.shop.open_dispute(order["id"], amount)
            self.disputes[made["id"]] = made

    def settle(self) -> None:
        still = [
            k for k, v in self.disputes.items() if v["status"] in {"needs_response", "under_review"}
        ]
        if still:
            number = self.dice.choice(still)
            word = self.dice.choice(["under_review", "won", "lost", "accepted", "charge_refunded"])
            self.disputes[number] = self.shop.settle_dispute(number, word)

    def merge(self) -> None:
        if len(self.people) > 2 and self.dice.random() < 0.4:
            gone = self.people.pop(self.dice.randrange(len(self.people)))
            self.shop.merge_customers(self.dice.choice(self.people), gone)

    def trouble(self) -> None:
        operation = self.dice.choice(["Order", "Refunds", "ShowStates", "CustomerMarks", None])
        self.shop.faults.add(self.dice.choice(FAULTS), operation=operation)

    def hand(self) -> None:
        one = self.dice.choice(self.people)
        self.shop.untag_customer(one, *self.way.tags(one)[:1])


def truth(week: Week) -> dict[int, int]:
    """Return what each customer has where only the last state of each order was ever told."""
    way = week.way
    other = way.pipeline.programme(key="truth")
    store = way.pipeline.shopify(other, "truth")
    for order in week.orders:
        body = week.shop.rendered(order).replace(b"kawa.myshopify", b"truth.myshopify")
        way.pipeline.deliver(store, "orders/updated", body)
    for one in week.disputes.values():
        way.pipeline.deliver(store, "disputes/update", one)
    return {one: way.pipeline.points(store, str(one)) or 0 for one in week.people}


@pytest.mark.parametrize("seed", range(4))
def test_after_a_bad_week_everybody_has_what_their_orders_are_worth(
    way: ShopifyWay, seed: int
) -> None:
    week = Week(way, seed)
    for _ in range(40):
        week.happen()
    way.shop.faults.clear()
    for _ in range(12):
        way.later(hours=8)
        way.quiet()
    assert {one: way.points(one) or 0 for one in week.people} == truth(week)
    for one in week.people:
        assert f"stempel:points={way.points(one) or 0}" in way.tags(one)
        assert len(way.tags(one)) == 2
    way.sound()
