"""`stempel programme simulate` for people, for scripts, and as CSV."""

import csv
from pathlib import Path

import pytest
from click.testing import Result

from app.errors import ConfigError
from tests.cli.answers import data, plain, stempel
from tests.people import OLA, SOURCE, account, open_people, order
from tests.pipeline import Pipeline

FIVE = """[programme]
key = "one-wallet"
currency = "PLN"
earns_from = 2026-01-01

[[rule]]
key = "five"
on = "order.paid"
points = 5
per = "1.00"

[[reward]]
key = "voucher"
cost = 500
kind = "fixed"
value = "5"
"""


@pytest.fixture
def shop(pipeline: Pipeline) -> Pipeline:
    """Two orders of 100.00 by one person, who took a reward for 30 of the points."""
    people = open_people(pipeline, stores=1)
    people.tell(0, account("5", OLA))
    people.tell(0, order(1, customer="5"), order(2, customer="5"))
    people.spend(people.member(0, "5"), 30)
    return pipeline


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    path = tmp_path / "five.toml"
    path.write_text(FIVE, encoding="utf-8")
    return path


def run(pipeline: Pipeline, *arguments: object) -> Result:
    words = (*arguments, "--programme", "one-wallet", "--since", "2026-10-15")
    return stempel(pipeline, "programme", "simulate", *words)


def test_a_script_gets_every_figure(shop: Pipeline, draft: Path) -> None:
    told = data(run(shop, draft, "--until", "2026-12-01", "--json"))
    assert (told["since"], told["until"], told["timezone"]) == ("2026-10-15", "2026-12-01", "UTC")
    assert told["total"] == {
        "orders": 2,
        "turnover": "200.00",
        "points": 1000,
        "points_live": 300,
        "redeemed": 100,
        "open": 900,
        "liability": "7.20",
        "gifts": 0,
        "gifts_live": 0,
        "gifts_cost": "0.00",
        "cost": "8.20",
        "cost_percent": "4.10",
    }
    assert [month["month"] for month in told["months"]] == ["2026-10", "2026-11"]
    assert (told["cost_rate_percent"], told["redeemed_percent"]) == ("5.00", "10.00")
    [winner] = told["winners"]
    assert winner["months"] == {"2026-11": 700}
    assert isinstance(winner["member"], str)
    assert (told["breakage_percent"], told["breakage_from"]) == ("20", "too-few")


def test_without_breakage_every_point_is_owed(shop: Pipeline, draft: Path) -> None:
    told = data(run(shop, draft, "--without-breakage", "--json"))
    assert (told["total"]["cost"], told["total"]["cost_percent"]) == ("10.00", "5.00")
    told = data(run(shop, draft, "--breakage", "50", "--json"))
    assert told["total"]["liability"] == "4.50"
    assert (told["breakage_percent"], told["breakage_from"]) == ("50", "told")


def test_10_000_open_points_of_2_gr_are_150_zloty_if_a_quarter_is_never_spent(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    people = open_people(pipeline, stores=1)
    people.tell(0, account("5", OLA), order(1, customer="5"))
    path = tmp_path / "hundred.toml"
    source = FIVE.replace("points = 5\n", "points = 100\n")
    path.write_text(source.replace("earns_from", 'point_value = "0.02"\nearns_from'), "utf-8")
    total = data(run(pipeline, path, "--breakage", "25", "--json"))["total"]
    assert (total["open"], total["liability"]) == (10_000, "150.00")


def test_a_person_reads_it_in_english(shop: Pipeline, draft: Path) -> None:
    told = plain(run(shop, draft, "--until", "2026-12-01"))
    assert "one-wallet from 2026-10-15 up to 2026-12-01 (days of UTC)" in told
    assert "By the document alone points are worth 5% of a purchase." in told
    assert "A point is worth PLN 0.01, as in the reward voucher, the dearest." in told
    assert "Redeemed: 10% of the points, as of the live programme's in this time." in told
    assert "0 orders were placed before 2026-01-01 (earns_from)" in told
    assert (
        "Liability: 20% of open points are taken to be never spent: fewer than 1,000 points were "
        "spent or expired in the last 12 months." in told
    )
    assert "One member would have more points than the live programme gave." in told
    assert "1,000 points instead of 300 (+700)" in told


def test_a_person_reads_it_in_polish(shop: Pipeline, draft: Path) -> None:
    told = plain(run(shop, draft, "--until", "2026-12-01", "--language", "pl"))
    assert "miesiąc" in told
    assert "Według samego dokumentu punkty są warte 5% zakupu." in told
    assert "1 000 punktów zamiast 300 (+700)" in told
    assert "would" not in told


def test_the_months_are_written_as_csv_too(shop: Pipeline, draft: Path, tmp_path: Path) -> None:
    path = tmp_path / "months.csv"
    plain(run(shop, draft, "--until", "2026-12-01", "--csv", path))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["month"] for row in rows] == ["2026-10", "2026-11", "total"]
    assert (rows[1]["points"], rows[1]["points_live"], rows[2]["cost"]) == ("1000", "300", "8.20")
    assert rows[0]["cost_percent"] == ""


