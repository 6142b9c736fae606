"""Random lives of orders against a small model: whatever arrives, in whatever order, the ledger agrees.

The model knows nothing of lots, awards or entries: an account has what its orders' newest delivered
states are worth, plus what was adjusted by hand.
"""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from app.db import tables as t
from app.db.engine import Database
from app.services.adjust import adjust_points
from app.settings import Settings
from jobs.drain import drain
from tests.pipeline import Pipeline, order_body

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
GUEST = "jan.kowalski@example.pl"
EARNING = {"processing", "completed", "refunded"}


@dataclass(frozen=True)
class State:
    """One state of one order, as its shop would send it."""

    order: int
    modified: int  # seconds since START
    status: str
    customer: int
    lines: tuple[int, ...]  # amounts in grosz, with tax
    refunds: tuple[tuple[int, int], ...] = ()  # (id, grosz)

    def worth(self) -> int:
        if self.status not in EARNING:
            return 0
        left = sum(self.lines) - sum(amount for _, amount in self.refunds)
        return max(left, 0) // 100

    def body(self) -> dict[str, Any]:
        template = order_body("008")
        line = template["line_items"][0]
        modified = (START + timedelta(seconds=self.modified)).strftime("%Y-%m-%dT%H:%M:%S")
        return template | {
            "id": self.order,
            "number": str(self.order),
            "status": self.status,
            "customer_id": self.customer,
            "date_modified_gmt": modified,
            "total": _money(sum(self.lines)),
            "line_items": [
                line | {"id": number, "total": _money(amount), "total_tax": "0.00"}
                for number, amount in enumerate(self.lines, start=1)
            ],
            "shipping_lines": [],
            "fee_lines": [],
            "coupon_lines": [],
            "refunds": [
                {"id": refund, "reason": "", "total": f"-{_money(amount)}", "total_tax": "0.00"}
                for refund, amount in self.refunds
            ],
        }


@dataclass
class Order:
    """All states an order ever had in the shop, and which of them were delivered."""

    states: list[State] = field(default_factory=list)
    delivered: list[State] = field(default_factory=list)

    def worth(self) -> int:
        newest = max(state.modified for state in self.delivered)
        # Two states of one second: without a read the one worth less counts.
        return min(state.worth() for state in self.delivered if state.modified == newest)

    def owner(self) -> int:
        """Return the customer of the newest delivered state that names one, else 0 (the guest)."""
        named = [state for state in self.delivered if state.customer]
        return max(named, key=lambda s: (s.modified, str(s.customer))).customer if named else 0


def _money(grosz: int) -> str:
    return str(Decimal(grosz).scaleb(-2))


amounts = st.integers(min_value=1, max_value=50_000)


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

    @initialize()
    def open_shop(self) -> None:
        self.programme = self.pipeline.programme("one-per-unit")
        self.store = self.pipeline.store(self.programme)

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
        owner = data.draw(st.sampled_from(sorted({o.owner() for o in self.orders.values()})))
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

    @invariant()
    def balances_are_what_the_model_says(self) -> None:
        if not hasattr(self, "store"):
            return
        expected: dict[int, int] = dict(self.adjusted)
        for order in self.orders.values():
            expected[order.owner()] = expected.get(order.owner(), 0) + order.worth()
        found = self._balances()
        assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}

    @invariant()
    def the_ledger_proves_itself(self) -> None:
        assert self.pipeline.verified().problems == []

    def teardown(self) -> None:
        self.pipeline.close()
        self.stack.close()

    def _change(self, number: int, state: State, *, apart: bool, at_once: bool) -> None:
        self.seconds += 1 if apart else 0
        state = replace(state, modified=self.seconds)
        self.orders.setdefault(number, Order()).states.append(state)
        if at_once:
            self._deliver(state)

    def _deliver(self, state: State) -> None:
        self.pipeline.receive(self.store, "order.updated", json.dumps(state.body()).encode())
        drain(self.pipeline.runtime)
        assert self._failures() == []
        self.orders[state.order].delivered.append(state)

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
    class Machine(OrdersAndLedger):
        open_database = staticmethod(new_database)
        base_settings = settings

    run_state_machine_as_test(
        Machine,
        settings=hypothesis_settings(
            max_examples=25 if backend == "sqlite" else 4,
            stateful_step_count=25,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def settings(keyring: Any, tmp_path: Any) -> Settings:
    return Settings(
        database_url="sqlite:///unused",
        redis_url=None,
        public_url="http://127.0.0.1:8000",
        keyring=keyring,
        var=tmp_path,
    )
