"""The life of points on the command line and on the member's page."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from tests.aging import NEW_YEAR, Aging, open_aging
from tests.cli.answers import Run, data, plain
from tests.pipeline import Pipeline
from tests.web.conftest import client_of


@pytest.fixture
def aging(pipeline: Pipeline) -> Aging:
    """300 points of January are available in February, 100 more are not yet."""
    aging = open_aging(pipeline, "hold_days = 14\nexpire_months = 12")
    aging.buy(1, "300.00")
    aging.at(NEW_YEAR + timedelta(days=40))
    aging.buy(2, "100.00")
    return aging


@pytest.fixture
def client(pipeline: Pipeline) -> FlaskClient:
    return client_of(pipeline)


def read(page: str) -> str:
    text = re.sub(r"<[^>]*>", " ", page).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"\s+", " ", text)


def test_a_member_is_told_what_comes_and_what_goes(run: Run, aging: Aging) -> None:
    told = plain(run("member", "show", aging.member))
    assert "300 points, 100 pending" in told
    assert "what comes and goes (days of Europe/Warsaw):" in told
    assert "  100 pending, available from 2026-02-24 13:00" in told
    assert "  300 expire after 2027-01-01" in told
    found = data(run("member", "show", aging.member, "--json"))
    assert found["expiring"] == [{"points": 300, "at": "2027-01-01T23:00:00+00:00"}]
    [waiting] = found["available"]
    assert waiting["points"] == 100
    assert waiting["at"].startswith("2026-02-24T12:00:00")
    waits = [award for one in found["objects"] for award in one["awards"] if award["pending"]]
    assert [(one["pending"], one["matures_at"]) for one in waits] == [(100, waiting["at"])]


def test_the_ledger_says_what_time_did(run: Run, aging: Aging) -> None:
    aging.at(datetime(2027, 1, 2, 12, tzinfo=UTC))
    told = plain(run("ledger", "show", aging.member))
    assert "1. 2026-01-01" in told
    assert "+0 → 0 (pending +300)" in told
    assert "Pending for now: things may still be sent back." in told
    assert "+300 → 300 (pending -300)" in told
    assert "300 points became available." in told
    assert "-300 → 100" in told
    assert "300 points expired." in told
    polish = plain(run("ledger", "show", aging.member, "--language", "pl"))
    assert "Można już wydać: 300 punktów." in polish
    assert "300 punktów po terminie ważności." in polish


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            ["100 available from 24 February 2026", "300 can be spent until 1 January 2027"],
        ),
        (
            "pl",
            ["100 do wydania od 24 lutego 2026", "300 można wydać do 1 stycznia 2027"],
        ),
    ],
)
def test_the_members_page_has_the_next_dates(
    client: FlaskClient, aging: Aging, language: str, expected: list[str]
) -> None:
    page = read(client.get(f"/members/{aging.member}?lang={language}").text)
    for sentence in expected:
        assert sentence in page


def test_an_expiry_is_undone_once_and_a_dry_run_changes_nothing(run: Run, aging: Aging) -> None:
    aging.at(datetime(2027, 1, 2, 12, tzinfo=UTC))
    period = ("--programme", "one-wallet", "--from", "2027-01-01", "--to", "2027-01-03")
    undo = ("points", "unexpire", *period, "--reason", "no reminders")
    expected = {"points": 300, "entries": 1, "members": 1, "batch": None, "dry_run": True}
    assert data(run(*undo, "--dry-run", "--json")) == expected
    assert aging.has() == (100, 0)
    told = plain(run(*undo))
    assert told == "300 points of 1 member came back\n"
    assert aging.has() == (400, 0)
    assert data(run(*undo, "--json"))["points"] == 0
    assert aging.has() == (400, 0)


def test_a_mistyped_time_is_told(run: Run, aging: Aging) -> None:
    result = run(
        "points", "unexpire", "-p", "one-wallet", "--from", "soon", "--to", "now", "--reason", "x"
    )
    assert result.exit_code == 2
    assert "'soon' is no time; give one as 2026-11-21T20:00:00+01:00" in result.stderr
    assert aging.has() == (300, 100)


def test_an_owner_sees_what_expires_in_which_month(run: Run, aging: Aging) -> None:
    aging.at(NEW_YEAR + timedelta(days=60))
    told = plain(run("points", "expiring", "--programme", "one-wallet"))
    assert [line.split() for line in told.splitlines()[1:]] == [
        ["2027-01", "300"],
        ["2027-02", "100"],
    ]
    found = data(run("points", "expiring", "--programme", "one-wallet", "--json"))
    assert found[0] == {"month": "2027-01", "points": 300, "lots": 1, "value": None}
