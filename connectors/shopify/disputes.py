"""A dispute about a payment (chargeback or inquiry) → what it adds to its order."""

from decimal import Decimal
from fractions import Fraction

import msgspec

from app.programme.events import Dispute, DisputeStatus, Event
from connectors import texts
from connectors.base import Ignored, Observed, Outcome
from connectors.shopify import orders, values
from connectors.shopify.payloads import decode
from connectors.shopify.values import Id

# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/DisputeStatus ; any other word is still open.
_STATUSES = {
    "won": DisputeStatus.WON,
    "charge_refunded": DisputeStatus.WON,  # the money went back as a refund, which takes its own points
    "accepted": DisputeStatus.LOST,
    "lost": DisputeStatus.LOST,
}
_OPEN = frozenset({"needs_response", "under_review"})


class _Dispute(msgspec.Struct):
    id: Id
    status: str
    amount: Decimal
    currency: str
    order_id: Id | None = None
    initiated_at: str | None = None
    finalized_on: str | None = None


def dispute(topic: str, body: bytes) -> Outcome:
    """Return what a dispute adds to its order; one of a payment without an order holds nothing."""
    found = decode(body, _Dispute, topic)
    order = values.optional_identifier(found.order_id, "order_id")
    if order is None:
        return Ignored(f"{topic}: the dispute names no order")
    word = texts.short(found.status, 40) or "no status"
    currency = values.currency(found.currency, "currency")
    told = Dispute(
        id=values.identifier(found.id, "id"),
        status=_STATUSES.get(word.lower(), DisputeStatus.OPEN),
        amount=values.written(abs(Fraction(values.amount(found.amount, "amount"))), currency),
        currency=currency,
        at=values.moment(found.finalized_on, "finalized_on")
        or values.moment(found.initiated_at, "initiated_at"),
    )
    event = Event(
        kind=orders.KIND,
        external_id=order,
        modified_at=None,
        occurred_at=None,
        facts=None,
        dispute=told,
    )
    unknown = word.lower() not in _STATUSES and word.lower() not in _OPEN
    note = f"The dispute's status {word!r} is unknown; taken as open." if unknown else None
    return Observed((event,), note)
