"""Returns: asked for, approved, changed, closed. Some of their webhooks name the order, one does not."""

from typing import Any

from connectors.shopify.sandbox.state import Order, Row, SandboxError, State, gid


def request(shop: State, order: Order) -> Row:
    """Let the buyer ask to send something back."""
    number = shop.next_id("return")
    made: Row = {
        "id": number,
        "order_id": order.body["id"],
        "status": "requested",
        "created_at": shop.stamp(),
        "closed_at": None,
        "name": f"{order.body['name']}-R{number % 1000}",
    }
    shop.tables.returns[number] = made
    shop.tell(("returns/request", _with_order(made)))
    return made


def get(shop: State, return_id: int) -> Row:
    """Return a return; raises SandboxError if it is not there."""
    found = shop.tables.returns.get(return_id)
    if found is None:
        raise SandboxError(f"There is no return {return_id}.")
    return found


def set_status(shop: State, return_id: int, status: str) -> Row:
    """Approve ("open"), decline ("declined"), cancel ("canceled") or close ("closed") a return."""
    made = get(shop, return_id)
    words = {
        "open": "approve",
        "declined": "decline",
        "canceled": "cancel",
        "closed": "close",
    }
    if status not in words:
        raise SandboxError(f"A return is never {status}; try {', '.join(words)}.")
    made["status"] = status
    body = _with_order(made)
    if status == "closed":
        made["closed_at"] = shop.stamp()
        body = {
            "id": made["id"],
            "admin_graphql_api_id": gid("Return", made["id"]),
            "order_id": made["order_id"],
            "status": "closed",
        }
    shop.tell((f"returns/{words[status]}", body))
    return made


def change(shop: State, return_id: int) -> Row:
    """Change what is sent back; the webhook about it names neither order nor status."""
    made = get(shop, return_id)
    told: dict[str, Any] = {
        "admin_graphql_api_id": gid("Return", return_id),
        "return_line_items": {"removals": []},
        "restocking_fees": {"updates": [], "removals": []},
        "return_shipping_fees": {"updates": [], "removals": []},
    }
    shop.tell(("returns/update", told))
    return made


def _with_order(made: Row) -> Row:
    return {
        "id": made["id"],
        "admin_graphql_api_id": gid("Return", made["id"]),
        "status": made["status"],
        "order": {
            "id": made["order_id"],
            "admin_graphql_api_id": gid("Order", made["order_id"]),
        },
        "total_return_line_items": 1,
        "name": None,
        "return_line_items": [],
        "return_shipping_fees": [],
        "exchange_line_items": [],
        "total_exchange_line_items": 0,
    }
