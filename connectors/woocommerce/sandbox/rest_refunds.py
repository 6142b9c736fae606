"""/orders/{id}/refunds, the list of all refunds, and order notes."""

from connectors.woocommerce.sandbox import call as calls
from connectors.woocommerce.sandbox import orders, paging, refunds, render
from connectors.woocommerce.sandbox.call import Call
from connectors.woocommerce.sandbox.errors import no_trash
from connectors.woocommerce.sandbox.request import Answer
from connectors.woocommerce.sandbox.state import Row

ORDERBY = {"date": "created", "id": "id", "include": "include"}


def of_order(call: Call) -> Answer:
    """GET /orders/{id}/refunds: newest first."""
    shop = call.shop
    orders.get(shop, call.id)
    rows = paging.ordered(call.request, render.refunds_of(shop, call.id), ORDERBY)
    address = render.api(shop, f"orders/{call.id}/refunds")
    return paging.page(call.request, rows, lambda row: render.refund(shop, row), address)


def everywhere(call: Call) -> Answer:
    """GET /refunds: those of all orders, with parent_id."""
    shop = call.shop
    rows = paging.in_time(shop, call.request, shop.tables.refunds.values(), modified=False)
    rows = paging.ordered(call.request, paging.included(call.request, rows), ORDERBY)

    def show(row: Row) -> Row:
        return render.refund(shop, row, with_parent=True)

    return paging.page(call.request, rows, show, render.api(shop, "refunds"))


def view(call: Call) -> Answer:
    """GET /orders/{id}/refunds/{refund}."""
    return Answer(
        200, render.refund(call.shop, refunds.get(call.shop, call.id, call.ids["refund"]))
    )


def create(call: Call) -> Answer:
    """POST /orders/{id}/refunds."""
    row = orders.refund(call.shop, call.id, call.sent)
    body = render.refund(call.shop, row)
    return calls.created(call, body, f"orders/{call.id}/refunds")


def delete(call: Call) -> Answer:
    """DELETE /orders/{id}/refunds/{refund}: with force, and nobody is told."""
    if not call.force:
        raise no_trash("Refunds")
    shop, number = call.shop, call.ids["refund"]
    body = render.refund(shop, refunds.get(shop, call.id, number))
    refunds.delete(shop, call.id, number)
    return Answer(200, body)


def notes(call: Call) -> Answer:
    """GET /orders/{id}/notes."""
    shop = call.shop
    orders.get(shop, call.id)
    found = [row for row in shop.tables.notes.values() if row["order_id"] == call.id]
    shown = [render.note(shop, row) for row in sorted(found, key=lambda row: -row["id"])]
    return Answer(200, shown)


def add_note(call: Call) -> Answer:
    """POST /orders/{id}/notes: fires nothing and leaves the order's date alone."""
    shop = call.shop
    orders.get(shop, call.id)
    row: Row = {
        "id": shop.next_id("comment"),
        "order_id": call.id,
        "author": "WooCommerce",
        "created": shop.now(),
        "note": str(call.sent.get("note", "")),
        "customer_note": bool(call.sent.get("customer_note")),
    }
    shop.tables.notes[row["id"]] = row
    return calls.created(call, render.note(shop, row), f"orders/{call.id}/notes")
