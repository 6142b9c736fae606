"""What is pending and what expired is proved, and stays true whoever works at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError, NoResultFound

from app.db import tables as t
from app.db.dialect import is_contention
from app.errors import Conflict, Invalid
from app.services import life
from app.services.unexpire import Period, begin_undo, undo_slice
from tests.aging import NEW_YEAR, Aging, bought, open_aging
from tests.pipeline import Pipeline

DAY = timedelta(days=1)
POINTS = "hold_days = 14\nexpire_months = 2"


@pytest.fixture
def aging(pipeline: Pipeline) -> Aging:
    """100 points expired, 50 are pending."""
    aging = open_aging(pipeline, POINTS)
    aging.buy(1, "100.00")
    aging.at(NEW_YEAR + 15 * DAY)
    aging.at(NEW_YEAR + 70 * DAY)
    aging.buy(2, "50.00")
    assert aging.has() == (0, 50)
    return aging


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"pending": 60}, "60 points pending"),
        ({"pending": 0}, "0 points pending"),
        ({"matures_at": None}, "50 points pending until None"),
        ({"expired": 90}, "90 expired, posted are 0 and 100"),
    ],
)
def test_an_award_that_somebody_touched_is_found(
    aging: Aging, changed: dict[str, Any], told: str
) -> None:
    touched = t.award.c.expired > 0 if "expired" in changed else t.award.c.pending > 0
    with aging.pipeline.database.transaction() as connection:
        connection.execute(update(t.award).where(touched).values(**changed))
    assert any(told in one for one in aging.people.problems())


def test_pending_points_of_a_member_that_no_award_has_are_found(aging: Aging) -> None:
    with aging.pipeline.database.transaction() as connection:
        connection.execute(update(t.member).values(pending=51))
    problems = aging.people.problems()
    assert any("51 points are pending, its awards have 50" in one for one in problems)


class Storm:
    """What several threads do at once, each at every one of the moments."""

    customers = ("5", "6", "7", "8")

    def __init__(self, aging: Aging) -> None:
        self.aging, self.people = aging, aging.people
        self.vault, self.database = aging.pipeline.runtime.vault, aging.pipeline.database
        self.moments = [NEW_YEAR + timedelta(days=day) for day in range(0, 120, 4)]
        for number in range(24):
            self.people.tell(
                0, bought(number, "90.00", self.paid(number), customer=self.of(number))
            )

    def paid(self, number: int) -> datetime:
        return NEW_YEAR - timedelta(days=number)

    def of(self, number: int) -> str:
        return self.customers[number % 4]

    def pass_time(self, moment: datetime) -> None:
        self.aging.pipeline.clock.moment = max(moment, self.aging.now)
        self.database.run(lambda c: life.mature(c, self.vault, moment, limit=7))
        self.database.run(lambda c: life.expire(c, self.vault, moment, limit=7))

    def refund(self, moment: datetime) -> None:
        number = moment.timetuple().tm_yday * 5 % 24
        refunded = bought(
            number,
            "90.00",
            self.paid(number),
            customer=self.of(number),
            refunded=f"{moment.day}.00",
            changed=moment - self.paid(number),
        )
        self.people.tell(0, refunded, join=False)

    def spend(self, moment: datetime) -> None:
        member = self.people.member(0, self.of(moment.timetuple().tm_yday))
        self.people.spend(member, (5, 30)[moment.day % 2])

    def join(self, moment: datetime) -> None:
        pair = {self.moments[9]: (0, 1), self.moments[20]: (1, 2)}.get(moment)
        if pair:
            one, other = (self.people.member(0, self.customers[n]) for n in pair)
            self.people.merge(one, other)

    def undo(self, moment: datetime) -> None:
        if moment not in self.moments[15::7]:
            return
        period = Period(
            programme_id=self.people.programme_id, begin=NEW_YEAR - DAY, end=moment + DAY
        )
        batch = self.database.run(
            lambda c: begin_undo(c, period, reason="storm", actor="test", now=moment)
        )
        self.database.run(
            lambda c: undo_slice(c, self.vault, period, batch=batch, now=moment, after=0, limit=50)
        )

    def all_along(self, act: Callable[[datetime], None]) -> None:
        for moment in self.moments:
            for _ in range(20):
                if self._done(act, moment):
                    break

    def _done(self, act: Callable[[datetime], None], moment: datetime) -> bool:
        try:
            act(moment)
        except DBAPIError as error:
            if is_contention(error):
                return False  # others were in the way: once more
            raise
        except (Conflict, Invalid, NoResultFound):
            return True  # not enough points, or somebody joined them first
        return True


def test_time_refunds_redemptions_joins_and_undos_at_once_leave_a_ledger_that_proves_itself(
    pipeline: Pipeline,
) -> None:
    storm = Storm(open_aging(pipeline, POINTS))
    acts = (storm.pass_time, storm.pass_time, storm.refund, storm.spend, storm.join, storm.undo)
    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(storm.all_along, acts))
    assert storm.people.problems() == []
    storm.aging.at(storm.moments[-1] + 70 * DAY)
    assert storm.people.problems() == []
    assert [row.pending for row in storm.people.rows("member")] == [0] * 4
    assert all(row.balance <= 0 for row in storm.people.rows("member"))
    kinds = {row.kind for row in storm.people.rows("entry")}
    assert {"earn", "reverse"} <= kinds  # which of the others were in time, the threads decide
