"""Tiers on the command line."""

import json

import pytest

from tests.cli.answers import Run
from tests.people import REWARDS, People
from tests.pipeline import Pipeline
from tests.services.test_tiers import HEAD, RULE, placed

# The command line has a clock of its own, so these tiers are for ever.
TIERS = (
    '[tiers]\nby = "{by}"\n'
    '[[tier]]\nkey = "silver"\nname = "Silver"\nfrom = "{silver}"\nperks = ["Tea"]\n'
    '[[tier]]\nkey = "gold"\nname = "Gold"\nfrom = "{gold}"\nmultiply = "1.5"\n'
)


def opened(pipeline: Pipeline, tiers: str) -> People:
    programme_id = pipeline.programme(source=HEAD + RULE + tiers + REWARDS)
    return People(pipeline, programme_id, [pipeline.store(programme_id)])


def test_a_member_is_shown_with_their_tier_and_what_is_missing_to_the_next(
    run: Run, pipeline: Pipeline
) -> None:
    people = opened(pipeline, TIERS.format(by="spend", silver="500", gold="2000"))
    people.tell(0, placed(1, "1880.00"))
    ola = people.member(0, "5")
    said = run("member", "show", ola).output
    assert (
        "tier: Silver, since 2026-11-21 20:00:00 UTC, PLN\N{NO-BREAK SPACE}120.00 more until Gold"
        in said
    )
    told = json.loads(run("member", "show", ola, "--json").output)["tier"]
    assert (told["key"], told["next"], told["missing"]) == ("silver", "gold", "120.00")
    assert told["perks"] == ["Tea"]
    people.tell(0, placed(2, "120.00", hours=1))
    assert "more until" not in run("member", "show", ola).output


@pytest.mark.parametrize(
    ("by", "said"),
    [("orders", "1 order more until Silver"), ("points", "88 points more until Silver")],
)
def test_what_is_missing_is_said_in_what_counts(
    run: Run, pipeline: Pipeline, by: str, said: str
) -> None:
    silver = "2" if by == "orders" else "100"
    people = opened(pipeline, TIERS.format(by=by, silver=silver, gold="500"))
    people.tell(0, placed(1, "12.00"))
    assert f"tier: no tier yet, {said}" in run("member", "show", people.member(0, "5")).output


def test_tiers_are_listed_with_how_many_have_each(run: Run, pipeline: Pipeline) -> None:
    people = opened(pipeline, TIERS.format(by="spend", silver="500", gold="2000"))
    people.tell(0, placed(1, "600.00"))
    people.tell(0, placed(2, "600.00", customer="6"))
    people.tell(0, placed(3, "10.00", customer="7"))
    listed = json.loads(run("tier", "list", "-p", "one-wallet", "--json").output)
    assert [(one["key"], one["members"], one["from"]) for one in listed] == [
        ("silver", 2, "500"),
        ("gold", 0, "2000"),
        (None, 1, None),
    ]
    assert "1.5" in run("tier", "list", "-p", "one-wallet").output
    refused = run("tier", "list", "-p", "kawa")
    assert "There is no programme" in refused.output or refused.exception is not None


def test_a_programme_without_tiers_shows_none(run: Run, pipeline: Pipeline) -> None:
    people = opened(pipeline, "")
    people.tell(0, placed(1, "600.00"))
    assert "tier:" not in run("member", "show", people.member(0, "5")).output
