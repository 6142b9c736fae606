"""A delivery → what it states or asks for. The body's shape decides; the topic is an unsigned hint."""

from collections.abc import Callable, Mapping

import msgspec

from app.errors import Invalid
from connectors import texts
from connectors.base import Delivery, Ignored, NeedsRead, Observed, Origin, Outcome, Ref
from connectors.shopify import disputes, lifecycle, payloads, rest_orders, signals, topics, values
from connectors.shopify.consent import consent
from connectors.shopify.customers import customer_event
from connectors.shopify.orders import KIND, order_event
from connectors.shopify.reads import read_answer

Reading = Callable[[str, bytes], Outcome]

_GID = "admin_graphql_api_id"


def normalise(delivery: Delivery) -> Outcome:
    """Return the outcome of any delivery; raises Invalid when its content cannot be understood."""
    topic = texts.short(delivery.topic, 128) or "a message without a topic"
    if delivery.source != "webhook":
        return read_answer(topic, delivery.body)
    return _message(topic, delivery.body)


def _message(topic: str, body: bytes) -> Outcome:
    found = payloads.keys_of(body, topic)
    if found is None:
        return Ignored(f"{topic}: the body is no object, so it speaks of nothing")
    keys = frozenset(found)
    if keys == {"id"}:
        return signals.bare_id(topic, body)
    if keys == {"shop_id", "shop_domain"}:
        return lifecycle.shop_redact(topic, body)
    for needed, reading in _SHAPES:
        if needed <= keys:
            return reading(topic, body)
    by_kind = _BY_KIND.get(_kind_of(found))
    if by_kind is not None:
        return by_kind(topic, body)
    return Ignored(f"{topic}: {topics.why_ignored(topic)}")


def _order(topic: str, body: bytes) -> Outcome:
    order = payloads.decode(body, payloads.Order, topic)
    origin = rest_orders.origin_of(order)
    missing = sorted(_WHOLE - (payloads.keys_of(body, topic) or {}).keys())
    if not missing:
        event, note = order_event(rest_orders.stated_order(order))
        return Observed((event,), note, origin)
    # A webhook can be told to send some keys only: what is not there must not be taken for "no".
    number = values.identifier(order.id, "id")
    reason = f"{topic} sends order {number} without {', '.join(missing)}"
    return NeedsRead((Ref(KIND, number),), reason, origin, otherwise=_cut(order, origin))


def _cut(order: payloads.Order, origin: Origin | None) -> Observed | None:
    """Return what an order states by the keys that were sent, None if that is too little."""
    try:
        event, note = order_event(rest_orders.stated_order(order))
    except Invalid:
        return None
    return Observed((event,), note, origin)


def _customer(topic: str, body: bytes) -> Outcome:
    return Observed((customer_event(payloads.decode(body, payloads.Customer, topic)),))


def _kind_of(found: Mapping[str, msgspec.Raw]) -> str:
    """Return the kind of object that a body names as itself, "" if it names none."""
    try:
        known = values.gid_of(payloads.decode(found.get(_GID, msgspec.Raw(b"null")), str, _GID))
    except Invalid:
        return ""
    return "" if known is None else known[0]


# An order without these is not whole; protected keys may be absent from one that is.
_WHOLE = frozenset(
    {
        "cancelled_at",
        "created_at",
        "fulfillment_status",
        "refunds",
        "shipping_lines",
        "taxes_included",
        "test",
        "updated_at",
    }
)

# What an object is by its keys; the first that fits.
_SHAPES: tuple[tuple[frozenset[str], Reading], ...] = (
    (frozenset({"id", "line_items", "financial_status", "currency"}), _order),
    (frozenset({"id", "created_at", "updated_at", "verified_email"}), _customer),
    (frozenset({"order_id", "refund_line_items"}), signals.refund),
    (frozenset({"order_edit"}), signals.edit),
    (
        frozenset({"admin_graphql_api_customer_kept_id", "admin_graphql_api_customer_deleted_id"}),
        signals.merge,
    ),
    (frozenset({"id", "amount", "currency", "status", "initiated_at"}), disputes.dispute),
    (frozenset({"customer_id", "email_marketing_consent"}), consent),
    (frozenset({"customerId", "tags"}), signals.tags),
    (frozenset({"shop_id", "shop_domain", "orders_requested"}), lifecycle.privacy),
    (frozenset({"shop_id", "shop_domain", "orders_to_redact"}), lifecycle.privacy),
    (frozenset({"current", "previous", "shop_id"}), lifecycle.scopes),
    (frozenset({"id", "myshopify_domain", "plan_name"}), lifecycle.shop),
    (frozenset({"topic", "action", "query_variables"}), signals.event),
)

# What names itself by its gid, and has none of the shapes above.
_BY_KIND: Mapping[str, Reading] = {
    "Order": signals.partial_order,
    "Customer": signals.deleted_customer,
    "Return": signals.returned,
    "Product": signals.product,
}
