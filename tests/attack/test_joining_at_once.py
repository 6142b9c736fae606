"""Many who want to join the same accounts in one moment: one join, one word in the audit log, no error."""

import itertools
import random
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.errors import Conflict
from app.services.enrol import confirm_claim
from app.services.links import claim_link
from app.services.merge import merge_accounts
from jobs.drain import drain
from jobs.joins import join_proved
from jobs.runtime import Runtime
from jobs.worker import Worker
from tests.people import OLA, People, account, open_people, order
from tests.pipeline import Pipeline
from tests.threads import at_once
from tests.way.test_many_workers import body, worker
from tests.web.conftest import client_of


@pytest.fixture
def people(pipeline: Pipeline) -> People:
    return open_people(pipeline)


def confirming(runtime: Runtime, claim_id: int) -> Callable[[], object]:
    def confirm() -> object:
        with suppress(Conflict):
            return runtime.database.run(
                lambda connection: confirm_claim(
                    connection,
                    runtime.vault,
                    claim_id=claim_id,
                    actor="ewa",
                    reason="known for years",
                    now=runtime.clock(),
                )
            )
        return None

    return confirm


@pytest.mark.parametrize("proved", [False, True])
def test_thirty_clicks_a_manager_and_a_proof_join_once(people: People, proved: bool) -> None:
    people.tell(0, order(1, "40.00", email=OLA))
    people.tell(0, account("5", OLA, verified=False))
    [claim] = people.rows("claim")
    pipeline = people.pipeline
    with pipeline.database.snapshot() as connection:
        path = claim_link(
            connection,
            pipeline.runtime.vault,
            public_url="",
            claim_id=claim.id,
            now=pipeline.clock(),
        ).address
    if proved:
        people.tell(0, account("5", OLA, at=1), join=False)
    said: list[int] = []
    browsers = client_of(pipeline).application

    def click() -> None:
        answer = browsers.test_client().post(path, headers={"Host": "127.0.0.1:8000"})
        said.append(answer.status_code)

    with ExitStack() as stack:
        other = worker(pipeline, stack)
        jobs = [click] * 30
        jobs += [confirming(other, claim.id), lambda: join_proved(other)]  # type: ignore[list-item]
        at_once(jobs)
    pipeline.drain()
    assert set(said) == {200}
    assert people.balances() == [140]
    assert len(people.rows("entry", kind="merge")) == 2
    confirmed = [row for row in people.rows("audit") if row.action == "claim.confirm"]
    [settled] = people.rows("claim")
    assert (settled.status, len(confirmed)) in {("confirmed", 1), ("proved", 0)}
    assert people.problems() == []


@pytest.mark.parametrize("number", range(3))
def test_chains_and_circles_joined_from_all_ends_while_their_orders_change(
    people: People, number: int
) -> None:
    chance = random.Random(number)
    pipeline, store = people.pipeline, people.stores[0]
    for order_number in range(30):  # of ten customers and five guests
        pipeline.receive(store, "order.updated", body(order_number))
    pipeline.drain()
    refund = {"id": 5000, "reason": "", "total": "-9.95", "total_tax": "0.00"}
    for order_number in range(60):  # half of them refunded, half of them new
        later = body(order_number, refunds=[refund], date_modified_gmt="2026-11-21T19:00:00")
        pipeline.receive(store, "order.updated", later)
    # Four of the customers are one person, told in pairs: a chain, a circle, both ways round.
    members = [people.member(0, str(customer)) for customer in range(1, 5)]
    pairs = list(itertools.permutations(members, 2))
    chance.shuffle(pairs)

    def joining(runtime: Runtime, pair: tuple[int, int]) -> Callable[[], object]:
        def join() -> object:
            for _ in range(20):
                with suppress(Conflict):
                    return runtime.database.run(
                        lambda connection: merge_accounts(
                            connection,
                            runtime.vault,
                            programme_id=people.programme_id,
                            one=pair[0],
                            other=pair[1],
                            now=runtime.clock(),
                        )
                    )
            raise AssertionError("never joined")

        return join

    with ExitStack() as stack:
        first, second, third = (worker(pipeline, stack) for _ in range(3))
        jobs = [joining(third, pair) for pair in pairs]
        at_once([lambda: drain(first, limit=3), lambda: drain(second, limit=3), *jobs])
    pipeline.drain()
    assert len({people.member(0, str(customer)) for customer in range(1, 5)}) == 1
    assert sum(people.balances()) == 60 * 40
    assert people.problems() == []


def test_many_proofs_at_once_let_deliveries_through(people: People) -> None:
    for number in range(50):
        people.tell(0, order(number, "10.00", email=f"p{number}@example.pl"), join=False)
        people.tell(0, account(str(number), f"p{number}@example.pl"), join=False)
    assert join_proved(people.pipeline.runtime, limit=2) == 2
    running = Worker(people.pipeline.runtime)
    running.start()
    try:
        until = time.monotonic() + 60
        while set(people.balances()) != {110} and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        running.stop()
    assert people.balances() == [110] * 50
    with people.pipeline.database.snapshot() as connection:
        waiting = connection.execute(
            select(t.claim.c.id).where(t.claim.c.decided_at.is_(None))
        ).all()
    assert waiting == []
    assert people.problems() == []
