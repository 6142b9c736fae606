"""/products and /products/reviews."""

from connectors.woocommerce.sandbox import call as calls
from connectors.woocommerce.sandbox import money, paging, products, render, reviews
from connectors.woocommerce.sandbox.call import Call
from connectors.woocommerce.sandbox.errors import RestError, invalid_params, not_in_enum
from connectors.woocommerce.sandbox.request import Answer

ORDERBY = {
    "date": "created",
    "id": "id",
    "include": "include",
    "title": "name",
    "modified": "modified",
}
REVIEW_ORDERBY = {
    "date": "created",
    "date_gmt": "created",
    "id": "id",
    "include": "include",
    "product": "product_id",
}


def listing(call: Call) -> Answer:
    """GET /products."""
    request, shop = call.request, call.shop
    status = request.param("status") or "any"
    rows = [
        row
        for row in shop.tables.products.values()
        if (row["status"] != "trash" if status == "any" else row["status"] == status)
    ]
    if sku := request.param("sku"):
        rows = [row for row in rows if row["sku"] == sku]
    rows = paging.in_time(shop, request, paging.included(request, rows))
    rows = paging.ordered(request, rows, ORDERBY)
    address = render.api(shop, "products")
    return paging.page(request, rows, lambda row: products.view(shop, row), address)


def view(call: Call) -> Answer:
    """GET /products/{id}."""
    return Answer(200, products.view(call.shop, products.get(call.shop, call.id)))


def create(call: Call) -> Answer:
    """POST /products."""
    price = money.decimal(call.sent.get("regular_price"))
    sku = str(call.sent.get("sku", ""))
    row = products.add(call.shop, str(call.sent.get("name", "Product")), price, sku=sku)
    return calls.created(call, products.view(call.shop, row), "products")


def edit(call: Call) -> Answer:
    """PUT /products/{id}."""
    products.get(call.shop, call.id, missing=400)
    row = products.change(
        call.shop,
        call.id,
        name=call.sent.get("name"),
        sku=call.sent.get("sku"),
        price=call.sent.get("regular_price"),
    )
    return Answer(200, products.view(call.shop, row))


def delete(call: Call) -> Answer:
    """DELETE /products/{id}: to the trash, or for good."""
    shop = call.shop
    body = products.view(shop, products.get(shop, call.id))
    if call.force:
        del shop.tables.products[call.id]
    else:
        products.trash(shop, call.id)
    return Answer(200, body)


def reviews_listing(call: Call) -> Answer:
    """GET /products/reviews: approved ones only; `all` leaves out spam and trash."""
    request, shop = call.request, call.shop
    status = request.param("status") or "approved"
    wanted = {"approved", "hold"} if status == "all" else {status}
    rows = [row for row in shop.tables.reviews.values() if row["status"] in wanted]
    if product := request.listed("product"):
        rows = [row for row in rows if str(row["product_id"]) in product]
    if email := request.param("reviewer_email"):
        rows = [row for row in rows if row["reviewer_email"].lower() == email.lower()]
    # A review has no modified date: modified_after is silently ignored.
    rows = paging.in_time(shop, request, paging.included(request, rows), modified=False)
    rows = paging.ordered(request, rows, REVIEW_ORDERBY, "date_gmt")
    address = render.api(shop, "products/reviews")
    return paging.page(request, rows, lambda row: render.review(shop, row), address)


def review_view(call: Call) -> Answer:
    """GET /products/reviews/{id}."""
    return Answer(200, render.review(call.shop, reviews.get(call.shop, call.id)))


def _status(call: Call) -> str | None:
    status = call.sent.get("status")
    if status is not None and status not in reviews.STATUSES:
        raise invalid_params({"status": not_in_enum("status", reviews.STATUSES)})
    return status


def review_create(call: Call) -> Answer:
    """POST /products/reviews: approved at once."""
    needed = [
        name
        for name in ("product_id", "review", "reviewer", "reviewer_email")
        if not call.sent.get(name)
    ]
    if needed:
        raise RestError(
            400,
            "rest_missing_callback_param",
            f"Missing parameter(s): {', '.join(needed)}",
            {"status": 400, "params": needed},
        )
    row = reviews.add(call.shop, call.sent, status=_status(call) or "approved")
    reviews.announce_rest_write(call.shop, row)
    return calls.created(call, render.review(call.shop, row, raw=True), "products/reviews")


def review_edit(call: Call) -> Answer:
    """PUT /products/reviews/{id}."""
    shop = call.shop
    row = reviews.get(shop, call.id)
    for name in ("review", "rating"):
        if name in call.sent:
            row[name] = call.sent[name]
    reviews.set_status(shop, call.id, _status(call) or row["status"])
    reviews.announce_rest_write(shop, row)
    return Answer(200, render.review(shop, row, raw=True))


def review_delete(call: Call) -> Answer:
    """DELETE /products/reviews/{id}: to the trash, or for good."""
    row = reviews.delete(call.shop, call.id, force=call.force)
    return Answer(200, render.review(call.shop, row, raw=True))
