"""What changes between an order and its refund, and odd days of the calendar, leave nothing behind."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from app.programme.events import OrderFacts, Standing
from app.programme.presets import preset_source
from app.services.rates import add_rate
from app.services.tier_run import Slices, recalculate
from jobs.schedule import run_due
from tests.people import REWARDS, People, account
from tests.pipeline import Pipeline
from tests.services.test_tiers import placed, tier
from tests.services.whole import DOCUMENTS, Bought, soon

LIFE = '[points]\nhold_days = 14\nexpire_months = 12\nexpire = "month-end"\n'


@pytest.fixture
def backend() -> str:
    """Return SQLite: what the databases do otherwise is tested with each of the parts."""
    return "sqlite"


def balance(people: People, customer: str = "5") -> int:
    [row] = people.rows("member", id=people.member(0, customer))
    found: int = row.balance + row.pending
    return found


def opened(pipeline: Pipeline, source: str) -> People:
    programme_id = pipeline.programme(source=source)
    return People(pipeline, programme_id, [pipeline.store(programme_id)])


def sound(people: People) -> None:
    assert people.problems() == []
    found = people.pipeline.rebuilt()
    assert found.ok, found


def test_an_order_of_silver_days_takes_back_what_it_earned_when_the_tier_is_gone(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline, preset_source("tiers-three"))
    people.tell(0, placed(1, "1000.00"))
    people.tell(0, placed(2, "100.00", hours=1))
    assert (tier(people), balance(people)) == ("silver", 1125)
    people.tell(0, placed(1, "1000.00", refunded="1000.00", at=1))
    assert (tier(people), balance(people)) == ("bronze", 125)
    people.tell(0, placed(2, "100.00", hours=1, refunded="60.00", at=2))
    assert balance(people) == 50  # 40.00 at 1.25, though they are bronze by now
    people.tell(0, placed(2, "100.00", hours=1, refunded="100.00", at=3))
    assert balance(people) == 0
    sound(people)


def test_an_order_whose_currency_changes_is_worth_what_the_newest_says(pipeline: Pipeline) -> None:
    people = opened(pipeline, preset_source("one-per-unit"))
    people.tell(0, placed(1, "100.00"))
    assert balance(people) == 100
    people.tell(0, placed(1, "100.00", currency="EUR", at=1))
    assert balance(people) == 0  # until there is a rate
    with pipeline.database.transaction() as connection:
        add_rate(
            connection,
            pipeline.runtime.vault,
            programme_id=people.programme_id,
            currency="EUR",
            rate=Decimal("4.00"),
            since=datetime(2026, 1, 1, tzinfo=UTC),
            now=pipeline.clock(),
        )
    assert balance(people) == 400
    people.tell(0, placed(1, "100.00", currency="EUR", refunded="75.00", at=2))
    assert balance(people) == 100
    people.tell(0, placed(1, "100.00", refunded="75.00", at=3))
    assert balance(people) == 25
    people.tell(0, placed(1, "100.00", refunded="100.00", at=4))
    assert balance(people) == 0
    sound(people)


def test_an_order_that_was_a_test_of_the_shop_earns_nothing(pipeline: Pipeline) -> None:
    people = opened(pipeline, preset_source("one-per-unit"))
    event = placed(1, "100.00")
    assert isinstance(event.facts, OrderFacts)
    tried = msgspec.structs.replace(event.facts, test=True)
    people.tell(0, msgspec.structs.replace(event, facts=tried))
    assert balance(people) == 0
    sound(people)


@pytest.mark.parametrize(
    ("moment", "document"),
    [
        # Warsaw's clocks go from 2:00 to 3:00
        pytest.param(datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), DOCUMENTS[1], id="spring"),
        # 2:30, which comes twice
        pytest.param(datetime(2026, 10, 25, 0, 30, tzinfo=UTC), DOCUMENTS[2], id="autumn"),
        # 29 February there
        pytest.param(datetime(2028, 2, 28, 23, 30, tzinfo=UTC), DOCUMENTS[3], id="leap day"),
        pytest.param(datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), DOCUMENTS[1], id="new year"),
        pytest.param(datetime(9999, 12, 31, 22, 30, tzinfo=UTC), DOCUMENTS[2], id="the last day"),
        pytest.param(datetime(1, 1, 1, 0, 30, tzinfo=UTC), DOCUMENTS[3], id="the first day"),
    ],
)
def test_orders_of_odd_moments_earn_and_their_refunds_leave_nothing(
    pipeline: Pipeline, moment: datetime, document: str
) -> None:
    source = document.replace("[[rule]]", LIFE + "\n[[rule]]", 1) + REWARDS
    if 2026 <= moment.year < 9999:
        pipeline.clock.moment = moment - timedelta(hours=1)
    people = opened(pipeline, source)
    people.tell(0, account("5"))
    joined = balance(people)
    orders = []
    for number, minutes in enumerate((0, 1, 59)):
        at = moment + timedelta(minutes=minutes)
        bought = Bought(number, "5", at, at, mugs=3, tea=30).now(at)
        orders.append(bought)
        people.tell(0, bought.event())
    assert balance(people) > joined
    before = balance(people)
    people.tell(0, *(one.event() for one in orders))
    assert balance(people) == before
    for _ in range(3):
        run_due(pipeline.runtime)
        with pipeline.database.transaction() as connection:
            while recalculate(connection, pipeline.clock(), Slices(100, 100)):
                pass
        sound(people)
        pipeline.clock.advance(days=1)
    for one in orders:
        back = one.refund(soon(one.changed), 0, one.total, dated=True)
        people.tell(0, back.event())
    assert balance(people) == joined
    for one in orders:
        people.tell(0, one.now(one.changed + timedelta(seconds=9)).event())  # undone
    assert balance(people) == before
    for one in orders:
        gone = one.now(one.changed + timedelta(seconds=19), standing=Standing.CANCELLED)
        people.tell(0, gone.event())
    assert balance(people) == joined
    sound(people)
