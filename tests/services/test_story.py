"""The whole story of an entry: each point traced to the line that it is for."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from app.db import tables as t
from app.errors import NotFound
from app.services.stores import Store
from app.services.story import Story, entry_id_of, stories_of_order, story_of_entry
from app.services.story_words import tell
from app.services.view_ledger import entries_of_object
from tests.pipeline import Pipeline, order_body

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
multiply = [{ by = "1.25", skus = ["TEA*", "MUG*"] }]

[[rule]]
key = "large"
on = "order.paid"
points = 50
when = { goods_over = "500.00" }

[[cap]]
key = "daily"
points = 100
per = "day"
rules = ["per-unit"]
"""
ZONE = ZoneInfo("Europe/Warsaw")


def order(second: int, **lines: str) -> dict[str, object]:
    """Return an order of these lines, by SKU, as it was in that second."""
    template = order_body("008")
    line = template["line_items"][0]
    return template | {
        "date_modified_gmt": f"2026-11-21T18:00:{second:02}",
        "line_items": [
            line
            | {"id": number, "sku": sku, "name": sku.capitalize(), "quantity": 1}
            | {"total": amount, "subtotal": amount, "total_tax": "0.00"}
            for number, (sku, amount) in enumerate(lines.items(), start=1)
        ],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    }


@pytest.fixture
def shop(pipeline: Pipeline) -> Store:
    return pipeline.store(pipeline.programme(source=SOURCE))


def stories(pipeline: Pipeline, store: Store) -> list[Story]:
    with pipeline.database.snapshot() as connection:
        return stories_of_order(connection, pipeline.runtime.vault, store.key, "16")


def text(story: Story, language: str) -> list[str]:
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in tell(story, language, "PLN", ZONE)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_points_of_an_order_are_traced_to_its_lines(pipeline: Pipeline, shop: Store) -> None:
    pipeline.deliver(shop, "order.updated", order(1, TEA="101.90", MUG="5.60"))
    pipeline.deliver(shop, "order.updated", order(2, TEA="101.90"))
    large, unit = stories(pipeline, shop)
    assert (large.rule, large.worth, unit.rule, unit.worth) == ("large", 0, "per-unit", 127)
    assert [step.entry.points for step in unit.steps] == [134, -7]
    [line] = unit.lines
    assert (line.id, line.sku, line.title, line.amount) == ("1", "TEA", "Tea", Decimal("101.90"))
    assert (line.factor, line.points) == (Decimal("1.25"), Decimal("127.375000"))
    [change] = unit.steps[1].changes
    assert (change.sku, change.title, change.after) == (
        None,
        "Mug",
        None,
    )  # it is not sold any more
    with pipeline.database.snapshot() as connection:
        [first, _] = entries_of_object(connection, unit.about.id if unit.about else 0)
        asked = story_of_entry(connection, pipeline.runtime.vault, first.id)
    assert [one.points for one in asked.lines] == [Decimal("127.375000"), Decimal("7.000000")]
    told = text(asked, "en")
    assert told[1] == "Judged by version 1, in force since the beginning, and its rule “per-unit”."
    assert told[2].startswith("134 points: PLN 107.50 of the order counts (2 lines")
    assert told[2].endswith("1 point for every PLN 1.00, rounded down from 134.375.")
    assert told[4] == "  Mug: PLN 5.60 times 1.25, 7 of the points"
    assert told[-1] == "Now it is worth 127 points: +134, −7 for Mug."
    assert text(asked, "pl")[-1] == "Teraz daje to 127 punktów: +134, −7 za: Mug."
    assert "w sklepie" in text(asked, "pl")[0]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_without_stored_messages_lines_are_called_by_sku_or_number(
    pipeline: Pipeline, shop: Store
) -> None:
    pipeline.deliver(shop, "order.updated", order(1, TEA="101.90", MUG="5.60"))
    pipeline.deliver(shop, "order.updated", order(2, TEA="101.90"))
    with pipeline.database.transaction() as connection:
        connection.execute(delete(t.delivery_body))
    _, unit = stories(pipeline, shop)
    assert [line.title for line in unit.lines] == [None]
    told = text(unit, "en")
    assert told[3].startswith("  TEA: PLN 101.90")
    assert told[-1].endswith("−7 for line 2.")


