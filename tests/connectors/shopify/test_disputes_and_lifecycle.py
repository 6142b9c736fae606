"""Disputes, uninstalling, permissions, and what the law asks."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.errors import Invalid
from app.programme.events import Dispute, DisputeStatus
from connectors.base import Closed, NeedsRead, Observed, Origin, Outcome, Ref
from tests.connectors.outcomes import event, note, reason
from tests.connectors.shopify.captured import captured, told, webhook

HERE = Origin(ref="loyalty-test-store.myshopify.com", shop_id="70000000001")


def origin(outcome: Outcome) -> Origin | None:
    assert isinstance(outcome, Observed | NeedsRead)
    return outcome.origin


# --- disputes ------------------------------------------------------------------------------------


def dispute(**changes: object) -> Outcome:
    return told("disputes_create__docs-2026-07", **changes)


def test_a_dispute_is_added_to_its_order_and_states_nothing_else_of_it() -> None:
    found = event(dispute())
    assert (found.kind, found.external_id) == ("order", "820982911946154500")
    assert (found.facts, found.modified_at, found.occurred_at) == (None, None, None)
    assert found.dispute == Dispute(
        id="285332461850802050",
        status=DisputeStatus.OPEN,
        amount=Decimal("11.50"),
        currency="CAD",
        at=datetime(2022, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("needs_response", DisputeStatus.OPEN),
        ("under_review", DisputeStatus.OPEN),
        ("won", DisputeStatus.WON),
        ("charge_refunded", DisputeStatus.WON),  # a refund of its own takes the points
        ("accepted", DisputeStatus.LOST),
        ("lost", DisputeStatus.LOST),
    ],
)
def test_how_a_dispute_stands(word: str, status: DisputeStatus) -> None:
    told_as = event(dispute(status=word)).dispute
    assert told_as is not None
    assert told_as.status is status
    assert note(dispute(status=word)) == ""


def test_a_status_nobody_knows_holds_the_points_and_is_named() -> None:
    outcome = dispute(status="mediation")
    told_as = event(outcome).dispute
    assert told_as is not None
    assert told_as.status is DisputeStatus.OPEN
    assert "mediation" in note(outcome)


def test_a_decided_dispute_is_told_by_the_day_of_its_decision() -> None:
    told_as = event(dispute(status="lost", finalized_on="2022-02-03")).dispute
    assert told_as is not None
    assert told_as.at == datetime(2022, 2, 3, tzinfo=UTC)


def test_a_dispute_about_a_payment_without_an_order_is_ignored() -> None:
    body = captured("disputes_create__docs-2026-07").json
    assert "names no order" in reason(dispute(order_id=None))
    del body["order_id"]
    assert "names no order" in reason(webhook(body, "disputes/update"))


def test_a_dispute_over_a_strange_amount_is_refused() -> None:
    for amount in ("NaN", "1e400", "-Infinity"):
        with pytest.raises(Invalid, match="amount"):
            dispute(amount=amount)


# --- the app -------------------------------------------------------------------------------------


def test_an_uninstalled_app_is_asked_for_first() -> None:
    outcome = told("app_uninstalled__docs-2026-07", myshopify_domain="Kawa.myshopify.com")
    assert isinstance(outcome, NeedsRead)
    assert outcome.refs == (Ref("installation", "self"),)
    assert outcome.origin == Origin(ref="kawa.myshopify.com", shop_id="548380009")
    assert isinstance(outcome.otherwise, Closed)
    assert outcome.otherwise.origin == outcome.origin
    assert "`stempel store add` with --key and --register" in outcome.otherwise.reason


@pytest.mark.parametrize("topic", ["shop/update", "orders/paid", "shop/redact", ""])
def test_the_record_of_a_shop_closes_nothing_under_another_topic(topic: str) -> None:
    body = captured("app_uninstalled__docs-2026-07").body
    assert reason(webhook(body, topic))


def test_changed_permissions_are_noted_with_the_shop_they_are_of() -> None:
    outcome = told("app_scopes_update__docs-2026-07", current=["read_orders", "write_customers"])
    assert "every permission" in note(outcome)
    assert origin(outcome) == Origin(shop_id="548380009")


# --- what the law asks ---------------------------------------------------------------------------

DATA_REQUEST: Any = captured("customers_data_request__case-no-orders-email-only")
ERASURE: Any = captured("customers_redact__case-known-customer")


def test_a_request_is_kept_with_its_numbers_and_without_the_person() -> None:
    for asked in (DATA_REQUEST, ERASURE):
        outcome = webhook(asked.body, asked.topic)
        assert origin(outcome) == HERE
        assert "7700000001009" in note(outcome)
        assert "within 30 days" in note(outcome)
        assert "@" not in note(outcome)


@pytest.mark.parametrize("topic", ["customers/redact", "customers/data_request"])
def test_a_data_request_is_one_whatever_its_topic_says(topic: str) -> None:
    assert note(webhook(DATA_REQUEST.body, topic)).startswith("Data request 100200300")
    assert note(webhook(DATA_REQUEST.json | {"orders_requested": None}, topic)).startswith("Data")
    assert note(webhook(ERASURE.body, topic)).startswith("Erasure request: customer")


@pytest.mark.parametrize("topic", ["shop/redact", "orders/paid", "app/uninstalled", ""])
def test_a_request_about_a_person_under_a_foreign_topic_asks_for_nothing(topic: str) -> None:
    for asked in (DATA_REQUEST, ERASURE):
        assert "under another topic" in reason(webhook(asked.body, topic))


def test_a_whole_shop_is_forgotten_under_its_own_topic_only() -> None:
    body = captured("shop_redact__case").body
    assert "whole shop 70000000001" in note(webhook(body, "shop/redact"))
    for topic in ("customers/redact", "customers/data_request", "shop/update", ""):
        assert "under another topic" in reason(webhook(body, topic))


def test_a_request_about_somebody_without_an_id_is_kept_too() -> None:
    for customer in (None, {}, {"id": None, "email": "a@example.com"}):
        found = note(webhook(ERASURE.json | {"customer": customer}, "customers/redact"))
        assert "a customer without an id" in found


def test_a_request_that_names_hundreds_of_orders_stays_short() -> None:
    many = ERASURE.json | {"orders_to_redact": list(range(1, 501))}
    found = note(webhook(many, "customers/redact"))
    assert "and 480 more" in found
    assert len(found) < 300
