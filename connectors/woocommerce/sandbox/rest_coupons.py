"""/coupons."""

from connectors.woocommerce.sandbox import call as calls
from connectors.woocommerce.sandbox import coupons, paging, render
from connectors.woocommerce.sandbox.call import Call
from connectors.woocommerce.sandbox.request import Answer

ORDERBY = {
    "date": "created",
    "id": "id",
    "include": "include",
    "title": "code",
    "modified": "modified",
}


def listing(call: Call) -> Answer:
    """GET /coupons: published ones only. `code` finds whatever the case, and one at most."""
    request, shop = call.request, call.shop
    rows = [row for row in shop.tables.coupons.values() if row["status"] in {"publish", "private"}]
    if code := request.param("code"):
        found = coupons.find(shop, code)
        rows = [found] if found else []
    rows = paging.in_time(shop, request, paging.included(request, rows))
    rows = paging.ordered(request, rows, ORDERBY)
    address = render.api(shop, "coupons")
    return paging.page(request, rows, lambda row: render.coupon(shop, row), address)


def view(call: Call) -> Answer:
    """GET /coupons/{id}: in whatever status, the trash too."""
    return Answer(200, render.coupon(call.shop, coupons.get(call.shop, call.id)))


def create(call: Call) -> Answer:
    """POST /coupons."""
    coupons.check_type(call.sent)
    row = coupons.create(call.shop, call.sent)
    return calls.created(call, render.coupon(call.shop, row), "coupons")


def edit(call: Call) -> Answer:
    """PUT /coupons/{id}."""
    coupons.check_type(call.sent)
    return Answer(200, render.coupon(call.shop, coupons.update(call.shop, call.id, call.sent)))


def delete(call: Call) -> Answer:
    """DELETE /coupons/{id}: to the trash, or for good."""
    row = coupons.delete(call.shop, call.id, force=call.force)
    return Answer(200, render.coupon(call.shop, row))


def batch(call: Call) -> Answer:
    """POST /coupons/batch; its deletes are for good."""
    shop = call.shop
    return calls.batch(
        call,
        lambda item: render.coupon(shop, coupons.create(shop, item)),
        lambda number, item: render.coupon(shop, coupons.update(shop, number, item)),
        lambda number: render.coupon(shop, coupons.delete(shop, number, force=True)),
    )
