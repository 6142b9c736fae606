"""Members and points from a former programme: looked at first, applied once, undone if they were wrong."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import update

from app.db import tables as t
from app.db.engine import Database
from app.errors import Conflict
from app.programme.import_values import Fault
from app.services.batches import discard, purge_staged
from app.services.import_apply import begin_apply
from app.services.import_stage import Wish, forget_staged, places_of, stage_slice
from app.services.unexpire import Period, begin_undo, undo_slice
from app.settings import Settings
from tests.aging import NEW_YEAR, Aging, open_aging
from tests.importing import Moving
from tests.locks import wait_for_lock
from tests.people import JAN, OLA, account, open_people
from tests.pipeline import Pipeline
from tests.threads import at_once

TWO = f"email,points\n{OLA},100\n{JAN},40\n"


@pytest.fixture
def moving(pipeline: Pipeline) -> Moving:
    return Moving(open_people(pipeline))


def test_a_file_is_looked_at_before_anything_changes(moving: Moving) -> None:
    moving.people.tell(0, account("1", OLA, verified=True))
    before = moving.people.balances()
    batch = moving.stage(TWO + f"ola,5\n{OLA.upper()},7\nzoe@example.pl,x\n")
    found = moving.check(batch)
    assert (found.people, found.known, found.new) == (2, 1, 1)
    assert found.batch.points == {"ready": 140, "bad": 0}
    assert found.batch.rows == {"ready": 2, "bad": 3}
    assert [(row.line, row.faults[0].column) for row in found.wrong] == [
        (4, "email"), (5, ""), (6, "points"),
    ]  # fmt: skip
    assert "line 2 is about the same person" in found.wrong[1].faults[0].what
    assert moving.people.balances() == before
    with pytest.raises(Conflict, match="3 rows of batch"):
        moving.apply(batch)
    assert moving.people.balances() == before
    assert moving.apply(batch, skip_bad=True) == 2
    assert moving.balance(OLA) == before[0] + 100
    assert moving.people.problems() == []


def test_applying_twice_is_applying_once(moving: Moving) -> None:
    batch = moving.bring(TWO)
    assert moving.apply(batch) == 0
    assert moving.people.balances() == [40, 100]
    with pytest.raises(Conflict, match="This very file is batch"):
        moving.stage(TWO)
    assert moving.stage(TWO, again=True) != batch
    assert moving.people.problems() == []


def test_an_import_that_was_killed_goes_on_where_it_was(moving: Moving) -> None:
    content = "email,points\n" + "".join(f"m{n}@example.pl,{n}\n" for n in range(1, 8))
    batch = moving.stage(content)
    moving.slice(batch, limit=3, die=True)
    moving.slice(batch, limit=2)
    assert moving.apply(batch) == 5
    assert moving.people.balances() == [1, 2, 3, 4, 5, 6, 7]
    moving.slice(batch, limit=3, undo=True, die=True)
    moving.slice(batch, limit=2, undo=True)
    with pytest.raises(Conflict, match="is being undone"):
        moving.apply(batch)
    assert moving.undo(batch) == 5
    assert moving.people.balances() == [0] * 7
    assert moving.undo(batch) == 0
    with pytest.raises(Conflict, match="was undone: import the file anew"):
        moving.apply(batch)
    assert moving.people.problems() == []


def test_two_who_apply_at_once_post_once(moving: Moving) -> None:
    content = "email,points\n" + "".join(f"m{n}@example.pl,10\n" for n in range(60))
    batch = moving.stage(content)
    at_once([lambda: moving.apply(batch)] * 3)
    assert moving.people.balances() == [10] * 60
    assert moving.people.problems() == []


def test_a_customers_id_is_the_shop_account_itself(moving: Moving) -> None:
    moving.people.tell(0, account("5", OLA, verified=False))
    ola = moving.people.member(0, "5")
    batch = moving.bring(f"email,customer_id,points\n{OLA},5,30\n{JAN},6,20\n", store=0)
    assert [row.member_id for row in moving.rows(batch)] == [ola, moving.people.member(0, "6")]
    assert moving.people.rows("claim") == []
    [jan] = moving.people.rows("member", id=moving.people.member(0, "6"))
    assert (jan.state, jan.balance, jan.email is None) == ("member", 20, False)
    moving.people.tell(0, account("6", JAN, verified=False))  # now the shop itself speaks of him
    assert moving.people.member(0, "6") == jan.id
    assert moving.people.problems() == []


def test_an_erased_person_is_skipped_and_named(moving: Moving) -> None:
    moving.people.tell(0, account("5", OLA))
    pipeline = moving.people.pipeline
    batch = moving.stage(f"email,customer_id,points\n,5,30\n{JAN},,20\nz@example.pl,,1\n", store=0)
    with pipeline.database.transaction() as connection:
        connection.execute(
            update(t.member)
            .where(t.member.c.id == moving.people.member(0, "5"))
            .values(state="erased")
        )
        hashed = pipeline.runtime.vault.email_hash(moving.people.programme_id, JAN)
        assert forget_staged(connection, moving.people.programme_id, hashed) == 1
    assert moving.apply(batch) == 2
    assert [row.state for row in moving.rows(batch)] == ["skipped", "skipped", "applied"]
    [ola, jan] = moving.check(batch).wrong
    assert (ola.line, jan.line) == (2, 3)
    assert "erased" in ola.faults[0].what
    assert moving.people.problems() == []


def test_accounts_that_were_joined_meanwhile_are_one(moving: Moving) -> None:
    moving.people.tell(0, account("1", OLA), account("2", JAN))
    batch = moving.stage("customer_id,points\n1,30\n2,20\n", store=0)
    staying = moving.people.merge(moving.people.member(0, "1"), moving.people.member(0, "2"))
    moving.apply(batch)
    [row] = moving.people.rows("member", id=staying)
    assert row.balance == 150
    moving.undo(batch)
    [row] = moving.people.rows("member", id=staying)
    assert row.balance == 100
    assert moving.people.problems() == []


def test_what_expired_meanwhile_is_not_taken_and_cannot_come_back(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, "expire_months = 12")
    moving = Moving(aging.people)
    batch = moving.bring("customer_id,points,expires\n5,100,2026-03-01\n", store=0)
    aging.buy(1, "50.00")
    aging.spend(30)
    aging.at(NEW_YEAR + timedelta(days=70))
    assert aging.has() == (50, 0)
    expiries = _unexpire(aging)
    assert (expiries, aging.has()) == (70, (120, 0))
    aging.at(aging.now + timedelta(days=40))  # gone once more
    assert aging.has() == (50, 0)
    moving.undo(batch)
    assert aging.has() == (20, 0)  # only what was spent of it
    assert _unexpire(aging) == 0
    assert aging.has() == (20, 0)


def _unexpire(aging: Aging) -> int:
    """Undo all expiries of the last two hundred days; returns the points that came back."""
    database, vault, now = aging.pipeline.database, aging.pipeline.runtime.vault, aging.now
    period = Period(
        programme_id=aging.people.programme_id,
        begin=now - timedelta(days=200),
        end=now + timedelta(days=1),
    )
    with database.transaction() as connection:
        batch = begin_undo(connection, period, reason="x", actor="ewa", now=now)
        done = undo_slice(connection, vault, period, batch=batch, now=now, after=0, limit=100)
    return done.points


def test_a_batch_that_nobody_applies_is_thrown_away(moving: Moving) -> None:
    database, clock = moving.people.pipeline.database, moving.people.pipeline.clock
    first, second = moving.stage(TWO), moving.stage(TWO, again=True)
    with database.transaction() as connection:
        discard(connection, first, actor="ewa", reason="no", now=clock())
        assert purge_staged(connection, clock() + timedelta(days=29)) == 0
        assert purge_staged(connection, clock() + timedelta(days=31)) == 1
    assert moving.rows(first) == moving.rows(second) == []
    with pytest.raises(Conflict, match="thrown away"):
        moving.apply(first)
    with database.transaction() as connection, pytest.raises(Conflict, match="only one that waits"):
        discard(connection, first, actor="ewa", reason="no", now=clock())


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_file_that_is_thrown_away_while_it_is_read_keeps_no_row(moving: Moving) -> None:
    database, clock = moving.people.pipeline.database, moving.people.pipeline.clock
    batch = moving.stage(TWO)
    with database.transaction() as connection:
        discard(connection, batch, actor="ewa", reason="no", now=clock())
    wish = Wish(programme_id=moving.people.programme_id, reason="a test", actor="ewa")
    read = [(9, (Fault(column="points", value="x", what="no number"),))]
    vault = moving.people.pipeline.runtime.vault
    with database.transaction() as connection:
        places = places_of(connection, wish)
        with pytest.raises(Conflict, match="is discarded"):
            stage_slice(connection, vault, wish, batch, places, read, first=9)
    assert moving.rows(batch) == []


def test_what_is_applied_in_the_moment_when_it_would_be_thrown_away_stays(
    postgres_database: Database, settings: Settings
) -> None:
    pipeline = Pipeline(postgres_database, settings)
    moving = Moving(open_people(pipeline))
    batch = moving.stage(TWO)
    later = pipeline.clock() + timedelta(days=31)
    with ThreadPoolExecutor(1) as pool:
        with postgres_database.transaction() as connection:
            begin_apply(connection, batch, actor="ewa", now=later)
            purging = pool.submit(postgres_database.run, partial(purge_staged, now=later))
            wait_for_lock(postgres_database)
        assert purging.result(30) == 0
    assert moving.apply(batch) == 2
    assert moving.people.problems() == []
    pipeline.close()


def test_a_row_that_somebody_changed_is_found(moving: Moving) -> None:
    batch = moving.bring(TWO)
    with moving.people.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.import_row).where(t.import_row.c.batch_id == batch).values(points=7)
        )
    assert len(moving.people.problems()) == 2
