"""Tiers, campaigns and refunds together end at one balance, in whatever sequence they are told."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from app.programme.events import Event, Line, OrderFacts, RefundLine
from app.services.view_ledger import ledger_of, sentence
from tests.people import People, order
from tests.pipeline import Pipeline

SOURCE = """
[programme]
key = "roast"
currency = "PLN"
timezone = "Europe/Warsaw"
stacking = "add"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[tier]]
key = "silver"
name = "Silver"
from = "500"
multiply = "1.25"

[[campaign]]
key = "mugs"
name = "Mug weekend"
from = 2026-11-21T00:00:00
until = 2026-11-23T00:00:00
multiply = "2"
bonus = 10
tiers = ["silver"]
lines = { skus = ["MUG-*"] }
"""
SATURDAY = datetime(2026, 11, 20, 23, tzinfo=UTC)  # its first second in Warsaw
MUG = Line(id="1", sku="MUG-1", net=Decimal("60.00"))
TEA = Line(id="2", sku="TEA", net=Decimal("47.50"))


def bought(
    number: int, moment: datetime, *lines: Line, refunded: str | None = None, at: int = 0
) -> Event:
    """An order of these lines placed then; what was refunded was for the first of them."""
    total = sum((line.net for line in lines), Decimal(0))
    told = order(number, str(total), customer="5", refunded=refunded, at=at)
    assert isinstance(told.facts, OrderFacts)
    refunds = tuple(
        msgspec.structs.replace(one, lines=(RefundLine(line=lines[0].id, net=one.amount),))
        for one in told.facts.refunds
    )
    facts = msgspec.structs.replace(told.facts, lines=lines, refunds=refunds, paid_at=moment)
    return msgspec.structs.replace(told, facts=facts, occurred_at=moment)


LARGE = Line(id="1", sku="MACHINE", net=Decimal("500.00"))
BEFORE = SATURDAY - timedelta(days=9)
TOLD = (
    bought(1, BEFORE, LARGE),
    bought(2, SATURDAY - timedelta(seconds=1), MUG, TEA),
    bought(3, SATURDAY, MUG, TEA),
    bought(3, SATURDAY, MUG, TEA, refunded="60.00", at=60),
    bought(1, BEFORE, LARGE, refunded="500.00", at=120),
)


def told_of(one: Event, customer: int) -> Event:
    return msgspec.structs.replace(
        one,
        external_id=f"{customer}-{one.external_id}",
        person=msgspec.structs.replace(one.person, customer=str(customer)),
    )


def test_107_zloty_50_are_134_points_for_silver_and_more_at_the_weekend(pipeline: Pipeline) -> None:
    programme_id = pipeline.programme(source=SOURCE)
    people = People(pipeline, programme_id, [pipeline.store(programme_id)])
    for one in TOLD[:3]:
        people.tell(0, told_of(one, 5))
    with pipeline.database.snapshot() as connection:
        entries = ledger_of(connection, people.member(0, "5")).items
    said = [sentence(entry, "en", "PLN").replace("\N{NO-BREAK SPACE}", " ") for entry in entries]
    assert sorted(entry.points for entry in entries) == [10, 134, 194, 500]
    goods = "PLN 107.50 of the order counts (2 lines with tax), 1 point for every PLN 1.00"
    assert f"134 points: {goods}, times 1.25 (tier “Silver”), rounded down from 134.375." in said
    assert (
        f"194 points: {goods}, PLN 60.00 of that times 2.25, PLN 47.50 of that times 1.25 "
        "(tier “Silver” 1.25, campaign “Mug weekend” 2), rounded down from 194.375."
    ) in said
    assert "10 points: a bonus of the campaign “Mug weekend”." in said


def test_tiers_campaigns_and_refunds_end_alike_in_any_sequence(pipeline: Pipeline) -> None:
    """What made somebody silver is given back after the orders of that weekend: they stay as judged."""
    programme_id = pipeline.programme(source=SOURCE)
    people = People(pipeline, programme_id, [pipeline.store(programme_id)])
    sequences = list(itertools.permutations(TOLD))[::29]
    for customer, sequence in enumerate(sequences, start=10):
        for one in sequence:
            people.tell(0, told_of(one, customer))
    assert people.balances() == [134 + 59] * len(sequences)
    assert people.problems() == []
