"""Replays on the command line: looked at first, then done, with a reason that is kept."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from app.cli.shared import Context
from jobs.replays import work_off_replays
from tests.pipeline import Pipeline

Run = Callable[..., Result]


@pytest.fixture
def run(pipeline: Pipeline) -> Run:
    def call(*arguments: object) -> Result:
        context = Context()
        try:
            return CliRunner().invoke(
                cli, [str(one) for one in arguments], obj=context, env=pipeline.environment()
            )
        finally:
            context.close()

    return call


@pytest.fixture
def dead(pipeline: Pipeline) -> int:
    """Return a delivery that can never work."""
    store = pipeline.store(pipeline.programme())
    pipeline.deliver_captured(store, "008")
    delivery_id = pipeline.receive(store, "order.updated", b"{]")
    pipeline.drain()
    return delivery_id


def test_a_dry_run_counts_and_does_nothing(run: Run, dead: int) -> None:
    said = run("events", "replay", "--status", "dead", "--dry-run").output
    assert said.splitlines() == [
        "1 delivery meant; nothing was done",
        "  1 dead",
        "  1 of order.updated",
    ]
    assert run("replay", "list").output == "(none)\n"


def test_a_fault_is_listed_and_its_group_replayed(run: Run, pipeline: Pipeline, dead: int) -> None:
    [fault] = json.loads(run("events", "groups", "--json").output)
    assert (fault["dead"], fault["failed"], fault["newest"]) == (1, 0, str(dead))
    assert fault["group"] in run("events", "groups").output
    begun = run(
        *("events", "replay", "--group", fault["group"], "--no-wait", "--json"),
        *("--reason", "asked for", "--rate", 5, "--actor", "ola"),
    )
    assert begun.exit_code == 0, begun.output
    one = json.loads(begun.output)
    assert (one["state"], one["total"], one["per_second"]) == ("running", 1, 5)
    paused = run("replay", "pause", one["replay"])
    assert "paused" in paused.output
    assert work_off_replays(pipeline.runtime) == 0
    assert run("replay", "resume", one["replay"]).exit_code == 0
    pipeline.clock.advance(days=400)  # the command's clock is the machine's
    assert work_off_replays(pipeline.runtime) == 1
    pipeline.clock.advance(minutes=1)
    work_off_replays(pipeline.runtime)
    shown = run("replay", "show", one["replay"]).output
    assert "1 of 1 dealt with" in shown
    assert ": done" in shown
    assert "ola: asked for" in shown
    cancelled = run("replay", "cancel", one["replay"])
    assert isinstance(cancelled.exception, Exception)
    assert "is done: it cannot be cancelled now" in str(cancelled.exception)


def test_deliveries_are_given_up_by_id(run: Run, pipeline: Pipeline, dead: int) -> None:
    run("events", "discard", dead, "--reason", "a test of the agency's", "--no-wait")
    pipeline.clock.advance(days=400)
    work_off_replays(pipeline.runtime)
    [one] = json.loads(run("events", "list", "--status", "discarded", "--json").output)
    assert one["id"] == str(dead)
    assert one["reason"].startswith("given up by ")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["replay"], "Say which deliveries"),
        (["replay", "7", "--reason", "x"], "no such delivery"),
        (["replay", "--status", "dead"], "--reason is missing"),
        (["discard", "--store", "nowhere", "--reason", "x"], "no store with the key 'nowhere'"),
        (["replay", "--since", "yesterday", "--reason", "x"], "is not a time"),
        (["replay", "--status", "failed", "--reason", "x"], "No delivery is like that"),
    ],
)
def test_what_is_not_clear_is_refused_in_one_sentence(
    run: Run, dead: int, words: list[str], says: str
) -> None:
    result = run("events", *words)
    assert result.exit_code != 0
    assert says in f"{result.output} {result.exception}"
    assert run("replay", "list").output == "(none)\n"


def test_with_two_programmes_one_is_named(run: Run, pipeline: Pipeline, dead: int) -> None:
    other = pipeline.programme("one-per-unit", key="other")
    pipeline.store(other, url="https://other.example")
    refused = run("events", "replay", "--status", "dead", "--dry-run")
    assert "say which with --programme" in str(refused.exception)
    assert (
        "0 deliveries"
        in run("events", "replay", "-p", "other", "--status", "dead", "--dry-run").output
    )


def test_a_shop_that_cannot_be_asked_is_named(run: Run, pipeline: Pipeline, dead: int) -> None:
    [store] = json.loads(run("store", "list", "--json").output)
    refused = run("events", "read", store["key"], "order", "16", "--reason", "x")
    assert "has no API keys here" in str(refused.exception)
