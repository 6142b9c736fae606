"""Rewards of which there are only so many: however many people want the last one, one gets it."""

from app.errors import Conflict
from tests.attack.counter import open_shop
from tests.pipeline import Pipeline
from tests.threads import at_once
from tests.way.connected import unsound

SOURCE = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[reward]]
key = "none"
cost = 40
kind = "percent"
value = "10"
"""


def test_of_64_who_want_the_last_seven_seven_get_one(pipeline: Pipeline) -> None:
    shop = open_shop(pipeline, SOURCE + "total = 7\n")
    people = range(5, 13)
    for one in people:
        shop.earn(one, 400)
    refused: list[str] = []

    def ask(one: int) -> None:
        try:
            shop.redeem(one)
        except Conflict as error:
            refused.append(str(error))

    at_once([lambda one=one: ask(one) for one in [*people] * 8])  # type: ignore[misc]
    assert refused == ["The reward 'none' cannot be had now (all of it has been taken)."] * 57
    assert sum(400 - (shop.points(one) or 0) for one in people) == 7 * 40
    assert unsound(pipeline) == []
