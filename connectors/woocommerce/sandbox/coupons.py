"""Coupons with their traps: lower-case codes, ignored date_expires_gmt, a trash that frees codes."""

import html
import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.woocommerce.sandbox import meta, money
from connectors.woocommerce.sandbox.errors import RestError, invalid_id, invalid_params, not_in_enum
from connectors.woocommerce.sandbox.state import Row, State

SHOPPERS = frozenset({"store-api", "checkout"})
"""How orders come that shoppers place themselves (created_via)."""
TYPES = ["percent", "fixed_cart", "fixed_product"]
COUNTING = {"pending", "processing", "on-hold", "completed"}
"""Statuses that count an order's coupons as used; only "cancelled" gives the use back."""
STATUSES = ["publish", "draft", "pending", "private"]
_BOOLS = ("individual_use", "free_shipping", "exclude_sale_items")
_COUNTS = ("usage_limit", "usage_limit_per_user", "limit_usage_to_x_items")
_LISTS = (
    "product_ids",
    "excluded_product_ids",
    "product_categories",
    "excluded_product_categories",
)
_AMOUNTS = ("amount", "minimum_amount", "maximum_amount")
# The only form whose offset is read; every other counts as local time (WC_Data::set_date_prop).
_WITH_OFFSET = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")


def get(shop: State, coupon_id: int, *, missing: int = 404) -> Row:
    """Return a coupon or raise the shop's answer for one that is not there."""
    row = shop.tables.coupons.get(coupon_id)
    if row is None:
        raise invalid_id("coupon", missing)
    return row


def find(shop: State, code: str) -> Row | None:
    """Return the published coupon of a code, whatever the case: the newest, should there be two."""
    wanted = code.strip().lower()
    found = [
        row
        for row in shop.tables.coupons.values()
        if row["code"] == wanted and row["status"] == "publish"
    ]
    return max(found, key=lambda row: (row["created"], row["id"]), default=None)


def create(shop: State, values: Row) -> Row:
    """Make a coupon; raises for a taken code or a percentage over 100."""
    code = str(values.get("code", "")).strip().lower()
    if not code:
        raise RestError(
            400,
            "woocommerce_rest_empty_coupon_code",
            "The coupon code cannot be empty.",
        )
    if find(shop, code):
        raise RestError(
            400, "woocommerce_rest_coupon_code_already_exists", "The coupon code already exists"
        )
    row: Row = {
        "id": 0,
        "code": code,
        "amount": money.ZERO,
        "status": "publish",
        "created": shop.now(),
        "modified": shop.now(),
        "discount_type": "fixed_cart",
        "description": "",
        "expires": None,
        "minimum_amount": money.ZERO,
        "maximum_amount": money.ZERO,
        "email_restrictions": [],
        "used_by": [],
        "meta_data": [],
        **dict.fromkeys(_BOOLS, False),
        **dict.fromkeys(_COUNTS),
        **{name: [] for name in _LISTS},
    }
    _fill(shop, row, values)
    row["id"] = shop.next_id("post")
    shop.tables.coupons[row["id"]] = row
    shop.fire("woocommerce_new_coupon", row["id"])
    return row


def update(shop: State, coupon_id: int, values: Row) -> Row:
    """Change a coupon."""
    row = get(shop, coupon_id, missing=400)
    if "code" in values:
        code = str(values["code"]).strip().lower()
        other = find(shop, code)
        if other is not None and other is not row:
            raise RestError(
                400, "woocommerce_rest_coupon_code_already_exists", "The coupon code already exists"
            )
        row["code"] = code
    _fill(shop, row, values)
    row["modified"] = shop.now()
    shop.fire("woocommerce_update_coupon", coupon_id)
    return row


def delete(shop: State, coupon_id: int, *, force: bool) -> Row:
    """Trash a coupon (its code is free at once) or remove it for good."""
    row = get(shop, coupon_id)
    before = {**row, "used_by": list(row["used_by"])}
    if force:
        del shop.tables.coupons[coupon_id]
        shop.fire("woocommerce_delete_coupon", coupon_id)
    elif row["status"] == "trash":
        raise RestError(
            410,
            "woocommerce_rest_already_trashed",
            "The shop_coupon has already been deleted.",
        )
    else:
        row["_status_before_trash"], row["status"] = row["status"], "trash"
        shop.fire("wp_trash_post", coupon_id, "coupon")
    return before


def restore(shop: State, coupon_id: int) -> Row:
    """Take a coupon out of the trash, as only the admin screen can; it works again."""
    row = get(shop, coupon_id)
    row["status"] = row.pop("_status_before_trash", "publish")
    shop.fire("untrashed_post", coupon_id, "coupon")
    return row


def _fill(shop: State, row: Row, values: Row) -> None:
    """Take over what was sent; `date_expires_gmt` is read by nobody."""
    kind = values.get("discount_type", row["discount_type"])
    if kind not in TYPES:
        raise RestError(400, "coupon_invalid_discount_type", "Invalid discount type.")
    try:
        amounts = {name: money.decimal(values[name]) for name in _AMOUNTS if name in values}
    except InvalidOperation as error:
        raise RestError(400, "coupon_invalid_amount", "Invalid discount amount.") from error
    amount: Decimal = amounts["amount"] if "amount" in amounts else row["amount"]
    if amount < 0 or (kind == "percent" and amount > 100):
        raise RestError(400, "coupon_invalid_amount", "Invalid discount amount.")
    row.update(amounts, discount_type=kind)
    if "email_restrictions" in values:
        row["email_restrictions"] = _addresses(values["email_restrictions"])
    if "description" in values:
        row["description"] = re.sub(r"<[^>]*>?", "", str(values["description"]))
    if values.get("status") in STATUSES:
        row["status"] = values["status"]
    for name in (*_BOOLS, *_COUNTS, *_LISTS):
        if name in values:
            row[name] = values[name]
    if "date_expires" in values:
        row["expires"] = expiry(shop, values["date_expires"])
    meta.write(shop, row["meta_data"], values.get("meta_data"))


