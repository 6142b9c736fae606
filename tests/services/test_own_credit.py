"""What was paid with gift cards and credit of the programme earns nothing, in whatever order that is told."""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import event, select, update

from app.db import tables as t
from app.db.engine import Database
from app.programme.events import CreditBack, CreditUse, Event, OrderFacts, Refund
from app.programme.own_credit import Given, Paid, with_store_credit
from app.programme.shop_money import MoneyKind
from app.services.redeem import Outlet, redeem
from app.settings import Settings
from tests.people import START, People, order
from tests.pipeline import Pipeline

RULES = """
[programme]
key = "one-wallet"
currency = "PLN"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
"""
CREDIT = """
[[reward]]
key = "card"
cost = 10
kind = "gift-card"
value = "50.00"

[[reward]]
key = "credit"
cost = 10
kind = "store-credit"
value = "50.00"
"""
TIERS = """
[tiers]
window = "lifetime"
[[tier]]
key = "regular"
from = 0
[[tier]]
key = "gold"
from = "1090"
multiply = "2"
"""
NEXT_DAY = START + timedelta(days=1)


@pytest.fixture
def embedded(sqlite_database: Database, settings: Settings) -> Iterator[Pipeline]:
    made = Pipeline(sqlite_database, settings)
    yield made
    made.close()


def opened(pipeline: Pipeline, rules: str = RULES + CREDIT) -> People:
    """Open a programme whose customer 5 has 1,000 points."""
    programme_id = pipeline.programme(source=rules)
    people = People(pipeline, programme_id, [pipeline.store(programme_id)])
    people.tell(0, order(1, "1000.00", customer="5"))
    return people


def take(people: People, reward: str, customer: str = "5") -> int:
    with people.pipeline.database.transaction() as connection:
        return redeem(
            connection,
            people.pipeline.runtime.vault,
            programme_id=people.programme_id,
            member_id=people.member(0, customer),
            reward=reward,
            outlets=[Outlet(people.stores[0], frozenset({"gift-card", "store-credit"}))],
            actor="test",
            now=people.pipeline.clock(),
        )


def answer(people: People, redemption_id: int, number: str) -> None:
    """Let the shop have told the number of a gift card."""
    with people.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.redemption).where(t.redemption.c.id == redemption_id).values(remote_id=number)
        )


def last_of(people: People, redemption_id: int) -> str:
    with people.pipeline.database.snapshot() as connection:
        query = select(t.redemption.c.code).where(t.redemption.c.id == redemption_id)
        return str(connection.execute(query).scalar_one())[-4:].lower()


def paid(
    number: int,
    day: float,
    kind: MoneyKind,
    amount: str,
    *,
    card: str = "",
    last: str = "",
    back: tuple[float, str] | None = None,
    total: str = "100.00",
    customer: str = "5",
    at: int = 0,
) -> Event:
    """An order of a day that was paid in this way; on a later day so much went back to where it came from."""
    told = order(number, total, customer=customer, at=at)
    assert isinstance(told.facts, OrderFacts)
    later = () if back is None else (back,)
    use = CreditUse(
        kind=kind,
        card=card,
        last=last,
        amount=Decimal(amount),
        back=tuple(
            CreditBack(amount=Decimal(one), at=NEXT_DAY + timedelta(days=when))
            for when, one in later
        ),
    )
    refunds = tuple(
        Refund(id="9", amount=Decimal(one), at=NEXT_DAY + timedelta(days=when), lines=())
        for when, one in later
    )
    facts = msgspec.structs.replace(told.facts, credits=(use,), refunds=refunds)
    moment = NEXT_DAY + timedelta(days=day)
    return msgspec.structs.replace(told, facts=facts, occurred_at=moment)


def worth(people: People) -> dict[str, int]:
    """Return what each order is worth."""
    orders = {row.id: row.external_id for row in people.rows("source_object", kind="order")}
    return {
        orders[row.object_id]: row.points for row in people.rows("award") if row.object_id in orders
    }


def proved(people: People) -> None:
    assert people.problems() == []
    assert people.pipeline.rebuilt().ok


