"""Rows as the REST API and the webhooks show them: the same keys in the same order as captured."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.woocommerce.sandbox import money
from connectors.woocommerce.sandbox.state import Row, State

SYMBOLS = {"PLN": "zł", "EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "KWD": "د.ك", "CZK": "Kč"}
ALL_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
ORDER_DATES = ("created", "modified", "completed", "paid")
MONEY_KEYS = frozenset(
    [
        "subtotal",
        "subtotal_tax",
        "total",
        "total_tax",
        "tax_total",
        "shipping_tax_total",
        "discount",
        "discount_tax",
    ]
)


def local(shop: State, moment: datetime | None) -> str | None:
    """Render a time in the shop's zone, without offset."""
    if moment is None:
        return None
    return moment.astimezone(shop.settings.zone).strftime("%Y-%m-%dT%H:%M:%S")


def gmt(moment: datetime | None) -> str | None:
    """Render a time in UTC, without Z."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def api(shop: State, path: str) -> str:
    """Return an address under /wp-json/wc/v3."""
    return f"{shop.settings.home_url}/wp-json/wc/v3/{path}"


def links(shop: State, path: str, allow: list[str] | None = None, **more: Any) -> Row:
    """Return `_links` of an object at `path`."""
    return {
        "self": [{"href": api(shop, path), "targetHints": {"allow": allow or ALL_METHODS}}],
        "collection": [{"href": api(shop, path.rpartition("/")[0])}],
        **more,
    }


def gravatar(email: str, size: int = 96) -> str:
    """Return the picture address that WordPress makes from an e-mail."""
    digest = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return f"https://secure.gravatar.com/avatar/{digest}?s={size}&d=mm&r=g"


def _dates(shop: State, row: Row, names: tuple[str, ...] = ("created", "modified")) -> Row:
    shown: Row = {}
    for name in names:
        shown[f"date_{name}"] = local(shop, row[name])
        shown[f"date_{name}_gmt"] = gmt(row[name])
    return shown


def customer(shop: State, row: Row) -> Row:
    """Render a customer; meta keys starting with `_` never come back here."""
    return {
        "id": row["id"],
        **_dates(shop, row),
        "email": row["email"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "role": row["role"],
        "username": row["username"],
        "billing": dict(row["billing"]),
        "shipping": dict(row["shipping"]),
        "is_paying_customer": row["is_paying_customer"],
        "avatar_url": gravatar(row["email"]),
        "meta_data": [dict(meta) for meta in row["meta_data"] if not meta["key"].startswith("_")],
        "_links": links(shop, f"customers/{row['id']}"),
    }


def _amounts(shop: State, item: Row, dp: int | None) -> Row:
    """Render an order item: amounts as strings, inner keys left out."""
    shown: Row = {}
    for key, value in item.items():
        if key.startswith("_"):
            continue
        if key in MONEY_KEYS and isinstance(value, Decimal):
            shown[key] = money.text(value, shop.settings.decimals, dp)
        elif key == "taxes":
            shown[key] = [_amounts(shop, tax, dp) for tax in value]
        else:
            shown[key] = value
    return shown


def _line(shop: State, item: Row, dp: int | None) -> Row:
    shown = _amounts(shop, item, dp)
    price = money.unit_price(item["total"], item["quantity"])
    ends = {key: shown.pop(key) for key in ("image", "parent_name")}
    if shop.settings.before_10:
        shown.pop("global_unique_id", None)
    return {**shown, "price": abs(price), **ends}


def refunds_of(shop: State, order_id: int) -> list[Row]:
    """Return an order's refunds, newest first."""
    found = [row for row in shop.tables.refunds.values() if row["parent_id"] == order_id]
    return sorted(found, key=lambda row: -row["id"])


