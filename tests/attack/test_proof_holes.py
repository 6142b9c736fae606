"""Writing past the service in ways that keep every sum right: the proof still finds it."""

import pytest
from sqlalchemy import delete, func, select, update

from app.db import tables as t
from tests.pipeline import Pipeline
from tests.way.test_proof import JAN, OLA, entries, found, ledger, member, tampering

__all__ = ["ledger"]  # the fixture: two guests with orders


def test_an_order_given_away_with_its_award_is_found(ledger: Pipeline) -> None:
    jan, ola = member(ledger, JAN), member(ledger, OLA)
    with ledger.database.transaction() as connection:
        moved = connection.execute(
            select(t.award.c.object_id).where(t.award.c.member_id == ola)
        ).scalar_one()
        connection.execute(update(t.award).where(t.award.c.member_id == ola).values(member_id=jan))
        connection.execute(
            update(t.source_object).where(t.source_object.c.id == moved).values(owner_id=jan)
        )
    assert any("posted to another member" in what for what in found(ledger))


def test_entries_left_behind_by_the_newest_member_are_found(ledger: Pipeline) -> None:
    assert entries(ledger, OLA)
    with tampering(ledger) as connection:
        connection.execute(
            delete(t.member).where(
                t.member.c.id == select(func.max(t.member.c.id)).scalar_subquery()
            )
        )
    assert "entries of a member that does not exist" in found(ledger)


def test_an_award_for_an_object_that_was_removed_is_found(ledger: Pipeline) -> None:
    with tampering(ledger) as connection:
        connection.execute(delete(t.source_object).where(t.source_object.c.external_id == "2"))
    assert "an object that awards were given for is missing" in found(ledger)


@pytest.mark.parametrize("state", ["merged", "guest"])
def test_an_account_with_points_that_was_joined_past_the_service_is_found(
    ledger: Pipeline, state: str
) -> None:
    jan, ola = member(ledger, JAN), member(ledger, OLA)
    with ledger.database.transaction() as connection:
        connection.execute(
            update(t.member).where(t.member.c.id == ola).values(merged_into=jan, state=state)
        )
    assert any("joined to another" in what for what in found(ledger))


def test_accounts_joined_in_a_circle_are_found_and_end_the_proof(ledger: Pipeline) -> None:
    jan, ola = member(ledger, JAN), member(ledger, OLA)
    with ledger.database.transaction() as connection:
        for one, other in ((jan, ola), (ola, jan)):
            connection.execute(
                update(t.member).where(t.member.c.id == one).values(merged_into=other)
            )
    assert any("joined to another" in what for what in found(ledger))
