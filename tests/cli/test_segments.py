"""`stempel segment`, as a merchant types it."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from app.cli.shared import Context
from tests.cli.answers import data, plain
from tests.people import People, order
from tests.pipeline import Pipeline
from tests.services.test_segments import BIG, TWICE, opened

Run = Callable[..., Result]


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    people = opened(pipeline, BIG + TWICE)
    people.tell(0, order(1, "100.00", customer="5"), order(2, "250.00", customer="6"))
    return people


@pytest.fixture
def run(pipeline: Pipeline) -> Run:
    """Return what runs a whole command line over the test's database and keys."""

    def call(*arguments: object) -> Result:
        context = Context()
        try:
            return CliRunner().invoke(
                cli, [str(one) for one in arguments], obj=context, env=pipeline.environment()
            )
        finally:
            context.close()

    return call


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