def order(shop: State, row: Row, dp: int | None = None) -> Row:
    """Render an order; webhook bodies and GET answers are the same."""

    def amount(name: str) -> str:
        return money.text(row[name], shop.settings.decimals, dp)

    number, status = row["id"], row["status"] if row["status"] != "trash" else "trash"
    pay = f"{shop.settings.home_url}/checkout/order-pay/{number}/?pay_for_order=true"
    extra: Row = {
        "email_templates": [
            {"embeddable": True, "href": api(shop, f"orders/{number}/actions/email_templates")}
        ]
    }
    if row["customer_id"]:
        extra["customer"] = [{"href": api(shop, f"customers/{row['customer_id']}")}]
    return {
        "id": number,
        "parent_id": 0,
        "status": status,
        "currency": row["currency"],
        "version": row["version"],
        "prices_include_tax": row["prices_include_tax"],
        "date_created": local(shop, row["created"]),
        "date_modified": local(shop, row["modified"]),
        "discount_total": amount("discount_total"),
        "discount_tax": amount("discount_tax"),
        "shipping_total": amount("shipping_total"),
        "shipping_tax": amount("shipping_tax"),
        "cart_tax": amount("cart_tax"),
        "total": amount("total"),
        "total_tax": amount("total_tax"),
        "customer_id": row["customer_id"],
        "order_key": row["order_key"],
        "billing": dict(row["billing"]),
        "shipping": dict(row["shipping"]),
        "payment_method": row["payment_method"],
        "payment_method_title": row["payment_method_title"],
        "transaction_id": row["transaction_id"],
        "customer_ip_address": row["customer_ip_address"],
        "customer_user_agent": row["customer_user_agent"],
        "created_via": row["created_via"],
        "customer_note": row["customer_note"],
        "date_completed": local(shop, row["completed"]),
        "date_paid": local(shop, row["paid"]),
        "cart_hash": row["cart_hash"],
        "number": str(number),
        "meta_data": [dict(meta) for meta in row["meta_data"]],
        "line_items": [_line(shop, item, dp) for item in row["line_items"]],
        "tax_lines": [_amounts(shop, item, dp) for item in row["tax_lines"]],
        "shipping_lines": [_amounts(shop, item, dp) for item in row["shipping_lines"]],
        "fee_lines": [_amounts(shop, item, dp) for item in row["fee_lines"]],
        "coupon_lines": [_amounts(shop, item, dp) for item in row["coupon_lines"]],
        "refunds": [_refund_summary(shop, item, dp) for item in refunds_of(shop, number)],
        "payment_url": f"{pay}&key={row['order_key']}",
        "is_editable": status in {"pending", "on-hold", "auto-draft"},
        "needs_payment": status in {"pending", "failed", "checkout-draft"} and row["total"] > 0,
        "needs_processing": True,
        **{f"date_{name}_gmt": gmt(row[name]) for name in ORDER_DATES},
        "currency_symbol": SYMBOLS.get(row["currency"], row["currency"]),
        "_links": links(shop, f"orders/{number}", None, **extra),
    }


def refund_tax(row: Row) -> Decimal:
    """Return the tax that a refund's lines carry (positive); an amount-only refund has none."""
    return -sum(
        (item["tax_total"] + item["shipping_tax_total"] for item in row["tax_lines"]), money.ZERO
    )


def _refund_summary(shop: State, row: Row, dp: int | None) -> Row:
    decimals = shop.settings.decimals
    shown = {
        "id": row["id"],
        "reason": row["reason"],
        "total": money.text(-row["amount"], decimals, dp),
    }
    if not shop.settings.before_10:
        shown["total_tax"] = money.text(-refund_tax(row), decimals, dp)
    return shown


def refund(shop: State, row: Row, dp: int | None = None, *, with_parent: bool = False) -> Row:
    """Render a refund: its amount is positive, its lines are negative."""
    path = f"orders/{row['parent_id']}/refunds/{row['id']}"
    up = {"up": [{"href": api(shop, f"orders/{row['parent_id']}")}]}
    return {
        "id": row["id"],
        **({"parent_id": row["parent_id"]} if with_parent else {}),
        "date_created": local(shop, row["created"]),
        "date_created_gmt": gmt(row["created"]),
        "amount": money.text(row["amount"], shop.settings.decimals, dp),
        "reason": row["reason"],
        "refunded_by": 1,
        "refunded_payment": False,
        "meta_data": [dict(meta) for meta in row["meta_data"]],
        "line_items": [_line(shop, item, dp) for item in row["line_items"]],
        "shipping_lines": [_amounts(shop, item, dp) for item in row["shipping_lines"]],
        "tax_lines": [_amounts(shop, item, dp) for item in row["tax_lines"]],
        "fee_lines": [_amounts(shop, item, dp) for item in row["fee_lines"]],
        "_links": links(shop, path, ["GET", "DELETE"], **up),
    }


