"""Whatever is done to a captured body, it ends as an outcome or as Invalid, never as a crash."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.connectors.mutations import check, with_changed_bytes, with_changed_values
from tests.connectors.shopify.captured import READS, SHOP, deliveries, inbound

# Without the order of 300 lines: it has nothing that the others lack.
BODIES = [one.json for one in deliveries() if len(one.body) < 50_000]
ORDERS = [
    {"id": order["id"].rpartition("/")[2], "shop": SHOP, "order": order}
    for order in (json.loads(path.read_text()) for path in sorted(READS.glob("*.json")))
]
CUSTOMER = {"id": "gid://shopify/Customer/7", "createdAt": "2026-01-15T08:00:00Z"}
ANSWERS = {
    "read.order": ORDERS,
    "read.customer": [{"id": "7", "shop": SHOP, "customer": CUSTOMER}],
    "read.customer_merge": [
        {
            "kept": "7", "deleted": "8", "shop": SHOP,
            "keptCustomer": CUSTOMER, "deletedCustomer": None,
        }
    ],
    "read.installation": [{"installed": True, "shop": SHOP, "scopes": ["read_orders"]}],
}  # fmt: skip
TOPICS = st.sampled_from([*{one.topic for one in deliveries()}, "read.order", "\u202e"])


@settings(max_examples=400)
@given(data=st.data(), topic=TOPICS)
def test_a_body_with_changed_values_is_told_or_refused(data: st.DataObject, topic: str) -> None:
    check(inbound, "webhook", topic, with_changed_values(data, BODIES))


@settings(max_examples=300)
@given(data=st.data(), topic=st.sampled_from(sorted(ANSWERS)))
def test_an_answer_with_changed_values_is_told_or_refused(data: st.DataObject, topic: str) -> None:
    check(inbound, "read", topic, with_changed_values(data, ANSWERS[topic]))


@settings(max_examples=300)
@given(data=st.data(), topic=TOPICS)
def test_a_body_with_changed_bytes_is_told_or_refused(data: st.DataObject, topic: str) -> None:
    check(inbound, "webhook", topic, with_changed_bytes(data, BODIES))


@given(body=st.binary(max_size=200), topic=st.text(max_size=30))
def test_any_bytes_at_all_are_told_or_refused(body: bytes, topic: str) -> None:
    check(inbound, "webhook", topic, body)
    check(inbound, "read", topic, body)
