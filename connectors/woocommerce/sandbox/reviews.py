"""Reviews, from the storefront and through REST. No webhook speaks of them directly."""

from typing import Any

from connectors.woocommerce.sandbox import customers, products
from connectors.woocommerce.sandbox.errors import RestError, invalid_id
from connectors.woocommerce.sandbox.state import PAID, Row, State

STATUSES = ["approved", "hold", "spam", "unspam", "trash", "untrash"]
_COMMENT = {"approved": "1", "hold": "0"}


def get(shop: State, review_id: int, *, missing: int = 404) -> Row:
    """Return a review or raise the shop's answer for one that is not there."""
    row = shop.tables.reviews.get(review_id)
    if row is None:
        raise invalid_id("review", missing)
    return row


def bought(shop: State, product_id: int, email: str) -> bool:
    """Say whether this e-mail bought the product; guests count as well."""
    accounts = {
        row["id"] for row in shop.tables.customers.values() if row["email"].lower() == email.lower()
    }
    return any(
        order["status"] in PAID
        and (order["billing"]["email"].lower() == email.lower() or order["customer_id"] in accounts)
        and any(item["product_id"] == product_id for item in order["line_items"])
        for order in shop.tables.orders.values()
    )


def add(shop: State, values: Row, *, status: str, user_id: int = 0) -> Row:
    """Store a review; several of one product by one buyer are all taken."""
    product_id = int(values["product_id"])
    if product_id not in shop.tables.products:
        raise RestError(404, "woocommerce_rest_product_invalid_id", "Invalid product ID.")
    row: Row = {
        "id": shop.next_id("comment"),
        "created": shop.now(),
        "product_id": product_id,
        "status": status,
        "reviewer": str(values["reviewer"]),
        "reviewer_email": str(values["reviewer_email"]),
        "review": str(values["review"]),
        "rating": int(values.get("rating") or 0),
        "verified": bought(shop, product_id, str(values["reviewer_email"])),
        "_user": user_id,
    }
    shop.tables.reviews[row["id"]] = row
    products.touched(shop, product_id)
    return row


def submit(shop: State, product_id: int, reviewer: str, email: str, text: str, rating: int) -> Row:
    """Take a review from the storefront: held for a first-time author."""
    known = any(
        row["status"] == "approved" and row["reviewer_email"].lower() == email.lower()
        for row in shop.tables.reviews.values()
    )
    held = shop.settings.hold_reviews and not known
    values = {
        "product_id": product_id,
        "reviewer": reviewer,
        "reviewer_email": email,
        "review": text,
        "rating": rating,
    }
    account = customers.by_email(shop, email)
    user_id = account["id"] if account else 0
    return add(shop, values, status="hold" if held else "approved", user_id=user_id)


def set_status(shop: State, review_id: int, status: str) -> Row:
    """Approve, hold, mark as spam, trash or bring back; each fires product.updated."""
    row = get(shop, review_id)
    row["status"] = {"unspam": "hold", "untrash": "hold"}.get(status, status)
    products.touched(shop, row["product_id"])
    return row


def delete(shop: State, review_id: int, *, force: bool) -> Row:
    """Trash a review, or remove it for good; the final deletion fires nothing."""
    row = get(shop, review_id)
    before = dict(row)
    if force:
        del shop.tables.reviews[review_id]
        if row["status"] != "trash":
            products.touched(shop, row["product_id"])
    else:
        set_status(shop, review_id, "trash")
    return before


def announce_rest_write(shop: State, row: Row) -> None:
    """Fire the one hook that carries a review: REST writes only, as a WordPress comment."""
    moment = row["created"]
    comment: dict[str, Any] = {
        "comment_ID": str(row["id"]),
        "comment_post_ID": str(row["product_id"]),
        "comment_author": row["reviewer"],
        "comment_author_email": row["reviewer_email"],
        "comment_author_url": "",
        "comment_author_IP": "127.0.0.1",
        "comment_date": moment.astimezone(shop.settings.zone).strftime("%Y-%m-%d %H:%M:%S"),
        "comment_date_gmt": moment.strftime("%Y-%m-%d %H:%M:%S"),
        "comment_content": row["review"],
        "comment_karma": "0",
        "comment_approved": _COMMENT.get(row["status"], row["status"]),
        "comment_agent": "sandbox/1.0",
        "comment_type": "review",
        "comment_parent": "0",
        "user_id": str(row["_user"]),
    }
    shop.fire("woocommerce_rest_insert_product_review", comment)