def note(shop: State, row: Row) -> Row:
    """Render an order note."""
    path = f"orders/{row['order_id']}/notes/{row['id']}"
    up = {"up": [{"href": api(shop, f"orders/{row['order_id']}")}]}
    return {
        "id": row["id"],
        "author": row["author"],
        "date_created": local(shop, row["created"]),
        "date_created_gmt": gmt(row["created"]),
        "note": row["note"],
        "customer_note": row["customer_note"],
        "_links": links(shop, path, ["GET", "DELETE"], **up),
    }


def review(shop: State, row: Row, *, raw: bool = False) -> Row:
    """Render a review: HTML in lists and GET, the bare text in answers to writes."""
    product = shop.tables.products.get(row["product_id"], {})
    text = row["review"]
    return {
        "id": row["id"],
        "date_created": local(shop, row["created"]),
        "date_created_gmt": gmt(row["created"]),
        "product_id": row["product_id"],
        "product_name": product.get("name", ""),
        "product_permalink": f"{shop.settings.home_url}/product/{product.get('slug', '')}/",
        "status": row["status"],
        "reviewer": row["reviewer"],
        "reviewer_email": row["reviewer_email"],
        "review": text if raw else f"<p>{text}</p>\n",
        "rating": row["rating"],
        "verified": row["verified"],
        "reviewer_avatar_urls": {
            str(size): gravatar(row["reviewer_email"], size) for size in (24, 48, 96)
        },
        "_links": links(
            shop,
            f"products/reviews/{row['id']}",
            None,
            up=[{"href": api(shop, f"products/{row['product_id']}")}],
            **_author(shop, row),
        ),
    }


def _author(shop: State, row: Row) -> Row:
    """Return the link to the account that wrote a review; a guest has none."""
    if not row["_user"]:
        return {}
    href = f"{shop.settings.home_url}/wp-json/wp/v2/users/{row['_user']}"
    return {"reviewer": [{"embeddable": True, "href": href}]}


def coupon(shop: State, row: Row) -> Row:
    """Render a coupon."""
    decimals = shop.settings.decimals
    return {
        "id": row["id"],
        "code": row["code"],
        "amount": money.text(row["amount"], decimals),
        "status": row["status"],
        **_dates(shop, row),
        "discount_type": row["discount_type"],
        "description": row["description"],
        "date_expires": local(shop, row["expires"]),
        "date_expires_gmt": gmt(row["expires"]),
        "usage_count": len(row["used_by"]),
        "individual_use": row["individual_use"],
        "product_ids": list(row["product_ids"]),
        "excluded_product_ids": list(row["excluded_product_ids"]),
        "usage_limit": row["usage_limit"],
        "usage_limit_per_user": row["usage_limit_per_user"],
        "limit_usage_to_x_items": row["limit_usage_to_x_items"],
        "free_shipping": row["free_shipping"],
        "product_categories": list(row["product_categories"]),
        "excluded_product_categories": list(row["excluded_product_categories"]),
        "exclude_sale_items": row["exclude_sale_items"],
        "minimum_amount": money.text(row["minimum_amount"], decimals),
        "maximum_amount": money.text(row["maximum_amount"], decimals),
        "email_restrictions": list(row["email_restrictions"]),
        "used_by": list(row["used_by"]),
        "meta_data": [dict(meta) for meta in row["meta_data"]],
        "_links": links(shop, f"coupons/{row['id']}"),
    }


def webhook(shop: State, row: Row) -> Row:
    """Render a webhook: never its secret, its count of failures or its pending flag."""
    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "topic": row["topic"],
        "resource": row["topic"].partition(".")[0],
        "event": row["topic"].partition(".")[2],
        "hooks": list(row["hooks"]),
        "delivery_url": row["delivery_url"],
        **_dates(shop, row),
        "_links": links(shop, f"webhooks/{row['id']}"),
    }
