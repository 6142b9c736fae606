"""Punch cards and challenges in the ledger: paid, taken back with a refund, said in words, proved."""

import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.programme.events import RedemptionFacts, Standing
from app.services.explain import read_explanation, render
from app.services.facts import decode_facts
from jobs.grants import give_grants
from tests.cards import cups
from tests.people import OLA, People, account
from tests.pipeline import Pipeline

SOURCE = """
[programme]
key = "one-wallet"
currency = "PLN"

[[rule]]
key = "card"
on = "items.count"
every = 3
points = 30

[[challenge]]
key = "pair"
orders = 2
days = 7
window = "month"
points = 50
badge = "regular"

[[badge]]
key = "regular"
"""


def opened(pipeline: Pipeline) -> People:
    programme_id = pipeline.programme(source=SOURCE)
    return People(pipeline, programme_id, [pipeline.store(programme_id)])


def test_a_card_pays_when_it_is_full_and_a_returned_piece_un_punches_it(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 2))
    assert people.balance() == 0
    people.tell(0, cups(2, 2, days=10))
    assert (people.balance(), people.windows()) == (30, {"card items:1": 30})
    people.tell(0, cups(1, 2, back=2, at=1))
    assert (people.balance(), people.windows()) == (0, {})
    people.tell(0, cups(3, 4, days=20))
    assert (people.balance(), people.windows()) == (60, {"card items:1": 30, "card items:2": 30})
    assert people.problems() == []


def test_cards_and_challenges_say_what_they_are_for_in_both_languages(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 2))
    people.tell(0, cups(2, days=2))
    people.tell(0, cups(2, days=2, standing=Standing.CANCELLED, at=1))
    assert people.sentences() == [
        "30 points: for the 1st full card “card” (3 pieces).",
        ("50 points: for the challenge “pair”, November 2026, together with the badge “regular”."),
        "30 points taken back: fewer pieces count by now than the card has.",
        "50 points taken back: fewer orders count by now than the challenge “pair” needs.",
    ]
    assert people.sentences(language="pl") == [
        "30 punktów: za 1. pełną kartę „card” (3 sztuki).",
        "50 punktów: za wyzwanie „pair”, listopad 2026, razem z odznaką „regular”.",
        "Cofnięto 30 punktów: liczy się teraz mniej sztuk, niż mieści karta.",
        "Cofnięto 50 punktów: liczy się teraz mniej zamówień, niż wymaga wyzwanie „pair”.",
    ]


def test_what_is_given_without_points_is_said_instead_of_none() -> None:
    told = read_explanation(
        '{"rule":"card","version":1,"reason":"earned","goal":10,"reward":"mug"}'
    )
    assert render(told, "award", 0, "en", window="items:2") == (
        "The reward “mug”: for the 2nd full card “card” (10 pieces)."
    )
    told = read_explanation('{"rule":"c","version":1,"reason":"earned","badge":"b","reward":"mug"}')
    assert render(told, "award", 0, "pl", window="challenge:once") == (
        "Nagroda „mug” i odznaka „b”: za wyzwanie „c”."
    )


def test_a_card_that_was_paid_and_is_not_full_is_found(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3))
    with pipeline.database.transaction() as connection:
        window = connection.execute(select(t.award.c.id).where(t.award.c.window_key == "items:1"))
        connection.execute(
            update(t.award).where(t.award.c.id == window.scalar_one()).values(window_key="items:2")
        )
    [problem] = people.problems()
    assert "not what the orders make them" in problem


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_preset_of_challenges_pays_each_once_in_its_window(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme("challenges")
    people = People(pipeline, programme_id, [pipeline.store(programme_id)])
    for week in range(3):
        people.tell(0, cups(week + 1, days=7 * week))  # 21 and 28 November, 5 December
    assert people.windows() == {"three-in-thirty-days challenge:2026-12": 100}
    people.tell(0, cups(4, days=22))
    assert people.windows() == {
        "three-in-thirty-days challenge:2026-12": 100,
        "four-weeks-in-a-row challenge:2026": 150,
    }
    assert people.balance() == 250
    people.tell(0, cups(5, days=23))
    people.tell(0, cups(6, days=24))
    assert people.balance() == 250
    people.tell(0, cups(2, days=7, standing=Standing.CANCELLED, at=1))
    assert people.windows() == {"three-in-thirty-days challenge:2026-12": 100}
    assert people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_preset_of_a_punch_card_gives_the_product_of_the_shop(pipeline: Pipeline) -> None:
    settings = {"product.shop-1": "17"}
    programme_id = pipeline.programme("punch-card", settings=settings)
    store = pipeline.shopify(programme_id, token="shpat_1", key="shop-1")
    people = People(pipeline, programme_id, [store])
    people.tell(0, account("5", OLA))
    for number in range(1, 11):
        people.tell(0, cups(number, days=number))
    assert give_grants(pipeline.runtime) == 1
    [code] = people.rows("redemption")
    [found] = people.rows("source_object", id=code.object_id)
    facts = decode_facts(found.facts)
    assert isinstance(facts, RedemptionFacts)
    assert (facts.kind, facts.product, facts.cost) == ("free-product", "17", 0)
    people.tell(0, cups(11, days=11))
    people.tell(0, cups(4, back=1, days=4, at=1))
    assert give_grants(pipeline.runtime) == 0  # the eleventh fills the card in its place
    people.tell(0, cups(5, back=1, days=5, at=1))
    assert give_grants(pipeline.runtime) == 1
    [code] = people.rows("redemption")
    assert code.state == "released"
    assert people.problems() == []
