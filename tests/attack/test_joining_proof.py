"""Whoever writes to the database past the service to make two people one, or one two, is found."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, delete, update

from app.db import tables as t
from tests.people import JAN, OLA, People, account, gone, open_people, order, review
from tests.pipeline import Pipeline

GUEST = "guest@example.pl"


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    """Ola with what she gathered as a guest, two customers the shop made one, and two open claims."""
    people = open_people(pipeline)
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(0, account("5", OLA))
    people.tell(0, order(2, "70.00", customer="5", email=OLA))
    people.tell(0, account("6", JAN))
    people.tell(1, order(3, "30.00", customer="7", email=None))
    people.tell(1, account("8", "old@example.pl"))
    people.tell(1, gone("8", into="7"))
    people.tell(0, review(4, "a", JAN))
    people.tell(0, order(5, "20.00", email=GUEST))
    people.tell(1, account("9", GUEST, verified=False))
    people.tell(1, account("10", JAN, verified=False))
    assert people.problems() == []
    return people


def customer(people: People, store: int, number: str) -> int:
    found: int = people.customer(store, number).id
    return found


def _moved_customer(people: People, connection: Connection) -> None:
    this = t.store_customer.c.id == customer(people, 0, "6")
    connection.execute(update(t.store_customer).where(this).values(member_id=people.member(0, "5")))


def _renamed_customer(people: People, connection: Connection) -> None:
    this = t.store_customer.c.id == customer(people, 1, "9")
    connection.execute(update(t.store_customer).where(this).values(external_id="99"))


def _moved_e_mail(people: People, connection: Connection) -> None:
    this = t.identity.c.member_id == people.member(0, "6")
    connection.execute(update(t.identity).where(this).values(member_id=people.member(0, "5")))


def _removed_e_mail(people: People, connection: Connection) -> None:
    connection.execute(delete(t.identity).where(t.identity.c.member_id == people.member(0, "6")))


def _false_proof(people: People, connection: Connection) -> None:
    this = t.store_customer.c.id == customer(people, 0, "6")
    connection.execute(update(t.store_customer).where(this).values(proved_hash=b"x" * 32))


def _vouched_by_nobody(people: People, connection: Connection) -> None:
    connection.execute(update(t.claim).where(t.claim.c.status == "pending").values(status="proved"))


def _confirmed_by_nobody(people: People, connection: Connection) -> None:
    settled = t.claim.c.decided_at.is_not(None)
    connection.execute(update(t.claim).where(settled).values(status="confirmed"))


def _settled_without_a_join(people: People, connection: Connection) -> None:
    open_ones = t.claim.c.decided_at.is_(None)
    connection.execute(update(t.claim).where(open_ones).values(decided_at=people.pipeline.clock()))


def _claim_of_another(people: People, connection: Connection) -> None:
    settled = t.claim.c.decided_at.is_not(None)
    connection.execute(update(t.claim).where(settled).values(holder_id=people.member(0, "6")))


def _claim_opened_again(people: People, connection: Connection) -> None:
    connection.execute(update(t.claim).values(decided_at=None))


def _lot_of_another_award(people: People, connection: Connection) -> None:
    one, other = people.rows("lot", member_id=people.member(0, "6"))
    connection.execute(update(t.lot).where(t.lot.c.id == one.id).values(award_id=other.award_id))


@pytest.mark.parametrize(
    ("tamper", "what"),
    [
        (_moved_customer, "the shop's customer 6 is another member's than its orders"),
        (_renamed_customer, "the shop's customer 9 is missing"),
        (_moved_e_mail, "the e-mail that customer 6 proved belongs to somebody else"),
        (_removed_e_mail, "the e-mail that customer 6 proved belongs to somebody else"),
        (_false_proof, "the e-mail that customer 6 proved belongs to somebody else"),
        (_vouched_by_nobody, "is proved by no shop"),
        (_confirmed_by_nobody, "was confirmed by nobody"),
        (_settled_without_a_join, "is settled, and its accounts are not one"),
        (_claim_of_another, "is settled, and its accounts are not one"),
        (_claim_opened_again, "is open and speaks of an account that was joined to another"),
        (_lot_of_another_award, "is not as it was opened"),
    ],
)
def test_the_proof_names_what_was_changed(
    people: People, tamper: Callable[[People, Connection], None], what: str
) -> None:
    with people.pipeline.database.transaction() as connection:
        tamper(people, connection)
    assert any(what in problem for problem in people.problems())
