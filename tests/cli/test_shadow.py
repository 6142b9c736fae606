"""`stempel programme shadow`: started from a file or preset, looked at, stopped, promoted."""

from pathlib import Path

import pytest
from click.testing import Result

from app.errors import Conflict, NotFound
from jobs.shadows import follow_all
from tests.cli.answers import data, plain, stempel
from tests.people import SOURCE, account, open_people, order
from tests.pipeline import Pipeline
from tests.services.test_shadow import now_placed

TWICE = SOURCE.format(debt="debt").replace("points = 1\nper", "points = 2\nper")


def run(pipeline: Pipeline, *arguments: object) -> Result:
    return stempel(pipeline, "programme", "shadow", *arguments, "--programme", "one-wallet")


def test_a_draft_is_started_looked_at_and_promoted(pipeline: Pipeline, tmp_path: Path) -> None:
    people = open_people(pipeline, stores=1)
    people.tell(0, account("5"))
    path = tmp_path / "twice.toml"
    path.write_text(TWICE, encoding="utf-8")
    assert "judged beside it from now on" in plain(run(pipeline, "start", path))
    now = data(run(pipeline, "status", "--json"))
    assert now["days"] == []
    pipeline.clock.advance(days=3650)  # the command took the real time: this is after it
    people.tell(0, now_placed(people, order(2, "10.00", customer="5")))
    while follow_all(pipeline.database, lag_seconds=0):
        pass
    [day] = data(run(pipeline, "status", "--json"))["days"]
    assert (day["live"], day["draft"], day["difference"]) == (10, 20, 10)
    assert "+10" in plain(run(pipeline, "status"))
    assert data(run(pipeline, "promote", "--json")) == {
        "key": "one-wallet",
        "version": 2,
        "changed": True,
    }
    assert isinstance(run(pipeline, "status").exception, NotFound)


def test_a_preset_can_be_a_shadow_and_be_stopped(pipeline: Pipeline) -> None:
    open_people(pipeline, stores=1)
    plain(run(pipeline, "start", "one-per-unit", "--reason", "curious"))
    assert isinstance(run(pipeline, "start", "one-per-unit").exception, Conflict)
    assert "the shadow has ended" in plain(run(pipeline, "stop"))


def test_a_promoted_draft_keeps_the_notice_that_members_were_promised(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    open_people(pipeline, stores=1)
    promised = SOURCE.format(debt="debt").replace(
        "[programme]\n", "[programme]\nnotice_days = 30\n", 1
    )
    pipeline.programme(source=promised)
    path = tmp_path / "less.toml"
    path.write_text(promised.replace('per = "1.00"', 'per = "2.00"'), encoding="utf-8")
    plain(run(pipeline, "start", path))
    refused = run(pipeline, "promote")
    assert isinstance(refused.exception, Conflict)
    assert "--accept-short-notice" in str(refused.exception)
    plain(run(pipeline, "status"))  # it goes on
    assert data(run(pipeline, "promote", "--accept-short-notice", "--json"))["version"] == 3


@pytest.mark.parametrize("what", ["status", "stop", "promote"])
def test_without_a_shadow_one_is_told_how_to_start_it(pipeline: Pipeline, what: str) -> None:
    open_people(pipeline, stores=1)
    result = run(pipeline, what)
    assert isinstance(result.exception, NotFound)
    assert "shadow start" in str(result.exception)
