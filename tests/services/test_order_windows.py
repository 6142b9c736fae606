"""Caps and milestones in the ledger: posted, given back, moved with their orders, and proved."""

import itertools
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import insert, update

from app.db import tables as t
from app.db.engine import Database
from app.programme.events import Event, OrderFacts, Standing
from app.services.rates import add_rate
from app.settings import Settings
from tests.asked import asked_of
from tests.people import OLA, REWARDS, People, order
from tests.pipeline import Pipeline

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEAD = """
[programme]
key = "one-wallet"
currency = "PLN"
timezone = "Europe/Warsaw"
debt = "{debt}"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
"""
DAILY = '[[cap]]\nkey = "daily"\npoints = 30\nper = "day"\n'
FIRST = '[[rule]]\nkey = "first"\non = "order.count"\npoints = 50\norders = 1\n'
TENTH = '[[rule]]\nkey = "each-tenth"\non = "order.count"\npoints = 100\nevery = 10\n'


def opened(pipeline: Pipeline, rules: str, *, debt: str = "debt") -> People:
    programme_id = pipeline.programme(source=HEAD.format(debt=debt) + rules + REWARDS)
    return People(pipeline, programme_id, [pipeline.store(programme_id)])


def placed(
    number: int,
    amount: str = "20.00",
    *,
    hours: float = 0,
    customer: str = "5",
    standing: Standing = Standing.PAID,
    currency: str = "PLN",
    refunded: str | None = None,
    at: int = 0,
) -> Event:
    """An order placed so many hours after noon, as it was so many seconds after the start."""
    told = order(number, amount, customer=customer, refunded=refunded, at=at)
    assert isinstance(told.facts, OrderFacts)
    facts = msgspec.structs.replace(told.facts, standing=standing, currency=currency)
    return msgspec.structs.replace(told, facts=facts, occurred_at=NOON + timedelta(hours=hours))


def test_a_refunded_order_gives_its_share_of_the_day_to_the_others(pipeline: Pipeline) -> None:
    people = opened(pipeline, DAILY)
    people.tell(0, placed(1))
    people.tell(0, placed(2, "25.00", hours=1))
    assert people.balance() == 30
    assert people.windows() == {"daily day:2026-11-20": -15}
    people.tell(0, placed(1, refunded="8.00", at=1))
    assert people.balance() == 30
    people.tell(0, placed(1, refunded="20.00", at=2))
    assert people.balance() == 25
    assert people.windows() == {}
    people.tell(0, placed(1, at=3))
    assert people.balance() == 30
    assert people.problems() == []


def test_each_entry_of_a_cap_says_why_in_both_languages(pipeline: Pipeline) -> None:
    people = opened(pipeline, DAILY)
    people.tell(0, placed(1))
    people.tell(0, placed(2, "25.00", hours=1))
    people.tell(0, placed(3, "10.00", hours=2))
    people.tell(0, placed(1, refunded="12.00", at=1))
    people.tell(0, placed(2, "25.00", hours=1, standing=Standing.CANCELLED, at=2))
    assert [text for text in people.sentences() if "limit" in text] == [
        (
            "15 points over the limit: at most 30 points for the orders of 20 November 2026, "
            "these earned 45 points."
        ),
        (
            "10 points more over the limit, 25 points altogether: at most 30 points for the orders of "
            "20 November 2026, these earned 55 points."
        ),
        (
            "12 points within the limit after all, 13 points still over it: at most 30 points for the "
            "orders of 20 November 2026, these earned 43 points."
        ),
        "13 points within the limit after all: at most 30 points for the orders of 20 November 2026.",
    ]
    assert [text for text in people.sentences(language="pl") if "limit" in text] == [
        (
            "15 punktów ponad limit: najwyżej 30 punktów za zamówienia z dnia 20 listopada 2026, "
            "te zebrały 45 punktów."
        ),
        (
            "Jeszcze 10 punktów ponad limit, łącznie 25 punktów: najwyżej 30 punktów za zamówienia "
            "z dnia 20 listopada 2026, te zebrały 55 punktów."
        ),
        (
            "12 punktów jednak w granicach limitu, 13 punktów nadal ponad nim: najwyżej 30 punktów za "
            "zamówienia z dnia 20 listopada 2026, te zebrały 43 punkty."
        ),
        "13 punktów jednak w granicach limitu: najwyżej 30 punktów za zamówienia z dnia 20 listopada 2026.",
    ]


