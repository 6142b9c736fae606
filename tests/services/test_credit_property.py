"""Random lives of gift cards and store credit over a bad line, against the shop's own books.

Whatever answers are lost and whichever calls arrive late, what the shop has given and not taken back is
worth exactly what the redemptions that stand are worth, and each member has paid exactly for those.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import Row, select

from app.db import tables as t
from app.db.engine import Database
from app.services.redeem import Outlet, redeem
from app.services.release import release
from app.settings import Settings
from connectors.shopify.sandbox import CLIENT_SECRET, Sandbox
from connectors.shopify.sandbox.state import SandboxError
from jobs.codes import push_codes
from tests.connectors.shopify.wire import opened
from tests.machines import run_machine
from tests.pipeline import Pipeline

COST, VALUE, EARNED = 100, Decimal("50.00"), 1000

SOURCE = f"""
[programme]
key = "kawa"
currency = "PLN"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[reward]]
key = "card"
cost = {COST}
kind = "gift-card"
value = "{VALUE}"
valid_days = 20

[[reward]]
key = "credit"
cost = {COST}
kind = "store-credit"
value = "{VALUE}"
valid_days = 20

[[reward]]
key = "for-ever"
cost = {COST}
kind = "store-credit"
value = "{VALUE}"
"""

rewards = st.sampled_from(["card", "credit", "for-ever"])
troubles = st.sampled_from(["", "", "before", "after", "late"])


class CardsAndCredit(RuleBasedStateMachine):
    """Two members take money and spend some of it, and staff takes some back."""

    open_database: Callable[[], AbstractContextManager[Database]]
    base_settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.pipeline = Pipeline(self.stack.enter_context(self.open_database()), self.base_settings)
        sandbox = Sandbox(now=self.pipeline.clock, seconds=self._seconds)
        self.shop = sandbox.open_shop("kawa", currency="PLN", store_credit_limit=Decimal(10**6))
        self.open, self.wire = opened(sandbox, self.shop)
        self.members: dict[int, int] = {}

    @initialize()
    def two_members_earn(self) -> None:
        self.programme = self.pipeline.programme(source=SOURCE)
        self.store = self.pipeline.shopify(
            self.programme, "kawa", token=self.shop.token, secret=CLIENT_SECRET
        )
        for name in ("ola", "jan"):
            customer = self.shop.create_customer(f"{name}@example.pl", name)["id"]
            line = {"title": "Beans", "price": str(EARNED), "quantity": 1}
            order = self.shop.place_order([line], customer_id=customer)
            body = self.shop.rendered(order["id"])
            assert self.pipeline.deliver(self.store, "orders/paid", body)[0] == "processed"
            self.members[customer] = self._member(customer)

    @rule(who=st.booleans(), reward=rewards, trouble=troubles, turns=st.integers(0, 2))
    def take(self, who: bool, reward: str, trouble: str, turns: int) -> None:
        runtime = self.pipeline.runtime
        runtime.database.run(
            lambda connection: redeem(
                connection,
                runtime.vault,
                programme_id=self.programme,
                member_id=list(self.members.values())[who],
                reward=reward,
                outlets=[Outlet(self.store, frozenset({"gift-card", "store-credit"}))],
                actor="test",
                now=runtime.clock(),
            )
        )
        self._push(trouble, turns)

    @precondition(lambda self: self._rows("issued"))
    @rule(data=st.data(), trouble=troubles, turns=st.integers(0, 2))
    def take_back(self, data: st.DataObject, trouble: str, turns: int) -> None:
        one = data.draw(st.sampled_from(self._rows("issued", "reserved")))
        runtime = self.pipeline.runtime
        runtime.database.run(
            lambda connection: release(
                connection,
                runtime.vault,
                redemption_id=one.id,
                reason="a test",
                actor="test",
                now=runtime.clock(),
            )
        )
        self._push(trouble, turns)

    @rule(who=st.booleans(), amount=st.sampled_from(["20.00", "50.00"]))
    def spend(self, who: bool, amount: str) -> None:
        customer = list(self.members)[who]
        cards = [one for one in self._cards() if one["enabled"] and Decimal(one["balance"])]
        try:
            line = {"title": "Mug", "price": amount, "quantity": 1}
            if cards and who:
                self.shop.place_order([line], gift_cards=[cards[0]["code"]])
            else:
                self.shop.place_order([line], customer_id=customer, store_credit=amount)
        except SandboxError:
            return  # there is nothing to spend

    @rule(
        time=st.sampled_from(
            [{"seconds": 20}, {"minutes": 3}, {"hours": 2}, {"days": 1}, {"days": 9}]
        ),
        trouble=troubles,
    )
    def time_passes(self, time: dict[str, float], trouble: str) -> None:
        # What is on its way arrives within minutes, maybe after somebody has tried again.
        soon = "seconds" in time or "minutes" in time
        if not soon:
            self.wire.arrive()
        self.pipeline.clock.advance(**time)
        self._push(trouble, 2)
        if soon:
            self.wire.arrive()

    def teardown(self) -> None:
        if self.members:
            self.wire.trouble = ""
            self.wire.arrive()
            for _ in range(12):
                self.pipeline.clock.advance(hours=7)
                self._push("", 20)
            self._check()
        self.stack.close()
        self.pipeline.close()

    def _check(self) -> None:
        assert self._rows("reserved") == []
        standing = self._rows("issued", "used")
        cards = sum((self._kept(card) for card in self._cards()), Decimal(0))
        entries = [
            one
            for customer in self.members
            for account in self.shop.store_credit_of(customer)
            for one in account["entries"]
            if one["event"] == "ADJUSTMENT"
        ]
        given = sum((Decimal(one["amount"]) for one in entries), Decimal(0))
        spent_and_expired = self._spent_of_expired()
        assert cards + given + spent_and_expired == VALUE * len(standing), [
            (one.id, one.state, one.kind, one.error) for one in self._rows()
        ]
        for customer, member in self.members.items():
            taken = [one for one in standing if one.member_id == member]
            assert self.pipeline.points(self.store, str(customer)) == EARNED - COST * len(taken)
        assert self.pipeline.verified().problems == []

    @staticmethod
    def _kept(card: dict[str, Any]) -> Decimal:
        """Return what a card was worth to its member: nothing once it was taken back whole."""
        return Decimal(card["value"]) if card["enabled"] or card["orders"] else Decimal(0)

    def _spent_of_expired(self) -> Decimal:
        """Return what expired of credits that were spent from: they stand, their rest is gone."""
        rest = Decimal(0)
        for customer in self.members:
            for account in self.shop.store_credit_of(customer):
                for one in account["entries"]:
                    credit = one["kind"] == "StoreCreditAccountCreditTransaction"
                    over = (
                        one["expires_at"] and one["expires_at"] <= self.pipeline.clock().isoformat()
                    )
                    left = Decimal(one["left"])
                    if credit and over and Decimal(0) < left < Decimal(one["amount"]):
                        rest += left
        return rest

    def _push(self, trouble: str, turns: int) -> None:
        self.wire.trouble = trouble
        for _ in range(turns):
            if not push_codes(self.pipeline.runtime, self.store, self.open):
                break

    def _cards(self) -> list[dict[str, Any]]:
        return self.shop.gift_cards_made()

    def _rows(self, *states: str) -> list[Row[Any]]:
        with self.pipeline.database.snapshot() as connection:
            rows = connection.execute(select(t.redemption).order_by(t.redemption.c.id)).all()
        return [row for row in rows if not states or row.state in states]

    def _member(self, customer: int) -> int:
        with self.pipeline.database.snapshot() as connection:
            return int(
                connection.execute(
                    select(t.store_customer.c.member_id).where(
                        t.store_customer.c.external_id == str(customer)
                    )
                ).scalar_one()
            )

    def _seconds(self) -> float:
        return self.pipeline.clock.moment.timestamp()


def test_the_shops_books_and_the_ledger_agree_whatever_is_lost(
    new_database: Callable[[], AbstractContextManager[Database]], backend: str, settings: Settings
) -> None:
    examples = 12 if backend == "sqlite" else 1
    run_machine(CardsAndCredit, new_database, settings, examples=examples, steps=12)
