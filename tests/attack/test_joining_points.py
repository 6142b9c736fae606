"""Points over a join: nothing is given twice, nothing that was let off is paid, every reason is right."""

from datetime import timedelta

import msgspec
import pytest

from app.programme.events import Event
from app.programme.explanation import Reason
from app.services.adjust import adjust_points
from app.services.view_members import find_member, show_member
from tests.people import JAN, OLA, People, account, gone, open_people, order, removed, review
from tests.pipeline import Pipeline

GUEST = "guest@example.pl"


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return open_people(pipeline)


def later(event: Event) -> Event:
    assert event.modified_at is not None
    return msgspec.structs.replace(event, modified_at=event.modified_at + timedelta(seconds=9))


def correct(people: People, member_id: int, points: int, key: str) -> int:
    with people.pipeline.database.transaction() as connection:
        return adjust_points(
            connection,
            people.pipeline.runtime.vault,
            programme_id=people.programme_id,
            member_id=member_id,
            points=points,
            reason="a late parcel",
            key=key,
            actor="ewa",
            now=people.pipeline.clock(),
        )


def test_a_correction_tried_again_after_a_join_is_posted_once(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(1, account("7", JAN))
    ola, jan = people.member(0, "5"), people.member(1, "7")
    assert correct(people, jan, 50, "parcel 17") == 150
    people.merge(ola, jan)
    assert correct(people, jan, 50, "parcel 17") == 150
    assert correct(people, ola, 50, "parcel 17") == 150
    assert correct(people, jan, 50, "parcel 18") == 200
    assert people.problems() == []


def test_what_was_let_off_is_netted_though_both_accounts_had_the_order(pipeline: Pipeline) -> None:
    people = open_people(pipeline, debt="forgive")
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    for at, customer in enumerate(("5", "6", "5")):
        people.tell(0, order(1, customer=customer, at=at))
    ola = people.member(0, "5")
    people.merge(ola, people.member(0, "6"))
    people.spend(ola, 150)
    people.tell(0, order(1, customer="5", refunded="100.00", at=4))
    assert people.balances() == [0]  # 50 were let off
    people.tell(0, order(1, customer="5", at=5))
    assert people.balances() == [50]
    assert people.problems() == []


def test_what_was_let_off_for_one_account_is_not_charged_to_the_others_award(
    pipeline: Pipeline,
) -> None:
    """Two reviews of one product, paid to two accounts that turn out to be one, with all spent."""
    people = open_people(pipeline, debt="forgive")
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    people.tell(0, review(1, "a", OLA))
    people.tell(0, review(2, "a", JAN))
    ola, jan = people.member(0, "5"), people.member(0, "6")
    people.spend(ola, 120)
    people.spend(jan, 120)
    people.merge(ola, jan)
    assert people.balances() == [0]  # what both had been given was let off
    correct(people, ola, 100, "a gift")
    for number, email in ((1, OLA), (2, JAN)):
        people.tell(0, removed(review(number, "a", email)))
    assert people.balances() == [80]
    people.tell(0, later(review(2, "a", JAN)))
    assert people.balances() == [100]
    assert people.problems() == []


def test_a_refunded_order_says_so_and_not_that_somebody_else_has_it(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(0, account("6", JAN))
    for at, customer in enumerate(("5", "6")):
        people.tell(0, order(1, customer=customer, at=at))
    ola = people.member(0, "5")
    people.merge(ola, people.member(0, "6"))
    people.tell(0, order(1, customer="6", refunded="100.00", at=4))
    with people.pipeline.database.snapshot() as connection:
        found = show_member(connection, people.pipeline.runtime.vault, ola)
    [bought] = [one for one in found.objects.items if one.kind == "order"]
    [award] = bought.awards
    assert award.explanation is not None
    assert award.explanation.reason is Reason.NOTHING_COUNTS


def test_an_e_mail_that_two_joined_accounts_had_finds_the_one_person(people: People) -> None:
    people.tell(0, account("5", OLA))
    people.tell(1, account("7", JAN))
    people.tell(0, account("8", JAN, verified=False))
    ola = people.member(0, "5")
    people.merge(ola, people.member(0, "8"))
    people.merge(ola, people.member(1, "7"))
    with people.pipeline.database.snapshot() as connection:
        assert find_member(connection, people.pipeline.runtime.vault, JAN).id == ola


def test_an_account_is_found_by_the_e_mail_that_any_of_its_shops_has(people: People) -> None:
    """Ola calls herself something else in each shop; a review in the first is hers all the same."""
    people.tell(0, account("5", OLA))
    people.tell(1, account("7", JAN))
    ola = people.member(0, "5")
    people.merge(ola, people.member(1, "7"))
    people.tell(1, account("7", GUEST, verified=False, at=1))
    people.tell(0, review(1, "a", OLA))
    people.tell(1, review(2, "a", GUEST))
    assert people.balances() == [140]
    with people.pipeline.database.snapshot() as connection:
        for email in (OLA, GUEST):
            assert find_member(connection, people.pipeline.runtime.vault, email).id == ola
    people.tell(0, order(1, "40.00", email=GUEST))
    [waiting] = [row for row in people.rows("claim") if row.status == "pending"]
    assert waiting.member_id == ola


def test_the_e_mail_of_a_customer_that_ended_is_learned_late(people: People) -> None:
    people.tell(1, review(1, "y", OLA))
    people.tell(1, account("1", JAN))
    people.tell(1, gone("2", into="1"))
    people.tell(1, account("2", OLA, verified=False, at=5))
    assert people.balances() == [120]
    with people.pipeline.database.snapshot() as connection:
        found = find_member(connection, people.pipeline.runtime.vault, OLA)
    assert (found.id, found.email) == (people.member(1, "1"), JAN)