def test_a_milestone_says_which_order_it_is_for(pipeline: Pipeline) -> None:
    people = opened(pipeline, TENTH)
    people.receive([(0, [placed(n, "0.50", hours=n) for n in range(1, 11)])])
    people.tell(0, placed(3, "0.50", hours=3, standing=Standing.CANCELLED, at=1))
    assert people.sentences() == [
        "100 points: for the 10th order.",
        "100 points taken back: fewer orders count by now than this needs.",
    ]
    assert people.sentences(language="pl") == [
        "100 punktów: za 10. zamówienie.",
        "Cofnięto 100 punktów: liczy się teraz mniej zamówień, niż potrzeba.",
    ]


def test_what_a_cap_takes_is_owed_to_the_message_that_brought_the_order(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, DAILY)
    people.tell(0, placed(1, "50.00"))
    [earned, capped] = people.rows("entry")
    assert (earned.points, capped.points) == (50, -20)
    assert capped.delivery_id == earned.delivery_id
    assert capped.occurred_at == NOON
    [order_row] = people.rows("source_object")
    assert json.loads(capped.explanation)["objects"] == [order_row.id]


def test_a_first_order_that_is_given_back_makes_the_second_one_the_first(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, FIRST)
    people.tell(0, placed(1))
    assert people.balance() == 70
    people.tell(0, placed(2, hours=1))
    assert people.balance() == 90
    people.tell(0, placed(1, refunded="20.00", at=1))
    assert people.balance() == 70  # the second is the first now: nothing moves but the refund
    people.tell(0, placed(2, hours=1, standing=Standing.CANCELLED, at=2))
    assert people.balance() == 0
    people.tell(0, placed(1, at=3))
    assert people.balance() == 70
    assert people.problems() == []


def test_an_older_order_that_comes_late_is_the_first_after_all(pipeline: Pipeline) -> None:
    people = opened(pipeline, FIRST)
    people.tell(0, placed(2))
    people.tell(0, placed(1, hours=-100))
    [award] = people.rows("award", object_id=None)
    older = next(row for row in people.rows("source_object") if row.external_id == "1")
    assert json.loads(award.explanation)["objects"] == [older.id]
    assert people.balance() == 90
    assert people.problems() == []


def test_every_tenth_order_pays_and_a_refund_shifts_the_later_ones(pipeline: Pipeline) -> None:
    people = opened(pipeline, TENTH)
    people.receive([(0, [placed(n, "0.50", hours=n) for n in range(1, 21)])])
    assert people.windows() == {"each-tenth orders:10": 100, "each-tenth orders:20": 100}
    people.tell(0, placed(7, "0.50", hours=7, refunded="0.50", at=1))
    assert people.windows() == {"each-tenth orders:10": 100}
    people.tell(0, placed(21, "0.50", hours=21))
    assert people.windows() == {"each-tenth orders:10": 100, "each-tenth orders:20": 100}
    assert people.problems() == []


def test_a_later_cap_leaves_the_orders_of_the_same_day_that_came_before_it(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, "")
    pipeline.clock.moment = NOON + timedelta(hours=1)
    pipeline.programme(source=HEAD.format(debt="debt") + DAILY + FIRST)
    people.tell(0, placed(1, "50.00"))
    people.tell(0, placed(2, "50.00", hours=2))
    assert people.balance() == 50 + 30  # and no first order: that was placed before the rule
    pipeline.programme(source=HEAD.format(debt="debt"))
    people.tell(0, placed(2, "50.00", hours=2, refunded="40.00", at=1))
    assert people.balance() == 50 + 10
    assert people.problems() == []


