"""Golden values of money and time: other currencies, refunds in any sequence, what a point costs."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest
from sqlalchemy import select

from app.db import tables as t
from app.services.rates import add_rate
from connectors.woocommerce.sandbox import Settings
from jobs.schedule import run_due
from tests.pipeline import Pipeline
from tests.way.rewards import WooRewards
from tests.way.shop import Way, open_way

HEAD = '[programme]\nkey = "kawa"\ncurrency = "PLN"\ntimezone = "Europe/Warsaw"\n'
UNIT = '[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "1.00"\n'
BONUSES = "".join(
    f'[[rule]]\nkey = "bonus-{sku.lower()}"\non = "order.paid"\npoints = {points}\n'
    f'per_piece = true\nlines = {{ skus = ["{sku}"] }}\n'
    for sku, points in (("A", 25), ("B", 5))
)


@pytest.fixture
def backend() -> str:
    """Return SQLite: what is asked of the databases is tested on both with each of the parts."""
    return "sqlite"


def explanations(way: Way) -> list[dict[str, object]]:
    """Return why the awards that are worth anything are."""
    with way.pipeline.database.snapshot() as connection:
        query = select(t.award.c.explanation).where(t.award.c.points != 0).order_by(t.award.c.id)
        return [msgspec.json.decode(row) for row in connection.execute(query).scalars()]


def test_75_eur_at_a_stored_rate_of_4_are_300_points_with_the_rate_on_the_entry(
    pipeline: Pipeline,
) -> None:
    settings = Settings(home_url="https://shop.example", currency="EUR")
    with open_way(pipeline, settings=settings) as way:

        def rate(value: str, since: datetime) -> None:
            with pipeline.database.transaction() as connection:
                add_rate(
                    connection,
                    pipeline.runtime.vault,
                    programme_id=way.programme_id,
                    currency="EUR",
                    rate=Decimal(value),
                    since=since,
                    now=pipeline.clock(),
                )

        rate("4.00", datetime(2026, 1, 1, tzinfo=UTC))
        ola = way.joins()
        order = way.buy("75.00", customer=ola)
        way.announce()
        assert way.points(ola) == 300
        [told] = explanations(way)
        assert told["currency"] == "EUR"
        assert Decimal(str(told["rate"])) == 4
        way.later(days=1)
        rate("5.00", pipeline.clock.moment)
        way.shop.refund(order, amount="25.00")
        way.announce()
        assert way.points(ola) == 200  # by the rate of the order's own time
        way.buy("10.00", customer=ola)
        way.announce()
        assert way.points(ola) == 250
        way.sound()


@pytest.mark.parametrize("returned", ["C", "CA", "BC", "CAB"])
def test_of_three_items_with_bonuses_each_takes_back_what_it_brought(
    pipeline: Pipeline, returned: str
) -> None:
    with open_way(pipeline, source=HEAD + UNIT + BONUSES) as way:
        ola = way.joins()
        prices = {"A": "20.00", "B": "10.00", "C": "10.00"}
        ids = [way.shop.add_product(one, prices[one], sku=one)["id"] for one in prices]
        order = way.shop.place_order(dict.fromkeys(ids, 1), customer_id=ola)
        way.announce()
        assert way.points(ola) == 70
        lines = {one: line["id"] for one, line in zip(prices, order["line_items"], strict=True)}
        left = 70
        for one in returned:
            way.shop.refund(order["id"], lines={lines[one]: 1})
            way.announce()
            left -= {"A": 45, "B": 15, "C": 10}[one]
            assert way.points(ola) == left
        way.sound()


def test_refunds_in_any_split_and_sequence_end_as_the_final_order_placed_at_once(
    pipeline: Pipeline,
) -> None:
    """One A for 20.49 less 3.33 is left: 17 points and its bonus, as if nothing else had been bought."""
    with open_way(pipeline, source=HEAD + UNIT + BONUSES) as way:
        ids = [
            way.shop.add_product(one, price, sku=one)["id"]
            for one, price in (("A", "20.49"), ("B", "9.99"))
        ]
        sequences = list(itertools.permutations(("a", "b", "money")))[
            ::2
        ]  # each act comes first once
        ends = set()
        for number, sequence in enumerate(sequences):
            buyer = way.joins(f"buyer{number}@example.pl")
            order = way.shop.place_order({ids[0]: 2, ids[1]: 1}, customer_id=buyer)
            dear, cheap = (line["id"] for line in order["line_items"])
            way.announce()
            assert way.points(buyer) == 50 + 50 + 5
            for act in sequence:
                match act:
                    case "a":
                        way.shop.refund(order["id"], lines={dear: 1})
                    case "b":
                        way.shop.refund(order["id"], lines={cheap: 1})
                    case _:
                        way.shop.refund(order["id"], amount="3.33")
                way.announce()
            ends.add(way.points(buyer))
            way.shop.set_status(order["id"], "refunded")
            way.announce()
            assert way.points(buyer) == 0
        assert ends == {17 + 25}
        way.sound()


def test_150_of_300_from_january_and_100_from_march_leave_150_that_end_next_january(
    pipeline: Pipeline,
) -> None:
    reward = '[[reward]]\nkey = "half"\ncost = 150\nkind = "percent"\nvalue = "10"\n'
    pipeline.clock.moment = datetime(2026, 1, 10, 12, tzinfo=UTC)
    with open_way(pipeline, source=HEAD + "[points]\nexpire_months = 12\n" + UNIT + reward) as way:
        shop = WooRewards(way)
        ola = way.joins()
        way.buy("300.00", customer=ola)
        way.quiet()
        pipeline.clock.moment = datetime(2026, 3, 10, 12, tzinfo=UTC)
        way.buy("100.00", customer=ola)
        way.quiet()
        pipeline.clock.moment = datetime(2026, 6, 10, 12, tzinfo=UTC)
        shop.issued(ola, "half")
        assert way.points(ola) == 250
        for moment, left in (
            (datetime(2027, 1, 10, 22, 59, tzinfo=UTC), 250),  # its last day is whole, in Warsaw
            (datetime(2027, 1, 10, 23, 1, tzinfo=UTC), 100),
            (datetime(2027, 3, 10, 22, 59, tzinfo=UTC), 100),
            (datetime(2027, 3, 10, 23, 1, tzinfo=UTC), 0),
        ):
            pipeline.clock.moment = moment
            run_due(pipeline.runtime)
            assert way.points(ola) == left
        assert [entry for entry in way.entries() if entry[0] == "expire"] == [
            ("expire", -150),
            ("expire", -100),
        ]
        assert pipeline.verified().problems == []
