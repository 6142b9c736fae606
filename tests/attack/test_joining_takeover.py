"""Who tries to become somebody else: with an e-mail left behind, a look-alike, or a link for another."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.db import tables as t
from app.errors import Conflict
from app.services.links import Link, claim_link, claim_of, linked_claim
from tests.people import JAN, OLA, People, account, gone, open_people, order
from tests.pipeline import Pipeline


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return open_people(pipeline)


def link(people: People, claim_id: int) -> Link:
    with people.pipeline.database.snapshot() as connection:
        return claim_link(
            connection,
            people.pipeline.runtime.vault,
            public_url="https://loyalty.example",
            claim_id=claim_id,
            now=people.pipeline.clock(),
        )


def works(people: People, made: Link) -> bool:
    token = made.address.rsplit("/", 1)[1]
    claim_id = claim_of(people.pipeline.settings.keyring, token, people.pipeline.clock())
    if claim_id is None:
        return False
    with people.pipeline.database.snapshot() as connection:
        return linked_claim(connection, claim_id) is not None


def statuses(people: People) -> list[str]:
    return [row.status for row in people.rows("claim")]


@pytest.mark.parametrize("store", [0, 1])
def test_who_has_a_mailbox_that_somebody_left_is_not_that_person(
    people: People, store: int
) -> None:
    """Ola leaves her address, the firm gives it to the next one, who signs up with it."""
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(0, account("5", OLA))
    people.tell(0, account("5", JAN, at=1))
    people.tell(store, account("9", OLA, at=2))
    assert people.balances() == [100, 140]
    [_, waiting] = people.rows("claim")
    assert (waiting.status, waiting.member_id) == ("pending", people.member(store, "9"))
    with pytest.raises(Conflict, match="prove nothing"):
        link(people, waiting.id)
    assert people.problems() == []


def test_who_comes_back_to_an_e_mail_proves_it_again(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(0, account("5", JAN, at=1))
    people.tell(1, account("9", OLA, at=2))
    people.tell(0, account("5", OLA, at=3))
    people.tell(1, account("9", OLA, at=4))
    assert people.balances() == [100]
    assert people.problems() == []


def test_who_was_deleted_and_signs_up_again_is_the_same_person(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(0, order(1, "40.00", customer="5", email=OLA))
    people.tell(0, gone("5"))
    people.tell(0, account("9", OLA, at=10))
    assert people.balances() == [140]
    assert people.problems() == []


def test_one_shop_that_still_has_the_e_mail_is_enough(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(1, account("7", OLA))
    people.tell(0, account("5", JAN, at=1))
    people.tell(1, account("9", OLA, at=2))
    assert people.balances() == [100]


def test_a_domain_that_only_looks_alike_proves_nothing(people: People) -> None:
    """ "ß" is a letter of its own in domains: whoever buys straße.example is not strasse.example."""
    people.tell(0, account("5", "ola@strasse.example"))
    people.tell(1, account("7", "ola@straße.example"))
    assert people.balances() == [100, 100]
    assert statuses(people) == []


def test_a_link_says_which_e_mail_it_is_for_whatever_an_account_calls_itself_later(
    people: People,
) -> None:
    """A stranger signs up with Ola's e-mail, waits until the shop writes, and takes another one."""
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(0, account("5", OLA, verified=False))
    [claim] = people.rows("claim")
    made = link(people, claim.id)
    assert (made.email, works(people, made)) == (OLA, True)
    people.tell(0, account("5", JAN, verified=False, at=1))
    with pytest.raises(Conflict, match="prove nothing"):
        link(people, claim.id)
    assert not works(people, made)
    people.tell(0, account("5", OLA, verified=False, at=2))
    assert works(people, made)


def test_a_link_ends_with_a_party_that_is_erased(people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(0, account("5", OLA, verified=False))
    [claim] = people.rows("claim")
    made = link(people, claim.id)
    with people.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.member).where(t.member.c.id == claim.holder_id).values(state="erased")
        )
    assert not works(people, made)


def test_a_link_follows_its_claim_to_the_account_that_stays(people: People) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(1, account("7", OLA, verified=False))
    [claim] = people.rows("claim")
    made = link(people, claim.id)
    people.tell(0, account("5", OLA))  # the guest is joined to this one
    assert works(people, made)
    people.pipeline.clock.advance(seconds=timedelta(days=7).total_seconds())
    assert not works(people, made)


def test_what_the_shop_made_one_is_proved_by_no_e_mail(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    people.tell(0, gone("5", into="6"), join=False)
    with people.pipeline.database.transaction() as connection:
        connection.execute(update(t.claim).values(status="pending"))
    [claim] = people.rows("claim")
    with pytest.raises(Conflict, match="prove nothing"):
        link(people, claim.id)