def test_orders_of_joined_accounts_share_one_day_and_one_first_order(pipeline: Pipeline) -> None:
    people = opened(pipeline, DAILY + FIRST)
    people.tell(0, placed(1, "40.00", customer="5"))
    people.tell(0, placed(2, "45.00", customer="6", hours=1))
    assert (people.balance("5"), people.balance("6")) == (80, 80)
    people.merge(people.member(0, "5"), people.member(0, "6"))
    assert people.balance("5") == 80
    assert people.problems() == []
    people.tell(0, placed(1, "40.00", customer="5", refunded="40.00", at=1))
    people.tell(0, placed(2, "45.00", customer="6", hours=1, refunded="20.00", at=2))
    assert people.balance("5") == 25 + 50
    assert people.problems() == []


def test_an_order_that_changes_owners_leaves_its_share_of_the_day_behind(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, DAILY + FIRST)
    people.tell(0, placed(1, "40.00"))
    people.tell(0, placed(2, "45.00", hours=1))
    assert people.balance() == 80
    people.tell(0, placed(1, "40.00", customer="6", at=1))
    assert (people.balance("5"), people.balance("6")) == (80, 80)
    people.tell(0, placed(2, "45.00", customer="6", hours=1, at=2))
    assert (people.balance("5"), people.balance("6")) == (0, 80)
    assert people.problems() == []


def test_an_order_that_gets_its_rate_later_takes_its_share_of_the_day_then(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, DAILY)
    people.tell(0, placed(1))
    people.tell(0, placed(2, "10.00", hours=1, currency="EUR"))
    assert people.balance() == 20
    with pipeline.database.transaction() as connection:
        add_rate(
            connection,
            pipeline.runtime.vault,
            programme_id=people.programme_id,
            currency="EUR",
            rate=Decimal(4),
            since=NOON - timedelta(days=1),
            now=pipeline.clock(),
        )
    assert people.balance() == 30
    assert people.windows() == {"daily day:2026-11-20": -30}
    assert people.problems() == []


@pytest.mark.parametrize("spent", [0, 5, 30])
@pytest.mark.parametrize("debt", ["debt", "forgive"])
def test_a_cap_never_makes_points_out_of_a_refund(
    pipeline: Pipeline, spent: int, debt: str
) -> None:
    """Of 60 points 30 were given: taking back the 60 must find the 30 that the cap gives back."""
    people = opened(pipeline, DAILY, debt=debt)
    people.tell(0, placed(1, "60.00"))
    if spent:
        people.spend(people.member(0, "5"), spent)
    people.tell(0, placed(1, "60.00", refunded="60.00", at=1))
    assert people.balance() == (0 if debt == "forgive" else -spent)
    people.tell(0, placed(1, "60.00", at=2))
    assert people.balance() == 30 - spent
    assert people.problems() == []


def test_a_cap_altered_from_outside_is_found(pipeline: Pipeline) -> None:
    people = opened(pipeline, DAILY)
    people.tell(0, placed(1, "60.00"))
    people.tell(0, placed(2, "60.00", hours=1))
    with pipeline.database.transaction() as connection:
        source = t.programme_version.c
        row = connection.execute(
            t.programme_version.select().where(source.programme_id == people.programme_id)
        ).one()
        connection.execute(
            insert(t.programme_version).values(
                programme_id=row.programme_id,
                number=2,
                document=row.document.replace('"points":30', '"points":31'),
                source=row.source,
                effective_at=NOON,
                published_at=NOON,
            )
        )
        connection.execute(update(t.source_object).values(version=2))
    assert any("windows of caps or milestones" in problem for problem in people.problems())


