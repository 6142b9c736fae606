"""The same points or the same code in the same moment: it ends as if one had come after the other."""

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.db.engine import Database
from app.errors import Conflict
from app.services import ingest
from app.services.code_answers import Answer
from app.services.codes import Act, claim_codes
from app.services.ingest import Incoming
from app.services.merge import merge_accounts
from app.settings import Settings
from jobs.codes import push_codes
from jobs.drain import drain
from tests import people
from tests.attack.counter import PRICE, Shop, open_shop, showing
from tests.attack.help import order
from tests.attack.redeeming import take, take_in_a_process
from tests.pipeline import Pipeline
from tests.taken import carrying
from tests.threads import at_once
from tests.way.connected import unsound
from tests.way.test_many_workers import worker


@pytest.fixture
def shop(pipeline: Pipeline) -> Iterator[Shop]:
    yield open_shop(pipeline)
    assert unsound(pipeline) == []


def never_below_zero(entries: list[tuple[str, int]]) -> bool:
    balance = 0
    for _, points in entries:
        balance += points
        if balance < 0:
            return False
    return True


def test_of_64_who_redeem_the_same_points_at_once_as_many_succeed_as_the_points_allow(
    shop: Shop,
) -> None:
    shop.earn(5, 10 * PRICE + 7)
    refused: list[Conflict] = []

    def click() -> None:
        try:
            shop.redeem(5)
        except Conflict as error:
            refused.append(error)

    at_once([click] * 64)
    assert len(refused) == 54
    assert shop.points(5) == 7
    entries = shop.entries(shop.member(5))
    assert entries == [("earn", 10 * PRICE + 7)] + [("spend", -PRICE)] * 10
    assert never_below_zero(entries)


def test_64_clicks_of_one_request_are_one_redemption(shop: Shop) -> None:
    shop.earn(5, 10 * PRICE)
    runtime, member_id = shop.pipeline.runtime, shop.member(5)
    taken: set[int] = set()

    def click() -> None:
        taken.add(take(runtime, shop.store, member_id, key="one click"))

    at_once([click] * 64)
    assert len(taken) == 1
    assert shop.points(5) == 9 * PRICE


def test_of_8_processes_that_redeem_the_same_points_none_overspends(
    postgres_database: Database, settings: Settings
) -> None:
    pipeline = Pipeline(postgres_database, settings)
    shop = open_shop(pipeline)
    shop.earn(5, 17 * PRICE + 3)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "tests.attack.redeeming"])  # once, not in each
    gate, told = context.Barrier(8), context.Queue()
    work = (settings, shop.store, shop.member(5), gate, told)
    processes = [context.Process(target=take_in_a_process, args=work) for _ in range(8)]
    for process in processes:
        process.start()
    said = Counter(told.get(timeout=60) for _ in range(8 * 5))
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 8
    assert said == {"taken": 17, "refused": 23}
    assert shop.points(5) == 3
    assert never_below_zero(shop.entries(shop.member(5)))
    assert unsound(pipeline) == []


def test_points_that_are_redeemed_and_taken_back_at_once_are_gone_twice_only_as_a_debt(
    shop: Shop,
) -> None:
    ends = set()
    for customer in range(5, 9):
        number = shop.earn(customer, PRICE)
        refunded = order(
            f"{PRICE}.00",
            number=number,
            customer=customer,
            modified=5,
            refunds=((number, f"{PRICE}.00"),),
        )
        shop.pipeline.receive(shop.store, "order.updated", refunded)
        taken: list[int] = []

        def click(customer: int = customer, taken: list[int] = taken) -> None:
            try:
                taken.append(shop.redeem(customer))
            except Conflict:
                taken.clear()

        with ExitStack() as stack:
            other = worker(shop.pipeline, stack)
            at_once([click, lambda other=other: drain(other)])  # type: ignore[misc]
        drain(shop.pipeline.runtime)
        assert shop.points(customer) == (-PRICE if taken else 0)
        ends.add(bool(taken))
    assert ends  # whichever way each of them went


