"""The balance reaches the shop: as strings, once, together, and through every kind of trouble."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.programme.presets import preset_source
from app.services import outbox, writeback
from connectors.woocommerce.sandbox import RestError
from jobs.drain import drain
from jobs.push import push
from tests.pipeline import Pipeline
from tests.way.shop import READ_ORDER, WRITE, Way, open_way

OLA = "ola@example.pl"


def account(way: Way, customer: int) -> Any:
    with way.pipeline.database.snapshot() as connection:
        return connection.execute(
            select(t.store_customer).where(
                t.store_customer.c.store_id == way.store.id,
                t.store_customer.c.external_id == str(customer),
            )
        ).one()


def blocked(way: Way) -> str | None:
    with way.pipeline.database.snapshot() as connection:
        reason: str | None = connection.execute(
            select(t.store.c.blocked_reason).where(t.store.c.id == way.store.id)
        ).scalar()
    return reason


def resume(way: Way) -> None:
    """Do what `stempel store resume` does."""
    with way.pipeline.database.transaction() as connection:
        writeback.unblock(connection, way.store.id, way.pipeline.clock())


def test_the_shop_shows_balance_tier_and_programme_as_strings(way: Way) -> None:
    ola = way.joins(OLA)
    way.buy("49.95", customer=ola)
    way.announce()
    assert way.shown(ola) == {
        "stempel_balance": "49",
        "stempel_tier": "",
        "stempel_programme": "one-per-unit",
        "stempel_codes": "[]",
        "stempel_perks": "",
    }


def test_a_new_member_is_shown_with_nothing_yet(way: Way) -> None:
    ola = way.joins(OLA)
    way.announce()
    assert way.shown(ola)["stempel_balance"] == "0"
    assert way.calls(WRITE) == 1


def test_ten_orders_that_wait_together_are_one_write(way: Way) -> None:
    ola = way.joins(OLA)
    way.announce()
    writes = way.calls(WRITE)
    for _ in range(10):
        way.buy("10.00", customer=ola)
        way.sent()
        drain(way.pipeline.runtime)  # each in a transaction of its own
        way.later(seconds=4)
    way.settle()
    assert way.calls(WRITE) == writes + 1
    assert way.shown(ola)["stempel_balance"] == "100"
    way.sound()


def test_many_customers_are_one_call(way: Way) -> None:
    customers = [way.joins(f"shopper{number}@example.pl") for number in range(120)]
    for customer in customers:
        way.buy("10.00", customer=customer)
    way.sent()
    while drain(way.pipeline.runtime):
        pass
    way.settle()
    assert way.calls(WRITE) == 2  # 100 at most in one
    assert {way.shown(customer)["stempel_balance"] for customer in customers} == {"10"}
    way.sound()


def test_our_own_write_comes_back_and_causes_no_other(way: Way) -> None:
    ola = way.joins(OLA)
    way.buy("49.95", customer=ola)
    way.announce()
    writes = way.calls(WRITE)
    echoes = way.sent()
    assert echoes  # customer.updated, with what we wrote in it
    way.settle()
    assert {way.pipeline.outcome(echo)[0] for echo in echoes} == {"processed"}
    assert way.calls(WRITE) == writes
    assert way.announce() == []
    way.sound()


def test_nothing_is_written_when_the_balance_ends_where_it_was(way: Way) -> None:
    ola = way.joins(OLA)
    way.announce()
    way.announce()
    writes = way.calls(WRITE)
    order = way.buy("49.95", customer=ola)
    way.sent()
    drain(way.pipeline.runtime)
    way.shop.set_status(order, "cancelled")
    way.sent()
    drain(way.pipeline.runtime)
    way.settle()
    assert [points for _, points in way.entries()] == [49, -49]
    assert way.calls(WRITE) == writes
    assert account(way, ola).due_at is None


def test_a_change_during_the_write_is_written_next(way: Way) -> None:
    ola = way.joins(OLA)
    way.buy("10.00", customer=ola)
    way.sent()
    drain(way.pipeline.runtime)
    due = writeback_claim(way)
    assert [one.balance for one in due] == [10]
    way.buy("5.00", customer=ola)
    way.sent()
    drain(way.pipeline.runtime)
    with way.pipeline.database.transaction() as connection:
        assert writeback.written(connection, due[0], way.pipeline.clock())
    assert account(way, ola).due_at is not None
    way.settle()
    assert way.shown(ola)["stempel_balance"] == "15"


def writeback_claim(way: Way) -> list[writeback.Wanted]:
    with way.pipeline.database.transaction() as connection:
        return writeback.claim_due(connection, way.store.id, way.pipeline.clock(), limit=10)


def test_a_writer_that_slept_through_its_lease_notes_nothing(way: Way) -> None:
    ola = way.joins(OLA)
    way.buy("10.00", customer=ola)
    way.sent()
    drain(way.pipeline.runtime)
    [asleep] = writeback_claim(way)
    way.later(minutes=10)
    way.buy("5.00", customer=ola)
    way.announce()
    assert way.shown(ola)["stempel_balance"] == "15"
    with way.pipeline.database.transaction() as connection:
        assert not writeback.written(connection, asleep, way.pipeline.clock())
    assert account(way, ola).written == '["one-per-unit",15,null]'


def test_a_customer_gone_from_the_shop_is_not_written_again(way: Way) -> None:
    ola, jan = way.joins(OLA), way.joins("jan@example.pl")
    order = way.buy("49.95", customer=ola)
    way.announce()
    way.shop.delete_customer(ola)
    way.shop.queue.clear()  # nobody tells us
    way.shop.refund(order, amount="9.95")
    way.buy("10.00", customer=jan)
    way.announce()
    assert way.points(ola) == 40
    assert account(way, ola).gone == 1
    assert way.shown(jan)["stempel_balance"] == "10"  # the other one in the batch
    writes = way.calls(WRITE)
    way.pipeline.deliver(way.store, "order.updated", way.shop.set_status(order, "cancelled"))
    way.announce()
    assert way.points(ola) == 0
    assert way.calls(WRITE) == writes
    way.sound()


def test_an_error_about_one_customer_leaves_the_others_written(way: Way) -> None:
    ola, jan = way.joins(OLA), way.joins("jan@example.pl")
    for customer in (ola, jan):
        way.buy("10.00", customer=customer)
    kept = way.shop.tables.customers[ola]
    way.sent()
    while drain(way.pipeline.runtime):
        pass
    # The shop chokes on one of the batch: a code that is not "no such customer".
    way.shop.tables.customers[ola] = Unwritable(kept)
    way.settle()
    assert way.shown(jan)["stempel_balance"] == "10"
    assert account(way, ola).error == "woocommerce_rest_cannot_edit"
    way.shop.tables.customers[ola] = kept
    way.later(minutes=1)
    way.settle()
    assert way.shown(ola)["stempel_balance"] == "10"
    assert account(way, ola).error is None


class Unwritable(dict[str, Any]):
    """A customer whom the key's user may see and not edit, as an administrator."""

    def __setitem__(self, key: str, value: Any) -> None:
        raise RestError(403, "woocommerce_rest_cannot_edit", "Sorry.")


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "429", "retry_after": "7"},
        {"kind": "429", "html": True},
        {"kind": "500", "times": 4},
        {"kind": "maintenance"},
        {"kind": "hang", "seconds": 0.2},
        {"kind": "half_body"},
        {"kind": "reset_before"},
        {"kind": "reset_after"},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_whatever_happens_on_the_line_the_value_ends_right(way: Way, fault: dict[str, Any]) -> None:
    ola = way.joins(OLA)
    way.announce()
    way.buy("49.95", customer=ola)
    way.shop.faults.add(method="POST", path="/customers", **fault)
    way.announce()
    assert account(way, ola).tries == 1
    assert blocked(way) is None
    for _ in range(6):
        way.later(hours=1)
        way.settle()
    assert way.shown(ola)["stempel_balance"] == "49"
    assert account(way, ola).due_at is None
    assert account(way, ola).tries == 0
    # One value in the shop, whatever was sent twice: no key is there a second time.
    keys = [meta["key"] for meta in way.shop.customer(ola)["meta_data"]]
    assert sorted(keys) == [
        "stempel_balance",
        "stempel_codes",
        "stempel_perks",
        "stempel_programme",
        "stempel_tier",
    ]
    way.sound()


