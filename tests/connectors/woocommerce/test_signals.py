"""Bodies that only point at something, and what is understood and left alone."""

import json

import pytest

from app.errors import Invalid
from app.programme.events import ProductFacts
from connectors.base import NeedsRead, Observed
from tests.connectors.outcomes import reason, refs
from tests.connectors.woocommerce.captured import captured, webhook


@pytest.mark.parametrize(
    ("number", "wanted"),
    [
        ("027", ("order", "20")),  # trashed through REST
        ("060", ("order", "69")),  # trashed on the admin screen
        ("031", ("customer", "3")),
        ("055", ("order", "53")),  # coupon.deleted: with orders kept as posts, an order says so too
        ("009", ("order", "16")),
        ("012", ("order", "16")),
        ("014", ("order", "16")),
        ("021", ("order", "21")),
        ("025", ("order", "21")),
        ("049", ("order", "47")),
        ("051", ("order", "47")),  # deleted for good
        ("059", ("refund", "70")),  # a refund's id, not its order's
        ("004", ("customer", "2")),
        ("034", ("product_reviews", "11")),
        ("036", ("product_reviews", "11")),
        ("037", ("product_reviews", "13")),
    ],
)
def test_a_captured_signal_asks_for_the_object_it_names(
    number: str, wanted: tuple[str, str]
) -> None:
    assert refs(webhook(captured(number).body, captured(number).delivery.topic)) == [wanted]


@pytest.mark.parametrize(("number", "product"), [("002", "13"), ("072", "11"), ("073", "11")])
def test_an_updated_product_asks_for_its_reviews_and_for_itself(number: str, product: str) -> None:
    told = webhook(captured(number).body, captured(number).delivery.topic)
    assert refs(told) == [("product_reviews", product), ("product", product)]
    assert isinstance(told, NeedsRead)
    assert isinstance(told.otherwise, Observed)
    [event] = told.otherwise.events
    assert (event.kind, event.external_id) == ("product", product)
    assert event.facts == ProductFacts(categories=("uncategorized",))
    assert told.otherwise.origin is not None


def test_a_product_that_cannot_be_understood_asks_all_the_same() -> None:
    told = webhook(captured("002").json | {"categories": "mugs"}, "product.updated")
    assert refs(told) == [("product_reviews", "13"), ("product", "13")]
    assert isinstance(told, NeedsRead)
    assert told.otherwise is None


@pytest.mark.parametrize("topic", ["product.deleted", "coupon.deleted"])
def test_a_trashed_order_may_say_that_a_coupon_or_product_was_deleted(topic: str) -> None:
    assert refs(webhook({"id": 64}, topic)) == [("order", "64")]


def test_a_swapped_topic_leads_to_a_read_and_never_to_a_statement() -> None:
    # The id of an order under a customer's topic: whether customer 16 exists, the shop will say.
    assert refs(webhook({"id": 16}, "customer.deleted")) == [("customer", "16")]
    assert refs(webhook({"id": 16}, "order.updated")) == [("order", "16")]


@pytest.mark.parametrize("number", ["008", "016", "077"])
@pytest.mark.parametrize("topic", ["customer.deleted", "product.updated", "order.deleted", ""])
def test_the_body_of_an_order_is_an_order_under_any_topic(number: str, topic: str) -> None:
    body = captured(number).body
    assert webhook(body, topic) == webhook(body, "order.updated")


def test_the_hook_in_the_signed_body_counts_not_the_topic() -> None:
    body = captured("059").body
    assert refs(webhook(body, "action.woocommerce_delete_order")) == [("refund", "70")]


def test_every_status_has_a_hook_of_its_own_plugins_too() -> None:
    for status in ("changed", "wc-ready", "pending_to_processing"):
        body = {"action": f"woocommerce_order_status_{status}", "arg": 16}
        assert refs(webhook(body, "action.x")) == [("order", "16")]


