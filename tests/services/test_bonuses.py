"""A bonus to a segment: looked at before anything changes, given once, taken back if it was wrong."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Row, select, update
from sqlalchemy.exc import IntegrityError

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.services.batches import Kind, purge_staged
from app.services.bonuses import BonusView, BonusWish, list_bonuses, show_bonus
from app.services.import_apply import apply_slice, begin_apply
from app.services.import_undo import begin_undo, undo_slice
from app.services.view_imports import list_batches
from app.services.view_ledger import ledger_of, sentence
from jobs.bonuses import prepare_bonus
from jobs.imports import apply_batch, undo_batch
from tests.miscounted import count_wrong
from tests.people import REWARDS, order
from tests.pipeline import Pipeline
from tests.services.test_segments import BIG, HEAD, counted, opened
from tests.threads import at_once

VALUE = "point_value = 0.02\n"
GOLD = (
    '[[tier]]\nkey = "gold"\nfrom = 100\n[[segment]]\nkey = "big"\nwhere = { tiers = ["gold"] }\n'
)


class Giving:
    """A shop that gives bonuses, as its manager does."""

    def __init__(self, pipeline: Pipeline, customers: int = 3, rules: str = BIG + REWARDS) -> None:
        """Let so many customers buy for 100 zł each, and be counted."""
        self.people = opened(pipeline, rules)
        self.pipeline = pipeline
        self.people.tell(0, *(order(n, "100.00", customer=str(n)) for n in range(1, customers + 1)))
        counted(self.people)

    def prepare(self, points: int = 50, segment: str = "big", reason: str = "come back") -> int:
        wish = BonusWish(
            programme_id=self.people.programme_id,
            segment=segment,
            points=points,
            reason=reason,
            actor="ewa",
        )
        return prepare_bonus(self.pipeline.database, self.pipeline.clock, wish)

    def apply(self, batch: int, kind: Kind = "bonus") -> int:
        one = self.pipeline
        vault = one.runtime.vault
        return apply_batch(one.database, vault, one.clock, batch, actor="ewa", kind=kind)

    def undo(self, batch: int) -> int:
        one = self.pipeline
        vault = one.runtime.vault
        return undo_batch(
            one.database, vault, one.clock, batch, actor="ewa", reason="wrong", kind="bonus"
        )

    def slice(self, batch: int, *, limit: int, undo: bool = False, die: bool = False) -> None:
        """Do one slice, as a process does that is killed afterwards, or (`die`) before its commit."""
        one, now = self.pipeline, self.pipeline.clock()
        with one.database.transaction() as connection:
            if undo:
                begin_undo(connection, batch, reason="wrong", actor="e", now=now, kind="bonus")
            else:
                begin_apply(connection, batch, actor="e", now=now, kind="bonus")
        work = undo_slice if undo else apply_slice
        with one.database.writer.connect() as connection, connection.begin() as transaction:
            work(connection, one.runtime.vault, batch, now=now, limit=limit)
            if die:
                transaction.rollback()

    def shown(self, batch: int) -> BonusView:
        with self.pipeline.database.snapshot() as connection:
            return show_bonus(connection, batch)

    def member(self, number: int) -> int:
        return self.people.member(0, str(number))

    def balances(self) -> list[int]:
        return self.people.balances()

    def audited(self) -> Sequence[Row[Any]]:
        return [row for row in self.people.rows("audit") if row.action.startswith("bonus.")]


def test_a_bonus_is_looked_at_given_once_and_taken_back(pipeline: Pipeline) -> None:
    giving = Giving(pipeline, rules=BIG)
    pipeline.programme(source=value(BIG))
    batch = giving.prepare()
    seen = giving.shown(batch)
    assert (seen.state, seen.rows, seen.points) == ("staged", {"ready": 3}, {"ready": 150})
    assert seen.cost == 3
    assert [one.id for one in seen.first] == sorted(giving.member(n) for n in (1, 2, 3))
    assert giving.balances() == [100] * 3
    assert (giving.apply(batch), giving.apply(batch)) == (3, 0)
    assert giving.balances() == [150] * 3
    keys = {row.key for row in giving.people.rows("entry", kind="adjust")}
    assert keys == {f"bonus:{batch}:{giving.member(n)}" for n in (1, 2, 3)}
    assert said(giving, 1) == ("50 points: a bonus.", "50 punktów: premia.")
    assert (giving.undo(batch), giving.undo(batch)) == (3, 0)
    assert giving.balances() == [100] * 3
    assert said(giving, 1) == (
        "50 points taken off: a bonus was withdrawn.",
        "Odjęto 50 punktów: premia została cofnięta.",
    )
    with pytest.raises(Conflict, match="was undone: prepare another one"):
        giving.apply(batch)
    assert [(row.action, row.reason) for row in giving.audited()] == [
        ("bonus.prepare", "come back"), ("bonus.apply", "come back"), ("bonus.undo", "wrong"),
    ]  # fmt: skip
    assert giving.people.problems() == []


def value(rules: str) -> str:
    return HEAD.replace("[[rule]]", VALUE + "[[rule]]") + rules


def said(giving: Giving, number: int) -> tuple[str, str]:
    """Return the sentence about a member's newest entry, in English and in Polish."""
    with giving.pipeline.database.snapshot() as connection:
        entry = ledger_of(connection, giving.member(number)).items[0]
    english, polish = (
        sentence(entry, language, "PLN").replace("\N{NO-BREAK SPACE}", " ")
        for language in ("en", "pl")
    )
    return english, polish


