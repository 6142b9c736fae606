"""The three compliance webhooks: sent to an app's own configuration only."""

from connectors.shopify.sandbox.people import get, orders_of
from connectors.shopify.sandbox.state import Row, State


def request_data(shop: State, customer_id: int) -> None:
    """Let a customer ask what is stored about him."""
    body = _about(shop, customer_id)
    body["orders_requested"] = _orders(shop, customer_id)
    body["data_request"] = {"id": shop.next_id("data request")}
    shop.tell(("customers/data_request", body))


def redact_customer(shop: State, customer_id: int) -> None:
    """Let a customer be forgotten; the shop itself keeps him."""
    body = _about(shop, customer_id)
    body["orders_to_redact"] = _orders(shop, customer_id)
    shop.tell(("customers/redact", body))


def redact_shop(shop: State) -> None:
    """Ask for everything of this shop to be forgotten."""
    shop.tell(("shop/redact", {"shop_id": shop.id, "shop_domain": shop.domain}))


def _about(shop: State, customer_id: int) -> Row:
    body = get(shop, customer_id).body
    return {
        "shop_id": shop.id,
        "shop_domain": shop.domain,
        "customer": {key: body.get(key) for key in ("id", "email", "phone")},
    }


def _orders(shop: State, customer_id: int) -> list[int]:
    return [order.body["id"] for order in orders_of(shop, customer_id)]
