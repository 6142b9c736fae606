"""What our own reads store: the shop's answers, unchanged, in an envelope that says what was asked.

The reader writes them, `normalise` reads them. Their topics are ours; a webhook that carries one of
them in its header is not taken for a read, because the source decides.
"""

from collections.abc import Callable, Mapping

import msgspec

from app.errors import Invalid
from connectors.base import Observed, Outcome, Ref
from connectors.woocommerce import payloads
from connectors.woocommerce.customers import customer_event, gone_customer
from connectors.woocommerce.orders import gone_order, order_event
from connectors.woocommerce.products import gone_product, product_event
from connectors.woocommerce.reviews import review_event
from connectors.woocommerce.values import Number, identifier

_NULL = msgspec.Raw(b"null")


class OrderBody(msgspec.Struct, kw_only=True):
    """As stored. `order` is null when the shop does not know it (any more)."""

    id: str
    order: msgspec.Raw = _NULL
    refunds: list[msgspec.Raw] | None = None


class CustomerBody(msgspec.Struct, kw_only=True):
    """As stored. `customer` is null when the shop does not know it (any more)."""

    id: str
    customer: msgspec.Raw = _NULL


class ProductBody(msgspec.Struct, kw_only=True):
    """As stored. `product` is null when the shop does not know it (any more)."""

    id: str
    product: msgspec.Raw = _NULL


class ReviewsBody(msgspec.Struct, kw_only=True):
    """As stored. `id` is the product's; `complete` is false when there were too many to read."""

    id: str
    reviews: list[msgspec.Raw]
    complete: bool = True


# The keys have no defaults: an envelope that lacks one must not say that the object is gone.
class _Order(msgspec.Struct):
    id: str
    order: payloads.Order | None
    refunds: list[payloads.Refund] | None = None


class _Customer(msgspec.Struct):
    id: str
    customer: payloads.Customer | None


class _Product(msgspec.Struct):
    id: str
    product: payloads.Product | None


class _Reviews(msgspec.Struct):
    id: str
    reviews: list[payloads.Review]
    complete: bool = True


def topic_of(ref: Ref) -> str:
    """Return the topic under which the answer for `ref` is stored."""
    return f"read.{ref.kind}"


def read_answer(topic: str, body: bytes) -> Outcome:
    """Return what an answer of ours states; raises Invalid for one that we never wrote."""
    found = _READERS.get(topic)
    if found is None:
        raise Invalid(f"{topic} is no answer that this connector writes.")
    return found(topic, body)


def _read_order(topic: str, body: bytes) -> Outcome:
    answer = payloads.decode(body, _Order, topic)
    if answer.order is None:
        return Observed((gone_order(identifier(answer.id, "id")),), "The shop has no such order.")
    _same(answer.id, answer.order.id, topic)
    event, note = order_event(answer.order, answer.refunds)
    return Observed((event,), note)


def _read_customer(topic: str, body: bytes) -> Outcome:
    answer = payloads.decode(body, _Customer, topic)
    if answer.customer is None:
        number = identifier(answer.id, "id")
        return Observed((gone_customer(number),), "The shop has no such customer.")
    _same(answer.id, answer.customer.id, topic)
    return Observed((customer_event(answer.customer),))


def _read_product(topic: str, body: bytes) -> Outcome:
    answer = payloads.decode(body, _Product, topic)
    if answer.product is None:
        number = identifier(answer.id, "id")
        return Observed((gone_product(number),), "The shop has no such product.")
    _same(answer.id, answer.product.id, topic)
    return Observed((product_event(answer.product),))


def _read_reviews(topic: str, body: bytes) -> Outcome:
    answer = payloads.decode(body, _Reviews, topic)
    events = tuple(review_event(review, position) for position, review in enumerate(answer.reviews))
    note = None if answer.complete else "The product has more reviews than are read at once."
    return Observed(events, note)


def _same(asked: str, answered: Number, topic: str) -> None:
    if identifier(asked, "id") != identifier(answered, "id"):
        raise Invalid(f"{topic}: the shop answered about another object than was asked for.")


_READERS: Mapping[str, Callable[[str, bytes], Outcome]] = {
    "read.order": _read_order,
    "read.customer": _read_customer,
    "read.product": _read_product,
    "read.product_reviews": _read_reviews,
}
