"""/webhooks."""

from connectors.woocommerce.sandbox import call as calls
from connectors.woocommerce.sandbox import paging, render, webhooks
from connectors.woocommerce.sandbox.call import Call
from connectors.woocommerce.sandbox.errors import invalid_params, no_trash, not_in_enum
from connectors.woocommerce.sandbox.request import Answer

ORDERBY = {"date": "created", "id": "id", "include": "include", "title": "name"}


def listing(call: Call) -> Answer:
    """GET /webhooks: the status is the only sign of health."""
    request, shop = call.request, call.shop
    status = paging.one_of(request, "status", ["all", *webhooks.STATUSES], "all")
    rows = [row for row in shop.tables.webhooks.values() if status in {"all", row["status"]}]
    rows = paging.ordered(request, paging.included(request, rows), ORDERBY)
    address = render.api(shop, "webhooks")
    return paging.page(request, rows, lambda row: render.webhook(shop, row), address)


def view(call: Call) -> Answer:
    """GET /webhooks/{id}."""
    return Answer(200, render.webhook(call.shop, webhooks.get(call.shop, call.id)))


def _check_status(call: Call) -> None:
    if call.sent.get("status", "active") not in webhooks.STATUSES:
        raise invalid_params({"status": not_in_enum("status", webhooks.STATUSES)})


def create(call: Call) -> Answer:
    """POST /webhooks: the target is pinged before the answer; a failing ping changes nothing."""
    _check_status(call)
    row = webhooks.create(call.shop, call.sent)
    call.made.append(row)
    return calls.created(call, render.webhook(call.shop, row), "webhooks")


def edit(call: Call) -> Answer:
    """PUT /webhooks/{id}."""
    _check_status(call)
    return Answer(200, render.webhook(call.shop, webhooks.update(call.shop, call.id, call.sent)))


def delete(call: Call) -> Answer:
    """DELETE /webhooks/{id}: only with force."""
    if not call.force:
        raise no_trash("Webhooks")
    body = render.webhook(call.shop, webhooks.get(call.shop, call.id))
    del call.shop.tables.webhooks[call.id]
    return Answer(200, body)
