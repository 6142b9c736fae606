"""Awards below 0 that wait with what they limit, and how the jobs find what is due."""

from datetime import timedelta
from typing import Any, Literal

import pytest
from sqlalchemy import event, text

from app.services import accounts, life, workset
from app.services.holdings import load_worth
from app.services.posting import Cause, settle
from app.services.rows import AwardRow
from app.services.workset import WorkSet
from tests.aging import NEW_YEAR, Aging, open_aging
from tests.pipeline import Pipeline

DAY = timedelta(days=1)


@pytest.fixture
def aging(pipeline: Pipeline) -> Aging:
    aging = open_aging(pipeline, "hold_days = 14\nexpire_months = 12")
    aging.buy(1, "100.00")
    return aging


def limit(aging: Aging, points: int, *, policy: Literal["debt", "forgive"] = "debt") -> None:
    """Bring a limit of the programme to so many points below 0, held like the order it limits."""
    database = aging.pipeline.database
    with database.transaction() as connection:
        work = WorkSet(aging.people.programme_id, aging.now)
        accounts.load_members(connection, work, [aging.member], lock=not database.embedded)
        load_worth(connection, work)
        known = [award for award in work.awards.values() if award.rule == "limit"]
        award = (
            known[0]
            if known
            else AwardRow(
                new=True,
                id=1,
                programme_id=work.programme_id,
                member_id=aging.member,
                object_id=None,
                window_key="day:2026-01-01",
                rule="limit",
            )
        )
        work.awards[award.id] = award
        settle(
            work,
            aging.pipeline.runtime.vault,
            award,
            points=-points,
            explanation="{}",
            policy=policy,
            cause=Cause(
                occurred_at=NEW_YEAR,
                available_at=NEW_YEAR + 14 * DAY,
                expires_at=NEW_YEAR + 365 * DAY,
            ),
        )
        workset.flush(connection, work)


def has(aging: Aging) -> tuple[int, int]:
    """Return balance and pending; only that no rule of the programme makes such windows is wrong."""
    problems = [str(one) for one in aging.people.problems()]
    assert [one for one in problems if "windows" not in one] == []
    [row] = aging.people.rows("member", id=aging.member)
    return row.balance, row.pending


def test_a_limit_waits_with_the_points_that_it_takes_away(aging: Aging) -> None:
    limit(aging, 30)
    assert has(aging) == (0, 70)
    limit(aging, 20)
    assert has(aging) == (0, 80)
    aging.at(NEW_YEAR + 15 * DAY)
    assert has(aging) == (80, 0)
    assert sorted(aging.entries()[-2:]) == [("earn", 100, -100), ("reverse", -20, 20)]


def test_a_limit_that_is_lifted_in_time_takes_nothing(aging: Aging) -> None:
    limit(aging, 30)
    limit(aging, 0)
    assert has(aging) == (0, 100)
    aging.at(NEW_YEAR + 15 * DAY)
    assert has(aging) == (100, 0)


def test_a_limit_that_is_lifted_later_gives_the_points_back(aging: Aging) -> None:
    limit(aging, 30)
    aging.at(NEW_YEAR + 15 * DAY)
    assert has(aging) == (70, 0)
    limit(aging, 10)
    assert has(aging) == (90, 0)


@pytest.mark.parametrize(
    ("job", "index"), [(life.mature, "ix_award_matures_at"), (life.expire, "ix_lot_expires_at")]
)
def test_what_is_due_is_found_by_its_index(aging: Aging, job: Any, index: str) -> None:
    database = aging.pipeline.database
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(database.writer, "before_cursor_execute", note)
    with database.transaction() as connection:
        job(connection, aging.pipeline.runtime.vault, aging.now, limit=20)
    event.remove(database.writer, "before_cursor_execute", note)
    [(statement, parameters)] = [one for one in asked if one[0].startswith("SELECT")]
    explain = "EXPLAIN QUERY PLAN " if database.embedded else "EXPLAIN "
    with database.snapshot() as connection:
        if not database.embedded:  # it would rather read the few rows there are
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.exec_driver_sql(explain + statement, parameters).all()
    assert index in str(plan)
