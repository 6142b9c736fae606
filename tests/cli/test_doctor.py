"""`stempel doctor` names what is wrong and what to do, and changes nothing."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet
from sqlalchemy import insert, text, update

from app.cli import cli
from app.cli.shared import Context
from app.db import tables as t
from tests.pipeline import Pipeline

Look = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def run(pipeline: Pipeline) -> Callable[..., Result]:
    def call(*words: str, **environment: str) -> Result:
        context = Context()
        try:
            return CliRunner().invoke(
                cli, ["doctor", *words], obj=context, env=pipeline.environment() | environment
            )
        finally:
            context.close()

    return call


@pytest.fixture
def look(run: Callable[..., Result]) -> Look:
    """Return what runs the command without calling shops: what it found, by name."""

    def call(**environment: str) -> dict[str, dict[str, Any]]:
        result = run("--offline", "--json", **environment)
        found = {one["what"]: one for one in json.loads(result.stdout)}
        assert result.exit_code == any(one["grade"] == "failure" for one in found.values())
        return found

    return call


def test_a_new_installation_has_nothing_wrong_and_is_told_what_comes_next(
    run: Callable[..., Result], look: Look
) -> None:
    found = look()
    assert {one["grade"] for one in found.values()} == {"ok", "warning"}
    assert found["stores"]["do"] == "Connect one: stempel store add …"
    assert found["durability"]["grade"] == found["keys"]["grade"] == "ok"
    said = run("--offline").output
    assert "LOOK   mail: no mail server is set\n       → Members get no e-mail" in said


def test_a_key_that_was_lost_is_missed(pipeline: Pipeline, look: Look) -> None:
    pipeline.store(pipeline.programme())
    assert look()["keys"]["grade"] == "ok"
    found = look(SECRET_KEYS=Fernet.generate_key().decode())
    assert found["keys"]["grade"] == "failure"
    assert "shops' secrets under key" in found["keys"]["said"]
    assert "SECRET_KEYS" in found["keys"]["do"]


def test_tables_of_another_version_are_said_to_be_that_and_left_alone(
    pipeline: Pipeline, look: Look
) -> None:
    with pipeline.database.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'r0000'"))
    found = look()
    assert found["tables"]["grade"] == "failure"
    assert found["tables"]["do"] == "Run: stempel migrate"
    with pipeline.database.transaction() as connection:
        at = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    assert at == "r0000"


def test_a_database_that_is_away_is_the_last_thing_said(look: Look) -> None:
    found = look(DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/none")
    assert [*found][-1] == "database"
    assert found["database"]["grade"] == "failure"


def test_work_that_nobody_does_is_seen(pipeline: Pipeline, look: Look) -> None:
    pipeline.clock.moment = datetime.now(UTC) - timedelta(hours=3)
    store = pipeline.store(pipeline.programme())
    pipeline.receive(store, "order.updated", b"{}")
    with pipeline.database.transaction() as connection:
        connection.execute(
            insert(t.schedule_run).values(
                job="expire-points", due_at=pipeline.clock(), error="KeyError: \n  somewhere"
            )
        )
    found = look()
    assert found["deliveries"]["said"] == "one has been waiting for 3 hours"
    assert found["schedule"]["said"] == "overdue: expire-points"
    assert found["job expire-points"]["said"] == "failed last: KeyError: "


def test_a_store_that_waits_for_a_person_is_wrong_until_somebody_acts(
    pipeline: Pipeline, look: Look
) -> None:
    store = pipeline.store(pipeline.programme())
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.store).values(blocked_reason="the key was revoked"))
    found = look()[f"store {store.key}"]
    assert (found["grade"], found["said"]) == ("failure", "stopped: the key was revoked")
    assert found["do"] == f"Then: stempel store resume {store.key}"


def test_a_shop_without_keys_is_named_when_the_shops_are_called(
    pipeline: Pipeline, run: Callable[..., Result]
) -> None:
    store = pipeline.store(pipeline.programme())
    result = run("--json")
    found = {one["what"]: one for one in json.loads(result.stdout)}
    assert "cannot be called" in found[f"shop of {store.key}"]["said"]


def test_deliveries_that_are_dead_are_counted(pipeline: Pipeline, look: Look) -> None:
    store = pipeline.store(pipeline.programme())
    pipeline.deliver(store, "order.updated", b"{]")
    found = look()["dead deliveries"]
    assert (found["grade"], found["said"]) == ("warning", "1 can never be dealt with as it is")
    assert "stempel events groups" in found["do"]
