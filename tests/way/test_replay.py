"""Support replays what failed, and anything else: the balance is what the shop's orders are worth."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.services import replays
from app.services.chosen import Choice, count
from app.services.read_now import read_now
from app.services.replays import ActName, Wish
from app.services.view_deliveries import list_deliveries, show_delivery
from app.services.view_faults import list_faults
from jobs.replays import work_off_replays
from tests.pipeline import captured_delivery
from tests.way.shop import Way

BUYER = "jan@example.pl"


def ask(way: Way, act: ActName = "replay", *, rate: int | None = None, **which: Any) -> int:
    """Write a wish of support's down; nothing of it is done yet."""
    wish = Wish(
        programme_id=way.programme_id,
        act=act,
        choice=Choice(**which),
        actor="ola",
        reason="a question of a customer's",
        per_second=rate,
    )
    pipeline = way.pipeline
    return pipeline.database.run(lambda one: replays.begin(one, wish, pipeline.clock()))


def work_off(way: Way) -> int:
    """Let the workers do all of it."""
    done = 0
    while slices := work_off_replays(way.pipeline.runtime):
        done += slices
    way.settle()
    return done


def status(way: Way, delivery_id: int) -> str:
    with way.pipeline.database.snapshot() as connection:
        return show_delivery(connection, delivery_id).delivery.status


def state(way: Way, replay_id: int) -> tuple[str, int, int]:
    with way.pipeline.database.snapshot() as connection:
        one = replays.show_replay(connection, replay_id)
    return one.state, one.done, one.left_out


def change(way: Way, replay_id: int, to: Any) -> None:
    pipeline = way.pipeline
    pipeline.database.run(
        lambda one: replays.change(one, replay_id, to, actor="ola", reason="", now=pipeline.clock())
    )


def a_busy_week(way: Way) -> None:
    """Orders, a refund and a trashed one, each told and dealt with."""
    first = way.buy("49.95", email=BUYER, status="completed")
    way.announce()
    way.buy("20.00", email=BUYER, status="completed")
    third = way.buy("10.00", email=BUYER, status="completed")
    way.announce()
    way.shop.trash_order(third)
    way.announce()
    way.shop.refund(first, amount="49.95")
    way.announce()


def test_replaying_all_there_ever_was_changes_nothing(way: Way) -> None:
    a_busy_week(way)
    before, points = way.entries(), way.guest_points(BUYER)
    assert points == 20
    replay_id = ask(way, store=way.store.key)
    assert work_off(way) > 5
    assert state(way, replay_id)[0] == "done"
    assert (way.entries(), way.guest_points(BUYER)) == (before, points)
    way.sound()


def test_what_failed_is_found_by_its_fault_and_replayed_when_that_is_mended(way: Way) -> None:
    pipeline = way.pipeline
    whole = pipeline.runtime
    way.buy("49.95", email=BUYER, status="completed")
    stuck = way.sent()
    broken = pipeline.receive(way.store, "order.updated", b"{]")
    # The connector's package was taken away.
    pipeline.runtime = replace(whole, connectors={})
    for _ in range(3):
        pipeline.drain()
        way.later(hours=3)
    with pipeline.database.snapshot() as connection:
        [fault] = list_faults(connection)
        assert list_faults(connection, store_id=way.store.id) == [fault]
        assert list_faults(connection, store_id=1) == []
    assert (fault.dead, fault.failed) == (0, len(stuck) + 1)
    assert fault.newest in {*stuck, broken}
    assert fault.error is not None
    assert "not installed here" in fault.error
    pipeline.runtime = whole
    assert way.guest_points(BUYER) is None

    replay_id = ask(way, group=fault.group)
    work_off(way)

    assert state(way, replay_id) == ("done", len(stuck) + 1, 0)
    assert status(way, broken) == "dead"
    assert {status(way, one) for one in stuck} <= {"processed", "stale"}
    assert way.guest_points(BUYER) == 49
    with pipeline.database.snapshot() as connection:
        attempts = show_delivery(connection, stuck[0]).attempts
        [left] = list_faults(connection)
    assert (left.dead, left.failed, left.newest) == (1, 0, broken)
    assert f"asked for again by ola (replay {replay_id})" in [one.reason for one in attempts]


