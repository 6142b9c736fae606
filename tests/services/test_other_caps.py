"""Caps on reviews in the ledger: taken off, given back with what is withdrawn, and proved."""

from datetime import date, timedelta

import msgspec
import pytest

from app.programme.events import Event
from app.programme.simulate import Period
from app.services.simulate import read_draft, simulate_stored
from app.services.view_ledger import ledger_of, sentence
from tests.people import OLA, REWARDS, START, People, account, removed, review
from tests.pipeline import Pipeline

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"
debt = "{debt}"

[[rule]]
key = "opinion"
on = "review.published"
points = 20
"""
CAP = """
[[cap]]
key = "few"
times = 2
per = "month"
of = "reviews"
"""


def written(number: int, after: int = 0) -> Event:
    """A review of a product of its own, so many minutes after the start."""
    told = review(number, f"mug-{number}", OLA)
    return msgspec.structs.replace(told, occurred_at=START + timedelta(minutes=after or number))


def opened(pipeline: Pipeline, source: str, debt: str = "debt") -> People:
    programme_id = pipeline.programme(source=source.format(debt=debt) + REWARDS)
    people = People(pipeline, programme_id, [pipeline.store(programme_id)])
    people.tell(0, account("5", OLA))
    return people


def test_a_review_that_is_removed_gives_its_place_to_the_next(pipeline: Pipeline) -> None:
    people = opened(pipeline, SOURCE + CAP)
    for number in (3, 1, 2):
        people.tell(0, written(number))
    assert people.balances() == [40]
    people.tell(0, removed(written(1)))
    assert people.balances() == [40]
    people.tell(0, removed(written(2)))
    assert people.balances() == [20]
    assert people.problems() == []
    assert people.pipeline.rebuilt().ok
    with pipeline.database.snapshot() as connection:
        entries = [
            one for one in ledger_of(connection, people.member(0, "5")).items if one.rule == "few"
        ]
    over, within = (sentence(one, "en", "PLN") for one in reversed(entries))
    assert "points no more than 2 times in one month: November 2026, these earned 60 points" in over
    assert within == (
        "20 points within the limit after all: that is no more than the programme gives."
    )
    assert "najwyżej 2 razy w jednym miesiącu: listopad 2026" in sentence(entries[-1], "pl", "PLN")


@pytest.mark.parametrize("backend", ["sqlite"])
def test_nobody_gains_by_a_cap_where_debts_are_forgiven(pipeline: Pipeline) -> None:
    people = opened(pipeline, SOURCE + CAP, "forgive")
    for number in (1, 2, 3):
        people.tell(0, written(number))
    people.spend(people.member(0, "5"), 30)
    people.tell(0, removed(written(1)))
    assert people.balances() == [10]
    assert people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_what_if_takes_the_same_cap(pipeline: Pipeline) -> None:
    people = opened(pipeline, SOURCE)
    for number in (1, 2, 3):
        people.tell(0, written(number))
    assert people.balances() == [60]
    with pipeline.database.snapshot() as connection:
        draft = read_draft(
            connection, people.programme_id, (SOURCE + CAP).format(debt="debt") + REWARDS
        )
        period = Period(date(START.year, 1, 1), date(START.year, 12, 31), "UTC")
        found = simulate_stored(connection, people.programme_id, draft, period)
    assert (found.total.live, found.total.draft) == (60, 40)
