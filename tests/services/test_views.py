"""What support is shown about deliveries, members and stores, on both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.db import tables as t
from app.errors import Conflict, NotFound
from app.services.enrol import add_member
from app.services.outcomes import Outcome, record
from app.services.view_claims import pending_claims
from app.services.view_deliveries import list_deliveries, show_delivery, topics
from app.services.view_ledger import ledger_of
from app.services.view_members import find_member, list_members, show_member
from app.services.view_stores import store_views, totals
from app.services.views import LARGEST_ID, programme_views
from app.services.writeback import block
from jobs.drain import drain
from tests.pipeline import Pipeline, captured_delivery, order_body
from tests.stories import order_16_email, tell


def test_a_delivery_is_shown_with_its_attempts_objects_and_entries(pipeline: Pipeline) -> None:
    story = tell(pipeline)
    with pipeline.database.snapshot() as connection:
        found = show_delivery(connection, story.deliveries["013"])
    assert (found.delivery.topic, found.delivery.status) == ("order.updated", "processed")
    assert [attempt.reason for attempt in found.attempts] == ["order 16 updated"]
    [order] = found.objects
    assert (order.kind, order.external_id, order.owner_id) == ("order", "16", story.member_id)
    [entry] = found.entries
    assert (entry.points, entry.worth, entry.member_id) == (-40, 274, story.member_id)
    assert found.body_kept


def test_a_repeated_delivery_is_one_that_came_twice(pipeline: Pipeline) -> None:
    story = tell(pipeline)
    with pipeline.database.snapshot() as connection:
        found = show_delivery(connection, story.deliveries["010"])
    assert (found.delivery.repeats, found.delivery.status) == (1, "stale")
    assert [attempt.status for attempt in found.attempts] == ["processed", "stale"]


def test_where_a_delivery_stands_is_told_by_the_queue_while_it_waits(pipeline: Pipeline) -> None:
    store = pipeline.store(pipeline.programme(), keys=True)
    captured = captured_delivery("008")
    waiting = pipeline.receive(store, captured.topic, captured.body)

    def standing(delivery_id: int) -> tuple[str, str]:
        with pipeline.database.snapshot() as connection:
            found = show_delivery(connection, delivery_id).delivery
            [listed] = list_deliveries(connection, status=found.status).items
        assert listed == found
        return found.status, found.reason

    assert standing(waiting) == ("received", "")
    again_at = pipeline.clock() + timedelta(hours=1)
    with pipeline.database.transaction() as connection:
        record(
            connection,
            [
                Outcome(
                    delivery_id=waiting,
                    status="failed",
                    reason="a bug",
                    error="ValueError: no\nTraceback: …",
                    retry_at=again_at,
                )
            ],
            pipeline.clock(),
        )
    assert standing(waiting) == ("failed", "a bug")
    with pipeline.database.snapshot() as connection:
        found = show_delivery(connection, waiting)
    assert (found.delivery.next_try, found.delivery.tries) == (again_at, 1)
    assert found.delivery.error == "ValueError: no"
    assert [attempt.error for attempt in found.attempts] == ["ValueError: no\nTraceback: …"]


def test_a_delivery_that_waits_for_the_shop_names_what_is_read(pipeline: Pipeline) -> None:
    store = pipeline.store(pipeline.programme(), keys=True)
    signal = captured_delivery("009")
    delivery_id = pipeline.receive(store, signal.topic, signal.body)
    drain(pipeline.runtime)
    with pipeline.database.snapshot() as connection:
        found = show_delivery(connection, delivery_id)
        [shown] = store_views(connection, pipeline.clock())
    assert found.delivery.status == "reading"
    assert found.waits_for == ["order 16"]
    assert (shown.counts, shown.reads) == ({"reading": 1}, 1)


def test_pages_of_deliveries_show_each_once_newest_first(pipeline: Pipeline) -> None:
    story = tell(pipeline)
    seen: list[int] = []
    before: int | None = None
    with pipeline.database.snapshot() as connection:
        for _ in range(10):
            page = list_deliveries(connection, before=before, limit=2)
            seen += [one.id for one in page.items]
            before = page.older
            if before is None:
                break
    assert seen == sorted(story.deliveries.values(), reverse=True)


@pytest.mark.parametrize(
    ("chosen", "numbers"),
    [
        ({"topic": "order.created"}, ["006", "019"]),
        ({"status": "ignored"}, ["009", "002"]),
        ({"status": "stale", "topic": "order.updated"}, ["010"]),
        ({"status": "dead"}, []),
        ({"store": "no-such-store"}, []),
        ({"topic": "nul\0byte"}, []),
        ({"store": "\udcff"}, []),
        ({"before": LARGEST_ID * 4, "topic": "product.updated"}, ["002"]),
    ],
)
def test_deliveries_are_filtered(
    pipeline: Pipeline, chosen: dict[str, str], numbers: list[str]
) -> None:
    story = tell(pipeline)
    with pipeline.database.snapshot() as connection:
        found = list_deliveries(connection, **chosen).items  # type: ignore[arg-type]
        assert "order.updated" in topics(connection)
    assert {one.id for one in found} == {story.deliveries[number] for number in numbers}


def test_a_delivery_that_does_not_exist_is_not_found(pipeline: Pipeline) -> None:
    for number in (0, 5, LARGEST_ID, LARGEST_ID + 1, -(2**70)):
        with pipeline.database.snapshot() as connection, pytest.raises(NotFound):
            show_delivery(connection, number)


def test_a_ledger_page_carries_the_balance_after_each_entry(pipeline: Pipeline) -> None:
    story = tell(pipeline)
    with pipeline.database.snapshot() as connection:
        newest = ledger_of(connection, story.member_id, limit=4)
        rest = ledger_of(connection, story.member_id, before=newest.older, limit=4)
    entries = [*newest.items, *rest.items]
    assert [(entry.points, entry.balance, entry.worth) for entry in entries] == [
        (25, 25, None),
        (-229, 0, 0),
        (-45, 229, 229),
        (-40, 274, 274),
        (45, 314, 314),
        (269, 269, 269),
    ]
    assert entries[0].note == "sorry for the late parcel"
    assert rest.older is None


def test_a_member_is_found_by_any_spelling_of_the_e_mail_and_by_id(pipeline: Pipeline) -> None:
    story = tell(pipeline)
    vault = pipeline.runtime.vault
    with pipeline.database.snapshot() as connection:
        for who in ("Jan.Kowalski@EXAMPLE.pl", f"  {order_16_email()} ", str(story.member_id)):
            one = find_member(connection, vault, who)
            assert (one.id, one.email, one.balance) == (story.member_id, order_16_email(), 25)
        for nobody in ("nobody@example.pl", "kowalski", "9" * 400, "a\0@example.pl", "²"):
            assert list_members(connection, vault, search=nobody).items == []
            with pytest.raises(NotFound):
                find_member(connection, vault, nobody)


def test_one_e_mail_in_two_programmes_is_two_people_until_one_is_named(pipeline: Pipeline) -> None:
    story = tell(pipeline)
    vault = pipeline.runtime.vault
    other = pipeline.programme("start-100-50-200")
    with pipeline.database.transaction() as connection:
        second = add_member(
            connection, vault, programme_id=other, email=order_16_email(), now=pipeline.clock()
        )
    with pipeline.database.snapshot() as connection:
        with pytest.raises(Conflict, match="one-per-unit"):
            find_member(connection, vault, order_16_email())
        one = find_member(connection, vault, order_16_email(), programme_id=other)
        assert (one.id, one.balance) == (second, 100)
        keys = {view.id: view.key for view in programme_views(connection).values()}
    assert keys == {story.programme_id: "one-per-unit", other: "start-100-50-200"}


def test_a_member_is_shown_with_orders_worth_nothing_and_why(pipeline: Pipeline) -> None:
    story = tell(pipeline)
    with pipeline.database.snapshot() as connection:
        found = show_member(connection, pipeline.runtime.vault, story.member_id)
    orders = [one for one in found.objects.items if one.kind == "order"]
    [order] = orders
    [award] = order.awards
    assert (order.status, str(order.amount), order.currency) == ("refunded", "335.21", "PLN")
    assert award.points == 0
    assert award.explanation is not None
    assert award.explanation.reason == "nothing-counts"


def test_a_guest_is_counted_apart_and_has_no_readable_e_mail(pipeline: Pipeline) -> None:
    store = pipeline.store(pipeline.programme())
    pipeline.deliver_captured(store, "008")
    with pipeline.database.snapshot() as connection:
        [guest] = list_members(connection, pipeline.runtime.vault, state="guest").items
        found = totals(connection)
    assert (guest.email, guest.balance) == (None, 269)
    assert (found.members, found.guests, found.points) == (0, 1, 269)


def test_a_customer_account_says_what_the_shop_shows(pipeline: Pipeline) -> None:
    story = tell(pipeline)
    with pipeline.database.snapshot() as connection:
        [account] = [
            one
            for one in list_members(connection, pipeline.runtime.vault).items
            if one.id != story.member_id
        ]
        [customer] = show_member(connection, pipeline.runtime.vault, account.id).customers
        [shown] = store_views(connection, pipeline.clock())
    assert (customer.due, customer.balance, customer.written_at) == (True, None, None)
    assert (shown.customers, shown.due, shown.failing) == (1, 1, 0)
    with pipeline.database.transaction() as connection:
        connection.execute(
            update(t.store_customer).values(
                written='["one-per-unit",7,null]', written_at=pipeline.clock(), due_at=None
            )
        )
        block(connection, story.store.id, "the keys were revoked")
    with pipeline.database.snapshot() as connection:
        [customer] = show_member(connection, pipeline.runtime.vault, account.id).customers
        [shown] = store_views(connection, pipeline.clock())
    assert (customer.due, customer.balance) == (False, 7)
    assert (shown.due, shown.store.blocked_reason) == (0, "the keys were revoked")


def test_the_overview_counts_recent_deliveries_by_where_they_stand(pipeline: Pipeline) -> None:
    tell(pipeline)
    with pipeline.database.snapshot() as connection:
        [shown] = store_views(connection, pipeline.clock())
    assert shown.counts == {"processed": 6, "ignored": 2, "stale": 1}
    assert shown.last_received_at is not None


def test_a_claim_waits_until_somebody_confirms_it(pipeline: Pipeline) -> None:
    store = pipeline.store(pipeline.programme())
    pipeline.deliver_captured(store, "008")
    account = order_body("019")
    account["billing"]["email"] = order_16_email()
    pipeline.deliver(store, "order.created", account)
    customer = order_body("003", id=account["customer_id"], email=order_16_email())
    pipeline.deliver(store, "customer.created", customer)
    with pipeline.database.snapshot() as connection:
        [claim] = pending_claims(connection)
        assert claim.holder_balance == 269
        found = show_member(connection, pipeline.runtime.vault, claim.member_id)
    assert [one.id for one in found.claims] == [claim.id]
