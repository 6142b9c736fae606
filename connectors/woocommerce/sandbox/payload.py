"""What stands in a delivery's body: the object as it is now, or what the API says of it."""

from collections.abc import Callable

from connectors.woocommerce.sandbox import products, render
from connectors.woocommerce.sandbox.errors import denied, invalid_id
from connectors.woocommerce.sandbox.state import Row, State, Waiting


def build(shop: State, webhook: Row, waiting: Waiting) -> Row:
    """Return the body; an object that is gone, or rights that are, give a (signed) error object."""
    resource, _, event = webhook["topic"].partition(".")
    if resource == "action":
        return {"action": waiting.hook, "arg": waiting.arg}
    if event == "deleted":
        return {"id": waiting.arg}
    if not webhook["_owner_has_rights"]:
        return denied("view", 403).body
    table, view = _VIEWS[resource]
    row = table(shop).get(waiting.arg)
    return invalid_id(resource).body if row is None else view(shop, row)


_VIEWS: dict[str, tuple[Callable[[State], dict[int, Row]], Callable[[State, Row], Row]]] = {
    "order": (lambda shop: shop.tables.orders, render.order),
    "customer": (lambda shop: shop.tables.customers, render.customer),
    "product": (lambda shop: shop.tables.products, products.view),
    "coupon": (lambda shop: shop.tables.coupons, render.coupon),
}
