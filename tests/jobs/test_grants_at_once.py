"""Grants on both databases: codes given, ended, joined with their people, and by several workers at once."""

from contextlib import suppress

import pytest

from app.errors import Conflict
from app.services.grants import due_grants, settle_grants
from jobs.outlets import outlets
from tests.cards import cups
from tests.jobs.test_grants import ended, made, opened, states, turn
from tests.people import JAN, account
from tests.pipeline import Pipeline
from tests.threads import at_once


def test_a_full_card_is_a_code_that_costs_nothing(pipeline: Pipeline) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 2))
    turn(people)
    assert states(people) == []
    people.tell(0, cups(2, 1))
    assert people.problems() == []  # what is to be given is not missing yet
    made(people)
    [code] = people.rows("redemption")
    assert (code.state, code.granted_by, code.store_id) == ("issued", "card", people.stores[0].id)
    assert people.balances() == [0]
    assert people.rows("entry") == []
    [act] = people.rows("audit", action="redemption.grant")
    assert act.actor == "automatic"
    turn(people)
    assert len(people.rows("redemption")) == 1
    assert people.problems() == []


def test_a_refund_ends_the_code_that_nobody_used_and_the_next_piece_brings_another(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 3))
    made(people)
    people.tell(0, cups(1, 3, back=1, at=1))
    turn(people)
    assert states(people) == ["(issued)"]
    assert people.problems() == []
    ended(people)
    assert states(people) == ["released"]
    assert people.problems() == []
    people.tell(0, cups(2, 1))
    made(people)
    assert states(people) == ["released", "issued"]
    assert people.problems() == []


def test_two_accounts_with_a_full_card_each_have_two_pieces_over_once_they_are_one(
    pipeline: Pipeline,
) -> None:
    people = opened(pipeline)
    people.tell(0, account("6", JAN))
    people.tell(0, cups(1, 4))
    people.tell(0, cups(2, 4, customer="6"))
    made(people)
    assert states(people) == ["issued", "issued"]
    people.merge(people.member(0, "5"), people.member(0, "6"))
    turn(people)
    assert states(people) == ["issued", "issued"]
    assert people.problems() == []
    people.tell(0, cups(2, 4, customer="6", back=4, at=1))
    turn(people)
    assert states(people) == ["issued", "(issued)"]
    assert people.problems() == []


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_at_once_give_each_code_once(pipeline: Pipeline, workers: int) -> None:
    people = opened(pipeline)
    people.tell(0, cups(1, 9))
    with pipeline.database.snapshot() as connection:
        [one] = due_grants(connection, pipeline.clock(), limit=5)
        runtime = pipeline.runtime
        shops = outlets(
            connection, runtime.settings.keyring, runtime.connectors, people.programme_id
        )

    def work() -> None:
        with suppress(Conflict):
            pipeline.database.run(
                lambda connection: settle_grants(
                    connection, runtime.vault, one, outlets=shops, now=pipeline.clock()
                )
            )

    at_once([work] * workers)
    assert states(people) == ["reserved"] * 3
    assert people.problems() == []
