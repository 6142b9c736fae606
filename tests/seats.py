"""An event with two seats, and people who take them, wait for them and give them back."""

from collections.abc import Callable
from typing import Any

from app.services.release import release
from app.services.waiting import line_of, wait
from tests.people import People, account, order
from tests.pipeline import Pipeline

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[reward]]
key = "tasting"
cost = 100
kind = "event"
seats = 2
per_member = 1

[[reward]]
key = "mug"
cost = 100
kind = "prize"
stock = 9
"""


def opened(pipeline: Pipeline, guests: int = 5) -> People:
    """Open a programme with an event, and members 1, 2, … with 150 points each."""
    programme_id = pipeline.programme(source=SOURCE)
    store = pipeline.shopify(programme_id, "shop-1", token=None, key="shop-1")
    people = People(pipeline, programme_id, [store])
    for number in range(1, guests + 1):
        people.tell(0, account(str(number), f"{number}@example.pl"))
        people.tell(0, order(number, "150.00", customer=str(number)))
    return people


def run(people: People, act: Callable[..., Any], **values: Any) -> Any:
    pipeline = people.pipeline
    return pipeline.database.run(lambda connection: act(connection, now=pipeline.clock(), **values))


def take(people: People, guest: int, reward: str = "tasting") -> int:
    return people.take(str(guest), reward)


def waits(people: People, guest: int) -> int:
    member_id = people.member(0, str(guest))
    return int(
        run(
            people,
            wait,
            programme_id=people.programme_id,
            member_id=member_id,
            reward="tasting",
            actor="tests",
        )
    )


def released(people: People, redemption_id: int) -> None:
    vault = people.pipeline.runtime.vault
    people.pipeline.database.run(
        lambda connection: release(
            connection,
            vault,
            redemption_id=redemption_id,
            reason="cannot come",
            actor="tests",
            now=people.pipeline.clock(),
        )
    )


def line(people: People) -> list[tuple[int, bool]]:
    """Return who waits, the first first, and whether they were passed over."""
    names = {people.member(0, str(number)): number for number in range(1, 6)}
    with people.pipeline.database.snapshot() as connection:
        found = line_of(connection, people.programme_id, "tasting")
    return [(names[one.member_id], one.note is not None) for one in found]


def points(people: People, guest: int) -> int:
    return people.pipeline.points(people.stores[0], str(guest)) or 0
