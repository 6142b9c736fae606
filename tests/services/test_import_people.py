"""What an import gives to whom, how it is told, and what is taken back; on one database."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.programme.lots import GRACE
from app.services.adjust import adjust_points
from app.services.enrol import confirm_claim
from app.services.view_ledger import ledger_of, sentence
from tests.aging import NEW_YEAR, open_aging
from tests.importing import Moving
from tests.people import JAN, OLA, SOURCE, account, open_people
from tests.pipeline import Pipeline

TWO = f"email,points\n{OLA},100\n{JAN},40\n"


@pytest.fixture(params=["sqlite"])
def backend(request: pytest.FixtureRequest) -> str:
    """Return SQLite alone: what imports ask a database is tested on both in test_import."""
    name: str = request.param
    return name


@pytest.fixture
def moving(pipeline: Pipeline) -> Moving:
    return Moving(open_people(pipeline))


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


def test_no_e_mail_is_kept_of_rows_that_were_undone_before_they_were_applied(
    moving: Moving,
) -> None:
    batch = moving.stage(TWO)
    moving.slice(batch, limit=1)
    moving.undo(batch)
    assert [(row.state, row.email) for row in moving.rows(batch)] == [
        ("undone", None), ("ready", None),
    ]  # fmt: skip
    assert {row.email_hash for row in moving.rows(batch)} == {None}


def test_what_was_spent_comes_off_other_points_and_then_is_a_debt(moving: Moving) -> None:
    batch = moving.bring("customer_id,points\n1,100\n2,100\n", store=0)
    moving.people.spend(moving.people.member(0, "1"), 30)
    moving.people.tell(0, account("2", JAN))
    moving.people.spend(moving.people.member(0, "2"), 30)
    moving.undo(batch)
    assert moving.people.balances() == [-30, 70]
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
    assert moving.people.balances() == [-20]
    batch = moving.bring("customer_id,points\n5,100\n", store=0)
    moving.people.spend(moving.people.member(0, "5"), 30)
    pipeline.programme(source=SOURCE.format(debt=policy))
    moving.undo(batch)
    assert moving.people.balances() == [-50 if policy == "debt" else -20]
    assert moving.people.problems() == []


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


def test_what_cannot_be_done_is_refused(moving: Moving) -> None:
    with pytest.raises(Invalid, match="needs a reason"):
        moving.stage(TWO, reason=" ")
    with pytest.raises(NotFound, match="There is no import 5"):
        moving.apply(5)
    with pytest.raises(Conflict, match="was never applied"):
        moving.undo(moving.stage(TWO))
    [wrong] = moving.check(moving.stage("customer_id,points\n5,1\n")).wrong
    assert "--store" in wrong.faults[0].what
