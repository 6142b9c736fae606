"""Campaigns in the ledger: each order under those of its own time, whatever becomes of them."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest

from app.programme.events import Event, Line, OrderFacts, Standing
from app.services.explain import render
from app.services.story import stories_of_order
from app.services.story_words import tell
from app.services.view_ledger import ledger_of, sentence
from app.services.view_members import show_member
from tests.people import People, order
from tests.pipeline import Pipeline

HEAD = """
[programme]
key = "weekends"
currency = "PLN"
timezone = "Europe/Warsaw"
stacking = "add"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
"""
DOUBLE = """
[[campaign]]
key = "weekend"
name = "Double weekend"
from = 2026-11-21T00:00:00
until = 2026-11-23T00:00:00
multiply = "2"
bonus = 50
"""
DAILY = '[[cap]]\nkey = "daily"\npoints = 100\nper = "day"\n'
FRIDAY = datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC)  # the last second of it in Warsaw
SATURDAY = FRIDAY + timedelta(seconds=1)


def opened(pipeline: Pipeline, rules: str) -> People:
    programme_id = pipeline.programme(source=HEAD + rules)
    return People(pipeline, programme_id, [pipeline.store(programme_id)])


def placed(
    number: int,
    moment: datetime,
    *,
    refunded: str | None = None,
    at: int = 0,
    standing: Standing = Standing.PAID,
) -> Event:
    """An order of 20 zł placed then, as it was so many seconds after the start."""
    told = order(number, "20.00", customer="5", refunded=refunded, at=at)
    assert isinstance(told.facts, OrderFacts)
    facts = msgspec.structs.replace(told.facts, standing=standing)
    return msgspec.structs.replace(told, facts=facts, occurred_at=moment)


def given(people: People) -> dict[str, int]:
    """Return what each order is given, by its number and rule."""
    numbers = {row.id: row.external_id for row in people.rows("source_object", kind="order")}
    return {
        f"{numbers[row.object_id]} {row.rule}": row.points
        for row in people.rows("award")
        if row.object_id in numbers and row.points
    }


def test_a_campaign_that_is_changed_or_gone_is_for_earlier_orders_what_it_was(
    pipeline: Pipeline,
) -> None:
    """Published twice since: refunds, late arrivals and cancellations are judged as the order was."""
    people = opened(pipeline, DOUBLE)
    people.tell(0, placed(1, FRIDAY), placed(2, SATURDAY))
    assert given(people) == {"1 per-unit": 20, "2 per-unit": 40, "2 weekend": 50}
    # The clock of these tests is at 21 November, 20:00, and moves on.
    pipeline.programme(source=HEAD + DOUBLE.replace('"2"', '"5"').replace("50", "7"))
    between = pipeline.clock()
    pipeline.programme(source=HEAD)
    after = pipeline.clock()
    people.tell(0, placed(2, SATURDAY, refunded="5.00", at=1))
    people.tell(0, placed(3, between), placed(4, after), placed(5, SATURDAY))
    assert given(people) == {
        "1 per-unit": 20,
        "2 per-unit": 30,
        "2 weekend": 50,
        "3 per-unit": 100,
        "3 weekend": 7,
        "4 per-unit": 20,
        "5 per-unit": 40,
        "5 weekend": 50,
    }
    people.tell(0, placed(2, SATURDAY, refunded="20.00", at=2))
    people.tell(0, placed(5, SATURDAY, standing=Standing.CANCELLED, at=2))
    assert given(people) == {
        "1 per-unit": 20,
        "3 per-unit": 100,
        "3 weekend": 7,
        "4 per-unit": 20,
    }
    assert people.problems() == []


def test_bonuses_and_caps_end_alike_however_orders_and_refunds_are_told(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, DOUBLE + DAILY)
    told = [
        placed(1, SATURDAY),
        placed(1, SATURDAY, refunded="20.00", at=5),
        placed(2, SATURDAY + timedelta(hours=1)),
    ]
    number = itertools.count(10, 10)
    for sequence in itertools.permutations(told):
        base = next(number)
        for one in sequence:
            mine = msgspec.structs.replace(
                one,
                external_id=str(base + int(one.external_id)),
                person=msgspec.structs.replace(one.person, customer=str(base)),
            )
            people.tell(0, mine)
    assert people.balances() == [90] * 6
    assert people.problems() == []
    [last] = people.rows("member", id=people.member(0, "60"))
    people.tell(
        0,
        msgspec.structs.replace(
            placed(63, SATURDAY + timedelta(hours=2)),
            person=msgspec.structs.replace(told[0].person, customer="60"),
        ),
    )
    assert [row.points for row in people.rows("award", rule="daily") if row.points] == [-80]
    assert people.rows("member", id=last.id)[0].balance == 100
    assert people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_entries_name_the_campaign_as_it_is_called_now_also_when_it_is_over(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, DOUBLE)
    people.tell(0, placed(1, SATURDAY))
    pipeline.programme(source=HEAD + DOUBLE.replace("Double weekend", "Podwójny weekend"))
    pipeline.programme(source=HEAD)
    with pipeline.database.snapshot() as connection:
        entries = ledger_of(connection, people.member(0, "5")).items
        shown = show_member(connection, pipeline.runtime.vault, people.member(0, "5"))
    said = {sentence(entry, "pl", "PLN").replace("\N{NO-BREAK SPACE}", " ") for entry in entries}
    assert said == {
        (
            "40 punktów: liczy się 20,00 zł z zamówienia (1 pozycja, z podatkiem), 1 punkt za każde "
            "1,00 zł, razy 2 (kampania „Podwójny weekend”)."
        ),
        "50 punktów: premia w kampanii „Podwójny weekend”.",
    }
    awards = [award for one in shown.objects.items for award in one.awards]
    assert {
        render(one.explanation, "award", one.points, "pl", currency="PLN", names=one.names)
        for one in awards
    } == {sentence(entry, "pl", "PLN") for entry in entries}


@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_story_of_an_order_tells_how_many_times_each_line_counted(pipeline: Pipeline) -> None:
    mugs = DOUBLE + 'lines = { skus = ["MUG-*"] }\n'
    people = opened(pipeline, mugs.replace("bonus = 50", "bonus = 50\ngoods_over = 50"))
    told = placed(1, SATURDAY)
    assert isinstance(told.facts, OrderFacts)
    lines = (
        Line(id="1", sku="MUG-1", net=Decimal("60.00")),
        Line(id="2", sku="TEA", net=Decimal("47.50")),
    )
    both = msgspec.structs.replace(told.facts, lines=lines, total=Decimal("107.50"))
    people.tell(0, msgspec.structs.replace(told, facts=both))
    with pipeline.database.snapshot() as connection:
        per_unit, bonus = stories_of_order(
            connection, pipeline.runtime.vault, people.stores[0].key, "#1"
        )
    assert [(line.factor, line.points) for line in per_unit.lines] == [
        (2, 120),
        (1, Decimal("47.5")),
    ]
    zone = ZoneInfo("Europe/Warsaw")
    said = [line.replace("\N{NO-BREAK SPACE}", " ") for line in tell(per_unit, "en", "PLN", zone)]
    assert said[2:5] == [
        (
            "167 points: PLN 107.50 of the order counts (2 lines with tax), 1 point for every PLN 1.00, "
            "PLN 60.00 of that times 2 (campaign “Double weekend”), rounded down from 167.5."
        ),
        "  MUG-1: PLN 60.00 times 2, 120 of the points",
        "  TEA: PLN 47.50, 47.5 of the points",
    ]
    assert "50 points: a bonus of the campaign “Double weekend”." in tell(bonus, "en", "PLN", zone)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_campaign_for_a_product_is_for_that_of_one_store(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme(source=HEAD)
    stores = [
        pipeline.store(programme_id, url=f"https://shop{number}.example") for number in (1, 2)
    ]
    people = People(pipeline, programme_id, stores)
    lines = f'lines = {{ products = [{{ store = "{stores[0].key}", id = "17" }}] }}\n'
    pipeline.programme(source=HEAD + DOUBLE + lines)
    for store in (0, 1):
        told = placed(store, pipeline.clock())
        assert isinstance(told.facts, OrderFacts)
        line = msgspec.structs.replace(told.facts.lines[0], product="17")
        facts = msgspec.structs.replace(told.facts, lines=(line,))
        people.tell(store, msgspec.structs.replace(told, facts=facts))
    assert given(people) == {"0 per-unit": 40, "0 weekend": 50, "1 per-unit": 20}