def test_our_card_earns_nothing_whoever_pays_with_it_and_a_card_that_was_bought_is_money(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    card = take(people, "card")
    answer(people, card, "700")
    people.tell(
        0,
        paid(2, 0, "gift-card", "40.00", card="700"),
        paid(3, 0, "gift-card", "40.00", card="701"),
        paid(4, 1, "gift-card", "10.00", card="700", customer="6"),
    )
    assert worth(people) == {"1": 1000, "2": 60, "3": 100, "4": 90}
    [award] = [one for one in people.rows("award") if one.points == 60]
    assert json.loads(award.explanation)["left_out"] == [["own-credit", "40.00"]]
    # As money, what is left was mostly paid by the card; to the card, the card paid for less.
    people.tell(0, paid(2, 0, "gift-card", "40.00", card="700", back=(2, "40.00"), at=1))
    assert worth(people)["2"] == 60
    proved(people)


def test_a_card_whose_number_the_shop_has_not_told_yet_is_known_by_its_code(
    embedded: Pipeline,
) -> None:
    people = opened(embedded)
    card = take(people, "card")
    last = last_of(people, card)
    people.tell(0, paid(2, 0, "gift-card", "40.00", card="700", last=last))
    people.tell(0, paid(3, 0, "gift-card", "40.00", card="701", last="zzzz"))
    answer(people, card, "700")
    people.tell(0, paid(4, 0, "gift-card", "40.00", card="702", last=last))
    assert worth(people) == {"1": 1000, "2": 60, "3": 100, "4": 100}
    proved(people)


@pytest.mark.parametrize("seed", range(4))
def test_store_credit_is_used_up_in_the_order_of_time_whatever_is_told_first(
    embedded: Pipeline, seed: int
) -> None:
    dice = random.Random(seed)
    people = opened(embedded)
    for _ in range(2):
        take(people, "credit")
    states: list[list[Event]] = []
    for number in range(2, 7):
        day, amount = dice.randint(0, 4), str(dice.randint(10, 60))
        first = paid(number, day, "store-credit", amount)
        back = (day + dice.randint(0, 3), str(dice.randint(5, 60)))
        last = paid(number, day, "store-credit", amount, back=back, at=1)
        states.append([first, last] if dice.random() < 0.6 else [first])
    told = [one for several in states for one in several] + [states[0][0], states[3][-1]]
    dice.shuffle(told)
    for one in told:
        people.tell(0, one)
    final = [several[-1] for several in states]
    assert worth(people) == {"1": 1000} | expected(people, final)
    proved(people)


def expected(people: People, final: list[Event]) -> dict[str, int]:
    """Return what orders of 100.00 earn: what is left of each, less what our credit pays of that."""
    gifts = [
        Given(store_id=1, at=row.created_at, currency="PLN", amount=Decimal(50))
        for row in people.rows("redemption")
    ]
    orders = [
        Paid(store_id=1, key=one.external_id, at=one.occurred_at, order=one.facts)
        for one in final
        if isinstance(one.facts, OrderFacts) and one.occurred_at is not None
    ]
    ours = with_store_credit(gifts, orders)
    points = {}
    for one in orders:
        left = 100 - sum(refund.amount for refund in one.order.refunds)
        own = sum(change.amount for change in ours[1, one.key])
        points[one.key] = int(max(left - own, 0))
    return points


def unread(told: Event) -> Event:
    """The same as an order's body has it: it names the way of paying only."""
    assert isinstance(told.facts, OrderFacts)
    uses = tuple(CreditUse(kind=use.kind) for use in told.facts.credits)
    return msgspec.structs.replace(told, facts=msgspec.structs.replace(told.facts, credits=uses))


def test_the_shop_is_asked_once_for_each_state_of_payment_and_only_where_it_may_be_our_credit(
    embedded: Pipeline,
) -> None:
    people = opened(embedded)
    card = paid(2, 0, "gift-card", "40.00", card="700")
    refunded = paid(2, 0, "gift-card", "40.00", card="700", back=(1, "5.00"), at=3)
    elsewhere = paid(3, 0, "gift-card", "40.00")

    def ask(told: Event) -> str:
        return people.tell(0, unread(told), readable=True)[0]

    assert ask(elsewhere) == "processed"  # no card was given yet
    answer(people, take(people, "card"), "700")
    assert ask(paid(4, 0, "store-credit", "40.00")) == "processed"
    assert ask(card) == "reading"
    people.tell(0, card)
    assert worth(people)["2"] == 60
    assert ask(paid(2, 0, "gift-card", "40.00", card="700", at=1)) == "processed"
    assert worth(people)["2"] == 60
    assert ask(refunded) == "reading"
    people.tell(0, unread(refunded))  # nobody can be asked: what is known is kept
    assert worth(people)["2"] == 55
    proved(people)


def test_accounts_that_are_joined_share_their_store_credit(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    take(people, "credit")
    people.tell(
        0,
        paid(2, 1, "store-credit", "40.00"),
        paid(3, 0, "store-credit", "30.00", customer="6"),
    )
    assert worth(people) == {"1": 1000, "2": 60, "3": 100}
    people.merge(people.member(0, "5"), people.member(0, "6"))
    assert worth(people) == {"1": 1000, "2": 80, "3": 70}
    proved(people)


def test_credit_that_was_taken_back_has_paid_for_nothing(embedded: Pipeline) -> None:
    people = opened(embedded)
    taken = take(people, "credit")
    people.tell(0, paid(2, 0, "store-credit", "40.00"))
    assert worth(people)["2"] == 60
    assert people.release(taken) == "released"
    assert worth(people)["2"] == 100
    proved(people)


def test_a_late_order_that_used_up_the_credit_changes_the_tier_that_a_later_one_was_placed_in(
    embedded: Pipeline,
) -> None:
    people = opened(embedded, RULES + TIERS + CREDIT)
    take(people, "credit")
    people.tell(0, paid(2, 1, "store-credit", "50.00"))
    people.tell(0, paid(3, 2, "gift-card", "0.00"))
    assert worth(people) == {"1": 1000, "2": 50, "3": 100}
    people.tell(0, paid(4, 0, "store-credit", "50.00", total="50.00"))
    assert worth(people) == {"1": 1000, "2": 100, "3": 200, "4": 0}
    proved(people)


def test_a_version_may_let_it_count(embedded: Pipeline) -> None:
    people = opened(embedded, RULES + "[basis]\nown_credit = true\n" + CREDIT)
    take(people, "credit")
    people.tell(0, paid(2, 0, "store-credit", "40.00"))
    assert worth(people)["2"] == 100
    proved(people)


def test_an_altered_share_of_our_credit_is_found(embedded: Pipeline) -> None:
    people = opened(embedded, RULES + "[basis]\nown_credit = true\n" + CREDIT)
    take(people, "credit")
    people.tell(0, paid(2, 0, "store-credit", "40.00"))
    with people.pipeline.database.transaction() as connection:
        row = t.source_object.c.external_id == "2"
        connection.execute(update(t.source_object).where(row).values(context="{}"))
    [problem] = people.problems()
    assert "not judged with the credit of the programme that paid for it" in problem


def test_an_ordinary_order_costs_no_statement_more_where_credit_can_be_had(
    embedded: Pipeline,
) -> None:
    counts = []
    for key, more in (("without", ""), ("with", CREDIT)):
        people = opened(embedded, RULES.replace("one-wallet", key) + more)
        said: list[str] = []
        for engine in {embedded.database.reader, embedded.database.writer}:
            event.listen(
                engine, "before_cursor_execute", lambda *told, said=said: said.append(told[2])
            )
        people.tell(0, order(2, "10.00", customer="5"))
        counts.append(len(said))
    assert counts[0] == counts[1]


def test_a_late_order_may_change_the_tier_of_one_whose_credit_it_leaves_as_it_was(
    embedded: Pipeline,
) -> None:
    people = opened(embedded, RULES + CREDIT + TIERS)
    for _ in range(2):
        take(people, "credit")
    people.tell(0, paid(10, 2, "store-credit", "50.00"))
    assert worth(people)["10"] == 50
    people.tell(0, paid(11, 1, "store-credit", "20.00", total="200.00"))
    assert worth(people) == {"1": 1000, "10": 100, "11": 180}
    proved(people)
