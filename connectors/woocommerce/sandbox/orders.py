"""Orders: placing, editing, any status to any status, the trash, and what each of it fires."""

import secrets
from typing import Any

from connectors.woocommerce.sandbox import coupons, customers, lines, meta, money, refunds
from connectors.woocommerce.sandbox.errors import RestError, invalid_id
from connectors.woocommerce.sandbox.state import PAID, Row, State

STATUSES = [
    "auto-draft",
    "pending",
    "processing",
    "on-hold",
    "completed",
    "cancelled",
    "refunded",
    "failed",
    "checkout-draft",
]
ADDRESS = [
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "email",
    "phone",
]
_TEXTS = ("payment_method", "payment_method_title", "transaction_id", "customer_note")


def get(shop: State, order_id: int, *, missing: int = 404) -> Row:
    """Return an order or raise the shop's answer for one that is not there."""
    row = shop.tables.orders.get(order_id)
    if row is None:
        raise invalid_id("order", missing)
    return row


def create(shop: State, sent: Row, via: str = "rest-api") -> Row:
    """Place an order. One with a bad coupon is refused, yet its draft stays and is announced."""
    row = _blank(shop, via)
    _fill(shop, row, sent)
    for item in sent.get("line_items") or []:
        lines.add_line(shop, row, item)
    for item in sent.get("shipping_lines") or []:
        lines.add_shipping(shop, row, item)
    for item in sent.get("fee_lines") or []:
        lines.add_fee(shop, row, item)
    row["id"] = shop.next_id("post")
    shop.tables.orders[row["id"]] = row
    codes = [str(item.get("code", "")) for item in sent.get("coupon_lines") or []]
    try:
        lines.apply_coupons(shop, row, codes)
    except RestError as refusal:
        lines.recalculate(shop, row)
        row["status"] = "pending" if shop.settings.before_10 else "checkout-draft"
        shop.fire("woocommerce_new_order", row["id"])
        data = {"status": refusal.status, "new_draft_order_id": row["id"]}
        raise RestError(refusal.status, refusal.code, refusal.message, data) from refusal
    if via in coupons.SHOPPERS:
        lines.free_delivery(shop, row)
    lines.recalculate(shop, row)
    _announce_new(shop, row, via)
    _settle(shop, row, sent)
    return row


def _announce_new(shop: State, row: Row, via: str) -> None:
    # The block checkout saves a draft first, so "updated" comes before "created" there.
    first, second = ("woocommerce_new_order", "woocommerce_update_order")
    if via == "store-api":
        first, second = second, first
    shop.fire(first, row["id"])
    shop.fire(second, row["id"])


def _settle(shop: State, row: Row, sent: Row) -> None:
    """Bring a new order to the status it was placed with."""
    status = sent.get("status") or "pending"
    if sent.get("set_paid"):
        status = _when_paid(row)
        row["paid"] = shop.now()
    if status != "pending":
        _enter(shop, row, status)
    coupons.count_use(shop, row)
    for item in row["line_items"]:
        product = shop.tables.products.get(item["product_id"])
        if product is not None and row["status"] in PAID:
            product["total_sales"] += item["quantity"]
    if sent.get("set_paid"):
        shop.fire("woocommerce_payment_complete", row["id"])
    if row["created_via"] == "store-api":
        # The argument is an object that has nothing public but this: the order's id is lost.
        shop.fire("woocommerce_store_api_checkout_order_processed", {"refunds": []})


def _when_paid(row: Row) -> str:
    """Return the status a payment leads to: cash on delivery is done when it is paid."""
    return "completed" if row["payment_method"] == "cod" else "processing"


def update(shop: State, order_id: int, sent: Row) -> Row:
    """Apply a PUT; even an empty one moves date_modified and is announced."""
    row = get(shop, order_id, missing=400)
    _fill(shop, row, sent)
    if sent.get("line_items"):
        lines.change_lines(shop, row, sent["line_items"])
    for item in sent.get("shipping_lines") or []:
        lines.add_shipping(shop, row, item)
    for item in sent.get("fee_lines") or []:
        lines.add_fee(shop, row, item)
    if any(sent.get(name) for name in ("line_items", "shipping_lines", "fee_lines")):
        lines.recalculate(shop, row)
    row["modified"] = shop.now()
    status = _when_paid(row) if sent.get("set_paid") and not row["paid"] else sent.get("status")
    if status and status != row["status"]:
        _enter(shop, row, status)
        coupons.count_use(shop, row)
    shop.fire("woocommerce_update_order", order_id)
    return row


def set_status(shop: State, order_id: int, status: str) -> Row:
    """Move an order to any status from any other, as the admin screen lets one."""
    return update(shop, order_id, {"status": status})


def edit_line(shop: State, order_id: int, item_id: int, quantity: int) -> Row:
    """Change a line's quantity on the admin screen; amounts follow, the coupon lines do not."""
    row = get(shop, order_id)
    lines.set_quantity(row, item_id, quantity)
    lines.recalculate(shop, row)
    return update(shop, order_id, {})


