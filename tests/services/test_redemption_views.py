"""What support sees of rewards that were taken: how far each code has come, and why."""

from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import update

from app.db import tables as t
from app.errors import NotFound
from app.services.view_ledger import sentence
from app.services.view_members import show_member
from app.services.view_redemptions import RedemptionView, list_redemptions
from app.services.views import LARGEST_ID
from app.services.writeback import block, pause
from tests.people import JAN, OLA, START, account, order
from tests.pipeline import Pipeline
from tests.taken import Counter, carrying, offer, open_counter


@pytest.fixture
def counter(pipeline: Pipeline) -> Counter:
    return open_counter(pipeline)


def listed(counter: Counter, **chosen: object) -> list[RedemptionView]:
    with counter.pipeline.database.snapshot() as connection:
        return list_redemptions(connection, **chosen).items  # type: ignore[arg-type]


def test_a_reward_just_taken_waits_for_its_code(counter: Counter) -> None:
    taken = counter.take()
    found = counter.show(taken)
    one = found.redemption
    assert (one.state, one.cost, one.kind, str(one.value)) == ("reserved", 100, "percent", "10")
    assert (one.member_id, one.store) == (counter.member_id, counter.people.stores[0].key)
    assert found.next is not None
    assert (found.next.what, found.next.tries, found.next.error) == ("make", 0, None)
    assert found.releasable
    assert [(entry.kind, entry.points) for entry in found.entries] == [("spend", -100)]
    assert counter.way(taken) == ["100 points reserved for the code"]


def test_a_failed_try_is_told_without_its_traceback(counter: Counter) -> None:
    taken = counter.take()
    counter.shop_says(error="Passing: the shop answered 503\nTraceback\n  secret line")
    found = counter.show(taken)
    assert found.next is not None
    assert (found.next.tries, found.next.error) == (1, "the shop answered 503")
    with counter.pipeline.database.transaction() as connection:
        block(connection, counter.people.stores[0].id, "the keys were revoked")
    found = counter.show(taken)
    assert found.next is not None
    assert found.next.blocked == "the keys were revoked"


def test_a_pause_of_the_shop_is_told_only_where_it_is_longer_than_the_wait(
    counter: Counter,
) -> None:
    taken = counter.take()
    counter.shop_says(error="the shop answered 503")  # asked again in an hour
    for minutes, told in ((10, False), (90, True)):
        until = counter.pipeline.clock() + timedelta(minutes=minutes)
        with counter.pipeline.database.transaction() as connection:
            pause(connection, counter.people.stores[0].id, until)
        step = counter.show(taken).next
        assert step is not None
        assert step.paused_until == (until if told else None)


def test_a_code_goes_its_way_into_an_order(counter: Counter) -> None:
    taken = counter.made()
    one = counter.show(taken).redemption
    assert (one.state, one.made_at is None, one.used_in) == ("issued", False, None)
    counter.order(1001, taken)
    found = counter.show(taken)
    assert (found.redemption.state, found.redemption.used_in) == ("used", "#1001")
    assert (found.next, found.releasable) == (None, False)
    [use] = found.orders
    assert (use.number, use.status, use.shows, use.captures) == ("#1001", "paid", True, True)
    assert set(counter.way(taken)) == {
        "100 points reserved for the code",
        "The shop has the code",
        "Used in order #1001",
    }


def test_an_order_of_the_same_second_stands_after_the_code_it_showed(counter: Counter) -> None:
    # WooCommerce tells the time of an order in whole seconds.
    counter.pipeline.clock.moment = START + timedelta(hours=1, milliseconds=500)
    taken = counter.made()
    event = carrying(order(1001, customer="5", email=OLA), counter.code(taken))
    second = START + timedelta(hours=1)
    counter.people.tell(0, msgspec.structs.replace(event, occurred_at=second, modified_at=second))
    assert counter.show(taken).orders[0].placed_at < counter.show(taken).redemption.created_at
    assert counter.way(taken) == [
        "100 points reserved for the code",
        "The shop has the code",
        "Used in order #1001",
    ]


