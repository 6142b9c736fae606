"""Ways to spoil a message, and what must become of it all the same: an outcome or Invalid.

A connector's test_mutations.py runs them on its captured messages.
"""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from app.errors import Invalid
from app.programme.events import Event, OrderFacts
from connectors.base import Closed, Delivery, Ignored, Inbound, NeedsRead, Observed
from tests.connectors.contract import NOW

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


def with_changed_values(data: st.DataObject, documents: Sequence[Any]) -> bytes:
    """Return one of the documents with up to four values changed or keys removed."""
    document = json.loads(json.dumps(data.draw(st.sampled_from(documents))))
    for _ in range(data.draw(st.integers(1, 4))):
        spots = _places(document)
        if not spots:
            break
        container, key = data.draw(st.sampled_from(spots))
        if isinstance(container, dict) and data.draw(st.booleans()):
            del container[key]
        else:
            container[key] = data.draw(VALUES)
    return json.dumps(document).encode()


def with_changed_bytes(data: st.DataObject, documents: Sequence[Any]) -> bytes:
    """Return one of the documents with up to six places overwritten, cut or stuffed."""
    body = bytearray(json.dumps(data.draw(st.sampled_from(documents))).encode())
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
    return bytes(body)


def check(inbound: Inbound, source: str, topic: str, body: bytes) -> None:
    """Hold a connector to an outcome or Invalid, and its statements to what can be stored."""
    delivery = Delivery(source=source, topic=topic, body=body, received_at=NOW, began_at=NOW)
    try:
        outcome = inbound.normalise(delivery)
    except Invalid:
        return
    assert isinstance(outcome, Observed | NeedsRead | Closed | Ignored)
    stated = outcome.otherwise if isinstance(outcome, NeedsRead) else outcome
    for event in stated.events if isinstance(stated, Observed) else ():
        _sound(event)


def _sound(event: Event) -> None:
    """Hold an event to what the database can keep."""
    assert event.external_id.isdecimal()
    assert int(event.external_id) < 2**63
    dispute = event.dispute
    for moment in (event.occurred_at, event.modified_at, dispute and dispute.at):
        assert moment is None or 1970 < moment.year < 2201
    facts = event.facts
    amounts = [] if dispute is None else [dispute.amount]
    if isinstance(facts, OrderFacts):
        amounts += [line.net for line in facts.lines] + [line.tax for line in facts.lines]
        amounts += [refund.amount for refund in facts.refunds] + [facts.total]
        texts = [facts.status, facts.channel or "", facts.currency, *facts.codes]
        assert not any("\u0000" in text for text in texts)
        assert all(
            moment is None or moment.tzinfo for moment in (facts.paid_at, facts.completed_at)
        )
    assert all(amount.is_finite() and abs(amount) < 10**12 for amount in amounts)


def _places(document: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    if isinstance(document, dict | list):
        pairs = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in list(pairs):
            found.append((document, key))
            found += _places(value)
    return found
