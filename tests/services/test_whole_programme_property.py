"""Random lives under a programme that has everything, held against the same life told plainly.

The machine tells a shop's messages late, twice and out of order while versions are published, rewards
taken and given up, and accounts joined. Afterwards a second installation hears the same messages once,
in the order in which things happened. Whatever each rule gave for each order, window and person, the
tiers and the balances must be the same in both; and both ledgers prove themselves and can be rebuilt.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
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
from app.programme.events import Standing
from app.programme.referral import code_in
from app.programme.referrals import is_referral_window
from app.services.actions import record_action, withdraw_action
from app.services.referral_desk import invitation_of
from app.services.tier_run import Slices, recalculate
from app.settings import Settings
from jobs.referrals import judge_referrals
from tests.machines import run_machine
from tests.people import COSTS, REWARDS, People, account
from tests.pipeline import Pipeline, TestClock
from tests.services.test_tiers import judged
from tests.services.whole import DOCUMENTS, Bought, soon

CUSTOMERS = ("1", "2", "3")
customers = st.sampled_from(CUSTOMERS)
tea = st.sampled_from([1, 30, 60, 120])
STANDINGS = (Standing.OPEN, Standing.PAID, Standing.PAID, Standing.COMPLETED)

Published = tuple[datetime, str]
Done = tuple[str, str, datetime]
"""The key of an action, whose it is, and when it was."""


class Shop:
    """One installation that hears of one shop."""

    def __init__(self, pipeline: Pipeline, source: str) -> None:
        self.pipeline = pipeline
        programme_id = pipeline.programme(source=source + REWARDS)
        self.people = People(pipeline, programme_id, [pipeline.store(programme_id)])
        self.people.tell(0, *(account(one) for one in CUSTOMERS))
        with pipeline.database.transaction() as connection:
            self.invitations = {
                one: code_in(invitation_of(connection, self.people.member(0, one), self.now).code)
                for one in CUSTOMERS
            }

    def tell(self, bought: Bought) -> None:
        self.people.tell(0, bought.event(self.invitations))

    @property
    def now(self) -> datetime:
        return self.pipeline.clock.moment

    def publish(self, source: str) -> Published:
        """Publish a version; returns when that was."""
        began = self.now
        self.pipeline.programme(source=source + REWARDS)
        return began, source

    def record(self, done: Done) -> None:
        key, customer, at = done
        with self.pipeline.database.transaction() as connection:
            record_action(
                connection,
                self.pipeline.runtime.vault,
                programme_id=self.people.programme_id,
                member_id=self.people.member(0, customer),
                action="app-install",
                key=key,
                at=at,
                now=self.pipeline.clock(),
            )

    def withdraw(self, key: str) -> None:
        with self.pipeline.database.transaction() as connection:
            withdraw_action(
                connection,
                self.pipeline.runtime.vault,
                programme_id=self.people.programme_id,
                key=key,
                reason="a test",
                now=self.pipeline.clock(),
            )

    def join(self, one: str, other: str) -> None:
        self.people.merge(self.people.member(0, one), self.people.member(0, other))

    def recalculate(self) -> None:
        """Go through all tiers, as the clock does each day."""
        with self.pipeline.database.transaction() as connection:
            while recalculate(connection, self.pipeline.clock(), Slices(100, 100)):
                pass

    def proves_itself(self) -> None:
        assert self.people.problems() == []

    def end(self) -> dict[str, object]:
        """Return all that was given, to whom, and where everybody stands, once friends are judged."""
        judge_referrals(self.pipeline.runtime)
        self.proves_itself()
        found = self.pipeline.rebuilt()
        assert found.ok, found
        owners = {one: self.people.member(0, one) for one in CUSTOMERS}
        names = {
            member: min(c for c in owners if owners[c] == member) for member in owners.values()
        }
        into = {row.id: row.merged_into for row in self.people.rows("member")}
        objects = {row.id: row for row in self.people.rows("source_object")}
        given: dict[Any, int] = defaultdict(int)
        spent: dict[str, int] = defaultdict(int)
        for row in self.people.rows("award"):
            member = row.member_id
            while into[member] is not None:
                member = into[member]
            about = objects.get(row.object_id)
            if is_referral_window(row.window_key):  # named by numbers of this installation
                given[names[member], "friends", row.rule] += row.points
            elif about is None:
                given[names[member], row.window_key, row.rule] += row.points
            elif about.kind == "redemption":
                spent[names[member]] += row.points
            else:
                given[names[member], about.external_id, row.rule] += row.points
        members = {row.id: row for row in self.people.rows("member")}
        return {
            "given": {key: points for key, points in sorted(given.items()) if points},
            "judged": judged(self.people),
            "tiers": {one: members[owners[one]].tier for one in CUSTOMERS},
            "balances": {names[one]: members[one].balance - spent[names[one]] for one in names},
        }


class Everything(RuleBasedStateMachine):
    """Orders, actions, versions, joins and rewards, in whatever order."""

    open_database: Callable[[], AbstractContextManager[Database]]
    base_settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.clock = TestClock()
        self.orders: dict[int, Bought] = {}
        self.told: list[Bought] = []
        self.waiting: list[Bought] = []
        self.published: list[Published] = []
        self.done: dict[str, Done] = {}
        self.withdrawn: list[str] = []
        self.joined: list[tuple[str, str]] = []
        self.taken: list[int] = []

    @initialize(
        first=st.sampled_from([*DOCUMENTS, *DOCUMENTS[1:]]),
        orders=st.lists(
            st.tuples(customers, st.sampled_from([0, 20, 50]), st.integers(0, 4), tea),
            min_size=3,
            max_size=5,
        ),
    )
    def open_shop(self, first: str, orders: list[tuple[str, int, int, int]]) -> None:
        self.began = self.clock.moment
        self.shop = self._open(self.clock, first)
        self.published = [(self.began, first)]
        for customer, hours, mugs, amount in orders:
            self.buy(customer, hours, mugs, amount, Standing.PAID, None, late=False)

    @rule(source=st.sampled_from(DOCUMENTS))
    def publish(self, source: str) -> None:
        if source != self.published[-1][1]:
            self.published.append(self.shop.publish(source))

    @rule(
        customer=customers,
        hours=st.sampled_from([0, 0, 1, 20, 30, 50]),
        mugs=st.integers(0, 4),
        tea=tea,
        standing=st.sampled_from(STANDINGS),
        named=st.sampled_from([None, None, *CUSTOMERS]),
        late=st.booleans(),
    )
    def buy(
        self,
        customer: str,
        hours: int,
        mugs: int,
        tea: int,  # for so much
        standing: Standing,
        named: str | None,
        late: bool,
    ) -> None:
        placed = soon(self.clock.moment) - timedelta(hours=hours)
        self.clock.advance(seconds=2)
        bought = Bought(1000 + len(self.orders), customer, placed, placed, mugs, tea)
        self._change(bought.now(placed, standing=standing, named=named), late=late)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), dated=st.booleans(), late=st.booleans())
    def refund(self, data: st.DataObject, dated: bool, late: bool) -> None:
        known = self._one_of_the_orders(data)
        mugs = data.draw(st.integers(0, known.mugs))
        amount = data.draw(st.sampled_from([1, known.total]))
        self._change(known.refund(self.clock.moment, mugs, amount, dated=dated), late=late)

    @precondition(lambda self: self.orders)
    @rule(
        data=st.data(),
        standing=st.sampled_from([*STANDINGS[1:], Standing.CANCELLED]),
        late=st.booleans(),
    )
    def go_on(self, data: st.DataObject, standing: Standing, late: bool) -> None:
        known = self._one_of_the_orders(data)
        self._change(known.now(self.clock.moment, standing=standing), late=late)

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), customer=customers, late=st.booleans())
    def change_hands(self, data: st.DataObject, customer: str, late: bool) -> None:
        known = self._one_of_the_orders(data)
        self._change(known.now(self.clock.moment, customer=customer), late=late)

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_late_message_comes(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.waiting) - 1))
        self.shop.tell(self.waiting.pop(at))

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def tell_again(self, data: st.DataObject) -> None:
        self.shop.tell(data.draw(st.sampled_from(self.told)))

    @rule(hours=st.sampled_from([1, 13, 24, 26 * 24]))
    def wait(self, hours: int) -> None:
        self.clock.advance(hours=hours)

    @rule()
    def recalculate_tiers(self) -> None:
        self.shop.recalculate()

    @rule(customer=customers, hours=st.sampled_from([0, 1, 30]))
    def do_something(self, customer: str, hours: int) -> None:
        self.clock.advance(seconds=2)
        key = f"install-{len(self.done)}"
        self.done[key] = (key, customer, self.clock.moment - timedelta(hours=hours))
        self.shop.record(self.done[key])

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def take_an_action_back(self, data: st.DataObject) -> None:
        self.withdrawn.append(data.draw(st.sampled_from(sorted(self.done))))
        self.shop.withdraw(self.withdrawn[-1])

    @rule(customer=customers, cost=st.sampled_from(COSTS))
    def spend(self, customer: str, cost: int) -> None:
        member = self.shop.people.member(0, customer)
        [row] = self.shop.people.rows("member", id=member)
        if row.balance < cost:
            with pytest.raises(Conflict):
                self.shop.people.spend(member, cost)
        else:
            self.taken.append(self.shop.people.spend(member, cost))

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def give_a_reward_up(self, data: st.DataObject) -> None:
        taken = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        assert self.shop.people.release(taken) == "released"

    @precondition(lambda self: self.taken)
    @rule(data=st.data(), tea=st.sampled_from([1, 60]), late=st.booleans())
    def use_a_code(self, data: st.DataObject, tea: int, late: bool) -> None:
        taken = self.taken.pop(data.draw(st.integers(0, len(self.taken) - 1)))
        [row] = self.shop.people.rows("redemption", id=taken)
        self.clock.advance(seconds=2)
        placed = self.clock.moment
        bought = Bought(1000 + len(self.orders), row.customer, placed, placed, 1, tea)
        self._change(bought.now(placed, codes=(row.code,)), late=late)

    @rule(one=customers, other=customers)
    def turn_out_to_be_one(self, one: str, other: str) -> None:
        self.joined.append((one, other))
        self.shop.join(one, other)

    @invariant()
    def the_ledger_proves_itself(self) -> None:
        if self.published:
            self.shop.proves_itself()

    def teardown(self) -> None:
        try:
            if self.published:
                self._told_plainly_it_is_the_same()
        finally:
            self.stack.close()

    def _told_plainly_it_is_the_same(self) -> None:
        for known in self.waiting:
            self.shop.tell(known)
        self.shop.recalculate()
        clock = TestClock(self.began)
        plain = self._open(clock, self.published[0][1])
        for moment, source in self.published[1:]:
            clock.moment = moment
            plain.publish(source)
        clock.moment = self.clock.moment
        for known in sorted(self.told, key=lambda one: one.changed):
            plain.tell(known)
        for done in self.done.values():
            plain.record(done)
        for key in self.withdrawn:
            plain.withdraw(key)
        for one, other in self.joined:
            plain.join(one, other)
        plain.recalculate()
        assert self.shop.end() == plain.end()

    def _open(self, clock: TestClock, source: str) -> Shop:
        database = self.stack.enter_context(self.open_database())
        pipeline = Pipeline(database, self.base_settings, clock)
        self.stack.callback(pipeline.close)
        return Shop(pipeline, source)

    def _one_of_the_orders(self, data: st.DataObject) -> Bought:
        """Draw an order that changes a moment later."""
        self.clock.advance(seconds=2)
        return self.orders[data.draw(st.sampled_from(sorted(self.orders)))]

    def _change(self, known: Bought, *, late: bool) -> None:
        self.orders[known.number] = known
        self.told.append(known)
        if late:
            self.waiting.append(known)
        else:
            self.shop.tell(known)


@pytest.fixture
def backend() -> str:
    """Return SQLite: what the databases do otherwise is tested with each of the parts."""
    return "sqlite"


def test_everything_together_is_worth_what_it_is_told_plainly(
    new_database: Callable[[], AbstractContextManager[Database]],
    settings: Settings,
) -> None:
    run_machine(Everything, new_database, settings, examples=8, steps=18)