def test_a_cancelled_order_gives_the_code_back(counter: Counter) -> None:
    taken = counter.made()
    counter.order(1001, taken)
    counter.cancel(1001, taken)
    found = counter.show(taken)
    assert found.redemption.state == "issued"
    [use] = found.orders
    assert (use.standing, use.shows, use.captures) == ("cancelled", True, False)
    assert "Order #1001 shows it and does not count (cancelled)" in counter.way(taken)


def test_the_newest_of_two_orders_is_the_one_it_was_used_in(counter: Counter) -> None:
    taken = counter.made()
    counter.order(1001, taken)
    counter.order(1002, taken)
    assert [(use.number, use.captures) for use in counter.show(taken).orders] == [
        ("#1001", False),
        ("#1002", True),
    ]
    counter.people.tell(0, order(1002, customer="5", email=OLA, at=60))
    assert [(use.shows, use.captures) for use in counter.show(taken).orders] == [
        (True, True),
        (False, False),
    ]
    assert "Order #1002 showed it and no longer does" in counter.way(taken)


def test_a_release_says_who_wanted_it_and_when_the_points_came_back(counter: Counter) -> None:
    taken = counter.made()
    assert counter.release(taken, "she took it by mistake") == "issued"
    found = counter.show(taken)
    assert found.next is not None
    assert (found.next.what, found.releasable) == ("end", False)
    assert found.release is not None
    assert (found.release.actor, found.release.reason) == ("Kasia", "she took it by mistake")
    counter.shop_says(exists=False)
    found = counter.show(taken)
    assert (found.redemption.state, found.next) == ("released", None)
    assert counter.way(taken)[1:] == [
        "The shop has the code",
        "To be released, says Kasia",
        "Nobody can use the code any more",
        "100 points given back",
    ]
    assert [sentence(entry, "en") for entry in found.entries] == [
        "100 points spent: for the reward “ten-percent”.",
        ("100 points given back: the reward “ten-percent” was not used and cannot be any more."),
    ]
    counter.order(1001, taken)
    assert counter.show(taken).redemption.state == "used"
    assert "100 points spent again: an order showed the code after all" in counter.way(taken)


def test_a_refused_code_says_what_the_shop_said(counter: Counter) -> None:
    taken = counter.take()
    counter.shop_says(error="no such product", never=True)
    assert counter.show(taken).redemption.ending == "the shop refuses to make it: no such product"


def test_a_code_given_for_a_refund_and_the_one_before_name_each_other(pipeline: Pipeline) -> None:
    counter = open_counter(pipeline, refunded="new-code")
    taken = counter.made()
    counter.order(1001, taken)
    counter.order(1001, taken, refunded="100.00", at=60)
    found = counter.show(taken)
    assert found.replaced_by is not None
    replacement = counter.show(found.replaced_by).redemption
    assert (replacement.replaces, replacement.cost, replacement.state) == (taken, 0, "reserved")
    assert counter.way(taken)[-1] == "Another code was given in its place"
    assert counter.way(replacement.id) == ["A new code instead of one whose order was refunded"]


def test_points_given_back_for_a_refunded_order_say_so(pipeline: Pipeline) -> None:
    counter = open_counter(pipeline, refunded="points")
    taken = counter.made()
    counter.order(1001, taken)
    counter.order(1001, taken, refunded="100.00", at=60)
    found = counter.show(taken)
    assert (found.redemption.state, found.redemption.given_back) == ("used", True)
    assert (found.redemption.used_in, found.replaced_by) == ("#1001", None)
    assert counter.way(taken)[-1] == "100 points given back"
    assert sentence(found.entries[-1], "en") == (
        "100 points given back: the order that the reward “ten-percent” was used for was refunded."
    )
    assert sentence(found.entries[-1], "pl") == (
        "Zwrócono 100 punktów: zwrócono zamówienie, w którym użyto nagrody „ten-percent”."
    )


