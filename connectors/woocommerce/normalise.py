"""A delivery → what it states or asks for. The body's shape decides; the topic is an unsigned hint."""

from connectors.base import Delivery, Ignored, Observed, Outcome
from connectors.woocommerce import payloads, signals, values
from connectors.woocommerce.answers import read_answer
from connectors.woocommerce.customers import customer_event
from connectors.woocommerce.orders import order_event

_NOTHING = {
    "coupon": "a coupon earns nothing; orders name the codes they used",
    "subscription": "a subscription is no order; its payments come as orders",
}


def normalise(delivery: Delivery) -> Outcome:
    """Return the outcome of any delivery; raises Invalid when its content cannot be understood."""
    topic = values.text(delivery.topic, 128) or "a message without a topic"
    if delivery.source != "webhook":
        return read_answer(topic, delivery.body)
    return _message(topic, delivery.body)


def _message(topic: str, body: bytes) -> Outcome:
    found = payloads.keys_of(body, topic)
    if found is None:
        return Ignored(f"{topic}: the body is no object, so it speaks of nothing")
    match _shape(frozenset(found)):
        case "error":
            return signals.signed_error(topic, body)
        case "action":
            return signals.action_signal(topic, body)
        case "id":
            return signals.id_signal(topic, found["id"])
        case "order":
            order = payloads.decode(body, payloads.Order, topic)
            event, note = order_event(order)
            return Observed((event,), note, payloads.origin_of(order.links))
        case "customer":
            customer = payloads.decode(body, payloads.Customer, topic)
            return Observed((customer_event(customer),), None, payloads.origin_of(customer.links))
        case "product":
            return signals.product_signal(topic, found["id"], body)
        case other:
            return Ignored(f"{topic}: {_NOTHING.get(other, 'a kind of object that earns nothing')}")


def _shape(keys: frozenset[str]) -> str:
    """Name what an object is by its keys, in the order of this list."""
    for name, needed in (
        ("error", {"code", "message", "data"}),  # signed like any object: look for it first
        ("action", {"action", "arg"}),
        ("subscription", {"line_items", "billing_period"}),  # looks like an order otherwise
        ("order", {"line_items", "billing", "status"}),
        ("order", {"line_items", "currency"}),
        ("customer", {"id", "email", "role"}),
        ("product", {"id", "catalog_visibility"}),
        ("coupon", {"id", "discount_type"}),
    ):
        if needed <= keys:
            return name
    return "id" if keys == {"id"} else "other"