@pytest.mark.parametrize("backend", ["sqlite"])
def test_who_leaves_or_joins_the_segment_after_it_was_prepared_changes_nothing(
    pipeline: Pipeline,
) -> None:
    giving = Giving(pipeline, rules=GOLD)
    batch = giving.prepare()
    assert {one.tier for one in giving.shown(batch).first} == {"gold"}
    giving.people.tell(0, order(1, "100.00", customer="1", refunded="60.00", at=5))
    giving.people.tell(0, order(4, "100.00", customer="4"))
    assert len(counted(giving.people)["big"]) == 3
    giving.apply(batch)
    assert [balance(giving, number) for number in (1, 2, 3, 4)] == [90, 150, 150, 100]
    tiers = {row.id: row.tier for row in giving.people.rows("member")}
    assert tiers[giving.member(1)] is None  # points given by hand lift nobody
    assert giving.people.problems() == []


def balance(giving: Giving, number: int) -> int:
    [row] = giving.people.rows("member", id=giving.member(number))
    found: int = row.balance
    return found


@pytest.mark.parametrize("given", [0, 1, 3])
@pytest.mark.parametrize("backend", ["sqlite"])
def test_accounts_joined_before_between_or_after_are_given_it_once_per_person_left(
    pipeline: Pipeline, given: int
) -> None:
    """`given` says how many members had it when two of them turned out to be one person."""
    giving = Giving(pipeline)
    batch = giving.prepare()
    if given:
        giving.slice(batch, limit=given)
    first, second, _ = sorted(giving.member(n) for n in (1, 2, 3))
    stays = giving.people.merge(first, second)
    giving.apply(batch)
    twice = given == 3  # both had it: what was given is not taken away by joining
    assert giving.balances() == [150, 300 if twice else 250]
    assert giving.shown(batch).rows == ({"applied": 3} if twice else {"applied": 2, "skipped": 1})
    [row] = giving.people.rows("member", id=stays)
    assert row.balance == (300 if twice else 250)
    assert giving.people.problems() == []
    giving.undo(batch)
    assert giving.balances() == [100, 200]
    assert giving.people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_who_was_erased_meanwhile_gets_nothing(pipeline: Pipeline) -> None:
    giving = Giving(pipeline, rules=BIG)
    batch = giving.prepare()
    erased = giving.member(2)
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.member).where(t.member.c.id == erased).values(state="erased"))
    giving.apply(batch)
    assert giving.shown(batch).rows == {"applied": 2, "skipped": 1}
    assert erased not in {one.id for one in giving.shown(batch).first}
    assert giving.balances() == [100, 150, 150]


def test_a_bonus_that_was_killed_goes_on_where_it_was(pipeline: Pipeline) -> None:
    giving = Giving(pipeline, customers=5, rules=BIG)
    batch = giving.prepare()
    giving.slice(batch, limit=3, die=True)
    giving.slice(batch, limit=2)
    assert giving.balances() == [100] * 3 + [150] * 2
    assert giving.apply(batch) == 3
    giving.slice(batch, limit=3, undo=True, die=True)
    giving.slice(batch, limit=2, undo=True)
    with pytest.raises(Conflict, match="is being undone"):
        giving.apply(batch)
    assert giving.undo(batch) == 3
    assert giving.balances() == [100] * 5
    assert giving.people.problems() == []


