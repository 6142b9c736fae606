"""Taking rewards on the command line, and seeing what becomes of them."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import update

from app.cli.redemption_text import csv_of
from app.cli.redemptions import redemption
from app.cli.rewards import reward
from app.db import tables as t
from app.errors import ConfigError, Conflict, Invalid, NotFound
from tests.cli.answers import Run, data, plain
from tests.people import OLA
from tests.pipeline import Pipeline
from tests.taken import Counter, offer, open_counter


@pytest.fixture
def counter(pipeline: Pipeline) -> Counter:
    return open_counter(pipeline)


def refusal(result: Result, kind: type[Exception]) -> str:
    assert result.exit_code == 1
    assert isinstance(result.exception, kind), result.exception
    told = str(result.exception)
    assert "\n" not in told
    return told


def test_points_become_a_code_for_scripts(run: Run, counter: Counter) -> None:
    taken = data(run("redeem", OLA, "ten-percent", "--json"))
    assert (taken["state"], taken["cost"], taken["balance"]) == ("reserved", 100, 200)
    assert (taken["name"], taken["member"]) == ("10% off", str(counter.member_id))
    assert taken["code"] == counter.code(int(taken["id"]))
    assert counter.balance() == 200
    assert counter.pipeline.verified().ok


def test_points_become_a_code_for_people(run: Run, counter: Counter) -> None:
    told = plain(run("redeem", counter.member_id, "fifty"))
    [one] = data(run("redemption", "list", "--json"))
    assert told == (
        f"redemption {one['id']}: PLN 50.00 off for 250 points\n"
        f"code {one['code']} for {counter.people.stores[0].key}, reserved: it works as soon as the "
        "shop has it\n"
        f"member {counter.member_id}: 50 points\n"
    )


def test_the_same_request_spends_once(run: Run, counter: Counter) -> None:
    ask = ("redeem", OLA, "ten-percent", "--key", "click 1", "--json")
    first, second = data(run(*ask)), data(run(*ask))
    assert first["id"] == second["id"]
    assert second["balance"] == 200
    assert data(run("redeem", OLA, "ten-percent", "--key", "click 2", "--json"))["balance"] == 100


def test_who_has_too_few_points_keeps_them(run: Run, counter: Counter) -> None:
    data(run("redeem", OLA, "fifty", "--json"))
    told = refusal(run("redeem", OLA, "ten-percent"), Conflict)
    assert "costs 100 points" in told
    assert "has 50 to spend" in told
    assert counter.balance() == 50


@pytest.mark.parametrize("words", [[], ["no-such"], ["first-look-2"]])
def test_without_a_known_reward_those_that_can_be_had_are_listed(
    run: Run, counter: Counter, words: list[str]
) -> None:
    told = refusal(run("redeem", OLA, *words), NotFound)
    assert "ten-percent (100 points), fifty (250 points)" in told
    store = counter.people.stores[0].key
    assert f"mug in {store}: the programme does not say which product of this store it is" in told
    assert "first-look (10 points)" in told


def test_a_hidden_reward_is_refused_with_the_reason(run: Run, counter: Counter) -> None:
    assert "names no product" in refusal(run("redeem", OLA, "mug"), Conflict)
    assert counter.balance() == 300


def test_a_mistyped_store_member_or_programme_is_named(run: Run, counter: Counter) -> None:
    assert "'nowhere'" in refusal(run("redeem", OLA, "fifty", "--store", "nowhere"), NotFound)
    assert "'jan@x'" in refusal(run("redeem", "jan@x", "fifty"), NotFound)
    assert "'tea'" in refusal(run("redeem", OLA, "fifty", "-p", "tea"), NotFound)
    assert counter.balance() == 300


def test_an_empty_word_is_nobody_even_where_there_is_one_member_only(
    run: Run, counter: Counter
) -> None:
    for blank in ("", "  "):
        assert "Name a member" in refusal(run("redeem", blank, "ten-percent"), NotFound)
        refusal(run("member", "show", blank), NotFound)
    assert counter.balance() == 300


def test_rewards_are_listed_with_the_reason_why_some_are_hidden(run: Run, counter: Counter) -> None:
    found = {one["reward"]: one for one in data(run("reward", "list", "-p", "rewards", "--json"))}
    assert {key: (one["cost"], one["hidden"]) for key, one in found.items()} == {
        "ten-percent": (100, None),
        "fifty": (250, None),
        "mug": (120, "no-product"),
        "first-look": (10, None),
    }
    told = plain(run("reward", "list", "-p", "rewards", "--store", counter.people.stores[0].key))
    assert "does not say which product" in told
    assert "PLN 50.00 off" in told
    refusal(run("reward", "list", "-p", "rewards", "--store", "nowhere"), NotFound)


def test_without_api_keys_nothing_can_be_had(run: Run, pipeline: Pipeline) -> None:
    counter = open_counter(pipeline, keys=False)
    assert "no API keys" in refusal(run("redeem", OLA), NotFound)
    found = data(run("reward", "list", "-p", "rewards", "--json"))
    assert {one["hidden"] for one in found} == {"not-made"}
    assert counter.balance() == 300


def test_an_empty_list_of_rewards_says_what_is_missing(run: Run, pipeline: Pipeline) -> None:
    offer(pipeline)
    assert "No shop is connected to rewards yet" in plain(run("reward", "list", "-p", "rewards"))
    assert data(run("reward", "list", "-p", "rewards", "--json")) == []
    other = pipeline.programme(key="plain")
    store = pipeline.store(other)
    assert "plain has no rewards" in plain(run("reward", "list", "-p", "plain"))
    told = plain(run("reward", "list", "-p", "rewards", "--store", store.key))
    assert told == f"The store {store.key} is not in the programme rewards.\n"


def test_redemptions_are_listed_narrowed_and_limited(run: Run, counter: Counter) -> None:
    first, second = counter.made(), counter.take()
    store = counter.people.stores[0].key

    def ids(*words: object) -> list[str]:
        return [one["id"] for one in data(run("redemption", "list", "--json", *words))]

    assert ids() == [str(second), str(first)]
    assert ids("--state", "issued") == [str(first)]
    assert ids("--search", counter.code(second).lower()) == [str(second)]
    assert ids("--programme", "rewards", "--store", store, "--limit", 1) == [str(second)]
    assert ids("--before", second) == [str(first)]
    assert ids("--member", OLA) == [str(second), str(first)]
    refusal(run("redemption", "list", "--store", "nowhere"), NotFound)
    assert run("redemption", "list", "--state", "lost").exit_code == 2
    assert counter.code(first) in plain(run("redemption", "list"))


def test_a_redemption_is_shown_with_its_way(run: Run, counter: Counter) -> None:
    taken = counter.made()
    counter.order(1001, taken)
    found = data(run("redemption", "show", taken, "--json"))
    assert (found["state"], found["used_in"], found["next"]) == ("used", "#1001", None)
    assert [(one["number"], one["captures"]) for one in found["orders"]] == [("#1001", True)]
    assert "Used in order #1001" in [one["text"] for one in found["way"]]
    assert [one["points"] for one in found["entries"]] == [-100]
    told = plain(run("redemption", "show", taken))
    assert "used in #1001" in told
    assert "100 points spent: for the reward “ten-percent”." in told
    refusal(run("redemption", "show", 5), NotFound)


def test_a_redemption_is_shown_and_released_by_the_code_that_a_member_reads_out(
    run: Run, counter: Counter
) -> None:
    taken = counter.take()
    typed = counter.code(taken).lower().replace("-", " ")
    assert data(run("redemption", "show", typed, "--json"))["id"] == str(taken)
    assert f"redemption {taken}: " in plain(run("redemption", "release", typed, "--reason", "r"))
    for wrong in ("K7QM-3XTD-9RWC", "", "9" * 5000):
        refusal(run("redemption", "show", wrong), NotFound)


def test_what_a_refund_of_its_order_gives_back_is_told_beside_the_use(
    run: Run, pipeline: Pipeline
) -> None:
    counter = open_counter(pipeline, refunded="new-code")
    taken = counter.made()
    assert "refunded" not in plain(run("redemption", "show", taken))
    counter.order(1001, taken)
    assert "another code is given in its place" in plain(run("redemption", "show", taken))
    assert data(run("redemption", "show", taken, "--json"))["refunded"] == "new-code"


def test_the_end_of_a_code_taken_back_is_the_day_it_ended(run: Run, counter: Counter) -> None:
    taken = counter.take()
    assert "the code ends 20" in plain(run("redemption", "show", taken))
    plain(run("redemption", "release", taken, "--reason", "r"))
    dead = data(run("redemption", "show", taken, "--json"))["dead_at"]
    told = plain(run("redemption", "show", taken))
    assert f"the code ended {dead[:10]} {dead[11:19]} UTC" in told
    assert "ends" not in told


def test_what_keeps_a_code_from_being_made_is_told(run: Run, counter: Counter) -> None:
    taken = counter.take()
    counter.shop_says(error="Passing: the shop answered 503\nTraceback: secret")
    told = plain(run("redemption", "show", taken))
    assert "The code is to be made in the shop. Not before" in told
    assert "the last try: the shop answered 503\n" in told
    assert "secret" not in told


def test_a_code_never_asked_for_is_released_at_once(run: Run, counter: Counter) -> None:
    taken = counter.take()
    told = plain(run("redemption", "release", taken, "--reason", "took the wrong one"))
    assert told == f"redemption {taken}: released, the points are back\n"
    assert counter.balance() == 300
    told = plain(run("redemption", "show", taken))
    assert "\nreleased: by hand\n" in told
    assert "took the wrong one" in told


def test_points_of_a_code_in_the_shop_come_back_when_it_confirms(
    run: Run, counter: Counter
) -> None:
    taken = counter.made()
    assert data(run("redemption", "release", taken, "--reason", "r", "--json"))["state"] == "issued"
    assert counter.balance() == 200
    clock = counter.pipeline.clock
    clock.moment = max(clock.moment, datetime.now(UTC)) + timedelta(minutes=1)  # commands tell it
    counter.shop_says(exists=False)
    assert counter.balance() == 300


def test_a_used_code_cannot_be_released(run: Run, counter: Counter) -> None:
    taken = counter.made()
    counter.order(1001, taken)
    assert "was used" in refusal(run("redemption", "release", taken, "--reason", "r"), Conflict)
    assert run("redemption", "release", taken).exit_code == 2
    refusal(run("redemption", "release", taken + 1, "--reason", "r"), NotFound)
    refusal(run("redemption", "release", taken, "--reason", "  "), Invalid)


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", '"quoted", comma', "'single'", "100 % <script>", "שלום"],
)
def test_a_spreadsheet_takes_no_name_for_a_formula(run: Run, pipeline: Pipeline, name: str) -> None:
    counter = open_counter(pipeline, name=name)
    counter.take("fifty")
    printed = plain(run("redemption", "list", "--csv"))
    heads, row = csv.reader(io.StringIO(printed, newline=""))
    shown = dict(zip(heads, row, strict=True))
    assert shown["name"] == (f"'{name}" if name[0] in "=+-@" else name)
    assert shown["code"] == counter.code(int(shown["id"]))
    refusal(run("redemption", "list", "--csv", "--json"), ConfigError)


@pytest.mark.parametrize("text", ["\tx", "\rx", "x\r\n=1+1", "=cmd|' /C calc'!A0"])
def test_what_a_shop_said_begins_no_formula_and_no_row(
    run: Run, counter: Counter, text: str
) -> None:
    taken = counter.take()
    with counter.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.redemption).where(t.redemption.c.id == taken).values(ending=text)
        )
    printed = run("redemption", "list", "--csv").stdout_bytes.decode()
    [row] = csv.DictReader(io.StringIO(printed, newline=""))
    assert row["ending"] == (text if text[0] == "x" else f"'{text}")
    assert row["id"] == str(taken)


def test_a_member_is_shown_with_the_rewards_it_took(run: Run, counter: Counter) -> None:
    assert data(run("member", "show", OLA, "--json"))["redemptions"] == []
    taken = counter.made()
    counter.release(taken)
    [one] = data(run("member", "show", OLA, "--json"))["redemptions"]
    assert (one["id"], one["state"], one["taken_back"]) == (str(taken), "issued", True)
    told = plain(run("member", "show", OLA))
    code = f"code {counter.code(taken)} for {counter.people.stores[0].key}"
    assert f" UTC, redemption {taken}: 100 points spent" in told
    assert f"rewards taken:\n  {taken}: 10% off for 100 points, {code}, issued, being taken" in told


def test_no_redemptions_are_an_empty_table(run: Run, counter: Counter) -> None:
    assert plain(run("redemption", "list")) == "(none)\n"
    assert csv_of([]).splitlines() == plain(run("redemption", "list", "--csv")).splitlines()


@pytest.mark.parametrize("group", [redemption, reward])
def test_every_command_has_an_example(group: Any) -> None:
    for command in group.commands.values():
        assert f"stempel {group.name} {command.name}" in (command.help or "")


def test_early_access_is_told_of_without_a_code(run: Run, counter: Counter) -> None:
    told = plain(run("redeem", OLA, "first-look"))
    assert "early access for 10 points" in told
    assert f"a perk for {counter.people.stores[0].key}, issued: the shop is told" in told
    [one] = data(run("redemption", "list", "--json"))
    assert (one["code"], one["state"]) == (None, "issued")
    shown = plain(run("redemption", "show", one["id"]))
    assert "10 points spent: it lasts from now on" in shown


def test_to_settle_store_credit_one_says_what_happened_to_it(run: Run, counter: Counter) -> None:
    taken = data(run("redeem", OLA, "ten-percent", "--json"))["id"]
    said = ("redemption", "settle", taken, "--reason", "looked at the account")
    for unclear in ((), ("--given", "17", "--not-given")):
        told = refusal(run(*said, *unclear), ConfigError)
        assert told == "Give either --given NUMBER or --not-given."
    assert "does not wait for a person" in refusal(run(*said, "--not-given"), Conflict)
