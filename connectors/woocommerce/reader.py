"""Reads one object from the shop, as the truth of the moment the read began."""

from datetime import datetime

import msgspec

from app.clock import Clock
from app.errors import Invalid, Passing
from connectors.base import ReadAnswer, Ref
from connectors.woocommerce import payloads, values
from connectors.woocommerce.answers import (
    CustomerBody,
    OrderBody,
    ProductBody,
    ReviewsBody,
    topic_of,
)
from connectors.woocommerce.client import Session

ORDER_GONE = frozenset({"woocommerce_rest_shop_order_invalid_id"})
CUSTOMER_GONE = frozenset({"wc_user_invalid_id", "woocommerce_rest_invalid_id"})
PRODUCT_GONE = frozenset({"woocommerce_rest_product_invalid_id"})

_TRIES = 3  # an order that is being refunded at this moment comes to rest
_REFUND_PAGES = 20
_REVIEW_PAGES = 50
# "all" leaves out spam and trash, and a list of several is an unknown status: 200 and nothing.
_REVIEW_STATUSES = ("all", "spam", "trash")
# No names, no texts: they are not used, so they are not fetched.
_REVIEW_FIELDS = "id,product_id,status,reviewer_email,rating,verified,date_created_gmt"

_PRODUCT_FIELDS = "id,status,date_created_gmt,date_modified_gmt,categories,tags,on_sale"


class _RefundIds(msgspec.Struct):
    """The ids of an order and its refunds; everything else is judged when it is normalised."""

    id: values.Number
    refunds: list[payloads.Identified] | dict[str, payloads.Identified] | None = None


class WooReader:
    """WooCommerce's `Reader` role."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def read(self, ref: Ref) -> ReadAnswer:
        """Read an order with its refunds, a customer, a product, or all reviews of a product."""
        number = values.identifier(ref.external_id, "the id to read")
        match ref.kind:
            case "order":
                return self._order(ref, number)
            case "customer":
                return self._customer(ref, number)
            case "product":
                return self._product(ref, number)
            case "product_reviews":
                return self._reviews(ref, number)
            case "refund":
                raise Invalid(
                    "A refund cannot be read by itself: WooCommerce keeps it under its order, so the "
                    "order is read instead."
                )
            case kind:
                raise Invalid(f"WooCommerce has no {values.text(kind, 40)} that could be read.")

    def _order(self, ref: Ref, number: str) -> ReadAnswer:
        for _ in range(_TRIES):
            began_at = self._clock()
            order = self._session.get_known(f"orders/{number}", ORDER_GONE)
            if order is None:
                return _answer(ref, OrderBody(id=number), began_at)
            head = payloads.decode(order, _RefundIds, f"order {number}")
            listed = {refund.key for refund in payloads.items(head.refunds)}
            refunds: list[msgspec.Raw] = []
            if listed:
                refunds, _whole = self._session.pages(
                    f"orders/{number}/refunds", {}, _REFUND_PAGES, ORDER_GONE
                )
            if listed == {payloads.key_of(refund) for refund in refunds}:
                body = OrderBody(id=number, order=payloads.raw(order), refunds=refunds)
                return _answer(ref, body, began_at)
        raise Passing(f"Order {number} keeps changing while it is read.")

    def _customer(self, ref: Ref, number: str) -> ReadAnswer:
        began_at = self._clock()
        customer = self._session.get_known(f"customers/{number}", CUSTOMER_GONE)
        body = CustomerBody(id=number)
        if customer is not None:
            body.customer = payloads.raw(customer)
        return _answer(ref, body, began_at)

    def _product(self, ref: Ref, number: str) -> ReadAnswer:
        began_at = self._clock()
        product = self._session.get_known(
            f"products/{number}", PRODUCT_GONE, {"_fields": _PRODUCT_FIELDS}
        )
        body = ProductBody(id=number)
        if product is not None:
            body.product = payloads.raw(product)
        return _answer(ref, body, began_at)

    def _reviews(self, ref: Ref, number: str) -> ReadAnswer:
        began_at = self._clock()
        found: dict[str, msgspec.Raw] = {}
        complete = True
        for status in _REVIEW_STATUSES:
            query = {"product": number, "status": status, "_fields": _REVIEW_FIELDS}
            listed, whole = self._session.pages("products/reviews", query, _REVIEW_PAGES)
            complete = complete and whole
            found.update((payloads.key_of(review), review) for review in listed)
        body = ReviewsBody(id=number, reviews=list(found.values()), complete=complete)
        return _answer(ref, body, began_at)


def _answer(
    ref: Ref, body: OrderBody | CustomerBody | ProductBody | ReviewsBody, began_at: datetime
) -> ReadAnswer:
    return ReadAnswer(topic=topic_of(ref), body=msgspec.json.encode(body), began_at=began_at)
