"""Whatever is done to a captured body, it ends as an outcome or as Invalid, never as a crash."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.woocommerce import connector
from tests.connectors.mutations import check, with_changed_bytes, with_changed_values
from tests.connectors.woocommerce.captured import deliveries, rest

BODIES = [json.loads(one.body) for one in deliveries() if one.body.startswith(b"{")]
ANSWERS = {
    "read.order": [{"id": "16", "order": rest("012")["body"], "refunds": rest("013")["body"]}],
    "read.customer": [{"id": "2", "customer": rest("021")["body"]}],
    "read.product_reviews": [{"id": "11", "reviews": rest("033")["body"]}],
}
TOPICS = st.sampled_from([*{one.delivery.topic for one in deliveries()}, "read.order", "\u202e"])

inbound = connector.inbound


@settings(max_examples=400)
@given(data=st.data(), topic=TOPICS)
def test_a_body_with_changed_values_is_told_or_refused(data: st.DataObject, topic: str) -> None:
    check(inbound, "webhook", topic, with_changed_values(data, BODIES))


@settings(max_examples=200)
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
