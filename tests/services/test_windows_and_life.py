"""Caps and milestones of points that are held, and of rules about the products of one store."""

from datetime import timedelta

import msgspec
import pytest

from app.programme.events import OrderFacts
from tests.aging import open_aging
from tests.people import People
from tests.pipeline import Pipeline
from tests.services.test_order_windows import DAILY, FIRST, balance, opened, placed

HOLD = "hold_days = 14\nexpire_months = 12\n\n"


def test_what_a_cap_takes_off_held_points_waits_with_them(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, HOLD + DAILY)
    bought = aging.now
    aging.buy(1, "60.00")
    assert aging.has() == (0, 30)
    aging.buy(2, "10.00")
    assert aging.has() == (0, 30)
    aging.at(bought + timedelta(days=15))
    assert aging.has() == (30, 0)
    aging.refund(1, "60.00", bought, "60.00")
    assert aging.has() == (10, 0)


def test_an_order_given_back_while_it_is_held_leaves_nothing_of_cap_or_milestone(
    pipeline: Pipeline,
) -> None:
    aging = open_aging(pipeline, HOLD + DAILY + FIRST)
    bought = aging.now
    aging.buy(1, "60.00")
    assert aging.has() == (0, 30 + 50)
    aging.refund(1, "60.00", bought, "60.00")
    assert aging.has() == (0, 0)
    aging.at(bought + timedelta(days=15))
    assert aging.has() == (0, 0)


@pytest.mark.parametrize(("store", "points"), [("own", 30), ("another", 0)])
def test_a_cap_limits_what_the_products_of_one_store_earn(
    pipeline: Pipeline, store: str, points: int
) -> None:
    key = "shop-example"
    people: People = opened(pipeline, DAILY)
    own = people.stores[0].key if store == "own" else key
    named = f'lines = {{ products = [{{ store = "{own}", id = "17" }}] }}'
    rule = f'[[rule]]\nkey = "mugs"\non = "order.paid"\npoints = 50\n{named}\n'
    source = f'[programme]\nkey = "one-wallet"\ncurrency = "PLN"\n{rule}{DAILY}'
    pipeline.programme(source=source)
    told = placed(1, "20.00", hours=24 * 30)
    assert isinstance(told.facts, OrderFacts)
    lines = tuple(msgspec.structs.replace(line, product="17") for line in told.facts.lines)
    facts = msgspec.structs.replace(told.facts, lines=lines)
    people.tell(0, msgspec.structs.replace(told, facts=facts))
    assert balance(people) == points
    assert people.problems() == []
