"""`stempel segment`, as a merchant types it."""

import pytest

from tests.cli.answers import Run, data, plain
from tests.people import People, order
from tests.pipeline import Pipeline
from tests.services.test_segments import BIG, TWICE, opened


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    people = opened(pipeline, BIG + TWICE)
    people.tell(0, order(1, "100.00", customer="5"), order(2, "250.00", customer="6"))
    return people


def test_segments_are_listed_with_their_counts_and_when_that_was(run: Run, people: People) -> None:
    assert "big      Big spenders           not counted yet  twice" in plain(
        run("segment", "list", "-p", "kawa")
    )
    [found] = data(run("segment", "refresh", "-p", "kawa", "--json"))
    assert (found["members"], found["where"]) == (2, {"spend_from": "100"})
    assert found["counted_at"]
    told = plain(run("segment", "show", "big", "-p", "kawa"))
    assert "  spend_from = 100" in told
    assert "2 members, counted 20" in told
    assert str(people.member(0, "6")) in told
    refused = run("segment", "show", "bog", "-p", "kawa")
    assert (refused.exit_code, "no segment 'bog'" in str(refused.exception)) == (1, True)


def test_a_bonus_is_prepared_given_and_taken_back(run: Run, people: People) -> None:
    run("segment", "refresh", "-p", "kawa")
    wish = ("bonus", "prepare", "-p", "kawa", "--segment", "big", "--reason", "come back")
    told = plain(run(*wish, "--points", 40))
    assert "40 points each; what that costs is not known: the document has no point_value" in told
    assert "ready: 2 members, 80 points" in told
    [batch] = [one["batch"] for one in data(run("bonus", "list", "--json"))]
    assert f"stempel bonus apply {batch}" in told
    given = data(run("bonus", "apply", batch, "--json"))
    assert (given["state"], given["points"], len(given["to"])) == ("applied", {"applied": 80}, 2)
    assert people.balances() == [140, 290]
    assert "undone: 2 members" in plain(run("bonus", "undo", batch, "--reason", "wrong"))
    assert people.balances() == [100, 250]
    assert "undone" in plain(run("bonus", "list", "-p", "kawa"))
    second = data(run(*wish, "--points", 5, "--json"))["batch"]
    assert "discarded" in plain(run("bonus", "discard", second))
    assert data(run("ledger", "verify", "--json"))["ok"]