def test_the_time_a_shop_asks_for_is_waited(way: Way) -> None:
    ola = way.joins(OLA)
    way.announce()
    way.shop.faults.add("429", retry_after="600", method="POST")
    way.buy("49.95", customer=ola)
    way.announce()
    writes = way.calls(WRITE)
    way.later(minutes=9)
    way.settle()
    assert way.calls(WRITE) == writes
    way.later(minutes=2)
    way.settle()
    assert way.shown(ola)["stempel_balance"] == "49"


@pytest.mark.parametrize("fault", ["read_only", "no_rights"])
def test_a_refused_key_blocks_the_store_with_a_sentence_until_somebody_acts(
    way: Way, fault: str
) -> None:
    ola = way.joins(OLA)
    way.announce()
    way.shop.faults.add(fault, times=None)
    way.buy("49.95", customer=ola)
    way.announce()
    assert way.points(ola) == 49  # what comes in is worked on all the same
    reason = blocked(way)
    assert reason is not None
    assert "key" in reason
    assert reason.endswith(".")
    tried = sum(way.shop.calls.values())
    way.later(days=3)
    way.buy("10.00", customer=ola)
    way.announce()
    assert sum(way.shop.calls.values()) == tried  # a blocked shop is left alone
    way.shop.faults.clear()
    resume(way)
    way.settle()
    assert blocked(way) is None
    assert way.shown(ola)["stempel_balance"] == "59"
    way.sound()


