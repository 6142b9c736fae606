"""What an answer of our own read states: the envelope of `answers`, with the object in GraphQL's shape."""

from collections.abc import Callable, Mapping

import msgspec

from app.errors import Invalid
from connectors.base import Closed, Ignored, Observed, Origin, Outcome
from connectors.shopify import graphql_payloads, values
from connectors.shopify.answers import RETURN_UNKNOWN, ReturnBody
from connectors.shopify.customers import customer_event, gone_customer, merged_customer
from connectors.shopify.graphql_orders import stated_order
from connectors.shopify.lifecycle import CLOSED, permissions
from connectors.shopify.orders import gone_order, order_event
from connectors.shopify.payloads import decode
from connectors.shopify.products import gone_product, product_event


# The keys have no defaults: an envelope that lacks one must not say that the object is gone.
class _Order(msgspec.Struct):
    id: str
    shop: graphql_payloads.Shop | None
    order: graphql_payloads.Order | None
    hidden: bool = False


class _Customer(msgspec.Struct):
    id: str
    shop: graphql_payloads.Shop | None
    customer: graphql_payloads.Customer | None


class _Product(msgspec.Struct):
    id: str
    shop: graphql_payloads.Shop | None
    product: graphql_payloads.Product | None
    denied: bool


class _Merge(msgspec.Struct, rename="camel"):
    kept: str
    deleted: str
    shop: graphql_payloads.Shop | None
    kept_customer: graphql_payloads.Customer | None
    deleted_customer: graphql_payloads.Node | None


class _Installation(msgspec.Struct):
    installed: bool
    shop: graphql_payloads.Shop | None
    scopes: list[str]


def read_answer(topic: str, body: bytes) -> Outcome:
    """Return what an answer of ours states; raises Invalid for one that we never wrote."""
    found = _READERS.get(topic)
    if found is None:
        raise Invalid(f"{topic} is no answer that this connector writes.")
    return found(topic, body)


def _read_order(topic: str, body: bytes) -> Outcome:
    answer = decode(body, _Order, topic)
    number, origin = values.identifier(answer.id, "id"), _origin(answer.shop)
    if answer.order is None and answer.hidden:
        # Taken for deleted, what is merely old would lose its points.
        return Ignored(
            f"{topic}: the shop shows no order {number}. It was deleted, or is older than the 60 days that "
            "the app may see: the permission read_all_orders would tell"
        )
    if answer.order is None:
        return Observed((gone_order(number),), "The shop has no such order.", origin)
    event, note = order_event(stated_order(answer.order))
    _same(number, event.external_id, topic)
    return Observed((event,), note, origin)


def _read_return(topic: str, body: bytes) -> Outcome:
    answer = decode(body, ReturnBody, topic)
    if answer.denied:
        return Ignored(
            f"{topic}: the app may not see returns (permission read_returns). What a return gives back is "
            "seen when its refund is made"
        )
    return Ignored(f"{topic}: the shop has no return {values.identifier(answer.id, 'id')}")


def _read_customer(topic: str, body: bytes) -> Outcome:
    answer = decode(body, _Customer, topic)
    number, origin = values.identifier(answer.id, "id"), _origin(answer.shop)
    if answer.customer is None:
        return Observed((gone_customer(number),), "The shop has no such customer.", origin)
    event = customer_event(answer.customer)
    _same(number, event.external_id, topic)
    return Observed((event,), None, origin)


def _read_product(topic: str, body: bytes) -> Outcome:
    answer = decode(body, _Product, topic)
    number, origin = values.identifier(answer.id, "id"), _origin(answer.shop)
    if answer.denied:
        return Ignored(
            f"{topic}: the app may not see products (permission read_products), so nobody knows what kind "
            f"of goods product {number} is"
        )
    if answer.product is None:
        return Observed((gone_product(number),), "The shop has no such product.", origin)
    event = product_event(answer.product)
    _same(number, event.external_id, topic)
    return Observed((event,), None, origin)


def _read_merge(topic: str, body: bytes) -> Outcome:
    answer = decode(body, _Merge, topic)
    kept = values.identifier(answer.kept, "kept")
    deleted = values.identifier(answer.deleted, "deleted")
    origin = _origin(answer.shop)
    if answer.deleted_customer is not None:
        note = f"The shop still has customer {deleted}: it was not merged into {kept}."
        return Observed((), note, origin)
    if answer.kept_customer is None:
        # The one that was kept may have been merged on meanwhile.
        note = f"The shop has neither customer {deleted} nor {kept} any more."
        return Observed((merged_customer(deleted, kept),), note, origin)
    event = customer_event(answer.kept_customer)
    _same(kept, event.external_id, topic)
    return Observed((event, merged_customer(deleted, kept)), None, origin)


def _read_installation(topic: str, body: bytes) -> Outcome:
    answer = decode(body, _Installation, topic)
    origin = _origin(answer.shop)
    if not answer.installed:
        return Closed(CLOSED, origin)
    return Observed((), f"The app is still installed. {permissions(answer.scopes)}", origin)


def _origin(shop: graphql_payloads.Shop | None) -> Origin | None:
    if shop is None:
        return None
    return Origin(
        ref=values.shop_domain(shop.myshopify_domain),
        shop_id=values.gid(shop.id, "Shop", "shop.id"),
    )


def _same(asked: str, answered: str, topic: str) -> None:
    if asked != answered:
        raise Invalid(f"{topic}: the shop answered about another object than was asked for.")


_READERS: Mapping[str, Callable[[str, bytes], Outcome]] = {
    "read.order": _read_order,
    RETURN_UNKNOWN: _read_return,
    "read.customer": _read_customer,
    "read.product": _read_product,
    "read.customer_merge": _read_merge,
    "read.installation": _read_installation,
}