def tellings(count: int) -> Sequence[Sequence[Event]]:
    """Five orders of two days; one of them changes twice and is told once more as it was."""
    hours = (0, 1, 2, 12, 13)  # noon in UTC; the last two are of the next day in Warsaw
    orders = [[placed(n, f"{11 * n}.00", hours=hours[n - 1])] for n in range(1, 6)]
    orders[1].append(placed(2, "22.00", hours=1, refunded="22.00", at=1))
    orders[3].append(placed(4, "44.00", hours=12, refunded="20.00", at=1))
    told = []
    for permutation in itertools.islice(itertools.permutations(orders), 0, None, 120 // count):
        states = [state for one in permutation for state in one]
        backwards = [state for one in permutation for state in reversed(one)]
        told += [[*states, *states[:2]], [*backwards, *backwards[-2:]]]
    return told


def test_five_orders_told_in_any_order_and_twice_end_at_the_same_points(
    new_database: Callable[[], AbstractContextManager[Database]], backend: str, settings: Settings
) -> None:
    rules = DAILY + FIRST + '[[rule]]\nkey = "second"\non = "order.count"\npoints = 9\nevery = 2\n'
    with new_database() as database:
        pipeline = Pipeline(database, settings)
        people = opened(pipeline, rules)
        for number, told in enumerate(tellings(120 if backend == "sqlite" else 12)):
            mine = [_another_person(one, number) for one in told]
            if number % 3:
                people.receive([(0, mine)])
            else:
                people.receive([(0, [one]) for one in mine])
        pipeline.drain()
        # 11 + 33 of one day and 24 + 55 of the next, each cut to 30; the first; the second and fourth.
        assert {row.balance for row in people.rows("member")} == {30 + 30 + 50 + 9 + 9}
        assert people.problems() == []
        pipeline.close()


def _another_person(one: Event, number: int) -> Event:
    person = msgspec.structs.replace(one.person, customer=str(1000 + number))
    return msgspec.structs.replace(
        one, external_id=f"{number}{one.external_id}", number=None, person=person
    )


def test_a_programme_without_such_rules_asks_the_database_nothing_for_them(
    pipeline: Pipeline,
) -> None:
    """With a cap and a milestone it asks for the person's orders and what took from the milestone."""
    asked = {}
    for name, rules in {"plain": "", "windows": DAILY + FIRST}.items():
        key = f'key = "{name}"'
        source = (HEAD.format(debt="debt") + rules).replace('key = "one-wallet"', key)
        programme_id = pipeline.programme(source=source)
        store = pipeline.store(programme_id, url=f"https://{name}.example")
        people = People(pipeline, programme_id, [store])
        people.tell(0, placed(1, "10.00"))
        with asked_of(pipeline.database) as statements:
            people.receive([(0, [placed(2, "10.00", hours=1)])])
        asked[name] = statements
    of_orders = [one for one in asked["windows"] if "source_object.kind = " in one]
    assert len(of_orders) == 1
    assert [one for one in asked["plain"] if "source_object.kind = " in one] == []
    assert len(asked["windows"]) == len(asked["plain"]) + 2


def test_guests_have_a_first_order_too(pipeline: Pipeline) -> None:
    people = opened(pipeline, FIRST)
    people.tell(0, order(1, "20.00", email=OLA))
    [row] = people.rows("member")
    assert row.balance == 70


@pytest.mark.parametrize(("store", "points"), [("own", 30), ("another", 0)])
def test_a_cap_limits_what_the_products_of_one_store_earn(
    pipeline: Pipeline, store: str, points: int
) -> None:
    people = opened(pipeline, DAILY)
    own = people.stores[0].key if store == "own" else "shop-example"
    named = f'lines = {{ products = [{{ store = "{own}", id = "17" }}] }}'
    rule = f'[[rule]]\nkey = "mugs"\non = "order.paid"\npoints = 50\n{named}\n'
    source = f'[programme]\nkey = "one-wallet"\ncurrency = "PLN"\n{rule}{DAILY}'
    pipeline.programme(source=source)
    told = placed(1, "20.00", hours=24 * 30)
    assert isinstance(told.facts, OrderFacts)
    lines = tuple(msgspec.structs.replace(line, product="17") for line in told.facts.lines)
    facts = msgspec.structs.replace(told.facts, lines=lines)
    people.tell(0, msgspec.structs.replace(told, facts=facts))
    assert people.balance() == points
    assert people.problems() == []
