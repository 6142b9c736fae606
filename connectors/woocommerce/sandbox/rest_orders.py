"""/orders."""

from typing import Any

from connectors.woocommerce.sandbox import call as calls
from connectors.woocommerce.sandbox import orders, paging, render
from connectors.woocommerce.sandbox.call import Call
from connectors.woocommerce.sandbox.errors import Json, invalid_params, not_in_enum
from connectors.woocommerce.sandbox.request import Answer
from connectors.woocommerce.sandbox.state import Row

ORDERBY = {"date": "created", "id": "id", "include": "include", "modified": "modified"}
_ITEMS = ("line_items", "shipping_lines", "fee_lines", "coupon_lines")


def listing(call: Call) -> Answer:
    """GET /orders: `any` leaves out the trash, even when the trash is named beside it."""
    request, shop = call.request, call.shop
    wanted = request.listed("status") or ["any"]
    allowed = ["any", "trash", *orders.STATUSES]
    for at, status in enumerate(wanted):
        if status not in allowed:
            raise invalid_params({"status": not_in_enum(f"status[{at}]", allowed)})
    hidden = {"trash", "auto-draft"}
    rows = [
        row
        for row in shop.tables.orders.values()
        if (row["status"] not in hidden if "any" in wanted else row["status"] in wanted)
    ]
    if customer := request.param("customer"):
        rows = [row for row in rows if str(row["customer_id"]) == customer]
    rows = paging.in_time(shop, request, paging.included(request, rows))
    rows = paging.ordered(request, rows, ORDERBY)
    dp = _dp(call)
    # An empty page never got to render an order, so those defaults are missing from its links.
    empty = not rows[
        (paging.number(request, "page", 1) - 1) * paging.number(request, "per_page", 10) :
    ]
    defaults = [("status[0]", "any")]
    if not empty:
        defaults += [("dp", str(shop.settings.decimals)), ("context", "view")]
    address = render.api(shop, "orders")
    return paging.page(request, rows, lambda row: render.order(shop, row, dp), address, defaults)


def _dp(call: Call) -> int | None:
    raw = call.request.param("dp")
    return int(raw) if raw and raw.isdigit() else None


def view(call: Call) -> Answer:
    """GET /orders/{id}."""
    return Answer(200, render.order(call.shop, orders.get(call.shop, call.id), _dp(call)))


def create(call: Call) -> Answer:
    """POST /orders."""
    _checked(call.sent)
    row = orders.create(call.shop, call.sent)
    return calls.created(call, render.order(call.shop, row), "orders")


def edit(call: Call) -> Answer:
    """PUT /orders/{id}."""
    _checked(call.sent)
    return Answer(200, render.order(call.shop, orders.update(call.shop, call.id, call.sent)))


def delete(call: Call) -> Answer:
    """DELETE /orders/{id}: to the trash (answering the old status), or for good."""
    shop = call.shop
    if call.force:
        body = render.order(shop, orders.get(shop, call.id))
        orders.delete(shop, call.id)
    else:
        body = render.order(shop, orders.trash(shop, call.id))
    return Answer(200, body)


def batch(call: Call) -> Answer:
    """POST /orders/batch; its deletes are for good."""
    shop = call.shop
    return calls.batch(
        call,
        lambda item: render.order(shop, orders.create(shop, item)),
        lambda number, item: render.order(shop, orders.update(shop, number, item)),
        lambda number: render.order(shop, orders.delete(shop, number)),
    )


def _checked(sent: Row) -> None:
    """Refuse a status or items of the wrong kind, all problems in one answer."""
    problems: dict[str, tuple[str, str, Json | None]] = {}
    if "status" in sent and sent["status"] not in orders.STATUSES:
        problems["status"] = not_in_enum("status", list(orders.STATUSES))
    for name in _ITEMS:
        wrong = _wrong_item(sent.get(name, []))
        if wrong is not None:
            at = f"{name}[{wrong}]"
            problems[name] = ("rest_invalid_type", f"{at} is not of type object.", {"param": at})
    if problems:
        raise invalid_params(problems)


def _wrong_item(items: Any) -> int | None:
    # WordPress makes a list of a bare string, then finds its first element is no object.
    if not isinstance(items, list):
        return 0
    return next((at for at, item in enumerate(items) if not isinstance(item, dict)), None)
