"""What a merchant changes tomorrow never changes what was earned today, nor what a refund takes back."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from app.db import tables as t
from app.errors import ConfigError, Conflict
from tests.people import OLA, START, People, account, order
from tests.pipeline import Pipeline

HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\ntimezone = "Europe/Warsaw"\n'
UNIT = '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = {points}\nper = "1.00"\n'
FIFTY = (
    '[[rule]]\nkey = "fifty"\non = "order.paid"\npoints = 50\nwhen = {{ goods_over = "80.00" }}\n'
)
DAILY = '[[cap]]\nkey = "daily"\npoints = 120\nper = "day"\n'
FIRST = HEAD + UNIT.format(points=1) + FIFTY.format() + DAILY


@pytest.fixture
def shop(pipeline: Pipeline) -> People:
    """Somebody who paid 100.00 zł under the first version: 100 + 50 points, limited to 120."""
    programme_id = pipeline.programme(source=FIRST)
    people = People(pipeline, programme_id, [pipeline.store(programme_id)])
    people.tell(0, account("5", OLA))
    people.tell(0, order(1, "100.00", customer="5", email=OLA))
    assert people.balances() == [120]
    return people


def later(people: People, number: int, amount: str) -> None:
    """Tell an order that is placed now."""
    now = people.pipeline.clock()
    event = order(number, amount, customer="5", email=OLA)
    people.tell(0, msgspec.structs.replace(event, occurred_at=now, modified_at=now))


@pytest.mark.parametrize(
    "then",
    [
        HEAD + UNIT.format(points=10) + FIFTY.format() + DAILY,  # the rule pays more
        HEAD + UNIT.format(points=1),  # one rule and the limit are gone
        HEAD + DAILY.replace("120", "1"),  # no rule at all, and a strict limit
        HEAD.replace("Europe/Warsaw", "Asia/Tokyo") + UNIT.format(points=3),
    ],
    ids=["dearer", "without", "nothing", "elsewhere"],
)
def test_a_refund_takes_back_what_was_earned_by_the_rules_of_then(shop: People, then: str) -> None:
    shop.pipeline.programme(source=then)
    assert shop.balances() == [120]
    shop.tell(0, order(1, "100.00", customer="5", email=OLA, refunded="10.00", at=5))
    assert shop.balances() == [120]  # 90 + 50, limited
    shop.tell(0, order(1, "100.00", customer="5", email=OLA, refunded="40.00", at=6))
    assert shop.balances() == [60]  # not over 80.00 any more
    shop.tell(0, order(1, "100.00", customer="5", email=OLA, refunded="100.00", at=7))
    assert shop.balances() == [0]
    assert shop.problems() == []
    assert shop.pipeline.rebuilt().ok


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_order_of_before_that_comes_late_is_judged_by_the_rules_of_then(shop: People) -> None:
    shop.pipeline.clock.moment = START + timedelta(days=3)
    shop.pipeline.programme(source=HEAD + UNIT.format(points=7))
    event = order(2, "10.00", customer="5", email=OLA)
    shop.tell(0, event)  # placed when the first version was in force; the day's limit was reached
    assert shop.balances() == [120]
    later(shop, 3, "10.00")
    assert shop.balances() == [190]
    with shop.pipeline.database.snapshot() as connection:
        rows = connection.execute(
            select(t.source_object.c.external_id, t.source_object.c.version).where(
                t.source_object.c.kind == "order"
            )
        )
        assert {row.external_id: row.version for row in rows} == {"1": 1, "2": 1, "3": 2}
    assert shop.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("then", "error"),
    [
        (FIRST.replace('"PLN"', '"EUR"'), Conflict),
        (FIRST.replace("points = 1\n", "points = -1\n"), ConfigError),
        (FIRST + "[[cap]]\n", ConfigError),
        (FIRST.replace("[[cap]]", "[[cap]"), ConfigError),
    ],
    ids=["another currency", "no such value", "a key missing", "no TOML"],
)
def test_a_document_that_is_refused_leaves_the_live_one_as_it_is(
    shop: People, then: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        shop.pipeline.programme(source=then)
    with shop.pipeline.database.snapshot() as connection:
        assert connection.execute(select(t.programme_version.c.number)).scalars().all() == [1]
    shop.tell(0, order(1, "100.00", customer="5", email=OLA, refunded="100.00", at=5))
    assert shop.balances() == [0]