def check_type(values: Row) -> None:
    """Refuse an unknown type as the route does; a batch gets to `create` without this check."""
    if values.get("discount_type", TYPES[0]) not in TYPES:
        raise invalid_params({"discount_type": not_in_enum("discount_type", TYPES)})


def _addresses(sent: Any) -> list[str]:
    """Keep e-mails as WordPress does: without the characters it does not know, or not at all."""
    kept = [_sanitised(str(address).strip().lower()) for address in sent or []]
    return [address for address in kept if address]


def _sanitised(address: str) -> str:
    local, at, domain = address.partition("@")
    local = re.sub(r"[^a-z0-9!#$%&'*+/=?^_`{|}~.-]", "", local)
    parts = [re.sub(r"[^a-z0-9-]", "", part).strip("-") for part in domain.split(".")]
    parts = [part for part in parts if part]
    return f"{local}@{'.'.join(parts)}" if local and at and len(parts) > 1 else ""


def _allowed(email: str, restrictions: list[str]) -> bool:
    """Compare as the shop does: every restriction is a pattern as well."""
    for restriction in restrictions:
        try:
            pattern = re.compile(restriction.replace("*", "(.+)?"))
        except re.error:
            pattern = re.compile("(?!)")
        if email == restriction or pattern.fullmatch(email):
            return True
    return False


def expiry(shop: State, value: Any) -> datetime | None:
    """Read `date_expires`: local time without offset, a bare date is the start of that day."""
    if not value:
        return None
    moment = datetime.fromisoformat(str(value)).replace(microsecond=0)
    if moment.tzinfo is None or not _WITH_OFFSET.fullmatch(str(value)):
        moment = moment.replace(tzinfo=shop.settings.zone)
    return moment.astimezone(UTC)


def check(shop: State, code: str, order: Row, gross: Decimal) -> Row:
    """Return the coupon if this order may use it; else raise with the shop's reason."""
    row = find(shop, code)
    quoted = html.escape(f'"{code.lower()}"')
    if row is None:
        raise _refused(f"Coupon {quoted} cannot be applied because it does not exist.")
    buyer = str(order["customer_id"] or order["billing"]["email"].lower())
    emails = [order["billing"]["email"].lower()]
    if order["created_via"] == "checkout" and order["customer_id"]:
        # Only the classic checkout looks at the account as well.
        emails.append(shop.tables.customers[order["customer_id"]]["email"].lower())
    restrictions = row["email_restrictions"]
    limit, each = row["usage_limit"], row["usage_limit_per_user"]
    if row["expires"] is not None and row["expires"] < shop.now():
        raise _refused(f"Coupon {quoted} has expired.")
    if limit and len(row["used_by"]) >= limit:
        raise _refused(f"Usage limit for coupon {quoted} has been reached.")
    if each and row["used_by"].count(buyer) >= each:
        raise _refused(f"Usage limit for coupon {quoted} has been reached.")
    if gross < row["minimum_amount"]:
        raise _refused(f"The minimum spend for coupon {quoted} is not reached.")
    if row["maximum_amount"] and gross > row["maximum_amount"]:
        raise _refused(f"The maximum spend for coupon {quoted} is exceeded.")
    # A guest who has not typed an address yet is let through at the cart, not here.
    if restrictions and not any(_allowed(email, restrictions) for email in emails):
        raise _refused(f"Please enter a valid email at checkout to use coupon code {quoted}.")
    bought = {item["product_id"] for item in order["line_items"]}
    if row["product_ids"] and not bought & set(row["product_ids"]):
        raise _refused(f"Sorry, coupon {quoted} is not applicable to selected products.")
    return row


def check_alone(coupon: Row) -> None:
    """Refuse a coupon for individual use beside others, as the cart does; REST orders take both."""
    if coupon["individual_use"]:
        quoted = html.escape(f'"{coupon["code"]}"')
        raise _refused(f"Coupon {quoted} cannot be used in conjunction with other coupons.")


def _refused(message: str) -> RestError:
    return RestError(400, "woocommerce_rest_invalid_coupon", message)


def count_use(shop: State, order: Row) -> None:
    """Count or give back the uses of an order's coupons, as its status says. No event tells.

    Refunded, failed and trashed orders keep what they counted (hooks of wc_update_coupon_usage_counts).
    """
    wanted = order["status"] in COUNTING
    if wanted == order["_coupons_counted"] or not (wanted or order["status"] == "cancelled"):
        return
    buyer = str(order["customer_id"] or order["billing"]["email"].lower())
    for item in order["coupon_lines"]:
        row = find(shop, item["code"])
        if row is None:
            continue
        if wanted:
            row["used_by"].append(buyer)
        elif buyer in row["used_by"]:
            row["used_by"].remove(buyer)
    order["_coupons_counted"] = wanted
