"""Paid membership in the ledger: who is a member until when, proved, whatever order things are told in."""

import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import Row, update

from app.db import tables as t
from app.programme.diff import diff
from app.programme.document import Programme, parse
from app.programme.events import Event, Line, OrderFacts, Refund, RefundLine, Standing
from app.programme.presets import preset_source
from app.services.diff_words import say_change
from app.services.explain import read_explanation, render
from app.services.view_members import show_member
from jobs.schedule import run_due
from tests.people import JAN, OLA, People, account, order
from tests.pipeline import Pipeline

SQLITE = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
SILENT = Programme(key="kawa", currency="PLN")


def opened(pipeline: Pipeline) -> People:
    programme_id = pipeline.programme("membership", timezone="Europe/Warsaw")
    return People(pipeline, programme_id, [pipeline.store(programme_id)])


def bought(
    number: int,
    on: datetime,
    *,
    customer: str = "5",
    pieces: int = 1,
    back: int = 0,
    standing: Standing = Standing.PAID,
    at: int = 0,
) -> Event:
    """An order of memberships at 60.00 each, of which some were given back."""
    told = order(number, customer=customer, at=at)
    assert isinstance(told.facts, OrderFacts)
    returned = RefundLine(line="1", quantity=back, net=Decimal(60 * back))
    facts = msgspec.structs.replace(
        told.facts,
        standing=standing,
        total=Decimal(60 * pieces),
        lines=(Line(id="1", net=Decimal(60 * pieces), quantity=pieces, sku="MEMBERSHIP"),),
        refunds=(Refund(id="9", amount=returned.net, lines=(returned,)),) if back else (),
        paid_at=on,
    )
    return msgspec.structs.replace(told, facts=facts, occurred_at=on)


def march(year: int, day: int = 1) -> datetime:
    return datetime(year, 3, day, 12, tzinfo=UTC)


def over(year: int, day: int = 1) -> datetime:
    """The midnight in Warsaw after a day in March."""
    return datetime(year, 3, day, 23, tzinfo=UTC)


def membership(people: People, customer: str = "5") -> tuple[datetime | None, str | None]:
    """Return until when somebody is a member, and with which perks."""
    [row] = people.rows("award", member_id=people.member(0, customer), window_key="membership")
    return row.until, row.perks


def written(people: People) -> Row[tuple[object, ...]]:
    """Let the shop have been written to; returns nothing of it that is due."""
    with people.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.store_customer).values(due_at=None, written_rev=t.store_customer.c.wanted_rev)
        )
    return people.customer(0, "5")


def test_a_membership_is_renewed_ends_and_is_refunded(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, account("5", OLA))
    people.tell(0, bought(1, march(2026)))
    assert membership(people) == (over(2027), "free-delivery")
    assert people.customer(0, "5").due_at is not None
    people.tell(0, bought(2, march(2026, 20)))
    assert membership(people) == (over(2028), "free-delivery")
    people.tell(0, bought(2, march(2026, 20), back=1, at=1))
    assert membership(people) == (over(2027), "free-delivery")
    assert written(people).due_at is None
    pipeline.clock.moment = over(2027) - timedelta(seconds=5)
    run_due(pipeline.runtime)
    assert people.customer(0, "5").due_at is None
    pipeline.clock.advance(minutes=2)
    run_due(pipeline.runtime)
    assert people.customer(0, "5").due_at is not None  # to be shown no more
    assert written(people).due_at is None
    pipeline.clock.advance(minutes=2)
    run_due(pipeline.runtime)
    assert people.customer(0, "5").due_at is None
    people.tell(0, bought(3, march(2027, 5)))
    assert membership(people) == (over(2028, 5), "free-delivery")
    people.tell(0, bought(3, march(2027, 5), back=1, at=1))
    people.tell(0, bought(1, march(2026), standing=Standing.CANCELLED, at=2))
    assert membership(people) == (None, None)
    assert people.problems() == []
    [row] = people.rows("award", window_key="membership")
    assert (row.points, row.postings) == (0, 0)
    assert people.pipeline.rebuilt().differences == []


