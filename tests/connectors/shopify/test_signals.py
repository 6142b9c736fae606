"""Bodies that only point at something, and topics that say more than their bodies."""

from typing import Any

import pytest

from app.errors import Invalid
from app.programme.events import Event
from connectors.base import Closed, Lost, NeedsRead, Observed, Outcome
from tests.connectors.outcomes import note, reason, refs
from tests.connectors.shopify.captured import captured, inbound, webhook

ORDER = captured("case-life-3-paid")
CUSTOMER = captured("case-account-enabled")


def otherwise(outcome: Outcome) -> Observed | Closed | None:
    assert isinstance(outcome, NeedsRead)
    return outcome.otherwise


def gone(kind: str, number: str, into: str | None = None) -> Observed:
    event = Event(
        kind=kind, external_id=number, modified_at=None, occurred_at=None, facts=None, into=into
    )
    return Observed((event,))


def test_a_product_is_read_whatever_its_body_says() -> None:
    body = {"id": 632910392, "title": "Mug", "tags": "gift", "variants": [], "handle": "mug"}
    body["admin_graphql_api_id"] = "gid://shopify/Product/632910392"
    outcome = webhook(body, "products/update")
    assert refs(outcome) == [("product", "632910392")]
    assert otherwise(outcome) is None  # its collections are not in it
    assert inbound.content_key("products/update", b"x" * 1000) is None  # told each time


# --- deleted -------------------------------------------------------------------------------------


def test_a_deleted_order_is_looked_up_and_believed_if_nobody_can_be_asked() -> None:
    outcome = webhook({"id": 5999000000001}, "orders/delete")
    assert refs(outcome) == [("deleted_order", "5999000000001")]
    assert otherwise(outcome) == gone("order", "5999000000001")


@pytest.mark.parametrize("topic", ["orders/updated", "customers/delete", "app/uninstalled", ""])
def test_an_id_alone_says_nothing_under_another_topic(topic: str) -> None:
    assert "an id alone" in reason(webhook({"id": 5999000000001}, topic))


@pytest.mark.parametrize("topic", ["orders/delete", "customers/delete", "customers/redact", ""])
def test_the_body_of_an_order_is_an_order_under_any_topic(topic: str) -> None:
    assert webhook(ORDER.body, topic) == webhook(ORDER.body, "orders/paid")


@pytest.mark.parametrize("topic", ["customers/delete", "orders/delete", "shop/redact", ""])
def test_the_body_of_a_customer_is_a_customer_under_any_topic(topic: str) -> None:
    assert webhook(CUSTOMER.body, topic) == webhook(CUSTOMER.body, "customers/update")


def test_a_deleted_customer_is_looked_up_and_believed_if_nobody_can_be_asked() -> None:
    deleted = captured("customers_delete__docs-2026-07")
    outcome = webhook(deleted.body, "customers/delete")
    assert refs(outcome) == [("customer", "706405506930370084")]
    assert otherwise(outcome) == gone("customer", "706405506930370084")
    assert "of whom nothing is said" in reason(webhook(deleted.body, "customers/update"))


def test_an_order_of_which_only_some_keys_were_sent_is_read() -> None:
    body = {"id": 5, "admin_graphql_api_id": "gid://shopify/Order/5", "updated_at": "x"}
    outcome = webhook(body, "orders/updated")
    assert refs(outcome) == [("order", "5")]
    assert otherwise(outcome) is None


# --- merged --------------------------------------------------------------------------------------

MERGE: Any = captured("customers_merge__case-completed").json


def test_a_finished_merge_is_looked_up_and_believed_if_nobody_can_be_asked() -> None:
    outcome = webhook(MERGE, "customers/merge")
    assert refs(outcome) == [("customer_merge", "7700000003027:7700000001009")]
    assert otherwise(outcome) == gone("customer", "7700000003027", into="7700000001009")


@pytest.mark.parametrize(
    "changes",
    [{"status": "in_progress"}, {"status": "failed"}, {"status": None}, {"errors": [{"x": 1}]}],
)
def test_a_merge_that_is_not_done_merges_nobody(changes: dict[str, object]) -> None:
    assert "not merged" in reason(webhook(MERGE | changes, "customers/merge"))


