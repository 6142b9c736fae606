"""Bodies that only point at something: what they name is read before anything is believed.

What such a body states by itself is kept beside the wish to read: a shop that cannot be asked (no API
keys) is believed at its signed word.
"""

from typing import Any

import msgspec

from connectors import texts
from connectors.base import Ignored, Lost, NeedsRead, Observed, Outcome, Ref
from connectors.shopify import customers, orders, products, topics, values
from connectors.shopify.answers import DELETED_ORDER, merge_ref
from connectors.shopify.marks import OURS
from connectors.shopify.payloads import Identified, decode
from connectors.shopify.values import Id

_MERGED = "completed"
# Next-generation events: the topic in their (signed) body → what to read, and under which variable.
_EVENTS = {
    "Order": ("Order", "orderId", orders.KIND),
    "Customer": ("Customer", "customerId", customers.KIND),
    "Refund": ("Order", "orderId", orders.KIND),
}


class _OfOrder(msgspec.Struct):
    order_id: Id


class _Edit(msgspec.Struct):
    order_edit: _OfOrder


class _Return(msgspec.Struct):
    admin_graphql_api_id: str
    order: Identified | None = None
    order_id: Id | None = None


class _Whole(msgspec.Struct):
    admin_graphql_api_id: str


class _Merge(msgspec.Struct):
    admin_graphql_api_customer_kept_id: str
    admin_graphql_api_customer_deleted_id: str
    status: str | None = None
    errors: list[Any] | None = None


class _Tags(msgspec.Struct, rename="camel"):
    customer_id: str
    tags: list[str]


class _Event(msgspec.Struct):
    topic: str
    action: str
    query_variables: dict[str, Any] | None = None


def bare_id(topic: str, body: bytes) -> Outcome:
    """Return what {"id": N} asks for: it is all that is left of a deleted order."""
    if topic.lower() != topics.ORDER_DELETED:
        return Ignored(f"{topic}: an id alone, of which nothing is said")
    number = values.identifier(decode(body, Identified, topic).id, "id")
    gone = Observed((orders.gone_order(number),))
    return NeedsRead((Ref(DELETED_ORDER, number),), f"{topic} names order {number}", otherwise=gone)


def product(topic: str, body: bytes) -> Outcome:
    """Return what a product asks for: its own body does not tell its collections."""
    number = values.gid(decode(body, _Whole, topic).admin_graphql_api_id, "Product", "the product")
    return NeedsRead((Ref(products.KIND, number),), f"{topic}: product {number} may have changed")


def refund(topic: str, body: bytes) -> Outcome:
    """Return what a refund asks for. It states no order, and need not have moved any money."""
    return _order(topic, decode(body, _OfOrder, topic).order_id)


def edit(topic: str, body: bytes) -> Outcome:
    """Return what an edit asks for: it lists differences only."""
    return _order(topic, decode(body, _Edit, topic).order_edit.order_id)


def returned(topic: str, body: bytes) -> Outcome:
    """Return what a return asks for: its order, as far as the body names it."""
    found = decode(body, _Return, topic)
    named = found.order_id if found.order is None else found.order.id
    if named is not None:
        return _order(topic, named)
    number = values.gid(found.admin_graphql_api_id, "Return", "admin_graphql_api_id")
    return NeedsRead((Ref("return", number),), f"{topic} names return {number} only")


def partial_order(topic: str, body: bytes) -> Outcome:
    """Return what an order asks for of which only some keys were sent (`include_fields`)."""
    found = decode(body, _Whole, topic)
    number = values.gid(found.admin_graphql_api_id, "Order", "admin_graphql_api_id")
    return _order(topic, number)


def deleted_customer(topic: str, body: bytes) -> Outcome:
    """Return what the remains of a deleted customer ask for."""
    if topic.lower() != topics.CUSTOMER_DELETED:
        return Ignored(f"{topic}: a customer without dates, of whom nothing is said")
    found = decode(body, _Whole, topic)
    number = values.gid(found.admin_graphql_api_id, "Customer", "admin_graphql_api_id")
    gone = Observed((customers.gone_customer(number),))
    reason = f"{topic} names customer {number}"
    return NeedsRead((Ref(customers.KIND, number),), reason, otherwise=gone)


def merge(topic: str, body: bytes) -> Outcome:
    """Return what a merge of two customers asks for, once it is done."""
    found = decode(body, _Merge, topic)
    key = "admin_graphql_api_customer"
    kept = values.gid(found.admin_graphql_api_customer_kept_id, "Customer", f"{key}_kept_id")
    deleted = values.gid(
        found.admin_graphql_api_customer_deleted_id, "Customer", f"{key}_deleted_id"
    )
    status = texts.short(found.status, 40) or "no status"
    if status.lower() != _MERGED or found.errors:
        return Ignored(f"{topic}: customers {deleted} and {kept} are not merged ({status})")
    stated = Observed((customers.merged_customer(deleted, kept),))
    reason = f"{topic}: customer {deleted} became part of {kept}"
    return NeedsRead((merge_ref(deleted, kept),), reason, otherwise=stated)


def tags(topic: str, body: bytes) -> Outcome:
    """Return what a change of a customer's tags says: only the removal of ours is of interest."""
    found = decode(body, _Tags, topic)
    customer = values.gid(found.customer_id, "Customer", "customerId")
    ours = tuple(tag for tag in found.tags if tag.lower().startswith(OURS))
    if topic.lower() != topics.TAGS_REMOVED:
        why = "the echo of what we wrote" if ours else "tags of the shop's own move no points"
        return Ignored(f"{topic}: {why}")
    if not ours:
        return Ignored(f"{topic}: tags of the shop's own move no points")
    # Shopify says the same when we replace a tag ourselves.
    note = f"customer {customer} lost tags of ours: put back, unless we replaced them ourselves"
    return Observed((), note, lost=(Lost(customer, ours),))


def event(topic: str, body: bytes) -> Outcome:
    """Return what a next-generation event asks for: it names fields that changed, by gid."""
    found = decode(body, _Event, topic)
    known = _EVENTS.get(found.topic)
    if known is None:
        return Ignored(f"{topic}: {topics.why_ignored(topic)}")
    gid_kind, variable, kind = known
    named = values.gid_of((found.query_variables or {}).get(variable))
    if named is None or named[0] != gid_kind:
        return Ignored(f"{topic}: the event does not name its {gid_kind.lower()}")
    number = values.identifier(named[1], variable)
    return NeedsRead((Ref(kind, number),), f"{topic} names {kind} {number} only")


def _order(topic: str, named: Id) -> Outcome:
    number = values.identifier(named, "order_id")

    return NeedsRead((Ref(orders.KIND, number),), f"{topic} names order {number} only")
