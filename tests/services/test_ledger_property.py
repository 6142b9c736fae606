"""Random lives of orders and redemptions against a small model: whatever arrives, in whatever order.

The model knows nothing of lots, awards or entries: an account has what its orders' newest delivered
states are worth, plus what was adjusted by hand, less what its redemptions cost in the states that
follow from those orders and from what the shop said about the codes.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import Row, select

from app.db import tables as t
from app.db.engine import Database
from app.errors import Conflict
from app.services.adjust import adjust_points
from app.services.redeem import Outlet, redeem
from app.services.release import release
from app.settings import Settings
from jobs.codes import push_codes
from jobs.drain import drain
from tests.codeshop import CodeShop, Trouble
from tests.machines import run_machine
from tests.pipeline import Pipeline
from tests.services.model import (
    COST,
    OVER,
    SOURCE,
    Order,
    Redemptions,
    State,
    Taken,
    stored_redemptions,
)

MAKES = frozenset({"percent", "fixed", "free-delivery"})

amounts = st.integers(min_value=1, max_value=50_000)
rewards = st.sampled_from(sorted(COST))
steps = st.sampled_from([0, 1, 2, 3, 3, 4, 4])


class OrdersAndLedger(RuleBasedStateMachine):
    """Shops change orders; deliveries arrive late, twice and out of order."""

    open_database: Callable[[], AbstractContextManager[Database]]
    base_settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.pipeline = Pipeline(self.stack.enter_context(self.open_database()), self.base_settings)
        self.orders: dict[int, Order] = {}
        self.adjusted: dict[int, int] = {}
        self.seconds = 0
        self.refunds = 100
        self.codes = CodeShop(self.pipeline.clock, self._uses)
        self.any_taken = False
        self.gives_back = True  # the use of a code, when its order is cancelled

    @initialize(gives_back=st.booleans(), reward=rewards, steps=steps)
    def open_shop(self, gives_back: bool, reward: str, steps: int) -> None:
        self.programme = self.pipeline.programme(source=SOURCE)
        self.store = self.pipeline.store(self.programme)
        self.gives_back = gives_back
        for customer in (2, 5):  # who can take rewards at once
            self.place([15_000], customer, "completed")
        self._take(5, reward, steps)

    @rule(
        lines=st.lists(amounts, min_size=1, max_size=4),
        customer=st.sampled_from([0, 0, 2, 5]),
        status=st.sampled_from(["pending", "processing", "completed"]),
    )
    def place(self, lines: list[int], customer: int, status: str) -> None:
        number = 1000 + len(self.orders)
        self._change(
            number, State(number, 0, status, customer, tuple(lines)), apart=True, at_once=True
        )

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), apart=st.booleans(), at_once=st.booleans())
    def change(self, data: st.DataObject, apart: bool, at_once: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.orders)))
        state = self.orders[number].states[-1]
        act = data.draw(
            st.sampled_from(["refund", "unrefund", "status", "edit", "drop", "customer"])
        )
        if act == "refund":
            self.refunds += 1
            amount = data.draw(st.integers(1, max(sum(state.lines), 1)))
            state = replace(state, refunds=(*state.refunds, (self.refunds, amount)))
        elif act == "unrefund":
            state = replace(state, refunds=state.refunds[:-1])
        elif act == "status":
            statuses = ["pending", "processing", "completed", "cancelled", "refunded", "trash"]
            state = replace(state, status=data.draw(st.sampled_from(statuses)))
        elif act == "edit":
            state = replace(state, lines=(*state.lines, data.draw(amounts)))
        elif act == "drop" and len(state.lines) > 1:
            state = replace(state, lines=state.lines[1:])
        elif act == "customer":
            state = replace(state, customer=data.draw(st.sampled_from([0, 2, 5])))
        self._change(number, state, apart=apart, at_once=at_once)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def deliver_again(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.orders)))
        self._deliver(data.draw(st.sampled_from(self.orders[number].states)))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), points=st.integers(-400, 400).filter(bool))
    def adjust(self, data: st.DataObject, points: int) -> None:
        owners = {order.owner() for order in self.orders.values() if order.delivered}
        owner = data.draw(st.sampled_from(sorted(owners)))
        member_id = self._accounts()[owner]
        with self.pipeline.database.transaction() as connection:
            adjust_points(
                connection,
                self.pipeline.runtime.vault,
                programme_id=self.programme,
                member_id=member_id,
                points=points,
                reason="a test of corrections",
                key=f"{self.pipeline.clock.moment.isoformat()}",
                actor="test",
                now=self.pipeline.clock(),
            )
        self.adjusted[owner] = self.adjusted.get(owner, 0) + points

    @rule(owner=st.sampled_from([2, 5]), reward=rewards, steps=steps)
    def take_a_reward(self, owner: int, reward: str, steps: int) -> None:
        self._take(owner, reward, steps)

    @precondition(lambda self: self._usable())
    @rule(data=st.data(), amount=amounts, at_once=st.booleans())
    def use_a_code(self, data: st.DataObject, amount: int, at_once: bool) -> None:
        code = data.draw(st.sampled_from(self._usable()))
        [one] = [one for one in self._taken() if one.code == code]
        number = 1000 + len(self.orders)
        state = State(number, 0, "processing", one.owner, (amount,), code=one.code)
        self._change(number, state, apart=True, at_once=at_once)

    @precondition(lambda self: self._with_codes())
    @rule(
        data=st.data(),
        act=st.sampled_from(["cancelled", "trash", "processing", "refund", "unrefund"]),
        at_once=st.booleans(),
    )
    def change_what_used_a_code(self, data: st.DataObject, act: str, at_once: bool) -> None:
        number = data.draw(st.sampled_from(self._with_codes()))
        state = self.orders[number].states[-1]
        if act == "refund":
            self.refunds += 1
            left = max(state.left(), 0)
            state = replace(state, refunds=(*state.refunds, (self.refunds, left)))
        elif act == "unrefund":
            state = replace(state, refunds=())
        else:
            state = replace(state, status=act)
        self._change(number, state, apart=True, at_once=at_once)

    @precondition(lambda self: self.any_taken)
    @rule(trouble=st.sampled_from(["", "", "before", "after"]))
    def ask_the_shop(self, trouble: Trouble) -> None:
        self.codes.trouble = trouble
        push_codes(self.pipeline.runtime, self.store, self.codes)
        self.codes.trouble = ""

    @precondition(lambda self: self.codes.made)
    @rule(hours=st.sampled_from([1, 1, 26, 31 * 24]))
    def let_time_pass(self, hours: int) -> None:
        self.pipeline.clock.advance(hours=hours)

    @precondition(lambda self: self.any_taken)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self._taken()))
        model = self._model()
        final = model.state(one) == "used" or model.is_lost(one)
        try:
            self._release(one.id)
        except Conflict:
            assert final
        else:
            assert not final

    @precondition(lambda self: self.codes.made)
    @rule(data=st.data())
    def delete_a_code_in_the_shop(self, data: st.DataObject) -> None:
        self.codes.delete(data.draw(st.sampled_from(list(self.codes.made))))

    @precondition(lambda self: self.codes.made)
    @rule()
    def let_everything_settle(self) -> None:
        for order in self.orders.values():
            if order.states[-1] not in order.delivered:
                self._deliver(order.states[-1])
        for _ in range(3):
            self._ask_all()
            self.pipeline.clock.advance(hours=25)
        self._ask_all()
        model = self._model()
        for one in model.taken.values():
            state = model.state(one)
            assert state != "reserved"
            assert (state == "issued") == self.codes.usable(one.code)
            if model.owes_another(one):
                assert model.replacement(one) is not None

    @invariant()
    def balances_are_what_the_model_says(self) -> None:
        if not hasattr(self, "store"):
            return
        expected: dict[int, int] = dict(self.adjusted)
        for order in self.orders.values():
            if order.delivered:
                expected[order.owner()] = expected.get(order.owner(), 0) + order.worth()
        model = self._model()
        for one in model.taken.values():
            expected[one.owner] = expected.get(one.owner, 0) - model.cost(one)
        found = self._balances()
        assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}

    @invariant()
    def redemptions_are_what_the_model_says(self) -> None:
        model = self._model()
        for row in self._rows():
            one = model.taken[row.id]
            captor = model.captor(one)
            assert (row.state, row.used_by_number) == (
                model.state(one),
                None if captor is None else str(captor.order),
            )
            if row.state in {"released", "lapsed"}:
                assert not self.codes.usable(one.code)

    @invariant()
    def the_ledger_proves_itself(self) -> None:
        assert self.pipeline.verified().problems == []

    def teardown(self) -> None:
        found = self.pipeline.rebuilt()
        self.pipeline.close()
        self.stack.close()
        assert (found.differences, found.balances) == ([], [])

    def _change(self, number: int, state: State, *, apart: bool, at_once: bool) -> None:
        # Of two states of one second that show a code, what is told of the code is for a read to say.
        self.seconds += 1 if apart or state.code is not None else 0
        state = replace(state, modified=self.seconds)
        self.orders.setdefault(number, Order()).states.append(state)
        if at_once:
            self._deliver(state)

    def _deliver(self, state: State) -> None:
        self.pipeline.receive(self.store, "order.updated", json.dumps(state.body()).encode())
        drain(self.pipeline.runtime)
        assert self._failures() == []
        self.orders[state.order].delivered.append(state)

    def _uses(self, code: str) -> int:
        """Return how often the shop counts a code as used."""
        shown = [o.states for o in self.orders.values() if o.states[-1].code == code]
        return sum(not self.gives_back or states[-1].status not in OVER for states in shown)

    def _take(self, owner: int, reward: str, steps: int) -> None:
        """Take one, and perhaps go on at once: have it made, use it, get the money back, and again."""
        before = self._balances()[owner]
        try:
            self._redeem(owner, reward)
        except Conflict:
            assert before < COST[reward]
            return
        assert before >= COST[reward]
        self.any_taken = True
        for _ in range(steps):
            self._ask_all()
            newest = self._taken()[-1]
            number = 1000 + len(self.orders)
            state = State(number, 0, "processing", newest.owner, (5_000,), code=newest.code)
            if steps < 2 or not self.codes.usable(newest.code):
                return
            self._change(number, state, apart=True, at_once=True)
            if steps < 3:
                return
            state = replace(state, refunds=((number, 5_000),))
            self._change(number, state, apart=True, at_once=True)
            steps -= 1

    def _redeem(self, owner: int, reward: str) -> int:
        runtime = self.pipeline.runtime
        with runtime.database.transaction() as connection:
            return redeem(
                connection,
                runtime.vault,
                programme_id=self.programme,
                member_id=self._accounts()[owner],
                reward=reward,
                outlets=[Outlet(self.store, MAKES)],
                actor="test",
                now=runtime.clock(),
            )

    def _release(self, redemption_id: int) -> None:
        runtime = self.pipeline.runtime
        with runtime.database.transaction() as connection:
            release(
                connection,
                runtime.vault,
                redemption_id=redemption_id,
                reason="a test of releases",
                actor="test",
                now=runtime.clock(),
            )

    def _ask_all(self) -> None:
        for _ in range(10):
            if not push_codes(self.pipeline.runtime, self.store, self.codes):
                return
        raise AssertionError("there is always something to ask the shop")

    def _rows(self) -> Sequence[Row[Any]]:
        with self.pipeline.database.snapshot() as connection:
            return stored_redemptions(connection)

    def _taken(self) -> list[Taken]:
        owners = {member: customer for customer, member in self._accounts().items()}
        return [
            Taken(
                id=row.id,
                owner=owners[row.member_id],
                reward=row.rule,
                code=row.code_key,
                replaces=row.replaces_id,
                made=row.made_at is not None,
                dead=row.dead_at is not None,
                ending=row.ending,
            )
            for row in self._rows()
        ]

    def _model(self) -> Redemptions:
        return Redemptions(self._taken(), self.orders)

    def _usable(self) -> list[str]:
        """Return the codes that somebody could use in the shop now."""
        return [code for code in self.codes.made if self.codes.usable(code)]

    def _with_codes(self) -> list[int]:
        return [number for number, o in self.orders.items() if o.states[-1].code is not None]

    def _failures(self) -> list[str]:
        with self.pipeline.database.snapshot() as connection:
            errors = select(t.delivery_outcome.c.error).where(
                t.delivery_outcome.c.error.is_not(None)
            )
            return list(connection.execute(errors).scalars())

    def _accounts(self) -> dict[int, int]:
        with self.pipeline.database.snapshot() as connection:
            accounts = {
                int(row.external_id): row.member_id
                for row in connection.execute(select(t.store_customer))
            }
            guest = connection.execute(select(t.identity.c.member_id)).scalar()
        return accounts if guest is None else {**accounts, 0: guest}

    def _balances(self) -> dict[int, int]:
        with self.pipeline.database.snapshot() as connection:
            balances = {row.id: row.balance for row in connection.execute(select(t.member)).all()}
        return {owner: balances[member] for owner, member in self._accounts().items()}


def test_the_ledger_agrees_with_a_small_model(
    new_database: Callable[[], AbstractContextManager[Database]],
    backend: str,
    settings: Settings,
) -> None:
    run_machine(
        OrdersAndLedger, new_database, settings, examples=16 if backend == "sqlite" else 3, steps=20
    )
