"""The preset with three tiers comes out as promised, through the services."""

import pytest

from app.programme.events import Standing
from app.programme.presets import preset_source
from tests.people import People
from tests.pipeline import Pipeline
from tests.services.test_tiers import placed, tier


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Return SQLite alone: tiers on both databases are in `test_tiers`."""
    name: str = request.param
    return name


def opened(pipeline: Pipeline) -> People:
    programme_id = pipeline.programme("tiers-three")
    return People(pipeline, programme_id, [pipeline.store(programme_id)])


def test_tiers_three_multiplies_by_1_and_1_25_and_1_5(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "1000.00"))
    assert (tier(people), people.balance()) == ("silver", 1000)
    people.tell(0, placed(2, "107.50", hours=1))
    assert people.balance() == 1000 + 134
    people.tell(0, placed(3, "1892.50", hours=2))
    assert (tier(people), people.balance()) == ("gold", 1134 + 2365)
    people.tell(0, placed(4, "100.00", hours=3))
    assert people.balance() == 3499 + 150
    assert people.problems() == []


def test_renaming_a_tier_moves_nobody_and_pays_nobody(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "1000.00"))
    named = preset_source("tiers-three").replace('name = "Silver"', 'name = "Regular"')
    pipeline.programme(source=named)
    people.tell(0, placed(2, "100.00", hours=300))
    assert (tier(people), people.balance()) == ("silver", 1125)
    assert people.problems() == []


def test_a_refund_below_the_line_downgrades_and_leaves_what_was_earned_meanwhile(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.tell(0, placed(1, "1000.00"))
    people.tell(0, placed(2, "100.00", hours=1))
    people.tell(0, placed(1, "1000.00", refunded="150.00", at=1))
    assert (tier(people), people.balance()) == ("bronze", 850 + 125)
    people.tell(0, placed(3, "10.00", hours=300))
    assert people.balance() == 975 + 10
    assert people.problems() == []


def test_a_late_order_multiplies_what_came_after_it(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, placed(2, "100.00", hours=1))
    assert people.balance() == 100
    people.tell(0, placed(1, "1000.00"))
    assert people.balance() == 1000 + 125
    people.tell(0, placed(1, "1000.00", standing=Standing.REMOVED, at=1))
    assert people.balance() == 125  # removed after the other one was placed
    assert people.problems() == []
