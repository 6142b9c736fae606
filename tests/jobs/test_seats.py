"""Events: as many as there are seats, and then who waits longest."""

from functools import partial

import pytest
from sqlalchemy import update

from app.db import tables as t
from app.errors import Conflict, NotFound
from app.services.view_members import show_member
from app.services.waiting import leave, wait
from jobs.seats import give_seats
from tests.cli.answers import data, plain, stempel
from tests.miscounted import count_wrong
from tests.people import People, order
from tests.pipeline import Pipeline
from tests.seats import SOURCE, line, opened, points, released, run, take, waits
from tests.way.connected import unsound


@pytest.fixture
def backend() -> str:
    """Return SQLite: what locks rows is tested on both in test_seats_at_once."""
    return "sqlite"


def test_a_released_seat_goes_to_who_waits_longest_and_to_nobody_else(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    seats = [take(people, guest) for guest in (1, 2)]
    assert [waits(people, guest) for guest in (3, 4, 3)] == [1, 2, 1]
    assert give_seats(pipeline.runtime) == 0
    released(people, seats[0])
    with pytest.raises(
        Conflict, match="taken, to wait for a seat: stempel reward wait MEMBER tasting"
    ):
        take(people, 5)  # it is kept for the line
    assert [give_seats(pipeline.runtime) for _ in range(2)] == [1, 0]
    assert line(people) == [(4, False)]
    assert (points(people, 3), points(people, 1)) == (50, 150)
    assert unsound(pipeline) == []


def test_who_cannot_pay_is_passed_over_and_asked_again_later(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    seats = [take(people, guest) for guest in (1, 2)]
    waits(people, 3)
    waits(people, 4)
    take(people, 3, "mug")  # 50 points are left
    released(people, seats[0])
    assert [give_seats(pipeline.runtime) for _ in range(3)] == [1, 1, 0]
    assert line(people) == [(3, True)]
    released(people, seats[1])
    last = take(people, 5)  # it is not kept for somebody who could not have it
    pipeline.clock.advance(hours=2)
    assert give_seats(pipeline.runtime) == 0  # none is free
    people.tell(0, order(90, "100.00", customer="3"))
    waits(people, 2)
    released(people, last)
    assert give_seats(pipeline.runtime) == 1
    assert line(people) == [(2, False)]  # who was passed over kept the place
    assert unsound(pipeline) == []


def test_who_cannot_be_posted_to_keeps_nobody_else_from_a_seat(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    seats = [take(people, guest) for guest in (1, 2)]
    waits(people, 3)
    waits(people, 4)
    count_wrong(pipeline.database, people.member(0, "3"), -1)
    released(people, seats[0])
    assert [give_seats(pipeline.runtime) for _ in range(3)] == [1, 1, 0]
    assert (line(people), points(people, 4)) == ([(3, True)], 50)
    count_wrong(pipeline.database, people.member(0, "3"), 1)
    released(people, seats[1])
    pipeline.clock.advance(hours=2)
    assert give_seats(pipeline.runtime) == 1
    assert (line(people), points(people, 3)) == ([], 50)
    assert unsound(pipeline) == []


def test_only_for_an_event_that_is_full_somebody_waits(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    take(people, 1)
    with pytest.raises(Conflict, match="it can be taken at once"):
        waits(people, 2)
    member_id = people.member(0, "2")
    there = {"programme_id": people.programme_id, "actor": "tests"}
    with pytest.raises(Conflict, match="is no event"):
        run(people, wait, member_id=member_id, reward="mug", **there)
    with pytest.raises(NotFound, match="no reward 'gala'"):
        run(people, wait, member_id=member_id, reward="gala", **there)
    with pytest.raises(NotFound, match="does not wait"):
        run(people, leave, members=[member_id], reward="tasting", **there)
    take(people, 3)
    with pytest.raises(Conflict, match="cannot be waited for now"):
        waits(people, 1)  # who has a seat and may have one only


def test_who_waits_with_two_accounts_that_are_one_gets_one_seat(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    pipeline.programme(source=SOURCE.replace("per_member = 1\n", ""))
    seats = [take(people, guest) for guest in (1, 2)]
    waits(people, 3)
    waits(people, 4)
    people.merge(people.member(0, "3"), people.member(0, "4"))
    for seat in seats:
        released(people, seat)
    while give_seats(pipeline.runtime):
        pass
    assert (points(people, 3), line(people)) == (200, [])
    assert unsound(pipeline) == []


def test_the_commands_say_who_waits(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    for guest in (1, 2):
        take(people, guest)

    call = partial(stempel, pipeline)
    assert data(call("reward", "wait", "3@example.pl", "tasting", "--json"))["place"] == 1
    [row] = data(call("reward", "waiting", "-p", "kawa", "--json"))
    assert (row["reward"], row["member"]) == ("tasting", str(people.member(0, "3")))
    assert "no more" in plain(call("reward", "leave", "3@example.pl", "tasting"))
    assert plain(call("reward", "waiting", "-p", "kawa")).startswith("Nobody waits")


def test_a_seat_that_was_got_for_another_wish_is_found(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    seats = [take(people, guest) for guest in (1, 2)]
    waits(people, 3)
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.waiting).values(redemption_id=seats[0]))
    [problem] = pipeline.verified().problems
    assert "somebody who waited for another one" in problem.what


def seats_of(people: People, guest: int) -> list[tuple[int | None, str]]:
    """Return (place, why) of each line that the member's page shows."""
    member_id, pipeline = people.member(0, str(guest)), people.pipeline
    with pipeline.database.snapshot() as connection:
        shown = show_member(connection, pipeline.runtime.vault, member_id)
    return [(one.place, one.why) for one in shown.gifts.seats]


def test_nobody_who_waits_pays_for_what_is_no_event_any_more(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    for guest in (1, 2):
        take(people, guest)
    waits(people, 3)
    assert seats_of(people, 3) == [(1, "")]
    event = 'kind = "event"\nseats = 2\nper_member = 1'
    pipeline.programme(source=SOURCE.replace(event, 'kind = "prize"\nstock = 50'))
    pipeline.clock.advance(hours=2)
    assert [give_seats(pipeline.runtime) for _ in range(2)] == [1, 0]
    assert points(people, 3) == 150
    assert seats_of(people, 3) == [(None, "The reward 'tasting' is no event: nobody waits for it.")]
    member_id = people.member(0, "3")
    told = plain(stempel(pipeline, "member", "show", member_id))
    assert "waits for tasting no more: The reward 'tasting' is no event" in told
    assert unsound(pipeline) == []


def test_who_has_a_seat_through_another_account_is_asked_no_more(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    seats = [take(people, guest) for guest in (1, 2)]
    waits(people, 3)
    waits(people, 4)
    people.merge(people.member(0, "3"), people.member(0, "2"))
    released(people, seats[0])
    assert [give_seats(pipeline.runtime) for _ in range(3)] == [1, 1, 0]
    assert line(people) == []
    had = "The reward 'tasting' cannot be had now (the member has had it as often as each may)."
    assert seats_of(people, 3) == [(None, had)]
    assert (seats_of(people, 4), points(people, 4)) == ([], 50)
    assert unsound(pipeline) == []
