"""What a handler gets, and the batch form that customers, orders and coupons share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.woocommerce.sandbox.errors import RestError
from connectors.woocommerce.sandbox.request import Answer, Request
from connectors.woocommerce.sandbox.state import Row, State

BATCH_LIMIT = 100


@dataclass
class Call:
    """One authorised call. `made` collects new webhooks, to be pinged after the lock is free."""

    shop: State
    request: Request
    ids: dict[str, int]
    sent: Row
    made: list[Row]

    @property
    def id(self) -> int:
        """Return the object's id from the path."""
        return self.ids["id"]

    @property
    def force(self) -> bool:
        """Say whether the client asked to delete for good."""
        return self.request.flag("force") or self.sent.get("force") is True


def created(call: Call, body: Row, path: str) -> Answer:
    """Answer 201 with the new object's address."""
    location = f"{call.shop.settings.home_url}/wp-json/wc/v3/{path}/{body['id']}"
    return Answer(201, body, {"Location": location})


def batch(
    call: Call,
    create: Callable[[Row], Row],
    update: Callable[[int, Row], Row],
    delete: Callable[[int], Row],
) -> Answer:
    """Do up to 100 things; what fails stands in its place as an error, and the whole is 200."""
    sent = {name: _items(call.sent.get(name)) for name in ("create", "update", "delete")}
    if sum(map(len, sent.values())) > BATCH_LIMIT:
        raise RestError(
            413,
            "woocommerce_rest_request_entity_too_large",
            f"Unable to accept more than {BATCH_LIMIT} items for this request.",
        )
    done: Row = {}
    if sent["create"]:
        done["create"] = [_one(0, create, item) for item in sent["create"]]
    if sent["update"]:
        done["update"] = [
            _one(number, update, number, item)
            for number, item in ((int(item.get("id") or 0), item) for item in sent["update"])
        ]
    if sent["delete"]:
        done["delete"] = [_one(int(number), delete, int(number)) for number in sent["delete"]]
    return Answer(200, done)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _one(number: int, act: Callable[..., Row], *arguments: Any) -> Row:
    try:
        return act(*arguments)
    except RestError as error:
        return {"id": number, "error": error.body}