def test_mail_about_a_code_says_whether_it_was_sent(counter: Counter) -> None:
    assert counter.show(counter.take()).mail is None
    taken = counter.made()
    found = counter.show(taken).mail
    assert found is not None
    assert (found.sent_at, found.error) == (None, None)
    assert found.due_at is not None
    with counter.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.mail)
            .where(t.mail.c.subject_id == taken)
            .values(due_at=None, error="Invalid: 550 no such mailbox\nmore")
        )
    found = counter.show(taken).mail
    assert found is not None
    assert (found.due_at, found.sent_at, found.error) == (
        None,
        None,
        "550 no such mailbox",
    )
    with counter.pipeline.database.transaction() as connection:
        connection.execute(update(t.mail).values(sent_at=counter.pipeline.clock(), error=None))
    assert "The code was sent by e-mail" in counter.way(taken)


def test_a_reward_is_whose_the_account_is_now(pipeline: Pipeline) -> None:
    counter = open_counter(pipeline)
    taken = counter.take()
    counter.people.tell(0, account("6", JAN))
    stays = counter.people.merge(counter.member_id, counter.people.member(0, "6"))
    ended = {counter.member_id, counter.people.member(0, "6"), stays}
    found = counter.show(taken)
    assert (found.redemption.member_id, found.taken_by) == (stays, counter.member_id)
    assert [one.id for one in listed(counter, member_id=stays)] == [taken]
    for other in ended - {stays}:
        assert listed(counter, member_id=other) == []


def test_the_name_is_the_one_that_was_offered_then(pipeline: Pipeline) -> None:
    counter = open_counter(pipeline, name="Fifty for a mug")
    taken = counter.take("fifty")
    pipeline.clock.advance(hours=1)
    offer(pipeline, name="A mug's worth")
    assert counter.show(taken).redemption.name == "Fifty for a mug"


def test_redemptions_are_filtered(pipeline: Pipeline) -> None:
    counter = open_counter(pipeline, stores=2)
    first, second = counter.made(), counter.take()
    code = counter.code(first)
    here, there = (store.id for store in counter.people.stores)
    for chosen, expected in (
        ({}, [second, first]),
        ({"state": "issued"}, [first]),
        ({"state": "used"}, []),
        ({"store_id": here}, [second, first]),
        ({"store_id": there}, []),
        ({"programme_id": counter.people.programme_id}, [second, first]),
        ({"programme_id": 1}, []),
        ({"search": code}, [first]),
        ({"search": f"  {code.lower()} "}, [first]),
        ({"search": code.replace("-", "")}, [first]),
        ({"search": code[:9]}, []),
        ({"search": "nul\0byte"}, []),
        ({"search": "%"}, []),
        ({"before": second}, [first]),
        ({"before": LARGEST_ID * 4}, [second, first]),
    ):
        assert [one.id for one in listed(counter, **chosen)] == expected, chosen


def test_pages_show_each_redemption_once_newest_first(counter: Counter) -> None:
    taken = [counter.take() for _ in range(3)]
    with counter.pipeline.database.snapshot() as connection:
        newest = list_redemptions(connection, limit=2)
        rest = list_redemptions(connection, limit=2, before=newest.older)
    assert [one.id for one in [*newest.items, *rest.items]] == taken[::-1]
    assert rest.older is None


def test_a_redemption_that_does_not_exist_is_not_found(counter: Counter) -> None:
    for number in (0, 5, LARGEST_ID + 1, -(2**70)):
        with pytest.raises(NotFound):
            counter.show(number)


def test_a_member_shows_rewards_apart_from_orders(counter: Counter) -> None:
    counter.made()
    with counter.pipeline.database.snapshot() as connection:
        found = show_member(connection, counter.pipeline.runtime.vault, counter.member_id)
    assert {one.kind for one in found.objects.items} == {"customer"}
    assert found.member.balance == 200
