"""Rewards given without points: as many codes as were earned, each of them once, never two for one."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.db import tables as t
from app.errors import Conflict
from app.programme.events import Standing
from app.services.actions import record_action, withdraw_action
from app.services.code_answers import Answer, note_answers
from app.services.codes import claim_codes
from app.services.explain import read_explanation, render
from app.services.redeem import redeem
from app.services.release import release
from jobs.grants import give_grants
from jobs.outlets import outlets
from jobs.turns import Rests
from tests.cards import cups
from tests.people import JAN, OLA, People, account, gone
from tests.pipeline import Pipeline

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"
{head}

[[rule]]
key = "card"
on = "items.count"
every = 3
reward = "coffee"

[[reward]]
key = "coffee"
kind = "percent"
value = "100"
valid_days = 90
{more}
"""


@pytest.fixture
def backend() -> str:
    """Return SQLite: what locks rows is tested on both in test_grants_at_once."""
    return "sqlite"


def opened(pipeline: Pipeline, *, head: str = "", more: str = "") -> People:
    programme_id = pipeline.programme(source=SOURCE.format(head=head, more=more))
    stores = [
        pipeline.shopify(
            programme_id, f"shop-{number}", token=f"shpat_{number}", key=f"shop-{number}"
        )
        for number in (1, 2)
    ]
    people = People(pipeline, programme_id, stores)
    people.tell(0, account("5", OLA))
    return people


def turn(people: People) -> None:
    """Give what is due until nothing is."""
    rests: Rests = {}
    for _ in range(10):
        if not give_grants(people.pipeline.runtime, 20, rests):
            break
    assert rests == {}


def states(people: People) -> list[str]:
    """Return how far everything that was given has come; what is being ended is in brackets."""
    return [
        f"({row.state})" if row.ending and row.state == "issued" else row.state
        for row in people.rows("redemption")
    ]


def answer(people: People, **said: Any) -> None:
    """Have the shop asked about every code that is due, and answer the same about each."""
    pipeline = people.pipeline
    with pipeline.database.transaction() as connection:
        tasks = claim_codes(connection, people.stores[0].id, pipeline.clock(), limit=50)
    again = pipeline.clock() + timedelta(hours=1)
    with pipeline.database.transaction() as connection:
        note_answers(
            connection,
            pipeline.runtime.vault,
            [Answer(task=task, retry_at=again, **said) for task in tasks],
            pipeline.clock(),
        )


def made(people: People) -> None:
    turn(people)
    answer(people, remote_id="77")


def ended(people: People) -> None:
    turn(people)
    answer(people, exists=False, uses=0)


def waiting(people: People) -> list[str]:
    return [row.grant_note for row in people.rows("award", object_id=None) if row.grant_note]


def test_a_code_that_the_shop_was_never_asked_for_is_gone_at_once(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 6))
    turn(people)
    people.tell(0, cups(1, 6, back=6, at=1))
    turn(people)
    assert states(people) == ["released", "released"]
    assert people.problems() == []


def test_of_two_codes_the_newest_is_ended(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 6))
    made(people)
    people.tell(0, cups(1, 6, back=1, at=1))
    turn(people)
    assert states(people) == ["issued", "(issued)"]


def test_who_used_a_code_that_is_not_earned_any_more_begins_with_a_deficit(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3))
    made(people)
    [code] = people.rows("redemption")
    people.tell(0, cups(2, 1, code=code.code))
    assert states(people) == ["used"]
    people.tell(0, cups(1, 3, standing=Standing.CANCELLED, at=1))
    turn(people)
    assert states(people) == ["used"]
    assert people.problems() == []
    people.tell(0, cups(3, 2))  # three pieces again: the card that was used already
    turn(people)
    assert states(people) == ["used"]
    people.tell(0, cups(4, 3))
    made(people)
    assert states(people) == ["used", "issued"]
    assert people.problems() == []


def test_a_code_used_while_it_was_being_ended_takes_the_next_one_s_place(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3))
    made(people)
    people.tell(0, cups(1, 3, back=1, at=1))
    turn(people)
    [code] = people.rows("redemption")
    people.tell(0, cups(2, 1, code=code.code))  # the card is full again, and the code was used
    turn(people)
    assert states(people) == ["used"]
    assert people.problems() == []


def test_an_order_that_used_it_and_was_cancelled_lets_it_be_given_anew(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3))
    made(people)
    [code] = people.rows("redemption")
    people.tell(0, cups(2, 1, code=code.code))
    people.tell(0, cups(2, 1, code=code.code, standing=Standing.CANCELLED, at=1))
    answer(people, exists=True, usable=False, uses=1)
    answer(people, exists=False, uses=1)
    turn(people)
    assert states(people) == ["released", "reserved"]
    assert people.problems() == []


def test_a_code_whose_time_ran_out_or_that_was_released_by_hand_was_given_all_the_same(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 6))
    made(people)
    first, _ = people.rows("redemption")
    with pipeline.database.transaction() as connection:
        release(
            connection,
            pipeline.runtime.vault,
            redemption_id=first.id,
            reason="asked for",
            actor="Kasia",
            now=pipeline.clock(),
        )
    ended(people)
    assert states(people) == ["released", "issued"]
    pipeline.clock.advance(days=100)
    answer(people, exists=False, uses=0)
    turn(people)
    assert states(people) == ["released", "released"]
    assert people.problems() == []


