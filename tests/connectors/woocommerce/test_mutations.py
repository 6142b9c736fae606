"""Whatever is done to a captured body, it ends as an outcome or as Invalid, never as a crash."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import Invalid
from app.programme.events import Event, OrderFacts
from connectors.base import Delivery, Ignored, NeedsRead, Observed
from connectors.woocommerce import connector
from tests.connectors.woocommerce.captured import NOW, deliveries, rest

BODIES = [json.loads(one.body) for one in deliveries() if one.body.startswith(b"{")]
READS = [
    ("read.order", {"id": "16", "order": rest("012")["body"], "refunds": rest("013")["body"]}),
    ("read.customer", {"id": "2", "customer": rest("021")["body"]}),
    ("read.product_reviews", {"id": "11", "reviews": rest("033")["body"]}),
]
TOPICS = st.sampled_from([*{one.delivery.topic for one in deliveries()}, "read.order", "\u202e"])

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
    | st.sampled_from(["", "10,00", "NaN", "1e400", "\u0000", "0001-01-01T00:00:00", "9" * 400,
                       10**400, -(2**63), 1.5e308, "9999-12-31T23:59:59+00:00"])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=5,
)


def places(document: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    if isinstance(document, dict | list):
        pairs = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in list(pairs):
            found.append((document, key))
            found += places(value)
    return found


def check(source: str, topic: str, body: bytes) -> None:
    delivery = Delivery(source=source, topic=topic, body=body, received_at=NOW, began_at=NOW)
    try:
        outcome = connector.inbound.normalise(delivery)
    except Invalid:
        return
    assert isinstance(outcome, Observed | NeedsRead | Ignored)
    for event in outcome.events if isinstance(outcome, Observed) else ():
        sound(event)


def sound(event: Event) -> None:
    """Hold an event to what the database can keep."""
    assert event.external_id.isdecimal()
    assert int(event.external_id) < 2**63
    for moment in (event.occurred_at, event.modified_at):
        assert moment is None or 1970 < moment.year < 2201
    facts = event.facts
    if isinstance(facts, OrderFacts):
        amounts = [facts.total, *(line.net for line in facts.lines)]
        amounts += [refund.amount for refund in facts.refunds]
        assert all(amount.is_finite() and abs(amount) < 10**12 for amount in amounts)
        assert "\u0000" not in facts.status + (facts.channel or "") + facts.currency


@settings(max_examples=400)
@given(data=st.data(), topic=TOPICS)
def test_a_body_with_changed_values_is_told_or_refused(data: st.DataObject, topic: str) -> None:
    document = json.loads(json.dumps(data.draw(st.sampled_from(BODIES))))
    for _ in range(data.draw(st.integers(1, 4))):
        spots = places(document)
        if not spots:
            break
        container, key = data.draw(st.sampled_from(spots))
        if isinstance(container, dict) and data.draw(st.booleans()):
            del container[key]
        else:
            container[key] = data.draw(VALUES)
    check("webhook", topic, json.dumps(document).encode())


@settings(max_examples=200)
@given(data=st.data())
def test_an_answer_with_changed_values_is_told_or_refused(data: st.DataObject) -> None:
    topic, document = data.draw(st.sampled_from(READS))
    document = json.loads(json.dumps(document))
    for _ in range(data.draw(st.integers(1, 4))):
        container, key = data.draw(st.sampled_from(places(document)))
        container[key] = data.draw(VALUES)
    check("read", topic, json.dumps(document).encode())


@settings(max_examples=300)
@given(data=st.data(), topic=TOPICS)
def test_a_body_with_changed_bytes_is_told_or_refused(data: st.DataObject, topic: str) -> None:
    body = bytearray(json.dumps(data.draw(st.sampled_from(BODIES))).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        position = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(["set", "cut", "add"])):
            case "set":
                body[position] = data.draw(st.integers(0, 255))
            case "cut":
                del body[position : position + data.draw(st.integers(1, 40))]
            case _:
                body[position:position] = data.draw(st.binary(min_size=1, max_size=8))
        if not body:
            break
    check("webhook", topic, bytes(body))


@given(body=st.binary(max_size=200), topic=st.text(max_size=30))
def test_any_bytes_at_all_are_told_or_refused(body: bytes, topic: str) -> None:
    check("webhook", topic, body)
    check("read", topic, body)
