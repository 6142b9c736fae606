"""How often a gift was given, by what has become of its codes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import settings
from hypothesis import strategies as st

from app.programme.granted import REST, Given, Held, due, held

GIFT = ("card", "coffee")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def one(id_: int, state: str, **how: Any) -> Given:
    values: dict[str, Any] = {
        "first": id_,
        "ended": state == "released",
        "undone": False,
        "kept": False,
        "uses": 0,
        "dead_at": NOW if state == "released" else None,
    }
    return Given(id=id_, gift=GIFT, state=state, **(values | how))


def counted(*several: Given, now: datetime = NOW) -> tuple[int, int]:
    has = held(several, now)[GIFT]
    return has.over, len(has.live)


@pytest.mark.parametrize(
    ("given", "over", "live"),
    [
        (one(1, "reserved"), 0, 1),
        (one(1, "issued"), 0, 1),
        (one(1, "used"), 1, 0),
        (one(1, "issued", ended=True, undone=True), 0, 0),
        (one(1, "issued", ended=True), 1, 0),
        (one(1, "released", undone=True), 0, 0),
        (one(1, "released", kept=True), 1, 0),
        (one(1, "released", uses=1), 0, 0),
        (one(1, "released"), 1, 0),
        (one(1, "used", ended=True, undone=True), 1, 0),
    ],
)
def test_what_counts_as_given(given: Given, over: int, live: int) -> None:
    assert counted(given) == (over, live)


def test_a_code_that_the_shop_lost_is_given_again_after_a_month() -> None:
    lost = one(1, "released")
    assert held([lost], NOW)[GIFT].rests_until == NOW + REST
    assert counted(lost, now=NOW + REST - timedelta(seconds=1)) == (1, 0)
    assert counted(lost, now=NOW + REST) == (0, 0)


def test_a_code_and_the_one_that_stands_in_for_it_are_one_giving() -> None:
    assert counted(one(1, "used"), one(2, "issued", first=1)) == (1, 0)
    assert counted(one(1, "released", uses=1), one(2, "issued", first=1)) == (0, 1)
    assert counted(one(1, "released", uses=1), one(2, "used", first=1)) == (1, 0)


@settings(deadline=None)
@any_of(st.integers(0, 6), st.integers(0, 6), st.integers(0, 6))
def test_what_is_due_leads_to_what_was_earned_and_never_takes_what_was_used(
    entitled: int, over: int, live: int
) -> None:
    has = Held(over=over, live=tuple(range(live)), rests_until=None)
    missing, ended = due(entitled, has)
    assert not (missing and ended)
    left = [one for one in has.live if one not in ended]
    assert list(ended) == list(has.live)[len(left) :]  # the newest
    assert over + len(left) + missing == max(entitled, over)