@pytest.mark.parametrize("arg", [None, {"refunds": []}, [], [16], True, "x", 0, -1, 2**64, 1.5])
def test_a_hook_without_an_id_is_named_and_left_alone(arg: object) -> None:
    body = {"action": "woocommerce_new_order", "arg": arg}
    assert "woocommerce_new_order" in reason(webhook(body, "action.woocommerce_new_order"))


def test_a_hook_whose_argument_was_an_object_is_useless_and_says_so() -> None:
    found = reason(webhook(captured("040").body, captured("040").delivery.topic))
    assert "woocommerce_store_api_checkout_order_processed" in found


def test_an_unknown_hook_is_named() -> None:
    assert "wc_anything" in reason(
        webhook({"action": "wc_anything", "arg": 5}, "action.wc_anything")
    )


def test_an_order_deleted_before_its_message_left_is_told_as_such() -> None:
    found = reason(webhook(captured("029").body, "order.created"))
    assert "woocommerce_rest_shop_order_invalid_id" in found
    assert "deleted in the shop before" in found


@pytest.mark.parametrize("status", [401, 403])
def test_a_webhook_whose_owner_lost_his_rights_tells_what_to_do(status: int) -> None:
    error = {
        "code": "woocommerce_rest_cannot_view",
        "message": "Sorry, you cannot view this resource.",
        "data": {"status": status},
    }
    assert "role shop manager" in reason(webhook(error, "order.updated"))


def test_an_error_whose_data_is_a_bare_number_is_an_error_too() -> None:
    error = {"code": "woocommerce_rest_cannot_create_order_refund", "message": "x", "data": 500}
    assert "500" in reason(webhook(error, "order.updated"))


def test_a_coupon_is_stored_and_left_alone() -> None:
    assert "coupon.created" in reason(webhook(captured("005").body, "coupon.created"))


@pytest.mark.parametrize("topic", ["product.created", "product.restored", "product.published"])
def test_only_an_updated_product_speaks_of_reviews(topic: str) -> None:
    assert topic in reason(webhook(captured("002").body, topic))


def test_a_subscription_that_looks_like_an_order_is_none() -> None:
    body = captured("008").json | {"status": "active", "billing_period": "month"}
    assert "subscription" in reason(webhook(body, "subscription.updated"))


def test_an_id_of_something_that_earns_nothing_is_left_alone() -> None:
    for topic in ("webhook.deleted", "", "action.wc_x"):
        assert reason(webhook({"id": 5}, topic))


@pytest.mark.parametrize("number", [0, -5, "x", None, [], 2**63, "9" * 400])
def test_an_id_that_cannot_be_one_is_refused(number: object) -> None:
    with pytest.raises(Invalid, match="id"):
        webhook({"id": number}, "order.deleted")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"0", b"true", b"[1,2]"])
def test_json_that_is_no_object_speaks_of_nothing(body: bytes) -> None:
    assert "order.updated" in reason(webhook(body, "order.updated"))


def test_a_body_that_is_no_json_is_refused() -> None:
    for body in (b"", b"{", b"webhook_id=3", b"\xff", b'{"id":1}x'):
        with pytest.raises(Invalid, match=r"order\.updated"):
            webhook(body, "order.updated")


def test_a_byte_order_mark_of_a_careless_theme_is_overlooked() -> None:
    body = captured("008").body
    assert webhook(b"\xef\xbb\xbf" + body) == webhook(body)


def test_the_topic_in_a_reason_is_fit_to_be_shown() -> None:
    found = reason(webhook({}, "order.\u202eupdated\u0000" + "x" * 500))
    assert found.isprintable()
    assert len(found) < 250


def test_the_same_signal_twice_is_two_requests_to_read() -> None:
    body = json.dumps({"id": 16}).encode()
    first, second = webhook(body, "order.deleted"), webhook(body, "order.deleted")
    assert isinstance(first, NeedsRead)
    assert first == second
