"""The desk behind the shop: steering a sandbox that runs in another process, under /_sandbox/.

POST /_sandbox/do {"action": "place_order", "args": {…}} calls a method of the sandbox by name.
POST|DELETE /_sandbox/faults, POST /_sandbox/storm {"seed": 7, "odds": {"429": 0.1}},
GET|DELETE /_sandbox/calls, POST /_sandbox/run-queue, POST /_sandbox/settings, GET /_sandbox/sent.
Not part of WooCommerce and without any login.
"""

from typing import Any

from connectors.woocommerce.sandbox.errors import RestError, no_route
from connectors.woocommerce.sandbox.request import Answer, Request
from connectors.woocommerce.sandbox.shop import Sandbox
from connectors.woocommerce.sandbox.state import Row

PREFIX = "/_sandbox/"
ACTIONS = frozenset(
    [
        "add_product",
        "change_product",
        "trash_product",
        "trash_page",
        "add_coupon",
        "change_coupon",
        "delete_coupon",
        "restore_coupon",
        "coupon",
        "all_coupons",
        "add_webhook",
        "add_key",
        "revoke_webhook_owner",
        "register_customer",
        "change_customer",
        "delete_customer",
        "erase_customer",
        "place_order",
        "set_status",
        "edit_line",
        "change_order",
        "refund",
        "delete_refund",
        "trash_order",
        "restore_order",
        "delete_order",
        "submit_review",
        "set_review_status",
        "approve_review",
        "delete_review",
        "order",
        "customer",
        "meta_of",
    ]
)
_NUMBERED = {"items", "lines"}  # mappings by id, whose keys JSON turns into text


def answer(shop: Sandbox, request: Request) -> Answer:
    """Answer a request to the desk; raises RestError."""
    match (request.method, request.path.removeprefix(PREFIX)):
        case ("POST", "do"):
            return Answer(200, {"result": _do(shop, request.json())})
        case ("POST", "faults"):
            _changed(shop.faults.add, request.json())
        case ("POST", "storm"):
            _changed(shop.faults.storm, request.json())
        case ("DELETE", "faults"):
            shop.faults.clear()
        case ("GET", "calls"):
            with shop.lock:
                return Answer(200, dict(shop.calls))
        case ("DELETE", "calls"):
            with shop.lock:
                shop.calls.clear()
        case ("POST", "run-queue"):
            return Answer(200, {"sent": shop.run_queue()})
        case ("POST", "settings"):
            _changed(shop.change_settings, request.json())
        case ("GET", "sent"):
            with shop.lock:
                return Answer(200, [_sent(one) for one in shop.sent])
        case _:
            raise no_route()
    return Answer(200, {"ok": True})


def _do(shop: Sandbox, sent: Row) -> Any:
    name = str(sent.get("action"))
    if name not in ACTIONS:
        raise RestError(400, "sandbox_unknown_action", f"There are: {', '.join(sorted(ACTIONS))}.")
    arguments = dict(sent.get("args") or {})
    for key in _NUMBERED & set(arguments):
        if isinstance(arguments[key], dict):
            arguments[key] = {int(number): value for number, value in arguments[key].items()}
    result = _changed(getattr(shop, name), arguments)
    return result if isinstance(result, dict | list | int | str) else None


def _changed(act: Any, values: Row) -> Any:
    """Call with values from JSON; what does not fit is the caller's mistake, a 400."""
    try:
        return act(**values)
    except (TypeError, ValueError, AttributeError) as error:
        raise RestError(400, "sandbox_bad_arguments", str(error)) from error


def _sent(one: Any) -> Row:
    return {
        "webhook_id": one.webhook_id,
        "topic": one.topic,
        "url": one.url,
        "status": one.status,
        "error": one.error,
        "success": one.success,
        "ping": one.ping,
        "bytes": len(one.body),
    }
