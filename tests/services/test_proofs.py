"""Who is proved to be whom: by a verified e-mail, by a shop that merges its customers, by a manager."""

import json

import pytest
from sqlalchemy import update

from app.db import tables as t
from app.errors import Conflict
from app.services.enrol import add_member
from tests.people import JAN, OLA, People, account, gone, open_people, order
from tests.pipeline import Pipeline
from tests.services.test_merging import GUEST, confirm


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return open_people(pipeline)


def test_a_verified_e_mail_joins_what_a_guest_gathered(people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA.upper()))
    people.tell(0, account("5", OLA))
    assert people.balances() == [140]
    [claim] = people.rows("claim")
    assert claim.status == "proved"
    assert claim.decided_at is not None
    people.tell(0, order(2, "10.00", email=OLA))
    assert people.balances() == [150]
    assert people.problems() == []


def test_an_order_proves_its_customers_e_mail_too(people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(1, order(2, "10.00", customer="7", email=OLA))
    assert people.balances() == [50]
    assert people.holder(OLA) == people.member(1, "7")


def test_an_e_mail_that_nobody_vouches_for_joins_nothing(people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(0, account("5", OLA, verified=False))
    assert people.balances() == [40, 100]
    assert [row.status for row in people.rows("claim")] == ["pending"]


@pytest.mark.parametrize("first", ["proof", "contact"])
def test_an_unproved_account_claims_what_a_proved_one_holds(people: People, first: str) -> None:
    told = [(0, account("5", OLA)), (1, account("7", OLA, verified=False))]
    for store, event in told if first == "proof" else reversed(told):
        people.tell(store, event)
    assert people.balances() == [100, 100]
    [claim] = people.rows("claim")
    assert claim.status == "pending"
    assert (claim.member_id, claim.holder_id) == (people.member(1, "7"), people.member(0, "5"))


def test_a_claim_that_waited_is_settled_by_proof(people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(0, account("5", OLA, verified=False))
    people.tell(0, account("5", OLA, at=1))
    assert people.balances() == [140]
    [claim] = people.rows("claim")
    assert (claim.status, claim.decided_at is None) == ("proved", False)


def test_claims_speak_of_the_account_that_stays(people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(1, account("7", OLA, verified=False))
    people.tell(0, account("5", OLA))
    waiting = [row for row in people.rows("claim") if row.status == "pending"]
    assert [(row.member_id, row.holder_id) for row in waiting] == [
        (people.member(1, "7"), people.member(0, "5"))
    ]
    people.merge(people.member(1, "7"), people.member(0, "5"))
    [settled] = [row for row in people.rows("claim") if row.id == waiting[0].id]
    assert settled.status == "joined"
    with pytest.raises(Conflict, match="joined already"):
        confirm(people, settled.id)


def test_a_changed_e_mail_moves_nobody(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(1, account("7", JAN))
    people.tell(0, order(1, "40.00", email=GUEST))
    for email in (JAN, GUEST):
        people.tell(0, account("5", email, at=1))
    assert people.balances() == [40, 100, 100]
    assert people.holder(JAN) == people.member(1, "7")
    assert {(row.status, row.member_id) for row in people.rows("claim")} == {
        ("pending", people.member(0, "5"))
    }


def test_a_changed_e_mail_does_not_become_the_accounts_own(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(0, account("5", JAN, at=1))
    people.tell(1, account("7", JAN))
    assert people.balances() == [100, 100]
    assert people.holder(JAN) == people.member(1, "7")


def test_a_manager_may_join_two_members(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(1, account("7", OLA, verified=False))
    people.tell(1, order(1, "40.00", customer="7"))
    [claim] = people.rows("claim")
    assert confirm(people, claim.id) == people.member(0, "5")
    assert people.balances() == [140]
    [act] = people.rows("audit", action="claim.confirm")
    assert (act.actor, act.action, act.reason) == ("ewa", "claim.confirm", "showed an id card")
    assert json.loads(act.detail)["claim"] == str(claim.id)
    [settled] = people.rows("claim")
    assert settled.status == "confirmed"
    with pytest.raises(Conflict):
        confirm(people, claim.id)
    assert people.problems() == []


def test_somebody_enrolled_by_hand_is_found_by_proof(people: People) -> None:
    with people.pipeline.database.transaction() as connection:
        by_hand = add_member(
            connection,
            people.pipeline.runtime.vault,
            programme_id=people.programme_id,
            email=OLA,
            now=people.pipeline.clock(),
        )
    people.tell(0, account("5", OLA))
    assert people.member(0, "5") == by_hand
    assert people.balances() == [100]
    assert people.problems() == []


def test_enrolling_by_hand_finds_whom_the_account_with_that_e_mail_was_joined_to(
    people: People,
) -> None:
    people.tell(0, account("5", OLA, verified=False))
    people.tell(0, account("6", JAN))
    people.tell(0, gone("5", into="6"))
    with people.pipeline.database.transaction() as connection:
        found = add_member(
            connection,
            people.pipeline.runtime.vault,
            programme_id=people.programme_id,
            email=OLA,
            now=people.pipeline.clock(),
        )
    assert found == people.member(0, "6")


def test_the_shop_merges_two_of_its_customers(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    people.tell(0, order(1, "40.00", customer="5", email=OLA))
    kept = people.member(0, "6")
    assert people.tell(0, gone("5", into="6")) == (
        "processed",
        "customer 5 was merged into customer 6 in the shop",
    )
    assert people.member(0, "5") == people.member(0, "6") == kept
    assert people.balances() == [140]
    row = people.customer(0, "5")
    assert (row.gone, row.kept_as) == (1, "6")
    # An older body still names the one that ended, a refund comes later.
    people.tell(0, order(2, "10.00", customer="5", email=OLA))
    people.tell(0, order(1, "40.00", customer="6", email=JAN, refunded="40.00", at=1))
    assert people.balances() == [110]
    assert people.problems() == []


def test_the_enrolled_customer_stays_whichever_the_shop_kept(pipeline: Pipeline) -> None:
    people = open_people(pipeline)
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    kept, member = people.member(0, "6"), people.member(0, "5")
    with pipeline.database.transaction() as connection:
        connection.execute(
            update(t.member).where(t.member.c.id == kept).values(state="guest", enrolled_at=None)
        )
    people.tell(0, gone("5", into="6"))
    assert people.member(0, "6") == member


def test_a_merge_of_customers_never_seen_leaves_one_member(people: People) -> None:
    people.tell(0, gone("5", into="6"))
    assert people.member(0, "5") == people.member(0, "6")
    people.tell(0, account("5", OLA, at=-5))
    people.tell(0, account("6", JAN))
    assert people.balances() == [100]
    row = people.customer(0, "5")
    assert (row.gone, row.due_at) == (1, None)
    assert people.holder(OLA) == people.member(0, "6")
    assert people.problems() == []


def test_a_customer_that_ended_in_a_merge_stays_gone(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    for event in (gone("5", into="6"), gone("5", into="6"), gone("5"), account("5", OLA, at=20)):
        people.tell(0, event)
        assert people.customer(0, "5").gone == 1
        assert people.member(0, "5") == people.member(0, "6")
    assert people.tell(0, account("5", OLA, at=21))[0] == "stale"
    assert people.balances() == [100]
    assert people.problems() == []


def test_merges_of_customers_in_a_row_or_a_circle(people: People) -> None:
    for number, email in (("5", OLA), ("6", JAN), ("7", GUEST)):
        people.tell(0, account(number, email))
    assert people.tell(0, gone("5", into="5"))[0] == "ignored"
    assert people.customer(0, "5").gone == 0
    for ended, kept in (("5", "6"), ("6", "7"), ("7", "5")):
        people.tell(0, gone(ended, into=kept))
    assert len({people.member(0, number) for number in "567"}) == 1
    assert people.balances() == [100]
    assert people.problems() == []
