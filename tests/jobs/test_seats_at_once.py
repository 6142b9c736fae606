"""Seats wanted, given back and waited for in the same moment."""

from app.errors import Conflict
from jobs.seats import give_seats
from tests.pipeline import Pipeline
from tests.seats import line, opened, points, released, take, waits
from tests.threads import at_once
from tests.way.connected import unsound


def test_64_who_want_a_seat_at_once_get_as_many_as_there_are(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    seats = [take(people, guest) for guest in (1, 2)]
    waits(people, 3)
    waits(people, 4)
    taken: list[int] = []

    def ask(guest: int) -> None:
        try:
            taken.append(take(people, guest))
        except Conflict:
            give_seats(pipeline.runtime)

    acts = [lambda guest=guest: ask(guest) for guest in (1, 2, 3, 5) * 15]  # type: ignore[misc]
    at_once([*acts, *[lambda: released(people, seats[0]), lambda: released(people, seats[1])] * 2])
    while give_seats(pipeline.runtime):
        pass
    spent = {guest: 150 - points(people, guest) for guest in range(1, 6)}
    assert sum(spent.values()) == 200
    assert (spent[3], spent[4]) == (100, 100)
    assert line(people) == []
    assert unsound(pipeline) == []
