"""Small random histories of people, each told in many ways: the same people with the same points."""

import random
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

import pytest

from app.db.engine import Database
from app.programme.events import Event, OrderFacts
from app.settings import Settings
from tests.people import People, account, gone, open_people, order, review
from tests.pipeline import Pipeline

Told = tuple[int, Event]  # the store that says so

EMAILS = ["a@example.pl", "b@example.pl", "c@example.pl"]
NUMBERS = "123"


class History:
    """What happens in two shops. Nobody changes their e-mail: then the order of receipt may matter."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.emails: dict[tuple[int, str], str | None] = {}
        self.written: dict[tuple[int, int], tuple[str, str]] = {}
        self.ended: set[tuple[int, str]] = set()
        self.told: list[Told] = []
        kinds = (self.account, self.buy, self.buy, self.refund, self.merge, self.review)
        for self.at in range(chance.randint(4, 12)):
            chance.choice(kinds)()

    def customer(self) -> tuple[int, str, str | None]:
        store, number = self.chance.randint(0, 1), self.chance.choice(NUMBERS)
        email = self.emails.setdefault((store, number), self.chance.choice([*EMAILS, None]))
        return store, number, email

    def verified(self, email: str | None) -> bool:
        return email is not None and self.chance.random() < 0.6

    def account(self) -> None:
        store, number, email = self.customer()
        event = account(number, email, verified=self.verified(email), at=self.at)
        self.told.append((store, event))

    def buy(self) -> None:
        store, number, email = self.customer()
        placed = self.chance.randint(1, 6)
        if placed > 4:
            event = order(placed, "20.00", email=self.chance.choice(EMAILS), at=self.at)
        else:
            proof = self.verified(email)
            amount = f"{self.chance.randint(1, 9)}0.00"
            event = order(placed, amount, customer=number, email=email, verified=proof, at=self.at)
        self.told.append((store, event))

    def refund(self) -> None:
        orders = [told for told in self.told if isinstance(told[1].facts, OrderFacts)]
        if orders:
            store, bought = self.chance.choice(orders)
            assert isinstance(bought.facts, OrderFacts)
            changed = order(
                int(bought.external_id),
                str(bought.facts.total),
                customer=bought.person.customer,
                email=bought.person.email,
                verified=bought.person.verified,
                refunded="5.00",
                at=self.at,
            )
            self.told.append((store, changed))

    def merge(self) -> None:
        store, number, _ = self.customer()
        kept = self.chance.choice(NUMBERS)
        if kept != number and not {(store, number), (store, kept)} & self.ended:
            self.ended.add((store, number))
            self.told.append((store, gone(number, into=kept)))

    def review(self) -> None:
        store, number = self.chance.randint(0, 1), self.chance.randint(1, 3)
        new = (self.chance.choice("xy"), self.chance.choice(EMAILS))
        self.told.append((store, review(number, *self.written.setdefault((store, number), new))))


def tell(people: People, told: list[Told], chance: random.Random | None) -> None:
    """Tell a history one by one, or in batches of chance; whom it proves to be one is joined then."""
    rest = list(told)
    while rest:
        size = 1 if chance is None else chance.randint(1, 3)
        people.receive([(store, [event]) for store, event in rest[:size]])
        del rest[:size]
        if chance is None or chance.random() < 0.5:
            people.pipeline.drain()
    people.pipeline.drain()
    assert people.problems() == [], told


def outcome(people: People) -> list[tuple[list[str], int, str, list[str]]]:
    """Return each living person: accounts in the shops, balance, state, and what they own."""
    stores = [store.id for store in people.stores]
    accounts, owned = defaultdict(list), defaultdict(list)
    for row in people.rows("store_customer"):
        accounts[row.member_id].append(f"{stores.index(row.store_id)}:{row.external_id}:{row.gone}")
    for row in people.rows("source_object"):
        owned[row.owner_id].append(f"{stores.index(row.store_id)}:{row.kind}:{row.external_id}")
    return sorted(
        (sorted(accounts[row.id]), row.balance, row.state, sorted(owned[row.id]))
        for row in people.rows("member")
        if row.merged_into is None
    )


@pytest.mark.parametrize("seed", range(10))
def test_people_and_points_do_not_depend_on_the_order_of_receipt(
    new_database: Callable[[], AbstractContextManager[Database]],
    backend: str,
    settings: Settings,
    seed: int,
) -> None:
    chance = random.Random(seed if backend == "sqlite" else seed + 1000)
    history = History(chance).told
    expected = None
    for turn in range(4 if backend == "sqlite" else 2):
        told = list(history)
        if turn:
            chance.shuffle(told)
        with new_database() as database, closing(Pipeline(database, settings)) as pipeline:
            people = open_people(pipeline)
            tell(people, told, chance if turn else None)
            found = outcome(people)
        expected = expected or found
        assert found == expected, (history, told)