def test_who_moves_tier_is_named_for_people_scripts_and_spreadsheets(
    shop: Pipeline, tmp_path: Path
) -> None:
    path, members = tmp_path / "tiers.toml", tmp_path / "members.csv"
    tiers = '\n[tiers]\nby = "orders"\n[[tier]]\nkey = "silver"\nfrom = 2\n'
    path.write_text(FIVE + tiers, encoding="utf-8")
    told = data(run(shop, path, "--json", "--members-csv", members))
    [winner] = told["winners"]
    [move] = told["tier_moves"]
    assert move == {
        "from": None,
        "to": "silver",
        "members": 1,
        "named": [winner["member"]],
    }
    with members.open(encoding="utf-8", newline="") as file:
        rows = [list(row.values()) for row in csv.DictReader(file)]
    assert rows == [
        ["gains", winner["member"], "1000", "300", "700", "", ""],
        ["moves", winner["member"], "", "", "", "", "silver"],
    ]
    said = plain(run(shop, path))
    assert "One member would be in silver instead of no tier as the period ends." in said
    assert f"\n  {winner['member']}\n" in said
    assert f"\n  {winner['member']}\n" not in plain(run(shop, path, "--name-moving", "0"))


def test_gifts_and_friends_are_told_as_far_as_they_are_known(
    shop: Pipeline, tmp_path: Path
) -> None:
    path = tmp_path / "gifts.toml"
    path.write_text(
        FIVE
        + '[[rule]]\nkey = "card"\non = "items.count"\nevery = 2\nreward = "coffee"\n'
        + '[[reward]]\nkey = "coffee"\nkind = "free-delivery"\n'
        + '[[rule]]\nkey = "friend"\non = "referral"\npoints = 9\n',
        encoding="utf-8",
    )
    said = plain(run(shop, path))
    assert "Rewards given without points: 1 (coffee: 1) instead of 0." in said
    assert "What these cost is not in the document, so it is left out of the cost: coffee." in said
    assert "nobody knows who brought whom: left out." in said


def test_a_preset_is_tried_without_writing_a_file(shop: Pipeline) -> None:
    told = plain(run(shop, "start-100-50-200", "--until", "2026-12-01"))
    assert "What a point is worth is not known" in told


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("one-per-unit", "--until", "2026-10-15"), "it cannot begin on 2026-10-15"),
        (("no-such-thing",), "neither a preset"),
        (("one-per-unit", "--breakage", "120"), "a percentage from 0 to 100"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    shop: Pipeline, arguments: tuple[str, ...], complaint: str
) -> None:
    result = run(shop, *arguments)
    assert isinstance(result.exception, ConfigError)
    assert complaint in str(result.exception)


def test_a_draft_like_the_live_programme_changes_nobodys_points(
    shop: Pipeline, tmp_path: Path
) -> None:
    path = tmp_path / "same.toml"
    path.write_text(SOURCE.format(debt="debt"), encoding="utf-8")
    assert "Nobody would have more or fewer points" in plain(run(shop, path))