def test_accounts_that_redeem_while_they_are_joined_spend_what_they_have_once(shop: Shop) -> None:
    runtime = shop.pipeline.runtime
    for pair in range(4):
        one, other = 10 + pair, 50 + pair
        shop.earn(one, PRICE + 1)
        shop.earn(other, PRICE + 2)
        members = [shop.member(one), shop.member(other)]

        def join(members: list[int] = members) -> None:
            for _ in range(5):
                try:
                    runtime.database.run(
                        lambda connection: merge_accounts(
                            connection,
                            runtime.vault,
                            programme_id=shop.programme_id,
                            one=members[0],
                            other=members[1],
                            now=runtime.clock(),
                        )
                    )
                except Conflict:
                    continue
                else:
                    return
            raise AssertionError("they could not be joined")

        taken: list[int] = []
        clicks = [
            lambda member_id=member_id, taken=taken: taken.append(  # type: ignore[misc]
                take(runtime, shop.store, member_id)
            )
            for member_id in members
        ]
        at_once([*clicks, join])
        assert shop.member(one) == shop.member(other)
        assert (len(set(taken)), shop.points(one)) == (2, 3)
        with pytest.raises(Conflict):
            shop.redeem(one)


def test_two_pushers_make_each_code_once(shop: Shop) -> None:
    shop.earn(5, 20 * PRICE)
    taken = [shop.redeem(5) for _ in range(20)]
    shop.codes.batch_size = 3
    with ExitStack() as stack:
        runtimes = [worker(shop.pipeline, stack) for _ in range(2)]
        at_once([lambda runtime=runtime: shop.push(runtime) for runtime in runtimes])  # type: ignore[misc]
    shop.push()
    assert [shop.row(one).state for one in taken] == ["issued"] * 20
    assert shop.codes.asked == {str(one): 1 for one in taken}


def test_the_answer_of_a_pusher_that_was_stopped_too_long_counts_no_more(shop: Shop) -> None:
    shop.earn(5, PRICE)
    taken = shop.redeem(5)
    [slow] = shop.claim()
    assert shop.claim() == []  # leased
    shop.pipeline.clock.advance(minutes=6)
    [fast] = shop.claim()
    shop.note(Answer(task=fast, remote_id="77", retry_at=shop.pipeline.clock()))
    before = shop.row(taken)
    shop.note(Answer(task=slow, error="no", never=True, retry_at=shop.pipeline.clock()))
    shop.note(Answer(task=slow, remote_id="78", retry_at=shop.pipeline.clock()))
    assert shop.row(taken) == before
    assert (before.state, before.remote_id) == ("issued", "77")


def test_an_answer_noted_twice_changes_nothing_more(shop: Shop) -> None:
    shop.earn(5, PRICE)
    taken = shop.issued(5).id
    with shop.pipeline.database.transaction() as connection:
        shop.release_in(connection, taken)
    [task] = shop.claim()
    dead = Answer(task=task, retry_at=shop.pipeline.clock())
    shop.note(dead)
    shop.note(dead)
    assert (shop.row(taken).state, shop.points(5)) == ("released", PRICE)
    assert shop.entries(shop.member(5)) == [("earn", PRICE), ("spend", -PRICE), ("restore", PRICE)]


def test_an_order_that_comes_while_its_code_is_proved_dead_captures_it(shop: Shop) -> None:
    for customer in range(5, 9):
        shop.earn(customer, PRICE)
        row = shop.issued(customer)
        with shop.pipeline.database.transaction() as connection:
            shop.release_in(connection, row.id)
        [task] = shop.claim()
        dead = Answer(task=task, retry_at=shop.pipeline.clock())
        number = next(shop.numbers)
        body = showing(row.code, number=number, customer=customer)
        shop.pipeline.receive(shop.store, "order.updated", body)
        with ExitStack() as stack:
            other = worker(shop.pipeline, stack)
            at_once(
                [
                    lambda dead=dead: shop.note(dead),  # type: ignore[misc]
                    lambda other=other: drain(other),  # type: ignore[misc]
                ]
            )
        drain(shop.pipeline.runtime)
        assert (shop.row(row.id).state, shop.points(customer)) == ("used", 10)
        entries = shop.entries(shop.member(customer))
        assert [kind for kind, _ in entries] in (
            ["earn", "spend", "earn"],
            ["earn", "spend", "restore", "earn", "spend"],
            ["earn", "spend", "restore", "spend", "earn"],
        )


def test_an_order_that_comes_while_staff_releases_its_code_captures_it(shop: Shop) -> None:
    for customer in range(5, 9):
        shop.earn(customer, PRICE)
        row = shop.issued(customer)
        body = showing(row.code, number=next(shop.numbers), customer=customer)
        shop.pipeline.receive(shop.store, "order.updated", body)
        shop.codes.uses = lambda code, key=row.code_key: int(code == key)  # type: ignore[misc]

        def by_hand(redemption_id: int = row.id) -> None:
            try:
                shop.pipeline.database.run(
                    lambda connection: shop.release_in(connection, redemption_id)
                )
            except Conflict:
                return  # the order was first
            shop.push()

        with ExitStack() as stack:
            other = worker(shop.pipeline, stack)
            at_once([by_hand, lambda other=other: drain(other)])  # type: ignore[misc]
        drain(shop.pipeline.runtime)
        shop.push()
        assert (shop.row(row.id).state, shop.points(customer)) == ("used", 10)
        assert shop.row(row.id).due_at is None


