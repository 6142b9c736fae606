"""What-if over stored events: as the ledger has them for the live programme, and nothing is touched."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec
import pytest

from app.errors import ConfigError, Conflict
from app.programme.document import parse
from app.programme.events import Event, OrderFacts, Standing
from app.programme.outcome import Outcome, Period
from app.services.programmes import versions
from app.services.rates import add_rate
from app.services.simulate import draft_source, read_draft, simulate_stored
from tests.dump import dump
from tests.people import JAN, OLA, SOURCE, START, People, account, open_people, order, review
from tests.pipeline import Pipeline
from tests.services.referred import RULE, bought, opened

YEAR = Period(date(2025, 12, 1), date(2026, 12, 1), "UTC")
LIVE = SOURCE.format(debt="debt")
FIRST = '\n[[rule]]\nkey = "first"\non = "order.count"\npoints = 50\norders = 1\n'
DAILY = '\n[[cap]]\nkey = "daily"\npoints = 100\nper = "day"\n'
TWICE = LIVE.replace("points = 1\nper", "points = 2\nper")


def days_before(event: Event, days: int) -> Event:
    return msgspec.structs.replace(event, occurred_at=START - timedelta(days=days))


def a_shop(pipeline: Pipeline) -> People:
    """Two people with accounts, orders of three months, one of them refunded, and a review."""
    people = open_people(pipeline, stores=1)
    people.tell(0, account("5", OLA), account("6", JAN))
    people.tell(0, days_before(order(1, "80.00", customer="5"), 60))
    people.tell(0, order(2, "100.00", customer="5"), order(3, "90.00", customer="5"))
    people.tell(0, days_before(order(4, "70.00", customer="6", refunded="30.00"), 30))
    people.tell(0, review(7, "12", OLA))
    foreign = order(5, "10.00", customer="6")
    assert isinstance(foreign.facts, OrderFacts)
    facts = msgspec.structs.replace(foreign.facts, currency="EUR")
    people.tell(0, msgspec.structs.replace(foreign, facts=facts))
    return people


def run(people: People, source: str, period: Period = YEAR) -> Outcome:
    with people.pipeline.database.snapshot() as connection:
        draft = read_draft(connection, people.programme_id, source)
        return simulate_stored(connection, people.programme_id, draft, period)


def test_the_programme_in_force_as_a_draft_gives_what_the_ledger_has(pipeline: Pipeline) -> None:
    people = a_shop(pipeline)
    outcome = run(people, LIVE)
    # 80 + 100 + 90 + 40 for orders, twice 100 for joining, 20 for the review.
    assert (outcome.total.live, outcome.total.draft) == (530, 530)
    assert outcome.total.live == sum(row.balance for row in people.rows("member"))
    assert (outcome.gain, outcome.lose, outcome.winners, outcome.losers) == (0, 0, [], [])
    assert (outcome.members, outcome.orders) == (2, 5)
    assert outcome.no_rate == {"EUR": 1}


def test_live_figures_are_those_of_the_ledger_also_where_several_orders_count(
    pipeline: Pipeline,
) -> None:
    """Fails when the ledger is given something that what-if does not know of, or the other way round."""
    tiers = (
        '[tiers]\nby = "spend"\n[[tier]]\nkey = "silver"\nfrom = "100"\nmultiply = "2"\ngift = 25\n'
    )
    source = LIVE + FIRST + DAILY + tiers
    people = People(pipeline, pipeline.programme(source=source), [])
    people.stores.append(pipeline.store(people.programme_id))
    people.tell(0, account("5", OLA))
    for number, amount, days in ((1, "80.00", 60), (2, "70.00", 40), (3, "90.00", 20)):
        people.tell(0, days_before(order(number, amount, customer="5"), days))
    outcome = run(people, source)
    awards = people.rows("award")
    assert sum(row.points for row in awards if row.rule == "silver") == 25
    assert outcome.total.live == outcome.total.draft == sum(row.points for row in awards)


def test_a_draft_is_held_against_what_the_live_programme_gave(pipeline: Pipeline) -> None:
    people = a_shop(pipeline)
    outcome = run(people, TWICE + FIRST + DAILY)
    months = {
        f"{day:%Y-%m}": (month.draft, month.live, month.turnover)
        for day, month in zip(outcome.period.months(), outcome.months, strict=True)
        if month.orders
    }
    assert months == {
        "2026-09": (100 + 50, 80, 800_000),  # 160 cut to 100, and Ola's first order
        "2026-10": (80 + 50, 40, 400_000),
        "2026-11": (200 + 20 + 100, 410, 1_900_000),  # joining, review; 380 of one day cut
    }
    jan, ola = people.member(0, "6"), people.member(0, "5")
    assert [(one.member, one.difference) for one in outcome.winners] == [(jan, 90)]
    assert [(one.member, one.difference) for one in outcome.losers] == [(ola, 70 - 90)]


@pytest.mark.parametrize("source", [LIVE, TWICE + FIRST + DAILY])
def test_nothing_is_touched(pipeline: Pipeline, source: str) -> None:
    people = a_shop(pipeline)
    people.spend(people.member(0, "5"), 150)
    before = dump(pipeline.database)
    outcome = run(people, source)
    assert outcome.total.spent == 150
    assert dump(pipeline.database) == before


def test_events_that_came_in_another_order_or_late_make_the_same_report(pipeline: Pipeline) -> None:
    people = a_shop(pipeline)
    source = TWICE + FIRST + DAILY
    before = run(people, source)
    people.tell(0, days_before(order(9, "30.00", customer="6"), 200))
    late = run(people, source)
    # The late one is Jan's first: the 50 move to its month.
    assert [one.draft for one in late.months] == [
        one.draft + (110 if day == date(2026, 5, 1) else -50 if day == date(2026, 10, 1) else 0)
        for day, one in zip(before.period.months(), before.months, strict=True)
    ]


def test_orders_that_got_their_rate_later_count_with_it(pipeline: Pipeline) -> None:
    people = a_shop(pipeline)
    with pipeline.database.transaction() as connection:
        add_rate(
            connection,
            pipeline.runtime.vault,
            programme_id=people.programme_id,
            currency="EUR",
            rate=Decimal(4),
            since=START - timedelta(days=1),
            now=pipeline.clock(),
        )
    outcome = run(people, LIVE)
    assert (outcome.no_rate, outcome.total.live, outcome.total.draft) == ({}, 570, 570)


def test_each_event_is_held_to_the_version_it_happened_under(pipeline: Pipeline) -> None:
    people = a_shop(pipeline)
    pipeline.clock.advance(days=3)
    pipeline.programme(source=TWICE)
    late = msgspec.structs.replace(order(8, "10.00", customer="5"), occurred_at=pipeline.clock())
    people.tell(0, late)
    outcome = run(people, TWICE)
    assert outcome.total.live == 530 + 20
    assert outcome.total.draft == 530 + 310 + 20
    # Without any rule over several orders, earlier ones are not even looked at.
    assert run(people, TWICE, Period(date(2026, 11, 22), date(2026, 12, 1), "UTC")).orders == 1


def test_a_draft_must_be_of_the_programme_and_count_in_its_money(pipeline: Pipeline) -> None:
    people = a_shop(pipeline)
    with pytest.raises(ConfigError, match=r'programme\.key: the draft is of "kawa"'):
        run(people, LIVE.replace('"one-wallet"', '"kawa"'))
    with pytest.raises(Conflict, match="the draft counts in EUR"):
        run(people, LIVE.replace('"PLN"', '"EUR"'))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_friends_count_for_both_sides_as_they_were_judged(pipeline: Pipeline) -> None:
    friends = opened(pipeline)
    code = friends.joins("1", OLA)
    friends.tell(0, bought(10, "2", code=code, email=JAN), bought(11, "3", code=code, hours=1))
    friends.tell(0, bought(12, "4", code=code, standing=Standing.CANCELLED))
    live = RULE.format(days=0, debt="debt")
    outcome = run(friends, live)
    balances = sum(row.balance for row in friends.rows("member"))
    assert outcome.total.live == outcome.total.draft == balances == 2 * (200 + 50)
    assert (outcome.total.friends, outcome.total.friends_live) == (500, 500)
    dearer = run(friends, live.replace("points = 200", "points = 300"))
    assert (dearer.total.draft, dearer.total.live) == (700, 500)
    assert [(one.member, one.difference) for one in dearer.winners] == [
        (friends.member(0, "1"), 200)
    ]
    assert not dearer.friends_unknown
    # Where nobody ever asked who brought whom, nobody can tell.
    assert (outcome.friends_unknown, a_guess(pipeline)) == (False, True)


def a_guess(pipeline: Pipeline) -> bool:
    people = open_people(pipeline, stores=1)
    referral = '\n[[rule]]\nkey = "friend"\non = "referral"\npoints = 9\n'
    return run(people, LIVE + referral).friends_unknown


def test_a_preset_is_a_draft_of_the_programme_as_it_is(pipeline: Pipeline) -> None:
    people = a_shop(pipeline)
    with pipeline.database.snapshot() as connection:
        source = draft_source(connection, people.programme_id, "one-per-unit", pipeline.clock())
        live = versions(connection, people.programme_id)[-1].programme
    draft = parse(source)
    assert (draft.key, draft.currency, draft.timezone) == (live.key, live.currency, live.timezone)
    assert run(people, source).total.draft == 80 + 100 + 90 + 40
