"""Every route of the API that the sandbox serves, as one table."""

from collections.abc import Callable, Mapping

from connectors.woocommerce.sandbox import (
    rest_coupons,
    rest_customers,
    rest_orders,
    rest_products,
    rest_refunds,
    rest_shop,
    rest_webhooks,
)
from connectors.woocommerce.sandbox.call import Call
from connectors.woocommerce.sandbox.request import Answer

__all__ = ["ROUTES", "Call"]

Handler = Callable[[Call], Answer]
Methods = Mapping[str, tuple[str, Handler]]


def _collection(listing: Handler, create: Handler | None = None) -> Methods:
    methods = {"GET": ("list", listing)}
    if create is not None:
        methods["POST"] = ("create", create)
    return methods


def _item(view: Handler, edit: Handler | None = None, delete: Handler | None = None) -> Methods:
    methods = {"GET": ("view", view)}
    if edit is not None:
        methods |= dict.fromkeys(("POST", "PUT", "PATCH"), ("edit", edit))
    if delete is not None:
        methods["DELETE"] = ("delete", delete)
    return methods


def _batch(handler: Handler) -> Methods:
    return dict.fromkeys(("POST", "PUT", "PATCH"), ("batch", handler))


ROUTES: dict[str, Methods] = {
    "/customers": _collection(rest_customers.listing, rest_customers.create),
    "/customers/batch": _batch(rest_customers.batch),
    "/customers/{id}": _item(rest_customers.view, rest_customers.edit, rest_customers.delete),
    "/orders": _collection(rest_orders.listing, rest_orders.create),
    "/orders/batch": _batch(rest_orders.batch),
    "/orders/{id}": _item(rest_orders.view, rest_orders.edit, rest_orders.delete),
    "/orders/{id}/refunds": _collection(rest_refunds.of_order, rest_refunds.create),
    "/orders/{id}/refunds/{refund}": _item(rest_refunds.view, None, rest_refunds.delete),
    "/orders/{id}/notes": _collection(rest_refunds.notes, rest_refunds.add_note),
    "/refunds": _collection(rest_refunds.everywhere),
    "/products": _collection(rest_products.listing, rest_products.create),
    "/products/reviews": _collection(rest_products.reviews_listing, rest_products.review_create),
    "/products/reviews/{id}": _item(
        rest_products.review_view, rest_products.review_edit, rest_products.review_delete
    ),
    "/products/{id}": _item(rest_products.view, rest_products.edit, rest_products.delete),
    "/coupons": _collection(rest_coupons.listing, rest_coupons.create),
    "/coupons/batch": _batch(rest_coupons.batch),
    "/coupons/{id}": _item(rest_coupons.view, rest_coupons.edit, rest_coupons.delete),
    "/webhooks": _collection(rest_webhooks.listing, rest_webhooks.create),
    "/webhooks/{id}": _item(rest_webhooks.view, rest_webhooks.edit, rest_webhooks.delete),
    "/system_status": _collection(rest_shop.system_status),
    "/data/currencies/current": _item(rest_shop.currency),
}
