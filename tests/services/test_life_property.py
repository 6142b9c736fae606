"""Random lives of points while time passes, against a small model that knows no lots and no awards.

Whatever happens, what a person has and has had expired is what the orders are worth and corrections
gave, less what was spent; pending are exactly the orders whose hold lasts. Of people who only buy, the
model also knows to the point what is left.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from app.db.engine import Database
from app.errors import Conflict
from app.programme.events import Event
from app.programme.life import Life, expires_at
from app.programme.lots import GRACE
from app.services.adjust import adjust_points
from app.services.unexpire import Period, begin_undo, undo_slice
from app.settings import Settings
from tests.aging import bought, open_aging
from tests.machines import run_machine
from tests.people import COSTS
from tests.pipeline import Pipeline

HOLD = timedelta(days=10)
LIFE = Life(hold_days=10, expire_months=2)
CUSTOMERS = ("5", "7", "9")

customers = st.sampled_from(CUSTOMERS)


@dataclass
class Order:
    customer: str
    amount: int
    paid_at: datetime
    states: list[Event]
    refunded: int = 0
    opened_at: datetime | None = None  # when its points became available

    @property
    def worth(self) -> int:
        return self.amount - self.refunded

    def ends(self) -> datetime:
        end = expires_at(LIFE, "Europe/Warsaw", self.paid_at)
        assert end is not None
        assert self.opened_at is not None
        return max(end, self.opened_at + GRACE)


class PointsAndTime(RuleBasedStateMachine):
    """People buy, send back, spend, give up what they took, become one, and grow older."""

    open_database: Callable[[], AbstractContextManager[Database]]
    base_settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.pipeline = Pipeline(self.stack.enter_context(self.open_database()), self.base_settings)
        self.orders: dict[int, Order] = {}
        self.other: dict[str, int] = defaultdict(int)  # corrections, less what was spent
        self.taken: dict[int, tuple[str, int]] = {}
        self.touched: set[str] = set()  # who did more than buy
        self.same = {one: one for one in CUSTOMERS}

    @initialize()
    def open_shop(self) -> None:
        self.aging = open_aging(self.pipeline, "hold_days = 10\nexpire_months = 2")
        for customer in CUSTOMERS:
            self.buy(customer, 200, 0)

    @rule(customer=customers, amount=st.integers(1, 400), ago=st.sampled_from([0, 0, 3, 20, 80]))
    def buy(self, customer: str, amount: int, ago: int) -> None:
        paid_at = self.aging.now - timedelta(days=ago)
        number = 1000 + len(self.orders)
        event = bought(number, f"{amount}.00", paid_at, customer=customer)
        self.orders[number] = Order(customer, amount, paid_at, [event])
        self.aging.people.tell(0, event)
        self._ripen()

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), late=st.booleans(), after=st.sampled_from([0, 0, 5, 75]))
    def send_back(self, data: st.DataObject, late: bool, after: int) -> None:
        if after:
            self.grow_older(after)
        number = data.draw(st.sampled_from(sorted(self.orders)))
        order = self.orders[number]
        refunded = data.draw(st.integers(0, order.amount))
        event = bought(
            number,
            f"{order.amount}.00",
            order.paid_at,
            customer=order.customer,
            refunded=f"{refunded}.00" if refunded else None,
            changed=self.aging.now - order.paid_at,
        )
        older, more = order.states[-1], refunded - order.refunded
        order.states.append(event)
        order.refunded = refunded
        person = self._person(order.customer)
        before, _ = self._has(person)
        self.aging.people.tell(0, event)
        if late:
            self.aging.people.tell(0, older)
        if person not in self.touched and more >= 0:
            alive = order.opened_at is not None and order.ends() > self.aging.now
            # What is still held, or expired unused, costs nothing that there is to spend.
            assert self._has(person)[0] == before - (more if alive else 0)
        if more:
            self.touched.add(person)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.orders)))
        self.aging.people.tell(0, data.draw(st.sampled_from(self.orders[number].states)))

    @rule(customer=customers, cost=st.sampled_from(COSTS))
    def spend(self, customer: str, cost: int) -> None:
        person = self._person(customer)
        balance, _ = self._has(person)
        try:
            taken = self.aging.people.spend(self._member(person), cost)
        except Conflict:
            assert balance < cost
            return
        assert balance >= cost
        self.touched.add(person)
        self.taken[taken] = (customer, cost)
        self.other[customer] -= cost

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        taken = data.draw(st.sampled_from(sorted(self.taken)))
        self.aging.people.release(taken)
        customer, cost = self.taken.pop(taken)
        self.other[customer] += cost

    @rule(customer=customers, points=st.integers(-150, 150).filter(bool))
    def correct(self, customer: str, points: int) -> None:
        person = self._person(customer)
        with self.pipeline.database.transaction() as connection:
            adjust_points(
                connection,
                self.pipeline.runtime.vault,
                programme_id=self.aging.people.programme_id,
                member_id=self._member(person),
                points=points,
                reason="a test",
                key=self.aging.now.isoformat(),
                actor="test",
                now=self.pipeline.clock(),
            )
        self.touched.add(person)
        self.other[customer] += points

    @rule(one=customers, other=customers)
    def turn_out_to_be_one(self, one: str, other: str) -> None:
        ending, staying = self._person(one), self._person(other)
        self.aging.people.merge(self._member(ending), self._member(staying))
        if {ending, staying} & self.touched:
            self.touched |= {ending, staying}
        self.same[ending] = staying

    @rule(days=st.sampled_from([1, 5, 11, 30, 45]))
    def wait(self, days: int) -> None:
        self.grow_older(days)

    def grow_older(self, days: int) -> None:
        self.aging.at(self.aging.now + timedelta(days=days, minutes=7))
        self._ripen()

    @rule(days=st.sampled_from([1, 60]))
    def undo_what_expired(self, days: int) -> None:
        now = self.pipeline.clock()
        period = Period(
            programme_id=self.aging.people.programme_id,
            begin=now - timedelta(days=days),
            end=now,
        )
        with self.pipeline.database.transaction() as connection:
            batch = begin_undo(connection, period, reason="a test", actor="test", now=now)
            done = undo_slice(
                connection,
                self.pipeline.runtime.vault,
                period,
                batch=batch,
                now=now,
                after=0,
                limit=1000,
            )
        if done.points:
            self.touched |= {self._person(one) for one in CUSTOMERS}

    @invariant()
    def people_have_what_the_model_says(self) -> None:
        if not hasattr(self, "aging"):
            return
        for person in {self._person(one) for one in CUSTOMERS}:
            mine = [o for o in self.orders.values() if self._person(o.customer) == person]
            other = sum(n for one, n in self.other.items() if self._person(one) == person)
            balance, pending = self._has(person)
            expired = self._expired(person)
            assert pending == sum(o.worth for o in mine if o.opened_at is None)
            assert balance + pending + expired == sum(o.worth for o in mine) + other
            assert expired >= 0
            if person not in self.touched:
                now = self.aging.now
                alive = [o for o in mine if o.opened_at is not None and o.ends() > now]
                assert balance == sum(o.worth for o in alive)

    @invariant()
    def nothing_is_overdue_after_the_jobs(self) -> None:
        if hasattr(self, "aging"):
            assert self.aging.people.problems() == []

    def teardown(self) -> None:
        found = self.pipeline.rebuilt()
        self.pipeline.close()
        self.stack.close()
        assert (found.differences, found.balances) == ([], [])

    def _ripen(self) -> None:
        for order in self.orders.values():
            if order.opened_at is None and order.paid_at + HOLD <= self.aging.now:
                order.opened_at = self.aging.now

    def _person(self, customer: str) -> str:
        while self.same[customer] != customer:
            customer = self.same[customer]
        return customer

    def _member(self, person: str) -> int:
        return self.aging.people.member(0, person)

    def _has(self, person: str) -> tuple[int, int]:
        [row] = self.aging.people.rows("member", id=self._member(person))
        return row.balance, row.pending

    def _expired(self, person: str) -> int:
        """Return what expired for all accounts of a person, less what was undone."""
        mine = {
            row.id
            for row in self.aging.people.rows("member")
            if self._end_of(row.id) == self._member(person)
        }
        entries = self.aging.people.rows("entry", kind="expire")
        return -sum(row.points for row in entries if row.member_id in mine)

    def _end_of(self, member_id: int) -> int:
        into = {row.id: row.merged_into for row in self.aging.people.rows("member")}
        while (following := into[member_id]) is not None:
            member_id = following
        return member_id


def test_time_and_people_leave_what_a_small_model_says(
    new_database: Callable[[], AbstractContextManager[Database]],
    backend: str,
    settings: Settings,
) -> None:
    run_machine(
        PointsAndTime, new_database, settings, examples=10 if backend == "sqlite" else 2, steps=25
    )