def test_without_its_body_a_delivery_ends_with_what_the_shop_says_now(way: Way) -> None:
    order = way.buy("49.95", email=BUYER, status="completed")
    *_, delivery_id = way.sent()
    way.settle()
    way.shop.trash_order(order)
    way.heard()  # the shop's message about it is lost
    with way.pipeline.database.transaction() as connection:
        connection.execute(delete(t.delivery_body))
        counted = count(connection, way.programme_id, Choice(ids=(delivery_id,)))
    assert (counted.total, counted.without_body) == (1, 1)
    assert way.guest_points(BUYER) == 49

    replay_id = ask(way, ids=(delivery_id,))
    assert work_off_replays(way.pipeline.runtime) == 1
    assert status(way, delivery_id) == "reading"
    way.settle()

    assert way.guest_points(BUYER) == 0
    assert status(way, delivery_id) == "processed"
    work_off(way)
    assert state(way, replay_id) == ("done", 1, 0)


def test_asked_for_fresh_the_shop_is_read_although_the_body_is_there(way: Way) -> None:
    order = way.buy("49.95", email=BUYER, status="completed")
    *_, delivery_id = way.sent()
    way.settle()
    way.shop.trash_order(order)
    way.heard()
    ask(way, ids=(delivery_id,))
    work_off(way)
    assert way.guest_points(BUYER) == 49  # the body says what was true then
    ask(way, "fresh", ids=(delivery_id,))
    work_off(way)
    assert way.guest_points(BUYER) == 0
    way.sound()


def test_what_is_given_up_is_not_dealt_with_until_somebody_replays_it(way: Way) -> None:
    way.buy("49.95", email=BUYER, status="completed")
    *_, done = way.sent()
    dead = way.pipeline.receive(way.store, "order.updated", b"{]")
    way.pipeline.drain()
    way.buy("10.00", email=BUYER, status="completed")
    waiting = way.sent()
    ask(way, "discard", ids=(done, dead, *waiting))
    work_off(way)
    assert status(way, done) in {"processed", "stale"}  # there is nothing to give up
    assert {status(way, one) for one in (dead, *waiting)} == {"discarded"}
    assert way.guest_points(BUYER) == 49
    ask(way, status="discarded")
    work_off(way)
    assert way.guest_points(BUYER) == 59
    assert status(way, dead) == "dead"
    assert {status(way, one) for one in waiting} <= {"processed", "stale"}


def test_a_replay_is_paused_gone_on_with_and_cancelled(way: Way) -> None:
    for price in ("10.00", "20.00", "30.00", "40.00"):
        way.buy(price, email=BUYER, status="completed")
        way.announce()
    replay_id = ask(way, rate=1, topic="order.created")
    runtime = way.pipeline.runtime
    assert work_off_replays(runtime) == 1
    assert work_off_replays(runtime) == 0  # the next one is due in a second
    way.later(seconds=2)
    change(way, replay_id, "paused")
    assert work_off_replays(runtime) == 0
    change(way, replay_id, "running")
    assert work_off_replays(runtime) == 1
    change(way, replay_id, "cancelled")
    way.later(hours=1)
    assert work_off_replays(runtime) == 0
    assert state(way, replay_id)[:2] == ("cancelled", 2)
    with pytest.raises(Conflict, match="is cancelled"):
        change(way, replay_id, "running")


def test_a_mass_of_old_deliveries_never_stands_before_a_new_one(way: Way) -> None:
    pipeline = way.pipeline
    body = captured_delivery("008").body
    old = pipeline.receive_all(
        way.store, [("action.old", body + b" " * number) for number in range(2_300)]
    )
    with pipeline.database.transaction() as connection:
        connection.execute(delete(t.delivery_queue))
    ask(way, topic="action.old")
    while work_off_replays(pipeline.runtime):
        pass
    with pipeline.database.snapshot() as connection:
        waiting = connection.execute(
            select(func.count()).select_from(t.delivery_queue)
        ).scalar_one()
        assert waiting == replays.MOST_WAITING
        assert list_deliveries(connection, status="received", limit=1).items[0].id < old[-1]


def test_what_comes_in_after_the_wish_is_not_meant(way: Way) -> None:
    way.buy("10.00", email=BUYER, status="completed")
    told = way.announce()
    replay_id = ask(way, store=way.store.key, topic="order.updated")
    way.buy("20.00", email=BUYER, status="completed")
    assert way.announce()
    work_off(way)
    assert state(way, replay_id)[:2] == ("done", len(told) - 1)


