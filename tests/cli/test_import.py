"""`stempel import`, as a merchant types it."""

from pathlib import Path

import pytest

from app.errors import Conflict, Invalid
from tests.cli.answers import Run, data, plain
from tests.miscounted import count_wrong
from tests.people import OLA, People, account, open_people, order
from tests.pipeline import Pipeline


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return open_people(pipeline)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "points.csv"
    path.write_bytes(
        f"Users Email;Points;User Name\r\n{OLA};1 200;Ola Kowalska\r\njan@;30;Jan\r\n".encode(
            "cp1250"
        )
    )
    return path


def test_an_import_is_looked_at_applied_and_undone(run: Run, people: People, file: Path) -> None:
    bring = ("import", "members", file, "-p", "one-wallet", "--reason", "moving")
    told = plain(run(*bring))
    assert "from Points and Rewards for WooCommerce (WP Swings): staged" in told
    assert "not read: 'User Name'" in told
    assert "1200 points in 1 row, of 1 person: 0 known here, 1 new" in told
    assert "line 3: Users Email 'j… (4 characters)': this is no e-mail address" in told
    assert "Kowalska" not in told
    [batch] = [one["batch"] for one in data(run("import", "list", "--json"))]
    assert f"stempel import apply {batch} --skip-bad" in told
    refused = run("import", "apply", batch)
    assert isinstance(refused.exception, Conflict)
    applied = data(run("import", "apply", batch, "--skip-bad", "--json"))
    assert (applied["state"], applied["points"]) == ("applied", {"applied": 1200, "bad": 0})
    assert people.balances() == [1200]
    assert data(run("import", "check", batch, "--json"))["wrong"][0]["line"] == 3
    undone = plain(run("import", "undo", batch, "--reason", "wrong"))
    assert "undone: 1 row, 1200 points" in undone
    assert "Accounts that it made stay, without points: 1." in undone
    assert people.balances() == [0]
    assert "undone" in plain(run("import", "list"))
    assert "undone" in plain(run("import", "show", batch))
    assert data(run("ledger", "verify", "--json"))["ok"]


def test_a_row_that_cannot_be_posted_is_named_and_the_rest_goes_on(
    run: Run, people: People, tmp_path: Path
) -> None:
    people.tell(0, account("5", OLA, verified=True), order(1, "10.00", customer="5"))
    path = tmp_path / "points.csv"
    path.write_text(f"email,points\n{OLA},100\njan@example.pl,30\n", encoding="utf-8")
    run("import", "members", path, "-p", "one-wallet", "--reason", "moving")
    [batch] = [one["batch"] for one in data(run("import", "list", "--json"))]
    count_wrong(people.pipeline.database, people.member(0, "5"), -1)
    applied = run("import", "apply", batch, "--json")
    assert isinstance(applied.exception, Conflict)
    assert "1 of the rows could not be posted, all others were" in str(applied.exception)
    assert f"stempel import check {batch}" in str(applied.exception)
    assert '"state": "applying"' in applied.stdout
    told = plain(run("import", "check", batch))
    assert "line 2: could not be posted (IntegrityError" in told
    count_wrong(people.pipeline.database, people.member(0, "5"), 1)
    assert data(run("import", "apply", batch, "--json"))["state"] == "applied"
    assert people.balances() == [30, 210]
    assert data(run("ledger", "verify", "--json"))["ok"]


def test_columns_and_shops_are_named_by_hand(run: Run, people: People, tmp_path: Path) -> None:
    people.tell(0, account("5", OLA))
    path = tmp_path / "own.csv"
    path.write_text("Klient|Stan\n5|12.9\n")
    bring = ("import", "members", path, "-p", "one-wallet", "--reason", "moving", "--json")
    named = ("--column", "customer=Klient", "--column", "points=Stan", "--delimiter", "|")
    assert isinstance(run(*bring).exception, Invalid)
    shop = ("--store", people.stores[0].key, "--round-down")
    found = data(run(*bring, *named, *shop))
    assert (found["people"], found["known"], found["points"]) == (1, 1, {"ready": 12})
    gone = data(run("import", "discard", found["batch"], "--json"))
    assert (gone["state"], gone["rows"]) == ("discarded", {})
    for wrong in (("--column", "points"), ("--delimiter", "||")):
        assert isinstance(run(*bring, *wrong).exception, Invalid)


def test_the_preview_says_who_gets_points_by_e_mail_alone(
    run: Run, people: People, tmp_path: Path
) -> None:
    people.tell(0, account("5", OLA, verified=False))
    path = tmp_path / "points.csv"
    path.write_text(f"email,points\n{OLA},100\njan@example.pl,30\n", encoding="utf-8")
    bring = ("import", "members", path, "-p", "one-wallet", "--reason", "moving")
    told = plain(run(*bring))
    assert "2 people named by e-mail alone: a shop account with that e-mail will have to" in told
    refused = run(*bring, "--match-accounts")
    assert "stempel import discard" in str(refused.exception)
    told = plain(run(*bring, "--match-accounts", "--again"))
    assert "1 person named by e-mail alone: the one shop account with that e-mail gets" in told
    assert "1 person named by e-mail alone: a shop account with that e-mail will have to" in told