@SQLITE
def test_in_whatever_order_it_is_told_the_membership_is_the_same(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    orders = list(itertools.permutations(range(4)))
    for number, chosen in enumerate(orders[::5]):
        first, renewal, later = (10 * number + one for one in (1, 2, 3))
        customer = str(100 + number)
        story = [
            bought(first, march(2026), customer=customer),
            bought(first, march(2026), customer=customer, back=1, at=7),
            bought(renewal, march(2026, 10), customer=customer, pieces=2),
            bought(later, march(2027), customer=customer, pieces=2, back=1),
        ]
        for one in chosen:
            people.tell(0, story[one])
        # Three years from the renewal, as if the first had never been.
        assert membership(people, customer) == (over(2029, 10), "free-delivery")
    assert people.problems() == []


@SQLITE
def test_two_accounts_of_one_person_make_one_membership(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    people.tell(0, bought(1, march(2026), customer="5"))
    people.tell(0, bought(2, march(2026, 9), customer="6"))
    stays = people.merge(people.member(0, "5"), people.member(0, "6"))
    with pipeline.database.snapshot() as connection:
        [one] = show_member(connection, pipeline.runtime.vault, stays).gifts.memberships
    assert (one.name, str(one.since), str(one.through)) == ("Premium", "2026-03-01", "2028-03-01")
    assert people.problems() == []
    people.tell(0, bought(1, march(2026), customer="5", back=1, at=1))
    runs = [row.until for row in people.rows("award", window_key="membership") if row.until]
    assert runs == [over(2027, 9)]
    assert people.problems() == []


@SQLITE
@pytest.mark.parametrize("change", ["until", "perks", "lapses_at"])
def test_a_membership_that_somebody_changed_by_hand_is_found(
    pipeline: Pipeline, change: str
) -> None:
    people = opened(pipeline)
    people.tell(0, bought(1, march(2026)))
    values = {"until": over(2099), "perks": "gold", "lapses_at": over(2099)}
    with pipeline.database.transaction() as connection:
        connection.execute(
            update(t.award)
            .where(t.award.c.window_key == "membership")
            .values({change: values[change]})
        )
    assert people.problems() != []


@SQLITE
def test_a_membership_is_told_in_both_languages(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, bought(1, march(2026)))

    def told() -> tuple[str, str]:
        with pipeline.database.snapshot() as connection:
            detail = show_member(connection, pipeline.runtime.vault, people.member(0, "5"))
        [view] = [one for one in detail.windows if one.window == "membership"]
        english, polish = (
            render(view.explanation, "award", 0, language, window=view.window, names=view.names)
            for language in ("en", "pl")
        )
        return english, polish

    assert told() == (
        "Member of “Premium” until 1 March 2027: paid for since 1 March 2026.",
        "Członkostwo „Premium” do 1 marca 2027: opłacone od 1 marca 2026.",
    )
    people.tell(0, bought(1, march(2026), back=1, at=1))
    assert told() == (
        "No member of “Premium”: nothing that was paid for it counts by now.",
        "Brak członkostwa „Premium”: żadna opłata za nie już się nie liczy.",
    )


def test_a_stored_membership_of_a_name_that_nobody_knows_goes_by_its_key() -> None:
    told = read_explanation(
        '{"rule":"vip","version":1,"reason":"member","since":"2026-03-01","through":"2027-03-01"}'
    )
    assert render(told, "award", 0, "en").startswith("Member of “vip” until")


def test_what_becomes_of_the_membership_is_said_when_the_programme_changes() -> None:
    source = (
        '[programme]\nkey = "kawa"\ncurrency = "PLN"\n[membership]\nkey = "vip"\nname = "VIP"\n'
    )
    old = parse(source + 'lines = { skus = ["VIP"] }\nmonths = 12\nperks = ["a"]\n')
    new = parse(source + 'lines = { skus = ["VIP"] }\nmonths = 6\nperks = ["a", "b"]\n')

    def said(one: Programme, other: Programme, language: str) -> list[str]:
        return [say_change(change, one, other, language) for change in diff(one, other)]

    assert said(SILENT, old, "en") == ["There is a new membership: “VIP”."]
    assert said(old, SILENT, "pl") == [
        "Członkostwo „VIP” nie jest już sprzedawane; opłacone trwa do swojego końca."
    ]
    assert said(old, new, "en") == [
        "The membership “VIP”: the time that one piece buys is 6 months instead of 12 months.",
        "The membership “VIP”: the perks: new are “b”.",
    ]


@SQLITE
def test_what_buys_a_membership_may_be_named_by_its_number_in_the_shop(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    source = preset_source("membership", timezone="Europe/Warsaw")
    named = f'lines = {{ products = [{{ store = "{people.stores[0].key}", id = "17" }}] }}'
    pipeline.programme(source=source.replace('lines = { skus = ["MEMBERSHIP"] }', named))
    people.tell(0, account("5", OLA))
    for number, product in ((1, "18"), (2, "17")):
        assert people.rows("award", window_key="membership") == []
        told = bought(number, pipeline.clock())
        assert isinstance(told.facts, OrderFacts)
        lines = tuple(msgspec.structs.replace(one, product=product) for one in told.facts.lines)
        facts = msgspec.structs.replace(told.facts, lines=lines)
        people.tell(0, msgspec.structs.replace(told, facts=facts))
    assert membership(people) == (datetime(2027, 11, 21, 23, tzinfo=UTC), "free-delivery")
    assert people.problems() == []
