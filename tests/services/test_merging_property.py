"""Random lives of people in two stores against a small model: whoever turns out to be one has one wallet.

The model knows nothing of lots, entries or claims: accounts are sets that grow together, and each set
has what its orders are worth, what joining pays once, less what the rewards cost that it has taken and
not given up.
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from app.db.engine import Database
from app.settings import Settings
from tests.machines import run_machine
from tests.people import COSTS, People, account, gone, open_people, order
from tests.pipeline import Pipeline
from tests.taken import carrying

Account = tuple[str, ...]  # ("customer", store, number) or ("guest", e-mail)

stores = st.integers(0, 1)
numbers = st.sampled_from(["1", "2", "3"])
emails = st.sampled_from(["a@example.pl", "b@example.pl", "c@example.pl"])


class Wallets:
    """Accounts that were found to be one person's, and what each person has."""

    def __init__(self) -> None:
        self.same: dict[Account, Account] = {}
        self.holders: dict[str, Account] = {}
        self.proved: dict[Account, str] = {}
        self.emails: dict[Account, str] = {}  # what the shop gives an account now
        self.ended: dict[tuple[int, str], str] = {}
        self.registered: set[Account] = set()
        self.points: dict[Account, int] = defaultdict(int)
        self.orders: dict[int, tuple[Account, int, Any]] = {}

    def person(self, one: Account) -> Account:
        self.same.setdefault(one, one)
        while self.same[one] != one:
            one = self.same[one]
        return one

    def join(self, one: Account, other: Account) -> None:
        ending, staying = self.person(one), self.person(other)
        if ending != staying:
            self.same[ending] = staying
            self.points[staying] += self.points.pop(ending, 0)

    def prove(self, one: Account, email: str) -> None:
        if self.proved.setdefault(one, email) == email:
            holder = self.holders.setdefault(email, one)
            if not self.has_left(self.person(holder), email):
                self.join(one, holder)

    def has_left(self, person: Account, email: str) -> bool:
        accounts = [a for a in self.same if a[0] == "customer" and self.person(a) == person]
        return bool(accounts) and all(self.emails.get(a, email) != email for a in accounts)

    def guest(self, email: str) -> Account:
        return self.holders.setdefault(email, ("guest", email))

    def worth(self) -> dict[Account, int]:
        """Return what every person has."""
        found = {self.person(one): 0 for one in self.same}
        for one in {self.person(one) for one in self.registered}:
            found[one] += 100
        for owner, points, _ in self.orders.values():
            found[self.person(owner)] += points
        for one, points in self.points.items():
            found[self.person(one)] += points
        return found