def test_one_account_that_cannot_be_posted_to_keeps_no_others_points(pipeline: Pipeline) -> None:
    giving = Giving(pipeline, customers=4, rules=BIG)
    batch, ill = giving.prepare(), giving.member(2)
    count_wrong(pipeline.database, ill, -1)
    assert giving.apply(batch) == 3
    assert giving.balances() == [100] + [150] * 3
    seen = giving.shown(batch)
    assert (seen.state, seen.rows) == ("applying", {"applied": 3, "failed": 1})
    assert (seen.first[0].id, seen.first[0].state) == (ill, "failed")
    assert "could not be posted (IntegrityError" in (seen.first[0].why or "")
    assert giving.apply(batch) == 0
    assert giving.shown(batch).rows == {"applied": 3, "failed": 1}
    count_wrong(pipeline.database, ill, 1)
    assert giving.apply(batch) == 1
    seen = giving.shown(batch)
    assert (seen.state, seen.rows) == ("applied", {"applied": 4})
    assert {one.why for one in seen.first} == {None}
    assert giving.balances() == [150] * 4
    count_wrong(pipeline.database, ill, -1)
    assert giving.undo(batch) == 3
    seen = giving.shown(batch)
    assert (seen.state, seen.rows) == ("undoing", {"stuck": 1, "undone": 3})
    assert "could not be taken back" in (seen.first[0].why or "")
    count_wrong(pipeline.database, ill, 1)
    assert giving.people.problems() == []
    assert giving.undo(batch) == 1
    assert (giving.shown(batch).state, giving.balances()) == ("undone", [100] * 4)
    assert giving.people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_batch_where_nothing_can_be_posted_stops(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.imports.MOST_PASSED_OVER", 2)
    giving = Giving(pipeline, customers=4, rules=BIG)
    batch = giving.prepare()
    for member_id in sorted(giving.member(number) for number in (1, 2, 3, 4))[:3]:
        count_wrong(pipeline.database, member_id, -1)
    with pytest.raises(IntegrityError):
        giving.apply(batch)
    assert giving.shown(batch).rows == {"failed": 2, "ready": 2}


def test_two_who_give_it_at_once_give_it_once(pipeline: Pipeline) -> None:
    giving = Giving(pipeline, customers=30, rules=BIG)
    batch = giving.prepare()
    at_once([lambda: giving.apply(batch)] * 3)
    assert giving.balances() == [150] * 30
    assert giving.people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_what_was_spent_of_a_withdrawn_bonus_comes_off_other_points_or_is_a_debt(
    pipeline: Pipeline,
) -> None:
    giving = Giving(pipeline)
    batch = giving.prepare()
    giving.apply(batch)
    giving.people.spend(giving.member(1), 120)
    giving.undo(batch)
    assert giving.balances() == [-20, 100, 100]
    assert giving.people.problems() == []


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_bonus_is_no_import_and_is_gone_when_nobody_gives_it(pipeline: Pipeline) -> None:
    giving = Giving(pipeline, rules=BIG)
    batch = giving.prepare()
    with pytest.raises(NotFound, match=f"There is no import {batch}"):
        giving.apply(batch, kind="import")
    with pipeline.database.transaction() as connection:
        assert list_batches(connection) == []
        assert [one.id for one in list_bonuses(connection)] == [batch]
        pipeline.clock.advance(days=31)
        assert purge_staged(connection, pipeline.clock()) == 1
        assert connection.execute(select(t.import_row)).all() == []
    with pytest.raises(Conflict, match="was thrown away"):
        giving.apply(batch)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_bonus_that_makes_no_sense_is_refused(pipeline: Pipeline) -> None:
    giving = Giving(pipeline, rules=BIG)
    for points in (0, -5, 1_000_000_001):
        with pytest.raises(Invalid, match="a bonus gives between 1 and"):
            giving.prepare(points)
    with pytest.raises(Invalid, match="needs a reason"):
        giving.prepare(reason=" ")
    with pytest.raises(NotFound, match="no segment 'bug'"):
        giving.prepare(segment="bug")
    more = '[[segment]]\nkey = "none"\nwhere = { spend_over = 9000 }\n'
    pipeline.programme(source=value(BIG + more))
    with pytest.raises(Conflict, match="not counted yet"):
        giving.prepare(segment="none")
    counted(giving.people)
    with pytest.raises(Conflict, match="Nobody is in the segment"):
        giving.prepare(segment="none")


@pytest.mark.parametrize("backend", ["sqlite"])
def test_a_row_that_says_another_sum_than_was_given_is_found(pipeline: Pipeline) -> None:
    giving = Giving(pipeline, rules=BIG)
    batch = giving.prepare()
    giving.apply(batch)
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.import_row).where(t.import_row.c.number == 2).values(points=7))
    assert any(f"row 2 of bonus {batch}" in one for one in giving.people.problems())
