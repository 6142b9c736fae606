"""Members and points from a former programme: looked at first, applied once, undone if they were wrong."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.programme.lots import GRACE
from app.services.adjust import adjust_points
from app.services.enrol import confirm_claim
from app.services.import_stage import discard, forget_staged, purge_staged
from app.services.unexpire import Period, begin_undo, undo_slice
from app.services.view_ledger import ledger_of, sentence
from tests.aging import NEW_YEAR, Aging, open_aging
from tests.importing import Moving
from tests.people import JAN, OLA, SOURCE, account, open_people
from tests.pipeline import Pipeline

TWO = f"email,points\n{OLA},100\n{JAN},40\n"


@pytest.fixture
def moving(pipeline: Pipeline) -> Moving:
    return Moving(open_people(pipeline))


def points_of(moving: Moving) -> list[int]:
    return moving.people.balances()


def test_a_file_is_looked_at_before_anything_changes(moving: Moving) -> None:
    moving.people.tell(0, account("1", OLA, verified=True))
    before = points_of(moving)
    batch = moving.stage(TWO + f"ola,5\n{OLA.upper()},7\nzoe@example.pl,x\n")
    found = moving.check(batch)
    assert (found.people, found.known, found.new) == (2, 1, 1)
    assert found.batch.points == {"ready": 140, "bad": 0}
    assert found.batch.rows == {"ready": 2, "bad": 3}
    assert [(row.line, row.faults[0].column) for row in found.wrong] == [
        (4, "email"), (5, ""), (6, "points"),
    ]  # fmt: skip
    assert "line 2 is about the same person" in found.wrong[1].faults[0].what
    assert points_of(moving) == before
    with pytest.raises(Conflict, match="3 rows of batch"):
        moving.apply(batch)
    assert points_of(moving) == before
    assert moving.apply(batch, skip_bad=True) == 2
    assert moving.balance(OLA) == before[0] + 100
    assert moving.people.problems() == []


def test_applying_twice_is_applying_once(moving: Moving) -> None:
    batch = moving.bring(TWO)
    assert moving.apply(batch) == 0
    assert points_of(moving) == [40, 100]
    with pytest.raises(Conflict, match="This very file is batch"):
        moving.stage(TWO)
    assert moving.stage(TWO, again=True) != batch
    assert moving.people.problems() == []


@pytest.mark.parametrize("die", [True, False])
def test_an_import_that_was_killed_goes_on_where_it_was(moving: Moving, die: bool) -> None:
    content = "email,points\n" + "".join(f"m{n}@example.pl,{n}\n" for n in range(1, 8))
    batch = moving.stage(content)
    moving.slice(batch, limit=3, die=die)
    moving.slice(batch, limit=2)
    assert moving.apply(batch) == (5 if die else 2)
    assert points_of(moving) == [1, 2, 3, 4, 5, 6, 7]
    moving.slice(batch, limit=3, undo=True, die=die)
    moving.slice(batch, limit=2, undo=True)
    with pytest.raises(Conflict, match="is being undone"):
        moving.apply(batch)
    assert moving.undo(batch) == (5 if die else 2)
    assert points_of(moving) == [0] * 7
    assert moving.undo(batch) == 0
    with pytest.raises(Conflict, match="was undone: import the file anew"):
        moving.apply(batch)
    assert moving.people.problems() == []


def test_two_who_apply_at_once_post_once(moving: Moving) -> None:
    content = "email,points\n" + "".join(f"m{n}@example.pl,10\n" for n in range(60))
    batch = moving.stage(content)
    failed: list[BaseException] = []

    def go() -> None:
        try:
            moving.apply(batch)
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failed.append(error)

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert points_of(moving) == [10] * 60
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


def test_points_of_an_e_mail_wait_for_the_account_that_proves_it(moving: Moving) -> None:
    moving.bring(TWO)
    moving.people.tell(0, account("1", OLA, verified=True))
    [ola] = moving.people.rows("member", id=moving.people.member(0, "1"))
    assert ola.balance == 200  # 100 for joining the new one
    moving.people.tell(1, account("9", JAN, verified=False))
    [claim] = moving.people.rows("claim", status="pending")
    assert claim.holder_id == moving.people.holder(JAN)
    pipeline = moving.people.pipeline
    with pipeline.database.transaction() as connection:
        confirm_claim(
            connection, pipeline.runtime.vault, claim_id=claim.id, actor="ewa",
            reason="knows him", now=pipeline.clock(),
        )  # fmt: skip
    [jan] = moving.people.rows("member", id=moving.people.member(1, "9"))
    assert jan.balance == 140
    assert moving.people.problems() == []


def test_the_one_account_with_an_e_mail_is_taken_only_when_told(moving: Moving) -> None:
    moving.people.tell(0, account("1", OLA, verified=False), account("2", JAN, verified=False))
    moving.people.tell(1, account("3", JAN, verified=False))
    found = moving.check(moving.stage(TWO))
    assert (found.by_email, found.unproved, found.single) == (2, 2, 1)
    moving.bring(TWO, match_accounts=True, again=True)
    [ola] = moving.people.rows("member", id=moving.people.member(0, "1"))
    assert ola.balance == 200
    assert moving.balance(JAN) == 40  # two accounts carry his: they must prove it
    assert {claim.holder_id for claim in moving.people.rows("claim")} == {moving.people.holder(JAN)}
    assert moving.people.problems() == []


def test_rows_of_one_person_are_lots_of_their_own(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, "expire_months = 12")
    moving = Moving(aging.people)
    moving.bring(
        "customer_id,points,expires,points_2,expires_2\n"
        "5,10,2026-01-05,20,2026-12-31\n5,30,never,,\n5,40,,,\n",
        store=0,
    )
    lots = aging.lots()
    assert [points for points, _ in lots] == [10, 20, 40, 30]
    ends = [end for _, end in lots]
    assert ends[0] is not None
    assert NEW_YEAR + GRACE <= ends[0] < NEW_YEAR + GRACE + timedelta(minutes=1)
    assert str(ends[1]) == "2026-12-31 23:00:00+00:00"
    assert str(ends[2]) == "2027-01-01 23:00:00+00:00"
    assert ends[3] is None
    assert aging.has() == (100, 0)


def test_several_rows_of_a_person_are_added_up_only_when_told(moving: Moving) -> None:
    moving.bring(f"email,points\n{OLA},10\n{OLA},10\n", sum_up=True)
    assert moving.balance(OLA) == 20


def test_who_joined_long_ago_is_a_member_since_then(moving: Moving) -> None:
    moving.bring(f"email,points,joined,tier\n{OLA},0,2019-05-01,gold\n")
    [ola] = moving.people.rows("member", id=moving.people.holder(OLA))
    assert str(ola.enrolled_at.date()) == "2019-05-01"
    assert (ola.state, ola.entries) == ("member", 0)


def test_the_reason_and_the_former_programme_are_told(moving: Moving) -> None:
    batch = moving.bring(TWO)
    moving.undo(batch)
    with moving.people.pipeline.database.snapshot() as connection:
        back, given = ledger_of(connection, moving.people.holder(JAN)).items
        acts = connection.execute(
            select(t.audit.c.action)
            .where(t.audit.c.subject == f"import {batch}")
            .order_by(t.audit.c.id)
        ).scalars()
        done = list(acts)
    assert (given.note, given.batch) == ("moving house", batch)
    assert sentence(given, "en") == "40 points moved here from the former programme."
    assert sentence(given, "pl") == "Z poprzedniego programu przeniesiono 40 punktów."
    assert sentence(back, "en") == (
        "40 points taken off: their move from the former programme was undone."
    )
    assert sentence(back, "pl") == (
        "Odjęto 40 punktów: przeniesienie z poprzedniego programu zostało cofnięte."
    )
    assert back.note == "the wrong file"
    assert done == ["import.stage", "import.apply", "import.undo"]


def test_no_e_mail_is_kept_once_a_row_is_dealt_with(moving: Moving) -> None:
    batch = moving.stage(TWO)
    for row in moving.rows(batch):
        assert OLA.encode() not in (row.email or b"")
        assert row.email_hash
    moving.apply(batch)
    assert {(row.email, row.email_hash) for row in moving.rows(batch)} == {(None, None)}


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


def test_what_was_spent_comes_off_other_points_and_then_is_a_debt(moving: Moving) -> None:
    batch = moving.bring("customer_id,points\n1,100\n2,100\n", store=0)
    moving.people.spend(moving.people.member(0, "1"), 30)
    moving.people.tell(0, account("2", JAN))
    moving.people.spend(moving.people.member(0, "2"), 30)
    moving.undo(batch)
    assert points_of(moving) == [-30, 70]
    assert moving.people.problems() == []


@pytest.mark.parametrize("policy", ["debt", "forgive"])
def test_a_debt_that_an_import_settled_is_a_debt_again(moving: Moving, policy: str) -> None:
    pipeline = moving.people.pipeline
    moving.people.tell(0, account("5", OLA))
    with pipeline.database.transaction() as connection:
        adjust_points(
            connection, pipeline.runtime.vault, programme_id=moving.people.programme_id,
            member_id=moving.people.member(0, "5"), points=-120, reason="x", key="x", actor="ewa",
            now=pipeline.clock(),
        )  # fmt: skip
    assert points_of(moving) == [-20]
    batch = moving.bring("customer_id,points\n5,100\n", store=0)
    moving.people.spend(moving.people.member(0, "5"), 30)
    pipeline.programme(source=SOURCE.format(debt=policy))
    moving.undo(batch)
    assert points_of(moving) == [-50 if policy == "debt" else -20]
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


def test_points_that_went_to_a_joined_account_are_found_there(pipeline: Pipeline) -> None:
    aging = open_aging(pipeline, "expire_months = 12")
    moving = Moving(aging.people)
    batch = moving.bring("customer_id,points,expires\n5,100,2026-03-01\n6,7,\n", store=0)
    staying = aging.people.merge(aging.member, aging.people.member(0, "6"))
    aging.at(NEW_YEAR + timedelta(days=70))
    moving.undo(batch)
    [row] = aging.people.rows("member", id=staying)
    assert row.balance == 0
    assert aging.people.problems() == []


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


def test_what_cannot_be_done_is_refused(moving: Moving) -> None:
    with pytest.raises(Invalid, match="needs a reason"):
        moving.stage(TWO, reason=" ")
    with pytest.raises(NotFound, match="There is no import 5"):
        moving.apply(5)
    with pytest.raises(Conflict, match="was never applied"):
        moving.undo(moving.stage(TWO))
    [wrong] = moving.check(moving.stage("customer_id,points\n5,1\n")).wrong
    assert "--store" in wrong.faults[0].what


def test_a_row_that_somebody_changed_is_found(moving: Moving) -> None:
    batch = moving.bring(TWO)
    with moving.people.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.import_row).where(t.import_row.c.batch_id == batch).values(points=7)
        )
    assert len(moving.people.problems()) == 2