def test_reads_that_were_asked_for_while_a_store_is_blocked_are_not_lost(way: Way) -> None:
    orders = [way.buy("100.00", email=OLA) for _ in range(3)]
    way.announce()
    for order in orders:
        way.shop.refund(order, amount="50.00")
    way.shop.faults.add("no_rights", times=None, method="GET")
    waiting = way.sent()
    way.settle()
    assert blocked(way) is not None
    assert {way.pipeline.outcome(one)[0] for one in waiting} == {"reading"}
    way.later(days=2)
    way.settle()
    assert way.guest_points(OLA) == 300
    way.shop.faults.clear()
    resume(way)
    way.settle()
    assert {way.pipeline.outcome(one)[0] for one in waiting} == {"processed"}
    assert way.guest_points(OLA) == 150
    way.sound()


def test_a_read_that_was_under_way_when_its_worker_died_is_taken_over(way: Way) -> None:
    order = way.buy("100.00", email=OLA)
    way.announce()
    way.shop.refund(order, amount="50.00")
    way.sent()
    drain(way.pipeline.runtime)
    with way.pipeline.database.transaction() as connection:
        [task] = outbox.claim_tasks(connection, [way.store.id], way.pipeline.clock(), limit=5)
    assert push(way.pipeline.runtime, way.pipeline.shops) == 0  # leased
    way.later(minutes=6)
    way.settle()
    assert way.guest_points(OLA) == 50
    with way.pipeline.database.transaction() as connection:
        assert not outbox.answered(connection, task, delivery_id=None)
    way.sound()


def test_a_store_without_keys_is_never_called(pipeline: Pipeline) -> None:
    with open_way(pipeline, keys=None) as way:
        ola = way.joins(OLA)
        way.buy("49.95", customer=ola)
        outcomes = way.announce()
        assert ("processed", "customer 1 recorded") in outcomes
        assert way.points(ola) == 49
        assert not way.shop.calls
        way.sound()


def test_an_opt_in_programme_shows_nothing_about_people_who_have_not_joined(
    pipeline: Pipeline,
) -> None:
    source = preset_source("one-per-unit").replace(
        'currency = "PLN"', 'currency = "PLN"\nenrolment = "opt-in"'
    )
    with open_way(pipeline, source=source) as way:
        ola = way.joins(OLA)
        way.buy("49.95", customer=ola)
        way.announce()
        assert way.points(ola) == 49
        assert way.shown(ola) == {}
        assert way.calls(WRITE) == 0
        way.sound()


def test_two_shops_of_one_programme_show_the_same_programme_and_their_own_customers(
    pipeline: Pipeline,
) -> None:
    with open_way(pipeline) as first, open_way(pipeline, programme_id=first.programme_id) as second:
        for way, price in ((first, "10.00"), (second, "20.00")):
            way.buy(price, customer=way.joins(OLA))
            way.announce()
        assert first.shown(1)["stempel_balance"] == "10"
        assert second.shown(1)["stempel_balance"] == "20"
        assert json.loads(account(first, 1).written)[0] == "one-per-unit"
        assert first.calls(READ_ORDER) == second.calls(READ_ORDER) == 0


def test_a_shop_that_asks_for_a_rest_is_asked_once_and_not_for_each_read(way: Way) -> None:
    orders = [way.buy("100.00", email=OLA) for _ in range(12)]
    way.announce()
    for order in orders:
        way.shop.refund(order, amount="50.00")
    way.shop.faults.add("429", times=None, retry_after="300")
    way.announce()
    assert way.calls("fault 429") == 1
    way.shop.faults.clear()
    way.later(minutes=4)
    way.settle()
    assert way.calls(READ_ORDER) == 0
    way.later(minutes=2)
    way.settle()
    assert way.guest_points(OLA) == 600
    way.sound()