def test_a_merge_of_something_else_than_customers_is_refused() -> None:
    strange = MERGE | {"admin_graphql_api_customer_kept_id": "gid://shopify/Order/1"}
    with pytest.raises(Invalid, match="kept_id should be a gid of Customer"):
        webhook(strange, "customers/merge")


# --- refunds, edits, returns ---------------------------------------------------------------------


def test_a_refund_asks_for_its_order_under_any_topic() -> None:
    body = captured("case-restock-only-no-money").body
    assert refs(webhook(body, "orders/delete")) == [("order", "6100000004384")]


def test_a_return_names_its_order_in_one_of_two_ways_or_not_at_all() -> None:
    body = {"id": 1, "admin_graphql_api_id": "gid://shopify/Return/1"}
    assert refs(webhook(body | {"order": {"id": 7}}, "returns/approve")) == [("order", "7")]
    assert refs(webhook(body | {"order_id": 7}, "returns/close")) == [("order", "7")]
    assert refs(webhook(body | {"order": None}, "returns/update")) == [("return", "1")]


def test_a_rounded_id_is_refused_rather_than_taken_for_another_order() -> None:
    body = b'{"order_edit":{"order_id":8.2098291194615e17}}'
    with pytest.raises(Invalid, match="order_id"):
        webhook(body, "orders/edited")


def test_an_id_beyond_what_a_float_can_hold_is_kept_to_the_last_digit() -> None:
    body = b'{"order_edit":{"order_id":820982911946154509}}'
    assert refs(webhook(body, "orders/edited")) == [("order", "820982911946154509")]


# --- tags ----------------------------------------------------------------------------------------


def tags(topic: str, *names: str) -> Outcome:
    body = {"customerId": "gid://shopify/Customer/7", "tags": names, "occurredAt": "x"}
    return webhook(body, topic)


def test_our_own_tags_come_back_as_an_echo() -> None:
    assert "the echo of what we wrote" in reason(tags("customer.tags_added", "stempel:member"))


def test_our_tags_taken_off_by_hand_are_told_and_the_shops_own_are_not() -> None:
    outcome = tags("customer.tags_removed", "vip", "stempel:points=66", "stempel:tier=gold")
    assert isinstance(outcome, Observed)
    assert outcome.events == ()
    assert outcome.lost == (Lost("7", ("stempel:points=66", "stempel:tier=gold")),)
    assert "customer 7 lost tags of ours" in note(outcome)


def test_the_shops_own_tags_are_its_own_business() -> None:
    for topic in ("customer.tags_added", "customer.tags_removed"):
        assert "of the shop's own" in reason(tags(topic, "vip", "my-stempel:member"))


# --- next-generation events ----------------------------------------------------------------------


def changed(topic: str, **variables: object) -> Outcome:
    body = {"topic": topic, "action": "update", "query_variables": variables}
    return webhook(body, topic)


def test_an_event_asks_for_the_object_it_names() -> None:
    order, customer = "gid://shopify/Order/5", "gid://shopify/Customer/7"
    assert refs(changed("Order", orderId=order)) == [("order", "5")]
    assert refs(changed("Customer", customerId=customer)) == [("customer", "7")]
    assert refs(changed("Refund", refundId="gid://shopify/Refund/1", orderId=order)) == [
        ("order", "5")
    ]


@pytest.mark.parametrize(
    ("topic", "variables"),
    [
        ("Refund", {"refundId": "gid://shopify/Refund/1"}),
        ("Order", {"orderId": "gid://shopify/Customer/7"}),
        ("Order", {"orderId": 7}),
        ("Customer", {}),
    ],
)
def test_an_event_that_names_nothing_we_can_read_is_ignored(
    topic: str, variables: dict[str, object]
) -> None:
    assert "does not name its" in reason(changed(topic, **variables))


def test_an_event_of_another_topic_is_ignored_by_name() -> None:
    assert reason(changed("Product", productId="x")) == "Product: nothing in it earns"
