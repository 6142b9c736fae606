"""Random lives of friends against a small model.

The model knows nothing of windows, awards or signals. It asks of each person, on its fingers: what was the
earliest word of whose friend this is, had they bought before, which of their orders counts first, and did
they bring the other one themselves.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.db.engine import Database
from app.programme.events import Event, Standing
from app.settings import Settings
from tests.machines import run_machine
from tests.pipeline import Pipeline
from tests.services.referred import bought, opened

MEMBERS = ("1", "2")
FRIENDS = ("3", "4", "5")


@dataclass(frozen=True)
class Order:
    """An order of the model, as it is now."""

    customer: str
    hours: int
    named: str | None  # the member whose code it carries
    standing: Standing = Standing.PAID
    refunded: bool = False
    changed: int = 0

    @property
    def counts(self) -> bool:
        return self.standing is Standing.PAID and not self.refunded


class OrdersOfFriends(RuleBasedStateMachine):
    """Orders with and without codes come late and twice, end and come back; accounts become one."""

    open_database: Callable[[], AbstractContextManager[Database]]
    base_settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.pipeline = Pipeline(self.stack.enter_context(self.open_database()), self.base_settings)
        self.orders: dict[int, Order] = {}
        self.told: list[Event] = []
        self.same: dict[str, str] = {}

    @initialize()
    def open_shop(self) -> None:
        self.friends = opened(self.pipeline)
        self.codes = {one: self.friends.joins(one, f"m{one}@example.pl") for one in MEMBERS}

    @rule(
        customer=st.sampled_from([*MEMBERS, *FRIENDS]),
        hours=st.integers(0, 99),
        named=st.sampled_from([None, *MEMBERS]),
    )
    def place(self, customer: str, hours: int, named: str | None) -> None:
        if hours in {one.hours for one in self.orders.values()}:
            return  # no two at once
        self._tell(100 + len(self.orders), Order(customer, hours, named))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), act=st.sampled_from(["refund", "cancel", "restore", "code"]))
    def change(self, data: st.DataObject, act: str) -> None:
        number = data.draw(st.sampled_from(sorted(self.orders)))
        known = self.orders[number]
        match act:
            case "refund":
                known = replace(known, refunded=not known.refunded)
            case "cancel":
                known = replace(known, standing=Standing.CANCELLED)
            case "restore":
                known = replace(known, standing=Standing.PAID)
            case "code":
                known = replace(known, named=known.named or data.draw(st.sampled_from(MEMBERS)))
        self._tell(number, replace(known, changed=known.changed + 1))

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def tell_again(self, data: st.DataObject) -> None:
        self.friends.tell(0, data.draw(st.sampled_from(self.told)))

    @precondition(lambda self: len(self._people()) > 1)
    @rule(data=st.data())
    def turn_out_to_be_one(self, data: st.DataObject) -> None:
        people = st.sampled_from(sorted(self._people()))
        one, other = data.draw(people), data.draw(people)
        self.friends.merge(self.friends.member(0, one), self.friends.member(0, other))
        self.pipeline.drain()
        if one != other:
            self.same[one] = other

    def expected(self) -> dict[str, int]:
        """Return what each person has, as the model counts."""
        points: dict[str, int] = defaultdict(int)
        theirs: dict[str, list[Order]] = defaultdict(list)
        for order in sorted(self.orders.values(), key=lambda one: one.hours):
            theirs[self._person(order.customer)].append(order)
        words: dict[str, tuple[int, str]] = {}
        for friend, orders in theirs.items():
            named = [(one.hours, self._person(one.named)) for one in orders if one.named]
            others = [word for word in named if word[1] != friend]
            if others:
                words[friend] = others[0]
        for friend, (hours, referrer) in words.items():
            first = next((one for one in theirs[friend] if one.counts), None)
            back = words.get(referrer, (hours, ""))
            if first is None or first.hours < hours or (back[1] == friend and back[0] < hours):
                continue  # not new, or a loop, which waits for a person
            points[referrer] += 200
            points[friend] += 50
        return {one: points[one] for one in self._people()}

    @invariant()
    def balances_are_what_the_model_says(self) -> None:
        if not hasattr(self, "friends"):
            return
        assert {one: self.friends.balance(one) for one in self._people()} == self.expected()

    @invariant()
    def the_ledger_proves_itself(self) -> None:
        assert self.pipeline.verified().problems == []

    def teardown(self) -> None:
        self.pipeline.close()
        self.stack.close()

    def _people(self) -> set[str]:
        known = {*MEMBERS, *(one.customer for one in self.orders.values())}
        return {self._person(one) for one in known}

    def _person(self, customer: str) -> str:
        while customer in self.same:
            customer = self.same[customer]
        return customer

    def _tell(self, number: int, known: Order) -> None:
        told = bought(
            number,
            known.customer,
            code=None if known.named is None else self.codes[known.named],
            hours=known.hours,
            standing=known.standing,
            refunded="20.00" if known.refunded else None,
            at=known.changed + 60 * 60 * 24 * 30,  # a month later: no refund speaks against it
        )
        self.orders[number] = known
        self.told.append(told)
        self.friends.tell(0, told)


def test_what_friends_are_worth_agrees_with_a_small_model(
    new_database: Callable[[], AbstractContextManager[Database]],
    backend: str,
    settings: Settings,
) -> None:
    run_machine(
        OrdersOfFriends,
        new_database,
        settings,
        examples=4 if backend == "sqlite" else 1,
        steps=12,
    )
