"""Who chose the goods that a reward is off is told what must be shown beside their price."""

from pathlib import Path

from app.services.programmes import programme_id_of
from tests.cli.answers import Run, data, plain
from tests.pipeline import Pipeline

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1

[[reward]]
key = "ten"
cost = 100
kind = "percent"
value = "10"

[[reward]]
key = "tea"
cost = 100
kind = "percent"
value = "10"
lines = { products = [{ store = "shop-1", id = "17" }] }
"""


def test_publishing_and_listing_name_the_reward_that_has_the_duty(
    run: Run, pipeline: Pipeline, tmp_path: Path
) -> None:
    (tmp_path / "kawa.toml").write_text(SOURCE, encoding="utf-8")
    told = data(run("programme", "apply", str(tmp_path / "kawa.toml"), "--json"))
    warned = [note for note in told["notes"] if "lowest price of the 30 days before" in note]
    assert [note.partition(":")[0] for note in warned] == ["tea"]
    with pipeline.database.snapshot() as connection:
        programme_id = programme_id_of(connection, "kawa")
    pipeline.shopify(programme_id, "shop-1", token="shpat_1", key="shop-1")
    rows = data(run("reward", "list", "-p", "kawa", "--json"))
    assert [(row["reward"], row["lowest_price_duty"]) for row in rows] == [
        ("ten", False),
        ("tea", True),
    ]
    assert "\ntea: you chose the goods" in plain(run("reward", "list", "-p", "kawa"))