def _enter(shop: State, row: Row, status: str) -> None:
    """Change the status with all that hangs on it."""
    number = row["id"]
    row["status"] = status
    row["modified"] = shop.now()
    if status == "completed":
        row["completed"] = shop.now()
    if row["paid"] is None and (status == "completed" or status == _when_paid(row)):
        row["paid"] = shop.now()
    if status == "refunded" and (made := refunds.of_the_rest(shop, row)):
        _announce_refund(shop, number, made, "fully")
    shop.fire(f"woocommerce_order_status_{status}", number)
    shop.fire("woocommerce_order_status_changed", number)
    account = shop.tables.customers.get(row["customer_id"])
    if status == "completed" and account is not None and not account["is_paying_customer"]:
        account["is_paying_customer"] = True
        customers.touched(shop, account)


def refund(shop: State, order_id: int, sent: Row) -> Row:
    """Refund money, by lines or by amount only; refunding the rest makes the order refunded."""
    row = get(shop, order_id)
    made = refunds.create(shop, row, sent)
    row["modified"] = shop.now()
    full = refunds.remaining(shop, row) <= 0
    if full and row["status"] != "refunded":
        row["status"] = "refunded"
        shop.fire("woocommerce_order_status_refunded", order_id)
        shop.fire("woocommerce_order_status_changed", order_id)
        coupons.count_use(shop, row)
    _announce_refund(shop, order_id, made, "fully" if full else "partially")
    return made


def _announce_refund(shop: State, order_id: int, made: Row, how: str) -> None:
    shop.fire(f"woocommerce_order_{how}_refunded", order_id)
    shop.fire("woocommerce_refund_created", made["id"])
    shop.fire("woocommerce_order_refunded", order_id)


def trash(shop: State, order_id: int) -> Row:
    """Put an order into the trash; returns it as it was."""
    row = get(shop, order_id)
    row["modified"] = shop.now()
    before = dict(row)
    row["_status_before_trash"] = row["status"]
    row["status"] = "trash"
    coupons.count_use(shop, row)
    if shop.settings.hpos:
        shop.fire("woocommerce_trash_order", order_id)
    else:
        # Orders are posts then, and the coupon and product topics hear of every trashed post.
        shop.fire("wp_trash_post", order_id, "order")
    return before


def restore(shop: State, order_id: int) -> Row:
    """Take an order out of the trash; a completed one fires its completion again."""
    row = get(shop, order_id)
    row["status"] = row.pop("_status_before_trash", "pending")
    row["modified"] = shop.now()
    coupons.count_use(shop, row)
    if not shop.settings.hpos:
        shop.fire("untrashed_post", order_id, "order")
        shop.fire("woocommerce_update_order", order_id)
        return row
    if row["status"] == "completed":
        row["completed"] = shop.now()
    shop.fire(f"woocommerce_order_status_{row['status']}", order_id)
    shop.fire("woocommerce_order_status_changed", order_id)
    shop.fire("woocommerce_untrash_order", order_id)
    return row


def delete(shop: State, order_id: int) -> Row:
    """Delete for good: no order.deleted, only the hook woocommerce_delete_order."""
    row = get(shop, order_id)
    del shop.tables.orders[order_id]
    for number in [n for n, one in shop.tables.refunds.items() if one["parent_id"] == order_id]:
        del shop.tables.refunds[number]
    shop.fire("woocommerce_delete_order", order_id)
    return row


def _blank(shop: State, via: str) -> Row:
    settings = shop.settings
    shopper = via in coupons.SHOPPERS
    amounts = [
        "discount_total",
        "discount_tax",
        "shipping_total",
        "shipping_tax",
        "cart_tax",
        "total",
        "total_tax",
    ]
    return {
        "id": 0,
        "status": "pending",
        "currency": settings.currency,
        "version": settings.version,
        "prices_include_tax": settings.prices_include_tax,
        "created": shop.now(),
        "modified": shop.now(),
        "completed": None,
        "paid": None,
        **dict.fromkeys(amounts, money.ZERO),
        "customer_id": 0,
        "order_key": f"wc_order_{secrets.token_hex(6)}x",
        "billing": dict.fromkeys(ADDRESS, ""),
        "shipping": dict.fromkeys([name for name in ADDRESS if name != "email"], ""),
        **dict.fromkeys(_TEXTS, ""),
        "customer_ip_address": "127.0.0.1" if shopper else "",
        "customer_user_agent": "sandbox/1.0" if shopper else "",
        "created_via": via,
        "cart_hash": secrets.token_hex(16) if shopper else "",
        "meta_data": [],
        "line_items": [],
        "tax_lines": [],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "_coupons_counted": False,
    }


def _fill(shop: State, row: Row, sent: Row) -> None:
    """Take over plain fields; dates cannot be set through REST and are ignored."""
    for name in ("billing", "shipping"):
        address: Any = sent.get(name)
        if isinstance(address, dict):
            row[name].update({key: str(val) for key, val in address.items() if key in row[name]})
    for name in (*_TEXTS, "currency"):
        if sent.get(name) is not None:
            row[name] = str(sent[name])
    if "customer_id" in sent:
        number = int(sent["customer_id"] or 0)
        if number and number not in shop.tables.customers:
            raise RestError(400, "woocommerce_rest_invalid_customer_id", "Customer ID is invalid.")
        row["customer_id"] = number
    meta.write(shop, row["meta_data"], sent.get("meta_data"))
