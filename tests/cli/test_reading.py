"""The reading commands, as a person or a script calls them, on both databases."""

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from app.cli.events import events
from app.cli.ledger import ledger
from app.cli.members import member
from app.cli.points import points
from app.cli.referrals import referral
from app.db.engine import Database
from app.errors import ConfigError, Conflict, Invalid, NotFound
from tests.cli.answers import Run, data, plain, stempel
from tests.pipeline import Pipeline, order_body
from tests.stories import Story, order_16_email, tell

GROUPS = {
    "events": events,
    "member": member,
    "ledger": ledger,
    "points": points,
    "referral": referral,
}


@pytest.fixture
def story(pipeline: Pipeline) -> Story:
    return tell(pipeline)


def test_events_are_listed_for_scripts(run: Run, story: Story) -> None:
    rows = data(run("events", "list", "--json"))
    assert len(rows) == len(story.deliveries)
    for row in rows:
        assert {"id", "store", "topic", "status", "reason", "received_at"} <= row.keys()
        assert isinstance(row["id"], str)
        assert row["received_at"].endswith("+00:00")
    by_id = {row["id"]: row for row in rows}
    again = by_id[str(story.deliveries["010"])]
    assert (again["repeats"], again["status"], again["source"]) == (1, "stale", "webhook")


def test_events_are_narrowed_and_limited(run: Run, story: Story) -> None:
    ignored = data(run("events", "list", "--status", "ignored", "--json"))
    assert {row["topic"] for row in ignored} == {
        "product.updated",
        "action.woocommerce_order_status_changed",
    }
    assert len(data(run("events", "list", "--store", story.store.key, "--limit", 2, "--json"))) == 2
    assert (
        data(run("events", "list", "--programme", "one-per-unit", "--topic", "x", "--json")) == []
    )


def test_a_mistyped_store_is_an_error_and_not_an_empty_list(run: Run, story: Story) -> None:
    result = run("events", "list", "--store", story.store.key + "x")
    assert result.exit_code == 1
    assert isinstance(result.exception, NotFound)
    assert run("events", "list", "--status", "lost").exit_code == 2


def test_events_are_listed_for_people(run: Run, story: Story) -> None:
    text = plain(run("events", "list"))
    assert "order 16 recorded" in text
    assert "stale (came 2 times)" in text


def test_one_event_is_shown_with_what_it_did(run: Run, story: Story) -> None:
    found = data(run("events", "show", story.deliveries["013"], "--json"))
    [entry] = found["entries"]
    assert (entry["points"], entry["member"]) == (-40, str(story.member_id))
    assert [attempt["status"] for attempt in found["attempts"]] == ["processed"]
    text = plain(run("events", "show", story.deliveries["013"]))
    assert "spoke of:\n  order 16" in text
    assert "40 points taken back, 274 points altogether" in text


def test_an_event_that_does_not_exist_is_an_error(run: Run, story: Story) -> None:
    for number in (1, 2**80):
        result = run("events", "show", number)
        assert result.exit_code == 1
        assert isinstance(result.exception, NotFound)


def test_members_are_listed_and_shown_for_scripts(run: Run, story: Story) -> None:
    rows = data(run("member", "list", "--json"))
    [row] = [row for row in rows if row["email"] == order_16_email()]
    assert (row["id"], row["balance"], row["pending"]) == (str(story.member_id), 25, 0)
    shown = data(run("member", "show", order_16_email().upper(), "--json"))
    assert {name: shown[name] for name in row} == row
    assert [entry["points"] for entry in shown["entries"]] == [25, -229, -45, -40, 45, 269]
    assert shown["objects"][0]["awards"][0]["points"] == 0
    assert data(run("member", "show", story.member_id, "--json"))["id"] == str(story.member_id)


def test_a_member_is_shown_for_people(run: Run, story: Story) -> None:
    text = plain(run("member", "show", order_16_email()))
    assert "25 points, 0 pending" in text
    assert "order 16: 0 points: all that counts was given back" in text


def test_adding_a_member_twice_is_one_member(run: Run, story: Story) -> None:
    add = ("member", "add", "--programme", "one-per-unit", "--email", "ola@example.pl", "--json")
    first, second = data(run(*add)), data(run(*add))
    assert first == second
    assert (first["email"], first["balance"], first["state"]) == ("ola@example.pl", 0, "member")
    refused = run("member", "add", "--programme", "one-per-unit", "--email", "ola", "--json")
    assert refused.exit_code == 1
    assert isinstance(refused.exception, Invalid)


def test_a_member_of_two_programmes_is_shown_when_one_is_named(
    run: Run, story: Story, pipeline: Pipeline
) -> None:
    pipeline.programme("start-100-50-200")
    run("member", "add", "-p", "start-100-50-200", "--email", order_16_email())
    ambiguous = run("member", "show", order_16_email())
    assert ambiguous.exit_code == 1
    assert isinstance(ambiguous.exception, Conflict)
    named = data(run("member", "show", order_16_email(), "-p", "start-100-50-200", "--json"))
    assert named["balance"] == 100


def test_a_claim_is_listed_and_confirmed_with_a_reason(run: Run, pipeline: Pipeline) -> None:
    store = pipeline.store(pipeline.programme())
    pipeline.deliver_captured(store, "008")
    customer = order_body("003", email=order_16_email())
    pipeline.deliver(store, "customer.created", customer)
    [claim] = data(run("member", "claims", "--json"))
    assert claim["holder_points"] == 269
    assert run("member", "confirm", claim["id"]).exit_code == 2
    confirmed = data(run("member", "confirm", claim["id"], "--reason", "same phone", "--json"))
    assert (confirmed["id"], confirmed["balance"]) == (claim["member"], 269)
    assert data(run("member", "claims", "--json")) == []


