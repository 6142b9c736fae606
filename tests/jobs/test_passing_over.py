"""One account that cannot be written to does not keep the points of all others from maturing or expiring."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.db import tables as t
from tests import miscounted
from tests.aging import NEW_YEAR, OLA, Aging, bought, open_aging
from tests.pipeline import Pipeline

JAN = "6"
HELD = NEW_YEAR + timedelta(days=15)
GONE = datetime(2027, 1, 1, 23, tzinfo=UTC)


@pytest.fixture
def aging(pipeline: Pipeline) -> Aging:
    """Ola's points come first, and Jan's; both are held and expire in the same seconds."""
    opened = open_aging(pipeline, "hold_days = 14\nexpire_months = 12\nremind_days = []")
    for number, customer in enumerate((OLA, JAN), start=1):
        opened.people.tell(0, bought(number, "300.00", NEW_YEAR, customer=customer))
    return opened


def count_wrong(aging: Aging, customer: str, by: int) -> None:
    miscounted.count_wrong(aging.pipeline.database, aging.people.member(0, customer), by)


def has(aging: Aging, customer: str) -> tuple[int, int]:
    [row] = aging.people.rows("member", id=aging.people.member(0, customer))
    return row.balance, row.pending


def error_of(aging: Aging, job: str) -> str | None:
    with aging.pipeline.database.snapshot() as connection:
        query = select(t.schedule_run.c.error).where(t.schedule_run.c.job == job)
        return connection.execute(query).scalar_one()


def test_others_points_mature_and_the_failing_ones_follow_once_they_can(aging: Aging) -> None:
    count_wrong(aging, OLA, -1)
    aging.at(HELD)
    assert has(aging, OLA) == (0, 300)
    assert has(aging, JAN) == (300, 0)
    assert (error_of(aging, "mature-points") or "").startswith("passed over 1, the last was ")
    count_wrong(aging, OLA, 1)
    aging.at(HELD + timedelta(minutes=10))
    assert has(aging, OLA) == (300, 0)
    assert error_of(aging, "mature-points") is None
    assert aging.people.problems() == []


def test_others_points_expire_and_the_failing_ones_follow_once_they_can(aging: Aging) -> None:
    aging.at(HELD)
    count_wrong(aging, OLA, -1)
    aging.at(GONE)
    assert has(aging, OLA) == (300, 0)
    assert has(aging, JAN) == (0, 0)
    count_wrong(aging, OLA, 1)
    aging.at(GONE + timedelta(minutes=10))
    assert has(aging, OLA) == (0, 0)


def test_the_points_of_other_idle_members_go(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, "inactive_months = 12\nremind_days = []")
    for number, customer in enumerate((OLA, JAN), start=1):
        aging.people.tell(0, bought(number, "300.00", NEW_YEAR, customer=customer))
    count_wrong(aging, OLA, -1)
    aging.at(GONE)
    assert (has(aging, OLA), has(aging, JAN)) == ((300, 0), (0, 0))
    assert error_of(aging, "let-idle-points-go") is not None
    count_wrong(aging, OLA, 1)
    aging.at(GONE + timedelta(minutes=70))
    assert has(aging, OLA) == (0, 0)
    assert error_of(aging, "let-idle-points-go") is None
    assert aging.people.problems() == []