CAMPAIGN = """
[[campaign]]
key = "mugs"
from = 2026-11-01T00:00:00
until = 2026-12-01T00:00:00
multiply = "2"
lines = { skus = ["MUG*"] }
"""


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_line_that_a_campaign_multiplies_has_its_larger_share(pipeline: Pipeline) -> None:
    shop = pipeline.store(pipeline.programme(source=SOURCE + CAMPAIGN))
    pipeline.deliver(shop, "order.updated", order(1, TEA="40.00", MUG="8.00", CUP="4.00"))
    large, unit = stories(pipeline, shop)
    assert [(one.title, one.points) for one in unit.lines] == [
        ("Tea", Decimal(50)),
        ("Mug", Decimal(20)),
        ("Cup", Decimal(4)),
    ]
    assert sum(one.points for one in unit.lines) == unit.worth
    assert "  Mug (MUG): PLN 8.00 times 2.5, 20 of the points" in text(unit, "en")
    assert [one.points for one in large.lines] == [0, 0, 0]  # below its threshold


TIERS = """
[programme]
key = "kawa"
currency = "PLN"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[tier]]
key = "bronze"
name = "Bronze"
from = 0

[[tier]]
key = "silver"
name = "Silver"
from = 100
multiply = "1.25"
"""


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_order_of_a_silver_member_and_a_returned_mug_are_told_as_one_story(
    pipeline: Pipeline,
) -> None:
    shop = pipeline.store(pipeline.programme(source=TIERS))
    before = {"id": 15, "number": "15", "date_created_gmt": "2026-11-01T10:00:00"}
    paid = {"date_paid_gmt": "2026-11-01T10:00:00"}
    pipeline.deliver(shop, "order.updated", order(1, TEA="200.00") | before | paid)
    pipeline.deliver(shop, "order.updated", order(2, TEA="101.90", MUG="5.60"))
    pipeline.deliver(shop, "order.updated", order(3, TEA="101.90"))
    [unit] = stories(pipeline, shop)
    with pipeline.database.snapshot() as connection:
        [first, _] = entries_of_object(connection, unit.about.id if unit.about else 0)
        asked = story_of_entry(connection, pipeline.runtime.vault, first.id)
    told = text(asked, "en")
    assert told[2].startswith("134 points: PLN 107.50 of the order counts (2 lines")
    assert "not counted: delivery PLN 14.99" in told[2]
    assert "1 point for every PLN 1.00, times 1.25" in told[2]
    assert "Silver" in told[2]
    assert told[2].endswith("rounded down from 134.375.")
    assert told[-1] == "Now it is worth 127 points: +134, −7 for Mug."


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_a_limit_took_names_the_orders_that_decided(pipeline: Pipeline, shop: Store) -> None:
    pipeline.deliver(shop, "order.updated", order(1, TEA="101.90", MUG="5.60"))
    with pipeline.database.snapshot() as connection:
        row = connection.execute(
            t.entry.select().where(t.entry.c.kind == "reverse", t.entry.c.rule == "daily")
        ).one()
        story = story_of_entry(connection, pipeline.runtime.vault, row.id)
    assert ([one.number for one in story.objects], story.worth) == (["16"], -34)
    told = text(story, "en")
    assert told[1].startswith("34 points over the limit")
    assert told[4].startswith("  order 16 in the store")


@pytest.mark.parametrize("asked", ["", "one", "12345678901234567890123", "-1", "7"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_entry_that_is_none_is_told(pipeline: Pipeline, asked: str) -> None:
    with pipeline.database.snapshot() as connection:
        with pytest.raises(NotFound, match="stempel ledger show"):
            story_of_entry(connection, pipeline.runtime.vault, entry_id_of(asked))
        with pytest.raises(NotFound, match="stempel store list"):
            stories_of_order(connection, pipeline.runtime.vault, "shop", asked)


@pytest.mark.parametrize("asked", ["1005", "#1005", "500"])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_order_is_found_by_its_number_as_people_write_it_and_by_its_id(
    pipeline: Pipeline, shop: Store, asked: str
) -> None:
    for second, number in enumerate(("#1005", "1005")):  # as Shopify writes it; as WooCommerce does
        body = order(second, TEA="10.00") | {"id": 500, "number": number}
        pipeline.deliver(shop, "order.updated", body)
        with pipeline.database.snapshot() as connection:
            story, *_ = stories_of_order(connection, pipeline.runtime.vault, shop.key, asked)
        assert story.about is not None
        assert (story.about.external_id, story.about.number) == ("500", number)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_order_that_a_known_shop_has_not_told_of_is_looked_for_among_what_it_told(
    pipeline: Pipeline, shop: Store
) -> None:
    wanted = f"has not told of an order '1005'.*stempel events list --store {shop.key}"
    with pipeline.database.snapshot() as connection, pytest.raises(NotFound, match=wanted):
        stories_of_order(connection, pipeline.runtime.vault, shop.key, "1005")