def test_a_code_that_the_shop_refuses_is_drawn_anew_after_a_month(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3))
    turn(people)
    answer(people, error="no such product", never=True)
    answer(people, exists=False, uses=0)
    turn(people)
    assert states(people) == ["released"]
    assert [note.partition(";")[0] for note in waiting(people)] == [
        "the shop did not make or keep the last code"
    ]
    assert people.problems() == []
    pipeline.clock.advance(days=31)
    made(people)
    assert states(people) == ["released", "issued"]
    assert people.problems() == []


def test_who_has_not_joined_waits_and_a_merge_ends_the_wait(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3, customer=None, email=JAN))
    turn(people)
    assert waiting(people) == ["the person has not joined the programme"]
    assert people.problems() == []
    people.merge(people.holder(JAN), people.member(0, "5"))
    made(people)
    assert (states(people), waiting(people)) == (["issued"], [])
    assert people.problems() == []


def test_without_an_account_in_a_shop_one_waits_and_is_told_why(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3), gone("5"))
    turn(people)
    assert waiting(people) == ["the person has no account in a shop that can be called"]
    people.tell(1, account("9", OLA))
    if people.member(1, "9") != people.rows("member")[0].id:
        people.merge(people.member(1, "9"), people.rows("member")[0].id)
    pipeline.clock.advance(hours=2)
    turn(people)
    [code] = people.rows("redemption")
    assert code.store_id == people.stores[1].id
    assert people.problems() == []


def test_nobody_can_have_it_for_points(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    runtime = pipeline.runtime
    with pipeline.database.snapshot() as connection:
        shops = outlets(
            connection, runtime.settings.keyring, runtime.connectors, people.programme_id
        )
    with (
        pytest.raises(Conflict, match="not for points"),
        pipeline.database.transaction() as connection,
    ):
        redeem(
            connection,
            runtime.vault,
            programme_id=people.programme_id,
            member_id=people.member(0, "5"),
            reward="coffee",
            outlets=shops,
            actor="test",
            now=pipeline.clock(),
        )


TAMPERED: Sequence[tuple[str, dict[str, Any], str]] = (
    ("redemption", {"granted_by": None}, "reward"),
    ("redemption", {"granted_by": "other"}, "reward"),
    ("award", {"grants": 2}, "windows"),
    ("award", {"reward": "other"}, "windows"),
)


@pytest.mark.parametrize(("table", "values", "told"), TAMPERED)
def test_what_was_given_and_not_earned_is_found(
    pipeline: Pipeline, table: str, values: dict[str, Any], told: str
) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3))
    made(people)
    assert people.problems() == []
    chosen = t.metadata.tables[table]
    wanted = chosen.c.object_id.is_(None) if table == "award" else chosen.c.id > 0
    with pipeline.database.transaction() as connection:
        connection.execute(update(chosen).where(wanted).values(values))
    assert any(told in problem for problem in people.problems())


GIFTS = """
[[rule]]
key = "welcome"
on = "customer.registered"
reward = "coffee"
badge = "new"

[[rule]]
key = "app"
on = "action"
action = "app-install"
points = 5
reward = "coffee"
times = 2

[[badge]]
key = "new"
"""


def act(people: People, key: str, *, withdrawn: bool = False) -> None:
    """Note that the member did something, or did not after all."""
    pipeline = people.pipeline
    who: dict[str, Any] = {"programme_id": people.programme_id, "key": key}
    with pipeline.database.transaction() as connection:
        vault, now = pipeline.runtime.vault, pipeline.clock()
        if withdrawn:
            withdraw_action(connection, vault, **who, reason="it was a test", now=now)
        else:
            member = people.member(0, "5")
            what: dict[str, Any] = {"member_id": member, "action": "app-install", "at": None}
            record_action(connection, vault, **who, **what, now=now, reason="the app says so")


def sentences(people: People, language: str) -> list[str]:
    found = []
    for row in people.rows("award", object_id=None):
        told = read_explanation(row.explanation)
        found.append(render(told, "award", row.points, language, window=row.window_key))
    return found


def test_joining_and_what_one_does_may_be_worth_a_coffee_too(pipeline: Pipeline) -> None:
    people = opened(pipeline, more=GIFTS)
    turn(people)
    assert [row.granted_by for row in people.rows("redemption")] == ["welcome"]
    act(people, "one")
    act(people, "two")
    act(people, "three")
    turn(people)
    assert [row.granted_by for row in people.rows("redemption")] == ["welcome", "app", "app"]
    assert people.balances() == [10]
    assert sentences(people, "en") == [
        "The reward “coffee” and the badge “new”: for joining, paid once per person.",
        (
            "10 points: for the action “app-install”, paid at most 2 times, "
            "together with the reward “coffee”."
        ),
    ]
    assert people.problems() == []
    act(people, "one", withdrawn=True)
    turn(people)
    assert states(people) == ["reserved"] * 3  # the third one counts in its place
    act(people, "two", withdrawn=True)
    turn(people)
    assert states(people) == ["reserved", "reserved", "released"]
    assert people.balances() == [5]
    assert people.problems() == []


def test_who_joined_twice_is_one_person_and_welcomed_once(pipeline: Pipeline) -> None:
    people = opened(pipeline, more=GIFTS)
    people.tell(0, account("6", JAN))
    made(people)
    assert states(people) == ["issued", "issued"]
    people.merge(people.member(0, "5"), people.member(0, "6"))
    turn(people)
    assert states(people) == ["issued", "(issued)"]
    assert people.problems() == []