def test_a_code_released_while_it_is_being_made_is_never_alive_with_its_points_back(
    shop: Shop,
) -> None:
    for customer in range(5, 10):
        shop.earn(customer, PRICE)
        taken = shop.redeem(customer)
        with ExitStack() as stack:
            other = worker(shop.pipeline, stack)
            at_once(
                [
                    lambda taken=taken: shop.pipeline.database.run(  # type: ignore[misc]
                        lambda connection: shop.release_in(connection, taken)
                    ),
                    lambda other=other: push_codes(other, shop.store, shop.codes),  # type: ignore[misc]
                ]
            )
        row = shop.row(taken)
        assert not (row.state == "released" and shop.codes.usable(row.code))
        shop.push()
        assert (shop.row(taken).state, shop.points(customer)) == ("released", PRICE)
        assert not shop.codes.usable(row.code)


def test_a_release_waits_for_the_pusher_that_is_about_to_make_the_code(
    postgres_database: Database, settings: Settings
) -> None:
    pipeline = Pipeline(postgres_database, settings)
    shop = open_shop(pipeline)
    shop.earn(5, PRICE)
    taken = shop.redeem(5)
    said: list[str] = []
    by_hand = threading.Thread(
        target=lambda: said.append(
            pipeline.database.run(lambda connection: shop.release_in(connection, taken))
        )
    )
    with pipeline.database.transaction() as connection:
        [task] = claim_codes(connection, shop.store.id, pipeline.clock(), limit=10)
        by_hand.start()
        time.sleep(0.3)
        assert said == []
    by_hand.join(10)
    assert (said, task.act) == (["reserved"], Act.MAKE)
    shop.note(Answer(task=task, remote_id="77", retry_at=pipeline.clock()))
    [ending] = shop.claim()
    assert ending.act is Act.END


def test_two_orders_with_one_code_in_two_workers_are_captured_by_the_newer_one(shop: Shop) -> None:
    for customer in range(5, 10):
        shop.earn(customer, PRICE)
        row = shop.issued(customer)
        first, second = next(shop.numbers), next(shop.numbers)
        for number in (second, first):
            body = showing(row.code, number=number, customer=customer)
            shop.pipeline.receive(shop.store, "order.updated", body)
        with ExitStack() as stack:
            workers = [worker(shop.pipeline, stack) for _ in range(2)]
            at_once([lambda one=one: drain(one, limit=1) for one in workers])  # type: ignore[misc]
        drain(shop.pipeline.runtime)
        with shop.pipeline.database.snapshot() as connection:
            captor = connection.execute(
                select(t.source_object.c.external_id).where(
                    t.source_object.c.id == shop.row(row.id).used_by
                )
            ).scalar_one()
        assert captor == str(second)
        assert shop.points(customer) == 20
        kinds = [kind for kind, _ in shop.entries(shop.member(customer))]
        assert kinds == ["earn", "spend", "earn", "earn"]


def test_a_batch_evaluated_before_staff_released_a_code_is_evaluated_anew(shop: Shop) -> None:
    shop.earn(5, PRICE)
    row = shop.issued(5)
    pipeline = shop.pipeline
    incoming = Incoming(
        delivery_id=1,
        store_id=shop.store.id,
        source="webhook",
        received_at=pipeline.clock(),
        began_at=None,
        readable=False,
        events=(carrying(people.order(800, customer="5"), row.code),),
    )
    with pipeline.database.snapshot() as connection:
        batch = ingest.evaluate(
            connection,
            pipeline.runtime.vault,
            programme_id=shop.programme_id,
            incoming=[incoming],
            now=pipeline.clock(),
            lock=False,  # as on SQLite
        )
    with pipeline.database.transaction() as connection:
        assert shop.release_in(connection, row.id) == "issued"
    with (
        pytest.raises(Conflict, match="changed while a batch was evaluated"),
        pipeline.database.transaction() as connection,
    ):
        ingest.commit(connection, batch, recheck=True)
    assert shop.row(row.id).ending == "released by hand"