def test_a_choice_by_person_time_and_state_means_just_these(way: Way) -> None:
    way.buy("10.00", email=BUYER, status="completed")
    way.announce()
    way.later(days=1)
    middle = way.pipeline.clock()
    way.buy("20.00", email="ewa@example.pl", status="completed")
    hers = way.sent()
    way.settle()

    def meant(**which: Any) -> int:
        with way.pipeline.database.snapshot() as connection:
            return count(connection, way.programme_id, Choice(**which)).total

    assert meant() >= 2
    assert meant(since=middle) == len(hers)
    assert meant(until=middle) == meant() - len(hers)
    assert meant(status="dead") == 0
    with way.pipeline.database.snapshot() as connection:
        [owner] = {one.owner_id for one in show_delivery(connection, hers[-1]).objects}
    assert meant(member=owner, topic="order.created") == 1
    assert meant(member=owner, until=middle) == 0


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"reason": "  "}, Invalid, "a reason is needed"),
        ({"reason": "x" * 1_000_000}, Invalid, "longer than 2000"),
        ({"actor": "a\0b"}, Invalid, "cannot hold such characters"),
        ({"per_second": 0}, Invalid, "between 1 and"),
        ({"choice": Choice(status="gone")}, Invalid, "status is one of"),
        ({"choice": Choice(group="a\0b")}, Invalid, "group cannot hold"),
        ({"choice": Choice(ids=(1,))}, NotFound, "There is no delivery 1"),
        ({"choice": Choice(status="dead")}, Conflict, "No delivery is like that"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused_and_leaves_nothing(
    way: Way, wrong: dict[str, Any], error: type[Exception], says: str
) -> None:
    wish: dict[str, Any] = {
        "programme_id": way.programme_id,
        "act": "replay",
        "choice": Choice(store=way.store.key),
        "actor": "ola",
        "reason": "a test",
    }
    with (
        pytest.raises(error, match=says),
        way.pipeline.database.transaction() as connection,
    ):
        replays.begin(connection, Wish(**(wish | wrong)), way.pipeline.clock())
    with way.pipeline.database.snapshot() as connection:
        assert replays.list_replays(connection) == []


def test_staff_s_reason_is_in_the_audit_log(way: Way) -> None:
    a_busy_week(way)
    replay_id = ask(way, store=way.store.key)
    change(way, replay_id, "paused")
    with way.pipeline.database.snapshot() as connection:
        acts = connection.execute(
            select(t.audit.c.action, t.audit.c.actor, t.audit.c.subject).order_by(t.audit.c.id)
        ).all()
    assert [tuple(one) for one in acts][-2:] == [
        ("replay.replay", "ola", f"replay {replay_id}"),
        ("replay.pause", "ola", f"replay {replay_id}"),
    ]


def read_one(way: Way, which: str, *, readable: bool = True, reason: str = "a question") -> str:
    pipeline = way.pipeline
    return pipeline.database.run(
        lambda one: read_now(
            one,
            way.store,
            "order",
            which,
            readable=readable,
            actor="ola",
            reason=reason,
            now=pipeline.clock(),
        )
    )


def test_an_order_whose_webhook_was_missed_earns_once_somebody_names_it(way: Way) -> None:
    order = way.buy("49.95", email=BUYER, status="completed")
    way.heard()  # nothing of it ever comes here, and the shop sends nothing twice
    way.settle()
    assert way.guest_points(BUYER) is None
    for which in (str(order), f"#{order}"):  # once more changes nothing
        assert read_one(way, which) == str(order)
        way.settle()
        assert way.guest_points(BUYER) == 49
    assert way.entries() == [("earn", 49)]
    way.sound()


@pytest.mark.parametrize(
    ("which", "more", "error"),
    [
        ("16", {"readable": False}, Conflict),
        ("16", {"reason": " "}, Invalid),
        ("", {}, Invalid),
        ("no such", {}, Invalid),
        ("1" * 60, {}, Invalid),
    ],
)
def test_what_cannot_be_read_is_refused(
    way: Way, which: str, more: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        read_one(way, which, **more)
