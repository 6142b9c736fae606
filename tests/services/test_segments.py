"""Segments in the shop: who is counted into them, and the campaigns that are for them."""

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.db import tables as t
from app.errors import NotFound
from app.programme.segmenting import Known, Person, Scores, segments_of
from app.services.order_windows import order_item
from app.services.programmes import in_force, versions
from app.services.simulate import with_stores
from app.services.view_segments import list_segments, members_of, show_segment
from app.settings import Settings
from jobs.schedule import run_due
from jobs.segments import count_segments, refresh
from tests.asked import asked_of
from tests.people import OLA, People, order
from tests.pipeline import Pipeline
from tests.services.test_import_property import NewDatabase

HEAD = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"
[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
"""
BIG = '[[segment]]\nkey = "big"\nname = "Big spenders"\nwhere = { spend_from = 100 }\n'
FEW = '[[segment]]\nkey = "few"\nwhere = { orders_up_to = 1 }\n'
LETTERS = '[[segment]]\nkey = "letters"\nwhere = { newsletter = true }\n'
BEST = '[[segment]]\nkey = "best"\nwhere = { rfm = { money = [3, 4, 5], frequency = [1] } }\n'
TWICE = """
[[campaign]]
key = "twice"
from = 2026-11-01T00:00:00
until = 2026-12-24T00:00:00
multiply = "2"
segments = ["big"]
"""


def opened(pipeline: Pipeline, rules: str = BIG) -> People:
    programme_id = pipeline.programme(source=HEAD + rules)
    return People(pipeline, programme_id, [pipeline.store(programme_id)])


def counted(people: People) -> dict[str, list[int]]:
    """Count, and return who is in each segment."""
    refresh(people.pipeline.database, people.pipeline.clock, people.programme_id)
    return found(people)


def found(people: People) -> dict[str, list[int]]:
    with people.pipeline.database.snapshot() as connection:
        return {
            one.key: [row.id for row in members_of(connection, people.programme_id, one.key)]
            for one in list_segments(connection, people.programme_id, people.pipeline.clock())
        }


def bought(number: int, amount: str, customer: str, moment: datetime | None = None) -> Any:
    told = order(number, amount, customer=customer)
    return told if moment is None else msgspec.structs.replace(told, occurred_at=moment)


def test_who_begins_to_belong_is_counted_and_who_ceases_to_is_not(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, bought(1, "100.00", "5"), bought(2, "99.99", "6"))
    first = people.member(0, "5")
    assert found(people) == {"big": []}
    assert counted(people) == {"big": [first]}
    [since] = [row.since for row in everybody(people)]
    people.tell(0, bought(3, "0.01", "6"))
    assert counted(people) == {"big": sorted([first, people.member(0, "6")])}
    assert min(row.since for row in everybody(people)) == since
    people.tell(0, order(1, "100.00", customer="5", refunded="50.00", at=5))
    assert counted(people) == {"big": [people.member(0, "6")]}
    assert [row.until is None for row in everybody(people)] == [False, True]
    pipeline.clock.advance(days=91)
    counted(people)
    assert len(everybody(people)) == 1


def everybody(people: People) -> Any:
    with people.pipeline.database.snapshot() as connection:
        rows = t.segment_member
        return connection.execute(select(rows).order_by(rows.c.since, rows.c.member_id)).all()


@pytest.mark.parametrize("backend", ["sqlite"])
def test_guests_and_accounts_that_were_joined_or_erased_are_in_no_segment(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, '[[segment]]\nkey = "all"\nwhere = {}\n')
    people.tell(0, bought(1, "5.00", "5"), bought(2, "5.00", "6"), bought(3, "5.00", "7"))
    people.tell(0, order(4, "5.00", email="guest@example.pl"))
    five, six, seven = (people.member(0, number) for number in "567")
    assert counted(people) == {"all": sorted([five, six, seven])}
    stays = people.merge(five, six)
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.member).where(t.member.c.id == seven).values(state="erased"))
    assert found(people) == {"all": [stays]}
    assert counted(people) == {"all": [stays]}
    assert {row.member_id for row in everybody(people)} == {stays}


def test_where_a_joined_account_was_is_known_though_there_are_no_segments_any_more(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, '[[segment]]\nkey = "all"\nwhere = {}\n')
    people.tell(0, bought(1, "5.00", "5"), bought(2, "5.00", "6"))
    counted(people)
    pipeline.programme(source=HEAD)
    stays = people.merge(people.member(0, "5"), people.member(0, "6"))
    assert {row.member_id for row in everybody(people)} == {stays}


def test_accounts_that_are_joined_are_at_once_in_the_segments_of_what_they_did_together(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, FEW + BIG + BEST)
    people.tell(0, bought(1, "150.00", "5"), bought(2, "40.00", "6"), bought(3, "60.00", "6"))
    people.tell(0, bought(4, "1.00", "7"), bought(5, "2.00", "8"))
    assert people.member(0, "5") in counted(people)["best"]
    before = {row.since for row in everybody(people)}
    pipeline.clock.advance(hours=1)
    now = pipeline.clock()
    stays = people.merge(people.member(0, "5"), people.member(0, "6"))
    at_once = found(people)
    assert stays in at_once["big"]
    assert stays in at_once["best"]
    assert stays not in at_once["few"]
    mine = [row for row in everybody(people) if row.member_id == stays]
    assert {row.since for row in mine} == before
    [ended] = [row for row in mine if row.until is not None]
    assert (ended.segment, ended.until > now) == ("few", True)
    assert {row.member_id for row in everybody(people)} <= {
        stays, people.member(0, "7"), people.member(0, "8")
    }  # fmt: skip
    assert counted(people)["big"] == at_once["big"]
    assert people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_consent_to_the_newsletter_is_kept_for_segments_and_counted_as_it_is_now(
    pipeline: Pipeline,
) -> None:
    """No rule pays for it here: it is kept because a segment asks for it."""
    programme_id = pipeline.programme(source=HEAD + LETTERS)
    shop = pipeline.shopify(programme_id)
    people = People(pipeline, programme_id, [shop])
    for state, second, readers in (("subscribed", 1, 1), ("unsubscribed", 2, 0)):
        moment = f"2026-11-21T12:00:{second:02}Z"
        consent = {"state": state, "opt_in_level": None, "consent_updated_at": moment}
        body = {"customer_id": 7, "email_address": OLA, "email_marketing_consent": consent}
        told = pipeline.deliver(shop, "customers_email_marketing_consent/update", body)
        assert told[0] == "processed"
        assert counted(people) == {"letters": [people.member(0, "7")] * readers}


def test_a_campaign_for_a_segment_is_for_who_was_in_it_when_the_order_was_placed(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, BIG + TWICE)
    people.tell(0, bought(1, "100.00", "5", pipeline.clock()))
    early = pipeline.clock()
    counted(people)
    late = pipeline.clock()
    people.tell(0, bought(2, "10.00", "5", pipeline.clock()), bought(3, "10.00", "6", late))
    people.tell(0, bought(4, "10.00", "5", early))  # before anybody had been counted
    people.tell(0, order(1, "100.00", customer="5", refunded="60.00", at=5))
    counted(people)
    after = pipeline.clock()
    people.tell(0, bought(5, "10.00", "5", late), bought(6, "10.00", "5", after))
    assert given_for(people) == {"1": 40, "2": 20, "3": 10, "4": 10, "5": 20, "6": 10}
    pipeline.programme(source=HEAD)  # neither segment nor campaign is left
    count_segments(pipeline.runtime)
    people.tell(0, order(2, "10.00", customer="5", refunded="4.00", at=9))
    assert given_for(people)["2"] == 12
    assert [row for row in everybody(people) if row.until is None] == []
    assert people.problems() == []


def given_for(people: People) -> dict[str, int]:
    numbers = {row.id: row.external_id for row in people.rows("source_object", kind="order")}
    return {numbers[row.object_id]: row.points for row in people.rows("award", rule="per-unit")}


@pytest.mark.parametrize("backend", ["sqlite"])
def test_an_order_that_is_told_before_its_buyer_is_known_gets_the_buyers_segments(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, BIG + TWICE)
    people.tell(0, bought(1, "100.00", "5"))
    counted(people)
    moment = pipeline.clock()
    nobody = msgspec.structs.replace(order(2, "10.00"), occurred_at=moment)
    people.tell(0, nobody)
    people.tell(
        0, msgspec.structs.replace(order(2, "10.00", customer="5", at=5), occurred_at=moment)
    )
    assert given_for(people)["2"] == 20
    [row] = people.rows("source_object", external_id="2", kind="order")
    assert json.loads(row.context)["segments"] == ["big"]


@pytest.mark.parametrize("backend", ["sqlite"])
def test_members_are_counted_each_night_and_when_a_version_begins(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, bought(1, "100.00", "5"))
    run_due(pipeline.runtime)
    member = people.member(0, "5")
    assert found(people) == {"big": [member]}
    people.tell(0, bought(2, "100.00", "6"))
    pipeline.clock.advance(minutes=2)
    run_due(pipeline.runtime)
    assert found(people) == {"big": [member]}  # it is 21:00 in Warsaw, and nothing was published
    pipeline.programme(source=HEAD + BIG.replace("100", "101"))
    pipeline.clock.advance(minutes=2)
    run_due(pipeline.runtime)
    assert found(people) == {"big": []}
    people.tell(0, bought(3, "1.00", "6"))
    pipeline.clock.advance(hours=4)
    run_due(pipeline.runtime)
    assert found(people) == {"big": [people.member(0, "6")]}
    with pipeline.database.snapshot() as connection:
        now = pipeline.clock()
        assert show_segment(connection, people.programme_id, "big", now).counted_at is not None
        with pytest.raises(NotFound, match=r'no segment .bif.; did you mean "big"'):
            show_segment(connection, people.programme_id, "bif", now)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_orders_pay_no_statement_for_segments_that_no_campaign_asks_for(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.tell(0, bought(1, "10.00", "5"))
    with asked_of(pipeline.database) as said:
        people.tell(0, bought(2, "10.00", "5"))
    assert not [one for one in said if "segment" in one]


lives = st.lists(
    st.tuples(
        st.integers(1, 5),  # customer
        st.integers(0, 500),  # days ago
        st.sampled_from(["20.00", "60.00", "150.00"]),
        st.sampled_from([None, "20.00"]),  # given back
    ),
    min_size=1,
    max_size=10,
)


@pytest.mark.parametrize("backend", ["sqlite"])
@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lives)
def test_what_is_stored_is_what_the_pure_function_says_of_each_person(
    new_database: NewDatabase, settings: Settings, told: list[Any]
) -> None:
    with new_database() as database:
        pipeline = Pipeline(database, settings)
        people = opened(
            pipeline,
            BIG + BEST + '[[segment]]\nkey = "lost"\nwhere = { last_order_days_over = 90 }\n',
        )
        for number, (customer, days, amount, back) in enumerate(told):
            people.tell(
                0,
                msgspec.structs.replace(
                    order(number, amount, customer=str(customer), refunded=back, at=1),
                    occurred_at=pipeline.clock() - timedelta(days=days),
                ),
            )
        stored = counted(people)
        now = pipeline.clock()
        with database.snapshot() as connection:
            known = with_stores(
                connection, people.programme_id, versions(connection, people.programme_id)
            )
        programme = in_force(known, now).programme
        persons = {
            row.id: Person(
                joined_at=row.enrolled_at,
                orders=tuple(
                    order_item(known, one)
                    for one in people.rows("source_object", kind="order", owner_id=row.id)
                ),
            )
            for row in people.rows("member", state="member")
        }
        scores = Scores()
        for person in persons.values():
            scores.add(Known(programme, person, now).score())
        fifths = scores.fifths()
        expected: dict[str, list[int]] = {one.key: [] for one in programme.segments}
        for member, person in sorted(persons.items()):
            for key in segments_of(programme, person, now, fifths):
                expected[key].append(member)
        assert stored == expected
        pipeline.close()
