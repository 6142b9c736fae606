"""Every captured delivery: what becomes of it."""

import pytest

from connectors.base import Closed, Ignored, NeedsRead, Observed, Outcome
from connectors.shopify.topics import why_ignored
from tests.connectors.outcomes import reason
from tests.connectors.shopify.captured import captured, deliveries, inbound, webhook

# File → what it is taken for, and a part of what is said about it.
BECOMES = {
    "app_scopes_update__docs-2026-07": (
        "note",
        "lacks the permissions read_orders, write_customers",
    ),
    "app_uninstalled__docs-2026-07": ("read", "installation self"),
    "bulk_operations_finish__docs-2026-07": ("ignored", "none of ours is waited for"),
    "customer.joined_segment__docs-2026-07": ("ignored", "segment"),
    "customer.tags_added__case-own-write-echo": ("ignored", "tags of the shop's own"),
    "customer.tags_added__docs-2026-07": ("ignored", "tags of the shop's own"),
    "customer.tags_removed__docs-2026-07": ("ignored", "tags of the shop's own"),
    "customer_account_settings_update__docs-2026-07": ("ignored", "setting of the shop"),
    "customers_create__case-phone-only": ("customer", "7700000003027"),
    "customers_create__docs-2026-07": ("customer", "706405506930370084"),
    "customers_data_request__case-no-orders-email-only": ("note", "Data request 100200300"),
    "customers_data_request__docs-2026-07": ("note", "orders 299938, 280263, 220458"),
    "customers_delete__docs-2026-07": ("read", "customer 706405506930370084"),
    "customers_disable__docs-2026-07": ("customer", "706405506930370084"),
    "customers_email_marketing_consent_update__docs-2026-07": ("ignored", "no consent to e-mails"),
    "customers_enable__docs-2026-07": ("customer", "706405506930370084"),
    "customers_marketing_consent_update__docs-2026-07": ("ignored", "consent"),
    "customers_merge__case-completed": ("read", "customer_merge 7700000003027:7700000001009"),
    "customers_merge__docs-2026-07": ("ignored", "not merged (failed)"),
    "customers_purchasing_summary__docs-2026-07": ("ignored", "points follow from orders"),
    "customers_redact__case-known-customer": ("note", "customer 7700000001009"),
    "customers_redact__docs-2026-07": ("note", "Erasure request: customer 191167"),
    "customers_update__case-account-enabled": ("customer", "7700000001009"),
    "customers_update__docs-2026-07": ("customer", "706405506930370084"),
    "discounts_create__docs-2026-07": ("ignored", "orders name the codes"),
    "discounts_redeemcode_added__docs-2026-07": ("ignored", "orders name the codes"),
    "discounts_update__docs-2026-07": ("ignored", "orders name the codes"),
    "disputes_create__docs-2026-07": ("dispute", "820982911946154500"),
    "events.Customer__case-shape-unverified": ("read", "customer 7700000001009"),
    "order_transactions_create__docs-2026-07": ("ignored", "whether it is paid"),
    "orders_delete__docs-2026-07": ("read", "deleted_order 820982911946154500"),
    "orders_edited__docs-2026-07": ("read", "order 820982911946154500"),
    "orders_risk_assessment_changed__docs-2026-07": ("ignored", "a risk moves no points"),
    "refunds_create__case-amount-only-no-lines": ("read", "order 6100000001507"),
    "refunds_create__case-full-tax-on-top-shipping": ("read", "order 6100000005206"),
    "refunds_create__case-gift-card-line": ("read", "order 6100000003425"),
    "refunds_create__case-life-4-partial-one-of-three": ("read", "order 5999000000001"),
    "refunds_create__case-life-6-rest-with-shipping": ("read", "order 5999000000001"),
    "refunds_create__case-restock-only-no-money": ("read", "order 6100000004384"),
    "refunds_create__docs-2026-07": ("read", "order 820982911946154500"),
    "refunds_create__shopify-api-js-shipping-only": ("read", "order 306763017"),
    "refunds_create__shopify-api-js-two-lines": ("read", "order 203781275"),
    "returns_approve__docs-2026-07": ("read", "order 4783296544821"),
    "returns_close__docs-2026-07": ("read", "order 4783296544821"),
    "returns_decline__docs-2026-07": ("read", "order 4783296544821"),
    "returns_request__docs-2026-07": ("read", "order 4783296544821"),
    "returns_update__docs-2026-07": ("read", "return 123134564567890"),
    "shop_redact__case": ("note", "whole shop 70000000001"),
    "shop_redact__docs-2026-07": ("note", "whole shop 954889"),
    "shop_update__docs-2026-07": ("ignored", "settings"),
    "subscription_billing_attempts_success__docs-2026-07": ("ignored", "renewals come as orders"),
    "subscription_contracts_create__docs-2026-07": ("ignored", "renewals come as orders"),
    "tender_transactions_create__docs-2026-07": ("ignored", "whether it is paid"),
}
ORDERS = {
    one.name: ("order", str(one.json["id"]))
    for one in deliveries()
    if one.topic.startswith("orders/") and "line_items" in one.json
}


def shown(outcome: Outcome) -> tuple[str, str]:
    """Return what an outcome is taken for, and what is said."""
    match outcome:
        case Ignored(reason=why):
            return "ignored", why
        case NeedsRead(refs=refs):
            return "read", " ".join(f"{ref.kind} {ref.external_id}" for ref in refs)
        case Observed(events=(told,)) if told.dispute:
            return "dispute", told.external_id
        case Observed(events=(told,)):
            return told.kind, told.external_id
        case Observed(note=note):
            return "note", note or ""
        case Closed(reason=why):
            return "closed", why


def test_no_captured_delivery_is_left_out_here() -> None:
    assert {*BECOMES, *ORDERS} == {one.name for one in deliveries()}
    assert not {*BECOMES} & {*ORDERS}


@pytest.mark.parametrize("name", [*BECOMES, *ORDERS])
def test_a_captured_delivery_becomes_what_it_is(name: str) -> None:
    taken_for, words = shown(inbound.normalise(captured(name).delivery))
    expected, part = (BECOMES | ORDERS)[name]
    assert taken_for == expected
    assert part in words


@pytest.mark.parametrize("topic", ["products/update", "app_purchases_one_time/update", "x"])
def test_a_topic_nobody_expects_is_ignored_by_name(topic: str) -> None:
    assert reason(webhook({"a": 1}, topic)) == f"{topic}: nothing in it earns"


def test_a_delivery_without_a_topic_is_ignored_too() -> None:
    assert "without a topic" in reason(webhook({"a": 1}, ""))


def test_the_topic_in_a_reason_is_fit_to_be_shown() -> None:
    found = reason(webhook({}, "orders/\u202epaid\u0000" + "x" * 500))
    assert found.isprintable()
    assert len(found) < 250


@pytest.mark.parametrize(
    "topic", ["draft_orders/create", "checkouts/update", "carts/update", "subscription_contracts/x"]
)
def test_what_may_become_an_order_is_none_yet(topic: str) -> None:
    body = {"id": 1, "line_items": [], "currency": "EUR", "status": "open"}
    assert "order" in reason(webhook(body, topic))
    assert why_ignored(topic) in reason(webhook(body, topic))
