"""Two accounts that are one person's: what moves, what stays, who is kept, and what nobody gets twice."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from app.db import tables as t
from app.errors import Invalid, NotFound
from app.services.adjust import adjust_points
from app.services.enrol import confirm_claim
from tests.people import JAN, OLA, People, account, open_people, order, removed, review
from tests.pipeline import Pipeline

GUEST = "guest@example.pl"


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return open_people(pipeline)


def two_members(people: People) -> tuple[int, int]:
    """Return Ola's account in one store and Jan's in the other; each has 100 points for joining."""
    people.tell(0, account("5", OLA))
    people.tell(1, account("7", JAN))
    return people.member(0, "5"), people.member(1, "7")


def balance(people: People, member_id: int) -> int:
    [row] = people.rows("member", id=member_id)
    found: int = row.balance
    return found


def open_lots(people: People, member_id: int) -> list[Row[Any]]:
    return [row for row in people.rows("lot", member_id=member_id) if row.remaining]


def _nature(lot: Row[Any]) -> tuple[object, ...]:
    return lot.award_id, lot.points, lot.available_at, lot.expires_at


def entries(people: People, member_id: int) -> list[tuple[str, int]]:
    return [(row.kind, row.points) for row in people.rows("entry", member_id=member_id)]


def adjust(people: People, member_id: int, points: int) -> None:
    with people.pipeline.database.transaction() as connection:
        adjust_points(
            connection,
            people.pipeline.runtime.vault,
            programme_id=people.programme_id,
            member_id=member_id,
            points=points,
            reason="a test",
            key=str(people.pipeline.clock()),
            actor="test",
            now=people.pipeline.clock(),
        )


def confirm(people: People, claim_id: int) -> int:
    with people.pipeline.database.transaction() as connection:
        return confirm_claim(
            connection,
            people.pipeline.runtime.vault,
            claim_id=claim_id,
            actor="ewa",
            reason="showed an id card",
            now=people.pipeline.clock(),
        )


def test_open_lots_go_on_as_they_were_and_the_history_stays(people: People) -> None:
    ola, jan = two_members(people)
    people.tell(1, order(1, "70.00", customer="7", email=JAN))
    before = open_lots(people, jan)
    assert people.merge(ola, jan) == ola
    goes_on = [row for row in people.rows("lot", member_id=ola) if row.origin_id is not None]
    assert [(row.origin_id, *_nature(row)) for row in goes_on] == [
        (row.id, *_nature(row)) for row in before
    ]
    assert open_lots(people, jan) == []
    assert entries(people, jan) == [("earn", 100), ("earn", 70), ("merge", -170)]
    # Joining is paid once per person: the second hundred is taken back.
    assert entries(people, ola) == [("earn", 100), ("merge", 170), ("reverse", -100)]
    assert people.balances() == [170]
    assert people.problems() == []


def test_everything_points_to_the_account_that_stays(people: People) -> None:
    ola, jan = two_members(people)
    people.tell(1, order(1, "70.00", customer="7", email=JAN))
    people.merge(jan, ola)
    [ended] = people.rows("member", id=jan)
    assert (ended.state, ended.merged_into) == ("merged", ola)
    assert people.member(1, "7") == people.holder(JAN) == people.holder(OLA) == ola
    assert {row.owner_id for row in people.rows("source_object")} == {ola}
    people.tell(1, order(2, "10.00", customer="7", email=JAN))
    assert balance(people, ola) == 180
    assert people.problems() == []


def test_every_shop_shows_the_one_balance(people: People) -> None:
    ola, jan = two_members(people)
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(t.store_customer).values(due_at=None))
    people.merge(ola, jan)
    for store, number in ((0, "5"), (1, "7")):
        assert people.customer(store, number).due_at is not None
    assert ola == people.member(0, "5") == people.member(1, "7")


def test_a_refund_after_a_merge_takes_back_what_that_order_earned(people: People) -> None:
    ola, jan = two_members(people)
    people.tell(1, order(1, "70.00", customer="7", email=JAN))
    people.tell(1, order(2, "50.00", customer="7", email=JAN))
    people.merge(ola, jan)
    for at, (refunded, left) in enumerate((("30.00", 40), ("10.00", 60), ("70.00", 0)), 1):
        people.tell(1, order(1, "70.00", customer="7", email=JAN, refunded=refunded, at=at))
        assert balance(people, ola) == 150 + left
        [lot] = [
            row for row in people.rows("lot", member_id=ola) if row.origin_id and row.points == 70
        ]
        assert lot.remaining == left
        assert people.problems() == []


def test_points_taken_back_before_a_merge_return_to_the_lot_they_came_from(
    people: People,
) -> None:
    ola, jan = two_members(people)
    people.tell(1, order(1, "70.00", customer="7", email=JAN))
    people.tell(1, order(1, "70.00", customer="7", email=JAN, refunded="30.00", at=1))
    people.merge(ola, jan)
    people.tell(1, order(1, "70.00", customer="7", email=JAN, at=2))
    assert balance(people, ola) == 170
    lots = [row for row in open_lots(people, ola) if row.points == 70]
    assert [(row.remaining, row.origin_id is not None) for row in lots] == [(70, True)]
    assert people.problems() == []


def test_lots_go_on_through_two_merges(people: People) -> None:
    ola, jan = two_members(people)
    people.tell(1, order(1, "70.00", customer="7", email=JAN))
    people.tell(0, account("6", GUEST))
    third = people.member(0, "6")
    assert people.merge(jan, third) == jan
    assert people.merge(jan, ola) == ola
    people.tell(1, order(1, "70.00", customer="7", email=JAN, refunded="70.00", at=1))
    assert balance(people, ola) == 100
    people.tell(1, order(1, "70.00", customer="7", email=JAN, at=2))
    assert people.balances() == [170]
    assert people.problems() == []


def test_a_debt_moves_as_a_debt(people: People) -> None:
    ola, jan = two_members(people)
    adjust(people, jan, -130)
    people.merge(ola, jan)
    assert entries(people, jan)[-1] == ("merge", 30)
    # 100 - 30, and joining was paid twice: 30 are owed.
    assert people.balances() == [-30]
    assert people.problems() == []
    people.tell(0, order(1, "50.00", customer="5", email=OLA))
    assert people.balances() == [20]
    assert people.problems() == []


def test_points_that_arrive_settle_a_debt_first(people: People) -> None:
    ola, jan = two_members(people)
    adjust(people, ola, -130)
    people.tell(1, order(1, "70.00", customer="7", email=JAN))
    people.merge(ola, jan)
    assert people.balances() == [40]
    assert sum(row.remaining for row in open_lots(people, ola)) == 40
    assert people.problems() == []
    people.tell(1, order(1, "70.00", customer="7", email=JAN, refunded="70.00", at=1))
    assert people.balances() == [-30]
    assert people.problems() == []


def test_what_was_forgiven_is_netted_when_it_comes_back(pipeline: Pipeline) -> None:
    people = open_people(pipeline, debt="forgive")
    ola, jan = two_members(people)
    people.tell(1, order(1, "70.00", customer="7", email=JAN))
    people.spend(jan, 150)
    people.tell(1, order(1, "70.00", customer="7", email=JAN, refunded="70.00", at=1))
    assert balance(people, jan) == 0  # 50 of the 70 were let off
    adjust(people, ola, 200)
    people.merge(ola, jan)
    assert people.balances() == [200]
    people.tell(1, order(1, "70.00", customer="7", email=JAN, at=2))
    assert people.balances() == [220]
    assert people.problems() == []


def test_a_review_of_one_product_is_paid_once_per_person(people: People) -> None:
    ola, jan = two_members(people)
    for number, product, email in ((1, "a", OLA), (2, "a", JAN), (3, "b", JAN)):
        people.tell(0, review(number, product, email))
    assert people.balances() == [120, 140]
    people.merge(ola, jan)
    assert people.balances() == [140]
    assert people.problems() == []
    people.tell(0, removed(review(1, "a", OLA)))
    assert people.balances() == [140]  # the other review of the product counts now
    assert people.problems() == []


def test_joining_later_in_another_store_pays_nothing_more(people: People) -> None:
    ola, jan = two_members(people)
    people.merge(ola, jan)
    people.tell(1, account("7", JAN, at=3))
    people.tell(0, account("5", OLA, at=3))
    people.tell(1, account("8", OLA))
    assert people.balances() == [100]
    assert people.problems() == []


def test_merging_twice_or_back_changes_nothing(people: People) -> None:
    ola, jan = two_members(people)
    people.tell(0, account("6", GUEST))
    third = people.member(0, "6")
    assert {people.merge(ola, jan), people.merge(jan, third), people.merge(third, ola)} == {ola}
    before = len(people.rows("entry"))
    for one, other in ((ola, jan), (jan, ola), (third, jan), (ola, ola)):
        assert people.merge(one, other) == ola
    assert len(people.rows("entry")) == before
    assert people.balances() == [100]
    assert people.problems() == []


def test_who_cannot_be_merged(people: People) -> None:
    ola, jan = two_members(people)
    with pytest.raises(NotFound):
        people.merge(ola, 1)
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(t.member).where(t.member.c.id == jan).values(state="erased"))
    with pytest.raises(Invalid, match="erased"):
        people.merge(ola, jan)


@pytest.mark.parametrize("turned", [False, True])
def test_a_member_stays_rather_than_a_guest(people: People, turned: bool) -> None:
    people.tell(0, order(1, "40.00", email=GUEST))
    guest = people.holder(GUEST)
    people.tell(0, account("5", OLA))
    ola = people.member(0, "5")
    assert people.merge(*((ola, guest) if turned else (guest, ola))) == ola
    assert people.balances() == [140]


@pytest.mark.parametrize("turned", [False, True])
def test_of_two_members_the_one_enrolled_earlier_stays(people: People, turned: bool) -> None:
    ola, jan = two_members(people)
    earlier = people.pipeline.clock() - timedelta(days=30)
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(t.member).where(t.member.c.id == jan).values(enrolled_at=earlier))
    assert people.merge(*((jan, ola) if turned else (ola, jan))) == jan
    [row] = people.rows("member", id=jan)
    assert row.enrolled_at == earlier


def test_the_account_that_stays_gets_a_contact_if_it_has_none(people: People) -> None:
    people.tell(0, order(1, "40.00", customer="5", email=None))
    people.tell(1, account("7", JAN))
    ola, jan = people.member(0, "5"), people.member(1, "7")
    assert people.merge(ola, jan) == ola
    [row] = people.rows("member", id=ola)
    with people.pipeline.database.snapshot() as connection:
        vault = people.pipeline.runtime.vault
        assert vault.open_email(connection, row.data_key_id, ola, row.email) == JAN


def test_a_proof_that_cannot_be_settled_waits_for_a_manager(people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(t.member).values(state="erased"))
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    assert people.balances() == [40, 100, 100]
    [claim] = people.rows("claim")
    assert claim.status == "pending"


@pytest.mark.parametrize(
    ("table", "column", "what"),
    [
        ("store_customer", "member_id", "still has a shop's customer"),
        ("identity", "member_id", "still has an e-mail"),
        ("source_object", "owner_id", "still has an object"),
        ("lot", "award_id", "does not go on as the lot"),
        ("lot", "origin_id", "does not go on as the lot"),
        ("member", "merged_into", "without the ledger's word"),
    ],
)
def test_the_proof_finds_a_join_that_was_tampered_with(
    people: People, table: str, column: str, what: str
) -> None:
    ola, jan = two_members(people)
    people.tell(1, order(1, "70.00", customer="7", email=JAN))
    people.tell(0, account("6", GUEST))
    people.merge(ola, jan)
    assert people.problems() == []
    chosen = t.metadata.tables[table]
    with people.pipeline.database.transaction() as connection:
        change = update(chosen).values({column: None if table == "lot" else jan})
        if table == "lot":
            change = change.where(chosen.c.origin_id.is_not(None))
        if table == "member":
            other = people.member(0, "6")
            change = update(chosen).where(chosen.c.id == jan).values(merged_into=other)
        connection.execute(change)
    assert any(what in problem for problem in people.problems())


def test_the_ledger_names_both_sides_of_a_join(people: People) -> None:
    ola, jan = two_members(people)
    people.merge(ola, jan)
    with people.pipeline.database.snapshot() as connection:
        rows = connection.execute(
            select(t.entry.c.member_id, t.entry.c.key, t.entry.c.explanation).where(
                t.entry.c.kind == "merge"
            )
        ).all()
    assert {(row.member_id, row.key, row.explanation) for row in rows} == {
        (jan, f"merge:{jan}:{ola}:into", f'{{"into":"{ola}"}}'),
        (ola, f"merge:{jan}:{ola}:from", f'{{"from":"{jan}"}}'),
    }