def test_a_ledger_is_printed_with_reasons_in_the_chosen_language(run: Run, story: Story) -> None:
    english = plain(run("ledger", "show", story.member_id))
    assert "1. 2026-11-21" in english
    assert "+269 → 269  order 16" in english
    assert "269 points: PLN 269.08 of the order counts" in english
    assert "sorry for the late parcel" in english
    entry = data(run("ledger", "show", story.member_id, "--json"))["entries"][0]["id"]
    assert f"(entry {entry})" in english
    polish = plain(run("ledger", "show", order_16_email(), "--language", "pl"))
    assert "Cofnięto 229 punktów: zwrócono wszystko, co się liczyło" in polish
    told = data(run("ledger", "show", story.member_id, "--language", "pl", "--json"))
    assert [entry["balance"] for entry in told["entries"]] == [269, 314, 274, 229, 0, 25]
    assert told["entries"][0]["text"].startswith("269 punktów: ")
    assert told["entries"][0]["explanation"]["reason"] == "earned"


def test_a_sound_ledger_verifies(run: Run, story: Story) -> None:
    report = data(run("ledger", "verify", "--json"))
    assert (report["ok"], report["entries"], report["problems"]) == (True, 6, [])
    assert "All is well: 6 entries" in plain(run("ledger", "verify"))


def test_a_ledger_that_somebody_touched_is_named_and_the_exit_status_is_1(
    run: Run, story: Story, database: Database
) -> None:
    with database.transaction() as connection:
        connection.execute(
            text("UPDATE member SET balance = 1000 WHERE id = :id"), {"id": story.member_id}
        )
    result = run("ledger", "verify", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["ok"] is False
    assert {problem["member"] for problem in report["problems"]} == {str(story.member_id)}
    people = run("ledger", "verify", "--programme", "one-per-unit")
    assert people.exit_code == 1
    assert f"member {story.member_id}: balance is 1000, its entries add up to 25" in people.stdout


@pytest.mark.parametrize("group", list(GROUPS))
def test_every_command_has_help_worth_reading(group: str) -> None:
    runner = CliRunner()
    commands = GROUPS[group].commands
    assert commands
    for name, command in commands.items():
        shown = runner.invoke(GROUPS[group], [name, "--help"])
        assert shown.exit_code == 0
        assert "stempel " in (command.help or ""), f"{group} {name} has no example"


def test_a_script_gets_all_rows_and_a_person_the_newest(run: Run, pipeline: Pipeline) -> None:
    store = pipeline.store(pipeline.programme())
    for number in range(60):
        pipeline.receive(store, "order.updated", json.dumps(order_body(id=number + 1)).encode())
    assert len(data(run("events", "list", "--json"))) == 60
    assert len(plain(run("events", "list")).splitlines()) == 1 + 50
    assert len(data(run("events", "list", "--json", "--limit", 7))) == 7


def test_an_entry_and_an_order_are_explained_to_people_and_scripts(run: Run, story: Story) -> None:
    rows = data(run("ledger", "show", story.member_id, "--json"))["entries"]
    entry = next(row for row in rows if row["points"] == 45)
    told = plain(run("explain", entry["id"], "--language", "pl"))
    assert told.startswith("zamówienie 16 w sklepie")
    assert "Kubek „Zażółć gęślą jaźń” (KUB-1): 134,98 zł zamiast 89,99 zł" in told
    found = data(run("explain", entry["id"], "--json"))
    assert (found["entry"]["points"], found["worth"], found["version"]["number"]) == (45, 0, 1)
    assert [line["points"] for line in found["lines"]] == ["134.980000", "179.090000"]
    [whole] = data(run("explain", "--order", story.store.key, "16", "--json"))
    assert [step["points"] for step in whole["history"]] == [269, 45, -40, -45, -229]
    assert whole["entry"] is None
    assert isinstance(run("explain").exception, ConfigError)
    assert isinstance(run("explain", entry["id"], "--order", "a", "b").exception, ConfigError)


def test_facts_and_ledger_are_compared_for_people_and_scripts(run: Run, story: Story) -> None:
    assert plain(run("ledger", "rebuild", "--check")).startswith("Facts and ledger agree: ")
    found = data(run("ledger", "rebuild", "--check", "--programme", "one-per-unit", "--json"))
    assert (found["ok"], found["differences"], found["balances"]) == (True, [], [])
    with story.pipeline.database.transaction() as connection:
        connection.execute(text("UPDATE member SET balance = 26 WHERE balance = 25"))
    differs = run("ledger", "rebuild", "--check")
    assert differs.exit_code == 1
    assert f"member {story.member_id}: the balance is 26, worked out anew 25" in differs.stdout
    refused = run("ledger", "rebuild")
    assert isinstance(refused.exception, ConfigError)


def test_a_number_beyond_all_keys_is_nobodys(pipeline: Pipeline) -> None:
    reason = ("--reason", "x")
    for words in (
        ("bonus", "show"),
        ("bonus", "apply"),
        ("draw", "show"),
        ("import", "check"),
        ("import", "discard", *reason),
        ("member", "confirm", *reason),
        ("member", "link"),
        ("referral", "approve", *reason),
        ("replay", "cancel"),
        ("replay", "show"),
    ):
        shown = stempel(pipeline, *words, "9" * 30)
        assert isinstance(shown.exception, NotFound), words
