"""The desk behind a shop: steering a sandbox that runs in another process, under /_sandbox/.

POST /{shop}/_sandbox/do {"action": "place_order", "args": {…}} calls a method of the shop by name.
POST|DELETE …/faults, POST …/storm {"seed": 7, "odds": {"429": 0.1}}, GET|DELETE …/calls,
POST …/run-queue, POST …/settings, GET …/sent; and for all shops POST /_sandbox/shops {"name": "kawa", …},
GET /_sandbox/shops, POST /_sandbox/app-webhook. Not part of Shopify and without any login.
"""

import json
from decimal import Decimal
from typing import Any

from connectors.sandbox.request import Answer
from connectors.shopify.sandbox.people import TagRefused
from connectors.shopify.sandbox.request import Request
from connectors.shopify.sandbox.shop import Shop
from connectors.shopify.sandbox.shops import Sandbox
from connectors.shopify.sandbox.state import Row, SandboxError, Sent

PREFIX = "/_sandbox/"
ACTIONS = frozenset(
    [
        "reinstall",
        "uninstall",
        "grant",
        "revoke",
        "end_tokens",
        "id_token",
        "add_webhook",
        "webhooks_of",
        "add_product",
        "delete_product",
        "add_collection",
        "add_discount",
        "delete_discount",
        "deactivate_discount",
        "discounts_made",
        "add_gift_card",
        "deactivate_gift_card",
        "gift_cards_made",
        "add_store_credit",
        "take_store_credit",
        "store_credit_of",
        "create_customer",
        "change_customer",
        "delete_customer",
        "merge_customers",
        "tag_customer",
        "untag_customer",
        "tags_of",
        "metafields_of",
        "place_order",
        "pay",
        "edit_order",
        "refund",
        "cancel_order",
        "delete_order",
        "fulfil",
        "open_dispute",
        "settle_dispute",
        "request_return",
        "set_return",
        "change_return",
        "request_data",
        "redact_customer",
        "redact_shop",
        "load_order",
        "load_customer",
        "announce",
        "announce_order",
        "again",
        "order",
        "customer",
    ]
)
_NUMBERED = {"items", "lines", "remove"}  # mappings by id, whose keys JSON turns into text


class Refused(Exception):
    """The desk cannot do what was asked; a 400 with this sentence."""


def answer(shop: Shop, request: Request, path: str) -> Answer:
    """Answer a request to a shop's desk; raises Refused."""
    match (request.method, path):
        case ("POST", "do"):
            return Answer(200, {"result": _do(shop, _sent(request))})
        case ("POST", "faults" | "storm"):
            act = shop.faults.add if path == "faults" else shop.faults.storm
            _changed(act, _sent(request))
        case ("DELETE", "faults"):
            shop.faults.clear()
        case ("GET", "calls"):
            with shop.lock:
                return Answer(200, _counters(shop))
        case ("DELETE", "calls"):
            with shop.lock:
                for counter in (shop.calls, shop.mutations, shop.deliveries):
                    counter.clear()
        case ("POST", "run-queue"):
            ahead = bool(_sent(request).get("ahead"))
            return Answer(200, {"sent": shop.run_queue(ahead=ahead)})
        case ("POST", "settings"):
            _changed(shop.change_settings, _sent(request))
        case ("GET", "sent"):
            with shop.lock:
                return Answer(200, [_told(one) for one in shop.sent])
        case _:
            raise Refused(f"The desk has no {request.method} {path}.")
    return Answer(200, {"ok": True})


def platform(sandbox: Sandbox, request: Request, path: str) -> Answer:
    """Answer a request to the desk of the whole platform; raises Refused."""
    match (request.method, path):
        case ("POST", "shops"):
            shop: Shop = _changed(sandbox.open_shop, _sent(request))
            return Answer(200, _shop(shop))
        case ("GET", "shops"):
            with sandbox.lock:
                return Answer(200, [_shop(shop) for shop in sandbox.shops.values()])
        case ("POST", "app-webhook"):
            _changed(sandbox.add_app_webhook, _sent(request))
        case ("POST", "run-queue"):
            return Answer(200, {"sent": sandbox.run_queue()})
        case _:
            raise Refused(f"The desk has no {request.method} {path}.")
    return Answer(200, {"ok": True})


def _shop(shop: Shop) -> Row:
    return {"domain": shop.domain, "id": shop.id, "token": shop.token}


def _sent(request: Request) -> Row:
    try:
        return request.json()
    except ValueError as error:
        raise Refused("The desk reads JSON objects.") from error


def _do(shop: Shop, sent: Row) -> Any:
    name = str(sent.get("action"))
    if name not in ACTIONS:
        raise Refused(f"There are: {', '.join(sorted(ACTIONS))}.")
    arguments = dict(sent.get("args") or {})
    for key in _NUMBERED & set(arguments):
        if isinstance(arguments[key], dict):
            arguments[key] = {int(number): value for number, value in arguments[key].items()}
    tags = arguments.pop("tags", ()) if name in {"tag_customer", "untag_customer"} else ()
    number = [arguments.pop("customer_id")] if tags else []
    scopes = arguments.pop("scopes", ()) if name == "revoke" else ()
    return _changed(getattr(shop, name), arguments, *number, *tags, *scopes)


def _changed(act: Any, values: Row, *first: Any) -> Any:
    """Call with values from JSON; what does not fit is the caller's mistake, a 400."""
    try:
        return act(*first, **values)
    except (
        *(TypeError, ValueError, AttributeError, KeyError, ArithmeticError),
        *(SandboxError, TagRefused),
    ) as error:
        raise Refused(str(error)) from error


def _counters(shop: Shop) -> Row:
    return {
        "calls": dict(shop.calls),
        "mutations": dict(shop.mutations),
        "deliveries": dict(shop.deliveries),
    }


def _told(one: Sent) -> Row:
    return {
        "topic": one.topic,
        "url": one.url,
        "webhook_id": one.delivery.webhook_id,
        "event_id": one.delivery.event_id,
        "subscription_id": one.delivery.subscription_id,
        "tries": one.delivery.tries,
        "status": one.status,
        "error": one.error,
        "success": one.success,
        "bytes": len(one.body),
    }


def dumps(value: Any) -> bytes:
    """Write an answer; amounts are text."""
    return json.dumps(value, default=_text, separators=(",", ":"), ensure_ascii=False).encode()


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be shown")
