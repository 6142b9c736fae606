"""The ledger worked out anew from stored facts: it agrees, or what differs is named."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import func, insert, update

from app.db import tables as t
from app.db.ids import new_id
from app.services import rebuild as rebuilding
from app.services.rebuild import Rebuilt, rebuild
from tests.people import JAN, OLA, REWARDS, People, account, order, review
from tests.pipeline import Pipeline
from tests.services.referred import bought, opened

SOURCE = (
    """
[programme]
key = "kawa"
currency = "PLN"
debt = "forgive"

[[rule]]
key = "joining"
on = "customer.registered"
points = 100

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[rule]]
key = "opinion"
on = "review.published"
points = 20

[[rule]]
key = "second"
on = "order.count"
points = 7
orders = 2

[[cap]]
key = "daily"
points = 150
per = "day"
"""
    + REWARDS
)


@pytest.fixture
def shop(pipeline: Pipeline) -> People:
    """Two members who bought, took things back, spent and were joined; a guest; a correction."""
    programme_id = pipeline.programme(source=SOURCE)
    people = People(pipeline, programme_id, [pipeline.store(programme_id)])
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    people.tell(0, order(1, "100.00", customer="5", email=OLA))
    people.tell(0, order(2, "90.00", customer="5", email=OLA))
    people.tell(0, review(3, "17", OLA))
    people.tell(0, order(4, "40.00", customer="6", email=JAN))
    people.tell(0, order(5, "60.00", email="guest@example.pl"))
    people.spend(people.member(0, "5"), 120)
    people.tell(0, order(1, "100.00", customer="5", email=OLA, refunded="100.00", at=9))
    people.merge(people.member(0, "5"), people.member(0, "6"))
    return people


def rebuilt(people: People) -> Rebuilt:
    with people.pipeline.database.snapshot() as connection:
        return rebuild(connection, programme_id=people.programme_id)


def change(people: People, table: str, values: Mapping[str, Any], **where: Any) -> None:
    chosen = t.metadata.tables[table]
    wanted = [chosen.c[name] == value for name, value in where.items()]
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(chosen).where(*wanted).values(**values))


def test_facts_and_inputs_make_the_ledger_as_it_is(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = rebuilt(shop)
    assert (found.differences, found.balances, found.ok) == ([], [], True)
    assert (found.members, found.objects) == (2, 8)
    monkeypatch.setattr(rebuilding, "SLICE", 1)
    assert rebuilt(shop) == found


def test_facts_that_somebody_touched_are_named_with_both_figures(shop: People) -> None:
    [row] = shop.rows("source_object", external_id="2")
    change(shop, "source_object", {"facts": row.facts.replace("90.00", "95.00")}, id=row.id)
    found = rebuilt(shop)
    [one] = [one for one in found.differences if one.object is not None]
    assert (one.rule, one.rebuilt, one.posted) == ("per-unit", 95, 90)
    assert (one.name or "").startswith("order #2 in shop-example")
    [balance] = found.balances
    assert (balance.member, balance.rebuilt - balance.balance) == (one.member, 5)


def test_a_version_that_somebody_touched_is_found_in_all_that_it_judged(shop: People) -> None:
    document = func.replace(t.programme_version.c.document, '"points":20', '"points":21')
    change(shop, "programme_version", {"document": document}, number=1)
    [one] = rebuilt(shop).differences
    assert (one.rule, one.object, one.rebuilt, one.posted) == ("opinion", None, 21, 20)
    assert one.window.startswith("product:")


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "values",
    [{"facts": "{}"}, {"context": "?"}, {"version": 9}],
    ids=["facts", "context", "version"],
)
def test_what_cannot_be_judged_any_more_is_named(shop: People, values: dict[str, Any]) -> None:
    [row] = shop.rows("source_object", external_id="4")
    change(shop, "source_object", values, id=row.id)
    lost = [one for one in rebuilt(shop).differences if one.object == row.id]
    assert [(one.rule, one.rebuilt, one.posted) for one in lost] == [("per-unit", None, 40)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_entry_that_nothing_stands_behind_is_named(shop: People) -> None:
    """Whoever forges an entry with the ledger's key still has no facts for it."""
    [guest] = [row for row in shop.rows("member") if row.balance == 60]
    [entry] = [row for row in shop.rows("entry", member_id=guest.id) if row.kind == "earn"]
    forged = entry._asdict() | {"id": new_id(), "seq": 2, "key": "forged", "points": 1000}
    with shop.pipeline.database.transaction() as connection:
        connection.execute(insert(t.entry).values(**forged))
    change(shop, "member", {"balance": 1060}, id=guest.id)
    found = rebuilt(shop)
    [one] = found.differences
    assert (one.member, one.rule, one.rebuilt, one.posted) == (guest.id, "per-unit", 60, 1060)
    assert [(one.rebuilt, one.balance) for one in found.balances] == [(60, 1060)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_balance_that_somebody_touched_is_named(shop: People) -> None:
    [guest] = [row for row in shop.rows("member") if row.balance == 60]
    change(shop, "member", {"balance": 61}, id=guest.id)
    found = rebuilt(shop)
    assert found.differences == []
    assert [(one.member, one.rebuilt, one.balance) for one in found.balances] == [
        (guest.id, 60, 61)
    ]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_a_referral_gave_both_sides_is_part_of_it(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code, email=JAN))
    assert (friends.balance("1"), friends.balance("2")) == (200, 50)
    assert pipeline.rebuilt().ok
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.referral).values(referrer_id=None, code=None, state="none"))
        connection.execute(update(t.referral).values(score=99))
    found = pipeline.rebuilt()
    assert (found.differences, found.balances, found.ok) == ([], [], False)
    assert all("referral" in one.what for one in found.referrals)
