"""An expiry that should not have been is undone, as one audited batch, once."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.errors import Invalid
from app.programme.lots import GRACE
from app.services.unexpire import Period, Undone, begin_undo, plan, undo_slice
from app.services.view_ledger import ledger_of, sentence
from tests.aging import NEW_YEAR, Aging, bought, open_aging
from tests.pipeline import Pipeline

YEAR = "expire_months = 12"
JANUARY = datetime(2027, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def aging(pipeline: Pipeline) -> Aging:
    """Ola had 300 points; 120 were spent, the rest expired."""
    aging = open_aging(pipeline, YEAR)
    aging.buy(1, "200.00")
    aging.buy(2, "100.00")
    aging.spend(120)
    aging.at(JANUARY)
    assert aging.has() == (0, 0)
    return aging


def period(aging: Aging, *, days: int = 30) -> Period:
    return Period(
        programme_id=aging.people.programme_id,
        begin=JANUARY - timedelta(days=days),
        end=JANUARY + timedelta(days=1),
    )


def undo(aging: Aging, of: Period, *, limit: int = 20) -> Undone:
    database, vault, now = aging.pipeline.database, aging.pipeline.runtime.vault, aging.now
    batch = database.run(
        lambda c: begin_undo(c, of, reason="no reminders were sent", actor="ewa", now=now)
    )
    done = [Undone()]
    while len(done) == 1 or done[-1].last:
        after = done[-1].last
        with database.transaction() as connection:
            done.append(
                undo_slice(connection, vault, of, batch=batch, now=now, after=after, limit=limit)
            )
    return Undone(entries=sum(one.entries for one in done), points=sum(one.points for one in done))


@pytest.mark.parametrize("limit", [1, 20])
def test_what_expired_comes_back_once_and_lives_thirty_days(aging: Aging, limit: int) -> None:
    with aging.pipeline.database.snapshot() as connection:
        planned = plan(connection, period(aging))
    assert (planned.points, planned.entries, planned.members) == (180, 2, {aging.member})
    assert undo(aging, period(aging), limit=limit) == Undone(points=180, entries=2)
    assert aging.has() == (180, 0)
    assert all(end is not None and end >= JANUARY + GRACE for _, end in aging.lots())
    assert [points for points, _ in aging.lots()] == [80, 100]
    assert undo(aging, period(aging), limit=limit) == Undone()
    aging.at(JANUARY + GRACE + timedelta(hours=1))
    assert aging.has() == (0, 0)
    assert aging.entries()[-1][0] == "expire"


def test_the_second_end_of_points_can_be_undone_as_well(aging: Aging) -> None:
    undo(aging, period(aging))
    aging.at(JANUARY + GRACE + timedelta(hours=1))
    assert aging.has() == (0, 0)
    later = Period(
        programme_id=aging.people.programme_id,
        begin=JANUARY + timedelta(days=1),
        end=aging.now + timedelta(days=1),
    )
    assert undo(aging, later) == Undone(points=180, entries=2)
    assert aging.has() == (180, 0)


def test_only_what_expired_in_the_period_comes_back(aging: Aging) -> None:
    before = Period(
        programme_id=aging.people.programme_id,
        begin=NEW_YEAR,
        end=JANUARY - timedelta(days=1),
    )
    assert undo(aging, before) == Undone()
    assert aging.has() == (0, 0)


def test_what_a_refund_has_taken_since_stays_away(aging: Aging) -> None:
    aging.refund(2, "100.00", NEW_YEAR, "60.00")
    assert aging.has() == (0, 0)
    assert undo(aging, period(aging)) == Undone(points=120, entries=2)
    assert aging.has() == (120, 0)
    aging.refund(2, "100.00", NEW_YEAR, None)
    assert aging.has() == (180, 0)


def test_points_that_come_back_settle_a_debt_first(aging: Aging) -> None:
    aging.give(-50)
    undo(aging, period(aging))
    assert aging.has() == (130, 0)


def test_points_of_a_correction_by_hand_come_back_too(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, YEAR)
    aging.buy(1, "10.00")
    aging.give(25)
    aging.at(JANUARY)
    assert aging.has() == (0, 0)
    undo(aging, period(aging))
    assert aging.has() == (35, 0)


def test_points_come_back_to_the_account_that_theirs_was_joined_to(aging: Aging) -> None:
    aging.people.tell(0, bought(9, "10.00", JANUARY, customer="7"))
    jan, ola = aging.people.member(0, "7"), aging.member
    staying = aging.people.merge(ola, jan)
    undo(aging, period(aging))
    assert aging.people.problems() == []
    [row] = aging.people.rows("member", id=staying)
    assert row.balance == 190


def test_who_undid_it_and_why_is_in_the_audit_log_and_in_the_ledger(aging: Aging) -> None:
    undo(aging, period(aging))
    with aging.pipeline.database.snapshot() as connection:
        [act] = connection.execute(
            select(t.audit).where(t.audit.c.action == "points.unexpire")
        ).all()
        newest = ledger_of(connection, aging.member).items[0]
    assert (act.actor, act.reason) == ("ewa", "no reminders were sent")
    assert json.loads(act.detail)["points"] == "180"
    assert newest.note == "no reminders were sent"
    assert sentence(newest, "en") == "Expiry undone: 100 points."
    assert sentence(newest, "pl") == "Cofnięto wygaśnięcie: 100 punktów."


def test_an_undo_needs_a_reason_and_a_period(aging: Aging) -> None:
    turned = Period(programme_id=aging.people.programme_id, begin=JANUARY, end=NEW_YEAR)
    with aging.pipeline.database.transaction() as connection:
        with pytest.raises(Invalid, match="needs a reason"):
            begin_undo(connection, period(aging), reason=" ", actor="ewa", now=aging.now)
        with pytest.raises(Invalid, match="must end after it begins"):
            begin_undo(connection, turned, reason="why", actor="ewa", now=aging.now)
