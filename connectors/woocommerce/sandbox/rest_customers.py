"""/customers: no modified filter, no guests; only the role customer unless asked for all."""

from connectors.woocommerce.sandbox import call as calls
from connectors.woocommerce.sandbox import customers, paging, render
from connectors.woocommerce.sandbox.call import Call
from connectors.woocommerce.sandbox.errors import no_trash
from connectors.woocommerce.sandbox.request import Answer

ROLES = ["all", "administrator", "editor", "author", "contributor", "subscriber", "customer"]
ORDERBY = {"id": "id", "include": "include", "name": "username", "registered_date": "created"}


def listing(call: Call) -> Answer:
    """GET /customers."""
    request, shop = call.request, call.shop
    role = paging.one_of(request, "role", [*ROLES, "shop_manager"], "customer")
    rows = [row for row in shop.tables.customers.values() if role in {"all", row["role"]}]
    if email := request.param("email"):
        rows = [row for row in rows if row["email"].lower() == email.lower()]
    rows = paging.included(request, rows)
    # Unlike every other list, this one is ascending and by name unless asked.
    down = paging.one_of(request, "order", ["asc", "desc"], "asc") == "desc"
    column = ORDERBY[paging.one_of(request, "orderby", list(ORDERBY), "name")]
    column = "id" if column == "include" else column
    rows.sort(key=lambda row: (row[column], row["id"]), reverse=down)
    address = render.api(shop, "customers")
    return paging.page(request, rows, lambda row: render.customer(shop, row), address)


def view(call: Call) -> Answer:
    """GET /customers/{id}."""
    return Answer(200, render.customer(call.shop, customers.get(call.shop, call.id)))


def create(call: Call) -> Answer:
    """POST /customers."""
    row = customers.create(call.shop, call.sent)
    return calls.created(call, render.customer(call.shop, row), "customers")


def edit(call: Call) -> Answer:
    """PUT /customers/{id}."""
    return Answer(200, render.customer(call.shop, customers.update(call.shop, call.id, call.sent)))


def delete(call: Call) -> Answer:
    """DELETE /customers/{id}: only with force."""
    if not call.force:
        raise no_trash("Customers")
    body = render.customer(call.shop, customers.get(call.shop, call.id))
    # What may be done with a customer is asked after he is gone: nothing.
    for link in body["_links"]["self"]:
        del link["targetHints"]
    customers.delete(call.shop, call.id)
    return Answer(200, body)


def batch(call: Call) -> Answer:
    """POST /customers/batch."""
    shop = call.shop
    return calls.batch(
        call,
        lambda item: render.customer(shop, customers.create(shop, item)),
        lambda number, item: render.customer(
            shop, customers.update(shop, number, item, missing=400)
        ),
        lambda number: render.customer(shop, customers.delete(shop, number)),
    )