class PeopleAndLedger(RuleBasedStateMachine):
    """People sign up, buy, get money back, spend, and turn out to be each other."""

    open_database: Callable[[], AbstractContextManager[Database]]
    base_settings: Settings

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.pipeline = Pipeline(self.stack.enter_context(self.open_database()), self.base_settings)
        self.wallets = Wallets()
        self.seconds = 0
        self.rewards: dict[int, tuple[Account, int]] = {}  # taken and neither used nor given up

    @initialize()
    def open_shops(self) -> None:
        self.people: People = open_people(self.pipeline)

    @rule(store=stores, number=numbers, email=emails, verified=st.booleans())
    def sign_up(self, store: int, number: str, email: str, verified: bool) -> None:
        self.seconds += 1
        self.people.tell(store, account(number, email, verified=verified, at=self.seconds))
        one = self._account(store, number)
        self.wallets.person(one)
        self.wallets.registered.add(one)
        if verified:
            self.wallets.prove(one, email)
        if (store, number) not in self.wallets.ended:
            self.wallets.emails[one] = email

    @rule(
        store=stores,
        number=st.one_of(st.none(), numbers),
        email=emails,
        amount=st.integers(1, 300),
        verified=st.booleans(),
    )
    def buy(self, store: int, number: str | None, email: str, amount: int, verified: bool) -> None:
        placed = 1000 + len(self.wallets.orders)
        values: dict[str, Any] = {"customer": number, "email": email, "verified": verified}
        self.people.tell(store, order(placed, f"{amount}.00", **values))
        owner = self.wallets.guest(email) if number is None else self._account(store, number)
        self.wallets.person(owner)
        self.wallets.orders[placed] = (owner, amount, (store, amount, values))
        if number is not None and verified:
            self.wallets.prove(owner, email)

    @precondition(lambda self: self.wallets.orders)
    @rule(data=st.data())
    def give_money_back(self, data: st.DataObject) -> None:
        placed = data.draw(st.sampled_from(sorted(self.wallets.orders)))
        owner, _, (store, amount, values) = self.wallets.orders[placed]
        refunded = data.draw(st.integers(0, amount))
        self.seconds += 1
        changed = order(
            placed,
            f"{amount}.00",
            refunded=f"{refunded}.00" if refunded else None,
            at=self.seconds,
            **values,
        )
        self.people.tell(store, changed)
        self.wallets.orders[placed] = (owner, amount - refunded, (store, amount, values))

    @precondition(lambda self: self._rich())
    @rule(data=st.data())
    def take_a_reward(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(self._rich()))
        has = self.wallets.worth()[one]
        cost = data.draw(st.sampled_from([cost for cost in COSTS if cost <= has]))
        taken = self.people.spend(self._member(one), cost)
        self.wallets.points[one] -= cost
        self.rewards[taken] = (one, cost)

    @precondition(lambda self: self.rewards)
    @rule(data=st.data())
    def give_a_reward_up(self, data: st.DataObject) -> None:
        taken = data.draw(st.sampled_from(sorted(self.rewards)))
        one, cost = self.rewards.pop(taken)
        assert self.people.release(taken) == "released"
        self.wallets.points[self.wallets.person(one)] += cost

    @precondition(lambda self: self.rewards)
    @rule(data=st.data())
    def use_the_code_of_a_reward(self, data: st.DataObject) -> None:
        """The shop made it without our knowing, and whoever it was made for is somebody else by now."""
        taken = data.draw(st.sampled_from(sorted(self.rewards)))
        [row] = self.people.rows("redemption", id=taken)
        store = [one.id for one in self.people.stores].index(row.store_id)
        placed = 1000 + len(self.wallets.orders)
        values: dict[str, Any] = {"customer": row.customer, "email": None, "verified": False}
        bought = order(placed, "10.00", **values)
        self.people.tell(store, carrying(bought, row.code))
        owner = self._account(store, row.customer)
        self.wallets.orders[placed] = (owner, 10, (store, 10, values))
        [row] = self.people.rows("redemption", id=taken)
        assert row.state == "used"
        del self.rewards[taken]  # used for good

    @precondition(lambda self: len(self.wallets.same) > 1)
    @rule(data=st.data())
    def turn_out_to_be_one(self, data: st.DataObject) -> None:
        known = st.sampled_from(sorted(self.wallets.same))
        one, other = data.draw(known), data.draw(known)
        self.people.merge(self._member(one), self._member(other))
        self.wallets.join(one, other)

    @rule(store=stores, ended=numbers, kept=numbers)
    def shop_merges(self, store: int, ended: str, kept: str) -> None:
        if ended == kept or {(store, ended), (store, kept)} & self.wallets.ended.keys():
            return
        self.people.tell(store, gone(ended, into=kept))
        self.wallets.ended[store, ended] = kept
        self.wallets.join(self._account(store, ended), self._account(store, kept))

    @invariant()
    def balances_are_what_the_model_says(self) -> None:
        if not hasattr(self, "people"):
            return
        expected = self.wallets.worth()
        found = {one: self._balances()[self._member(one)] for one in expected}
        assert found == expected
        assert len({self._member(one) for one in expected}) == len(expected)

    @invariant()
    def the_ledger_proves_itself(self) -> None:
        if hasattr(self, "people"):
            assert self.people.problems() == []

    def teardown(self) -> None:
        found = self.pipeline.rebuilt()
        self.pipeline.close()
        self.stack.close()
        assert (found.differences, found.balances) == ([], [])

    def _rich(self) -> list[Account]:
        """Return who has the points for a reward and an account in a shop."""
        worth = self.wallets.worth()
        at_home = {
            self.wallets.person(one)
            for one in self.wallets.same
            if one[0] == "customer" and (int(one[1]), one[2]) not in self.wallets.ended
        }
        return sorted(one for one in at_home if worth.get(one, 0) >= min(COSTS))

    def _account(self, store: int, number: str) -> Account:
        return ("customer", str(store), number)

    def _member(self, one: Account) -> int:
        for alias in [one, *(a for a in self.wallets.same if self.wallets.person(a) == one)]:
            if alias[0] == "customer":
                return self.people.member(int(alias[1]), alias[2])
        return self.people.holder(one[1])

    def _balances(self) -> dict[int, int]:
        return {row.id: row.balance for row in self.people.rows("member")}


def test_one_person_has_one_wallet_whatever_happens(
    new_database: Callable[[], AbstractContextManager[Database]],
    backend: str,
    settings: Settings,
) -> None:
    run_machine(
        PeopleAndLedger, new_database, settings, examples=14 if backend == "sqlite" else 3, steps=30
    )
