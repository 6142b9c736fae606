"""What a person takes away from a customer in the shop is put back, but at most once a day."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.services import writeback
from app.services.stores import Store
from tests.pipeline import Pipeline, order_body

MARKS = ("stempel:member", "stempel:points=314")


@pytest.fixture
def store(pipeline: Pipeline) -> Store:
    """Return a store whose customer 5 shows MARKS, with nothing left to write."""
    made = pipeline.store(pipeline.programme(), keys=True)
    pipeline.deliver(made, "order.updated", order_body(customer_id=5))
    with pipeline.database.transaction() as connection:
        [one] = writeback.claim_due(connection, made.id, pipeline.clock(), limit=10)
        assert writeback.written(connection, one, pipeline.clock(), MARKS)
    return made


def row(pipeline: Pipeline) -> Any:
    with pipeline.database.snapshot() as connection:
        return connection.execute(select(t.store_customer)).one()


def taken_away(pipeline: Pipeline, store: Store, *marks: str) -> None:
    with pipeline.database.transaction() as connection:
        writeback.restore_marks(connection, store.id, "5", marks, pipeline.clock())


def put_back(pipeline: Pipeline, store: Store) -> bool:
    """Do what is due now, as the pusher does; returns whether anything was."""
    with pipeline.database.transaction() as connection:
        due = writeback.claim_due(connection, store.id, pipeline.clock(), limit=10)
        for one in due:
            assert writeback.written(connection, one, pipeline.clock(), MARKS)
    return bool(due)


def test_a_mark_taken_away_is_put_back_at_once(pipeline: Pipeline, store: Store) -> None:
    taken_away(pipeline, store, "stempel:member")
    assert put_back(pipeline, store)
    assert not put_back(pipeline, store)


def test_taken_away_again_and_again_it_comes_back_once_a_day(
    pipeline: Pipeline, store: Store
) -> None:
    back = 0
    for _ in range(6 * 24):  # three days, each half an hour
        taken_away(pipeline, store, "stempel:points=314")
        back += put_back(pipeline, store)
        pipeline.clock.advance(minutes=30)
    assert back == 3


def test_what_waits_for_tomorrow_is_not_forgotten_when_the_balance_moves_today(
    pipeline: Pipeline, store: Store
) -> None:
    taken_away(pipeline, store, "stempel:member")
    assert put_back(pipeline, store)
    taken_away(pipeline, store, "stempel:member")
    assert not put_back(pipeline, store)
    member = row(pipeline).member_id
    with pipeline.database.transaction() as connection:
        connection.execute(update(t.member).where(t.member.c.id == member).values(balance=1))
        writeback.want_writing(connection, [member], pipeline.clock())
    assert put_back(pipeline, store)
    taken_away(pipeline, store, "stempel:member")
    due_at = row(pipeline).due_at
    assert due_at is not None
    assert due_at - pipeline.clock.moment > timedelta(hours=23)


def test_the_echo_of_our_own_removal_causes_no_write(pipeline: Pipeline, store: Store) -> None:
    taken_away(pipeline, store, "stempel:points=200")
    assert not put_back(pipeline, store)
    assert row(pipeline).wanted_rev == row(pipeline).written_rev


def test_marks_of_somebody_we_do_not_know_are_nobodys_business(
    pipeline: Pipeline, store: Store
) -> None:
    with pipeline.database.transaction() as connection:
        writeback.restore_marks(connection, store.id, "6", MARKS, pipeline.clock())
    assert not put_back(pipeline, store)
