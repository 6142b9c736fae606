"""Tiers through the services: frozen with orders, kept with members, given for, shown and proved."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from sqlalchemy import update

from app.db import tables as t
from app.programme.events import Event, OrderFacts, Standing
from app.services.rates import add_rate
from app.services.writeback import claim_due
from tests.asked import asked_of
from tests.people import REWARDS, People, order
from tests.pipeline import Pipeline

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
HEAD = """
[programme]
key = "one-wallet"
currency = "PLN"
timezone = "Europe/Warsaw"
"""
RULE = '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
TIERS = """
[tiers]
window = "rolling"
months = 12
[[tier]]
key = "bronze"
from = 0
[[tier]]
key = "silver"
name = "Silver"
from = "500"
multiply = "1.5"
gift = 100
[[tier]]
key = "gold"
name = "Gold"
from = "2000"
multiply = "2"
gift = 300
"""


def opened(pipeline: Pipeline, tiers: str = TIERS) -> People:
    programme_id = pipeline.programme(source=HEAD + RULE + tiers + REWARDS)
    return People(pipeline, programme_id, [pipeline.store(programme_id)])


def placed(
    number: int,
    amount: str,
    *,
    hours: float = 0,
    customer: str = "5",
    standing: Standing = Standing.PAID,
    currency: str = "PLN",
    refunded: str | None = None,
    at: int = 0,
) -> Event:
    """An order placed and paid so many hours after noon, as it was so many seconds after the start."""
    told = order(number, amount, customer=customer, refunded=refunded, at=at)
    assert isinstance(told.facts, OrderFacts)
    moment = NOON + timedelta(hours=hours)
    facts = msgspec.structs.replace(
        told.facts, standing=standing, currency=currency, paid_at=moment
    )
    return msgspec.structs.replace(told, facts=facts, occurred_at=moment)


def judged(people: People) -> dict[str, tuple[str | None, int | None]]:
    """Return tier and ordinal that each order was judged with."""
    found = {}
    for row in people.rows("source_object", kind="order"):
        context = json.loads(row.context)
        found[row.external_id] = (context.get("tier"), context.get("ordinal"))
    return dict(sorted(found.items()))


def tier(people: People, customer: str = "5") -> str | None:
    [row] = people.rows("member", id=people.member(0, customer))
    found: str | None = row.tier
    return found


def test_each_order_is_judged_with_the_tier_that_earlier_ones_had_reached(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.receive([(0, [placed(1, "600.00")]), (0, [placed(2, "10.00", hours=1)])])
    people.tell(0, placed(3, "1500.00", hours=2))
    people.tell(0, placed(4, "10.00", hours=3))
    assert judged(people) == {
        "1": ("bronze", 1),
        "2": ("silver", 2),
        "3": ("silver", 3),
        "4": ("gold", 4),
    }
    assert tier(people) == "gold"
    assert people.windows() == {"silver tier": 100, "gold tier": 300}
    assert people.problems() == []


def test_an_order_that_comes_late_is_counted_where_it_belongs(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(2, "100.00", hours=2))
    assert (judged(people), tier(people)) == ({"2": ("bronze", 1)}, "bronze")
    people.tell(0, placed(1, "500.00", hours=1))
    assert judged(people) == {"1": ("bronze", 1), "2": ("silver", 2)}
    assert (tier(people), people.windows()) == ("silver", {"silver tier": 100})
    # Cancelled before the second one was placed, as a late message says.
    over = placed(1, "500.00", hours=1, standing=Standing.CANCELLED)
    people.tell(0, msgspec.structs.replace(over, modified_at=NOON + timedelta(hours=1.5)))
    people.tell(
        0, msgspec.structs.replace(over, modified_at=datetime(2026, 11, 21, 18, tzinfo=UTC))
    )
    assert people.problems() == []


def test_a_refund_takes_tier_and_gift_and_leaves_what_earlier_orders_were_judged_with(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "500.00"))
    people.tell(0, placed(2, "10.00", hours=1))
    people.tell(0, placed(1, "500.00", refunded="20.00", at=1))
    assert judged(people) == {"1": ("bronze", 1), "2": ("silver", 2)}
    assert (tier(people), people.windows()) == ("bronze", {})
    assert people.problems() == []
    people.tell(0, placed(1, "500.00", at=2))
    assert (tier(people), people.windows()) == ("silver", {"silver tier": 100})
    assert people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_cancelled_order_counts_until_the_first_word_of_it(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "500.00"))
    people.tell(0, placed(2, "10.00", hours=5))
    late = placed(1, "500.00", standing=Standing.CANCELLED)
    people.tell(0, msgspec.structs.replace(late, modified_at=NOON + timedelta(hours=300)))
    assert judged(people)["2"] == ("silver", 2)
    people.tell(0, msgspec.structs.replace(late, modified_at=NOON + timedelta(hours=4)))
    assert judged(people)["2"] == ("bronze", 1)
    assert (tier(people), people.problems()) == ("bronze", [])


def test_an_order_that_changes_hands_takes_its_share_of_the_tier_along(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "600.00"))
    people.tell(0, placed(2, "10.00", hours=1))
    people.tell(0, placed(1, "600.00", customer="6", at=5))
    assert judged(people) == {"1": ("bronze", 1), "2": ("bronze", 1)}
    assert (tier(people), tier(people, "6")) == ("bronze", "silver")
    assert people.problems() == []


def test_two_accounts_of_one_person_have_one_tier(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "300.00", customer="5"))
    people.tell(0, placed(2, "300.00", customer="6", hours=1))
    people.tell(0, placed(3, "10.00", customer="6", hours=2))
    kept = people.merge(people.member(0, "5"), people.member(0, "6"))
    assert judged(people)["3"] == ("silver", 3)
    assert people.windows() == {"silver tier": 100}
    rows = people.rows("member")
    assert {row.id: row.tier for row in rows if row.state != "merged"}[kept] == "silver"
    assert people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_an_order_in_foreign_money_counts_once_there_is_a_rate(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "150.00", currency="EUR"))
    people.tell(0, placed(2, "10.00", hours=1))
    assert judged(people)["2"] == ("bronze", 2)
    with pipeline.database.transaction() as connection:
        add_rate(
            connection,
            pipeline.runtime.vault,
            programme_id=people.programme_id,
            currency="EUR",
            rate=Decimal("4.00"),
            since=NOON - timedelta(days=1),
            now=pipeline.clock(),
        )
    assert (judged(people)["2"], tier(people)) == (("silver", 2), "silver")
    assert people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_another_name_moves_nobody(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "500.00"))
    pipeline.programme(source=HEAD + RULE + TIERS.replace('"Silver"', '"Regular"') + REWARDS)
    people.tell(0, placed(2, "10.00", hours=300))
    assert (judged(people)["2"], tier(people)) == (("silver", 2), "silver")
    assert people.windows() == {"silver tier": 100}
    assert people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_shop_is_told_of_another_tier(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "10.00"))
    [before] = people.rows("store_customer", external_id="5")
    people.tell(0, placed(2, "500.00", hours=1))
    [after] = people.rows("store_customer", external_id="5")
    assert after.wanted_rev > before.wanted_rev
    with pipeline.database.transaction() as connection:
        [wanted] = claim_due(connection, people.stores[0].id, pipeline.clock(), limit=10)
    assert (wanted.tier, wanted.customer) == ("silver", "5")


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_programme_without_tiers_pays_no_statement_for_them(pipeline: Pipeline) -> None:
    people = opened(pipeline, "")
    people.tell(0, placed(1, "10.00"))
    with asked_of(pipeline.database) as said:
        people.tell(0, placed(2, "10.00", hours=1))
    assert not [one for one in said if "tier_fact" in one or "tier_run" in one]
    assert judged(people) == {"1": (None, None), "2": (None, None)}


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("source_object", "context", '{"tier":"gold"}', "not judged with the tier"),
        ("tier_fact", "amount", 1, "facts that tiers are reached by"),
        ("member", "tier", "gold", "has the tier gold"),
        ("award", "points", 7, "windows of caps or milestones"),
    ],
)
def test_the_proof_finds_what_was_altered(
    pipeline: Pipeline, table: str, column: str, value: object, said: str
) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "500.00"))
    altered = t.metadata.tables[table]
    where = altered.c.object_id.is_(None) if table == "award" else altered.c[column].is_not(None)
    with pipeline.database.transaction() as connection:
        connection.execute(update(altered).where(where).values({column: value}))
    assert any(said in problem.what for problem in problems(people))


def problems(people: People) -> Sequence[Any]:
    return people.pipeline.verified().problems
