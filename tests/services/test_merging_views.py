"""What support sees of accounts that were joined, or may be."""

import pytest

from app.services.view_claims import ClaimView, pending_claims
from app.services.view_ledger import ledger_of, sentence
from app.services.view_members import MemberDetail, find_member, show_member
from tests.people import JAN, OLA, People, account, open_people, order
from tests.pipeline import Pipeline


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return open_people(pipeline)


def shown(people: People, member_id: int) -> MemberDetail:
    with people.pipeline.database.snapshot() as connection:
        return show_member(connection, people.pipeline.runtime.vault, member_id)


def joined(people: People) -> tuple[int, int]:
    """Return Ola, and Jan who turned out to be her: 100 for joining, once, and 70 for his order."""
    people.tell(0, account("5", OLA))
    people.tell(1, account("7", JAN))
    people.tell(1, order(1, "70.00", customer="7", email=JAN))
    ola, jan = people.member(0, "5"), people.member(1, "7")
    people.merge(ola, jan)
    return ola, jan


def test_a_member_shows_what_all_its_accounts_earned(people: People) -> None:
    ola, jan = joined(people)
    found = shown(people, ola)
    assert (found.member.balance, found.joined) == (170, [jan])
    assert {(one.store, one.external_id) for one in found.customers} == {
        (people.stores[0].key, "5"),
        (people.stores[1].key, "7"),
    }
    [bought] = [one for one in found.objects.items if one.kind == "order"]
    assert [award.points for award in bought.awards] == [70]
    assert [(one.rule, one.points) for one in found.windows] == [("joining", 100)]


def test_a_joined_account_shows_where_its_points_went(people: People) -> None:
    ola, jan = joined(people)
    found = shown(people, jan)
    assert (found.member.state, found.member.merged_into, found.member.balance) == (
        "merged",
        ola,
        0,
    )
    assert (found.objects.items, found.windows) == ([], [])


def test_the_ledgers_of_both_name_each_other(people: People) -> None:
    ola, jan = joined(people)
    with people.pipeline.database.snapshot() as connection:
        here, there = (ledger_of(connection, one).items for one in (ola, jan))
    [arrived] = [one for one in here if one.kind == "merge"]
    assert (arrived.other, arrived.stays, arrived.points, arrived.balance) == (jan, True, 170, 270)
    [left] = [one for one in there if one.kind == "merge"]
    assert (left.other, left.stays, left.points, left.balance) == (ola, False, -170, 0)
    assert sentence(here[0], "en") == (
        "100 points taken back: another account of the same person has been given it."
    )


def test_who_asks_by_e_mail_means_the_person(people: People) -> None:
    ola, jan = joined(people)
    vault = people.pipeline.runtime.vault
    with people.pipeline.database.snapshot() as connection:
        assert find_member(connection, vault, JAN).id == ola
        assert find_member(connection, vault, str(jan)).id == jan


def test_a_claim_says_who_stays(people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(1, account("7", OLA, verified=False))
    with people.pipeline.database.snapshot() as connection:
        [claim] = pending_claims(connection)
    member = people.member(1, "7")
    assert (claim.staying_id, claim.member_id, claim.holder_state) == (member, member, "guest")
    assert (claim.member_balance, claim.holder_balance) == (100, 40)
    people.tell(1, account("7", OLA, at=1))
    with people.pipeline.database.snapshot() as connection:
        assert pending_claims(connection) == []
    [settled] = shown(people, member).claims
    assert isinstance(settled, ClaimView)
    assert (settled.status, settled.by_shop, settled.decided_at is None) == ("proved", False, False)
