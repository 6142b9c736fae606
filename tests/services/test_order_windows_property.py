"""Random lives of orders under caps and milestones against a small model.

The model knows nothing of windows, awards or lots. It goes through each person's orders as they were
placed and counts on its fingers what is left of a day and a month, and which order is the n-th.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from app.db.engine import Database
from app.programme.events import Event, OrderFacts, Standing
from app.settings import Settings
from tests.machines import run_machine
from tests.people import COSTS, REWARDS, People, order
from tests.pipeline import Pipeline

WARSAW = ZoneInfo("Europe/Warsaw")
HEAD = """
[programme]
key = "one-wallet"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
"""
CAPS = """
[[rule]]
key = "each"
on = "order.paid"
points = 5

[[cap]]
key = "monthly"
points = {monthly}
per = "month"

[[cap]]
key = "daily"
points = {daily}
per = "day"
rules = ["per-unit"]

[[rule]]
key = "first"
on = "order.count"
points = 50
orders = 1

[[rule]]
key = "each-third"
on = "order.count"
points = 7
every = {every}
"""
FOREVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Document:
    """What the model knows of a published document; without caps it has the first rule only."""

    daily: int = 0
    monthly: int = 0
    every: int = 0

    def source(self) -> str:
        if not self.daily:
            return HEAD + REWARDS
        return HEAD + CAPS.format(**asdict(self)) + REWARDS


@dataclass(frozen=True)
class Order:
    """An order of the model, as it is now."""

    customer: str
    placed: datetime
    amount: int
    document: Document
    refunded: int = 0
    standing: Standing = Standing.PAID
    changed: int = 0

    @property
    def left(self) -> int:
        paid = self.standing in {Standing.PAID, Standing.COMPLETED}
        return max(self.amount - self.refunded, 0) if paid else 0

    def event(self, number: int) -> Event:
        told = order(
            number,
            f"{self.amount}.00",
            customer=self.customer,
            refunded=f"{self.refunded}.00" if self.refunded else None,
            at=self.changed,
        )
        assert isinstance(told.facts, OrderFacts)
        facts = msgspec.structs.replace(told.facts, standing=self.standing)
        return msgspec.structs.replace(told, facts=facts, occurred_at=self.placed)


def worth(orders: list[Order]) -> int:
    """Return what one person has for these orders."""
    total = counted = 0
    days: dict[Any, int] = defaultdict(int)
    months: dict[Any, int] = defaultdict(int)
    for one in sorted(orders, key=lambda order: order.placed):
        if not one.left:
            continue
        counted += 1
        document, points = one.document, one.left
        if not document.daily:
            total += points
            continue
        day = one.placed.astimezone(WARSAW).date()
        points = max(min(points, document.daily - days[day]), 0)
        days[day] += points
        points += 5
        points = max(min(points, document.monthly - months[day.year, day.month]), 0)
        months[day.year, day.month] += points
        total += points
        total += 50 if counted == 1 else 0
        total += 0 if counted % document.every else 7
    return total


class OrdersAndWindows(RuleBasedStateMachine):
    """Orders of a few days come late and twice, change, and turn out to be one person's."""

    open_database: Callable[[], AbstractContextManager[Database]]
    base_settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.pipeline = Pipeline(self.stack.enter_context(self.open_database()), self.base_settings)
        self.orders: dict[int, Order] = {}
        self.told: dict[int, list[Event]] = {}
        self.same: dict[str, str] = {}
        self.spent: dict[str, int] = defaultdict(int)

    @initialize(first=st.sampled_from([Document(), Document(30, 50, 3)]))
    def open_shop(self, first: Document) -> None:
        programme_id = self.pipeline.programme(source=first.source())
        self.people = People(self.pipeline, programme_id, [self.pipeline.store(programme_id)])
        self.published = [(FOREVER, first)]  # the first version judges all the past

    @rule(daily=st.sampled_from([20, 30, 45]), every=st.integers(1, 3))
    def change_the_rules(self, daily: int, every: int) -> None:
        document = Document(daily, 2 * daily, every)
        if document != self.published[-1][1]:
            self.pipeline.programme(source=document.source())
            self.published.append((self.pipeline.clock.moment, document))

    @rule(
        customer=st.sampled_from(["1", "2", "3"]),
        minutes=st.integers(0, 60),
        days=st.integers(0, 2),
        amount=st.integers(1, 60),
    )
    def place(self, customer: str, minutes: int, days: int, amount: int) -> None:
        moment = self.pipeline.clock.moment + timedelta(minutes=minutes, days=-days)
        moment += timedelta(microseconds=len(self.orders))  # no two at once
        document = max(one for one in self.published if one[0] <= moment)[1]
        number = 1000 + len(self.orders)
        self._tell(number, Order(customer, moment, amount, document))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), act=st.sampled_from(["refund", "standing", "owner"]))
    def change(self, data: st.DataObject, act: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.orders)))
        known = self.orders[number]
        if act == "refund":
            refunded = data.draw(st.sampled_from([0, 1, known.amount // 2, known.amount]))
            known = replace(known, refunded=refunded)
        elif act == "owner":
            known = replace(known, customer=data.draw(st.sampled_from(["1", "2", "3"])))
        else:
            standings = [Standing.PAID, Standing.CANCELLED, Standing.COMPLETED, Standing.REMOVED]
            known = replace(known, standing=data.draw(st.sampled_from(standings)))
        self._tell(number, replace(known, changed=known.changed + 1))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def tell_again(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.told)))
        self.people.tell(0, data.draw(st.sampled_from(self.told[number])))

    @rule(hours=st.integers(1, 12))
    def wait(self, hours: int) -> None:
        self.pipeline.clock.advance(hours=hours)

    @precondition(lambda self: max(self.expected().values(), default=0) >= min(COSTS))
    @rule(data=st.data())
    def spend(self, data: st.DataObject) -> None:
        expected = self.expected()
        one = data.draw(st.sampled_from(sorted(o for o in expected if expected[o] >= min(COSTS))))
        points = data.draw(st.sampled_from([cost for cost in COSTS if cost <= expected[one]]))
        self.people.spend(self.people.member(0, one), points)
        self.spent[one] += points

    @precondition(lambda self: len(self.expected()) > 1)
    @rule(data=st.data())
    def turn_out_to_be_one(self, data: st.DataObject) -> None:
        known = st.sampled_from(sorted(self.expected()))
        one, other = data.draw(known), data.draw(known)
        self.people.merge(self.people.member(0, one), self.people.member(0, other))
        if one != other:
            self.same[one] = other
            self.spent[other] += self.spent.pop(one, 0)

    def expected(self) -> dict[str, int]:
        """Return what each person has, as the model counts."""
        orders: dict[str, list[Order]] = {
            self._person(event.person.customer or ""): []
            for events in self.told.values()
            for event in events
        }
        for one in self.orders.values():
            orders[self._person(one.customer)].append(one)
        return {one: worth(theirs) - self.spent.get(one, 0) for one, theirs in orders.items()}

    @invariant()
    def balances_are_what_the_model_says(self) -> None:
        expected = self.expected()
        if not expected:
            return
        balances = {row.id: row.balance for row in self.people.rows("member")}
        assert {one: balances[self.people.member(0, one)] for one in expected} == expected

    @invariant()
    def the_ledger_proves_itself(self) -> None:
        assert self.pipeline.verified().problems == []

    def teardown(self) -> None:
        found = self.pipeline.rebuilt()
        self.pipeline.close()
        self.stack.close()
        assert (found.differences, found.balances) == ([], [])

    def _tell(self, number: int, known: Order) -> None:
        self.people.tell(0, known.event(number))
        self.orders[number] = known
        self.told.setdefault(number, []).append(known.event(number))

    def _person(self, customer: str) -> str:
        while customer in self.same:
            customer = self.same[customer]
        return customer


def test_caps_and_milestones_agree_with_a_small_model(
    new_database: Callable[[], AbstractContextManager[Database]],
    backend: str,
    settings: Settings,
) -> None:
    run_machine(
        OrdersAndWindows,
        new_database,
        settings,
        examples=10 if backend == "sqlite" else 3,
        steps=25,
    )
