"""Loading captured REST answers: of several about one object, the newest says what is true."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from connectors.woocommerce.sandbox import money, products
from connectors.woocommerce.sandbox.coupons import COUNTING
from connectors.woocommerce.sandbox.render import MONEY_KEYS
from connectors.woocommerce.sandbox.state import Row, State
from connectors.woocommerce.sandbox.webhooks import hooks_of

_SUMS = [
    "discount_total",
    "discount_tax",
    "shipping_total",
    "shipping_tax",
    "cart_tax",
    "total",
    "total_tax",
]
_LISTS = ("line_items", "tax_lines", "shipping_lines", "fee_lines", "coupon_lines")
_DERIVED = {"_links", "number", "payment_url", "is_editable", "needs_payment", "needs_processing"}


def seed_captured(shop: State, folder: Path, *, webhooks: bool, until: str | None) -> None:
    """Load the files of a folder in order of their numbers, to the one named `until`."""
    for path in sorted(folder.glob("*.json")):
        if until is not None and path.name > until:
            break
        captured = json.loads(path.read_text("utf-8"))
        if captured["status"] >= 300:
            _missing(shop, captured["request"], captured["status"])
            continue
        _answer(shop, captured, webhooks=webhooks)


def _answer(shop: State, captured: Row, *, webhooks: bool) -> None:
    request, body = captured["request"], captured["body"]
    for item in _objects(body):
        kind = _kind(item)
        if kind == "webhook":
            if webhooks:
                _webhook(shop, item, request)
        elif kind:
            _LOADERS[kind](shop, item)
        if request["method"] == "DELETE" and kind:
            _deleted(getattr(shop.tables, f"{kind}s"), item["id"], kind)


def _deleted(table: dict[int, Row], number: int, kind: str) -> None:
    """Take away what an answer to DELETE showed; orders and coupons went to the trash."""
    if kind in {"order", "coupon"}:
        row = table[number]
        row["_status_before_trash"] = row["status"]
        row["status"] = "trash"
    else:
        table.pop(number, None)


def _objects(body: Any) -> list[Row]:
    """Return the objects of an answer: one, a list, or the parts of a batch."""
    if isinstance(body, dict) and "id" not in body:
        parts = [item for part in body.values() if isinstance(part, list) for item in part]
        return [item for item in parts if isinstance(item, dict)]
    found = body if isinstance(body, list) else [body]
    return [item for item in found if isinstance(item, dict)]


def _kind(item: Row) -> str:
    """Tell by its keys what an object is; "" for partial views, errors and the rest."""
    signs = {
        "order": {"order_key", "line_items"},
        "refund": {"refunded_by", "line_items"},
        "customer": {"username", "billing"},
        "coupon": {"usage_count", "code"},
        "review": {"reviewer_email", "rating"},
        "webhook": {"delivery_url", "topic"},
    }
    return next((kind for kind, keys in signs.items() if keys <= set(item)), "")


def _missing(shop: State, request: Row, status: int) -> None:
    """Drop what a GET did not find: it is gone."""
    number = request["url"].rpartition("/")[2]
    if request["method"] == "GET" and status == 404 and number.isdigit():
        table = request["url"].split("/")[-2]
        getattr(shop.tables, table, {}).pop(int(number), None)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _times(item: Row, names: tuple[str, ...] = ("created", "modified")) -> Row:
    return {name: _time(item[f"date_{name}_gmt"]) for name in names}


def _exact(item: Row) -> Row:
    """Turn an item's amounts into decimals."""
    kept: Row = {}
    for key, value in item.items():
        if key == "taxes":
            kept[key] = [_exact(tax) for tax in value]
        else:
            kept[key] = Decimal(value) if key in MONEY_KEYS and value != "" else value
    return kept


def _places(item: Row) -> int:
    return len(item["total"].partition(".")[2])


def _order(shop: State, item: Row) -> None:
    times = _times(item, ("created", "modified", "completed", "paid"))
    known = shop.tables.orders.get(item["id"])
    if known and known["modified"] == times["modified"] and _places(item) < known["_places"]:
        return  # the same state, seen through a setting with fewer decimals: says less
    kept = {
        key: value
        for key, value in item.items()
        if key not in _DERIVED and not key.startswith("date_") and key != "currency_symbol"
    }
    summaries = kept.pop("refunds")
    row: Row = {
        **kept,
        **times,
        **{name: Decimal(item[name]) for name in _SUMS},
        **{name: [_exact(one) for one in item[name]] for name in _LISTS},
        "_places": _places(item),
        "_coupons_counted": item["status"] in COUNTING,
    }
    for line in row["line_items"]:
        line["_taxable"] = bool(line["taxes"])
        line["_shelf"] = None
        _unrounded(line)
        _product(shop, line)
    for line in (*row["shipping_lines"], *row["fee_lines"]):
        line["_taxable"] = bool(line["taxes"])
    shop.tables.orders[row["id"]] = row
    _used(shop, "post", row)
    for name in _LISTS:
        for line in row[name]:
            shop.used_id("item", line["id"])
    _summaries(shop, row, summaries)


def _unrounded(line: Row) -> None:
    """Win back a line's exact total from its unrounded price, where that fits what is shown."""
    exact = (Decimal(str(line.pop("price"))) * line["quantity"]).quantize(Decimal("0.000001"))
    if exact and exact.quantize(line["total"], ROUND_HALF_UP) == line["total"]:
        line["total"] = exact


def _summaries(shop: State, order: Row, summaries: list[Row]) -> None:
    """Keep the refunds in step with the list in an order's own body."""
    listed = {item["id"] for item in summaries}
    for number in [n for n, one in shop.tables.refunds.items() if one["parent_id"] == order["id"]]:
        if number not in listed:
            del shop.tables.refunds[number]
    for item in summaries:
        if item["id"] not in shop.tables.refunds:
            # All that is known of it is its sum: an amount without lines.
            shop.tables.refunds[item["id"]] = {
                "id": item["id"],
                "parent_id": order["id"],
                "created": order["modified"],
                "amount": -Decimal(item["total"]),
                "reason": item["reason"],
                "meta_data": [],
                **{name: [] for name in _LISTS},
            }
            _used(shop, "post", item)


def _refund(shop: State, item: Row) -> None:
    parent = item.get("parent_id")
    if parent is None:
        parent = int(item["_links"]["up"][0]["href"].rpartition("/")[2])
    row: Row = {
        "id": item["id"],
        "parent_id": parent,
        "created": _time(item["date_created_gmt"]),
        "amount": Decimal(item["amount"]),
        "reason": item["reason"],
        "meta_data": item["meta_data"],
        **{name: [_exact(one) for one in item.get(name, [])] for name in _LISTS},
    }
    for line in row["line_items"]:
        _unrounded(line)
    shop.tables.refunds[row["id"]] = row
    _used(shop, "post", row)


def _customer(shop: State, item: Row) -> None:
    hidden = {"_links", "avatar_url"}
    row = {
        key: value
        for key, value in item.items()
        if key not in hidden and not key.startswith("date_")
    }
    shop.tables.customers[item["id"]] = {**row, **_times(item)}
    _used(shop, "user", item)


def _coupon(shop: State, item: Row) -> None:
    hidden = {"_links", "usage_count"}
    row = {
        key: value
        for key, value in item.items()
        if key not in hidden and not key.startswith("date_")
    }
    amounts = ("amount", "minimum_amount", "maximum_amount")
    shop.tables.coupons[item["id"]] = {
        **row,
        **_times(item),
        **{name: Decimal(item[name]) for name in amounts},
        "expires": _time(item["date_expires_gmt"]),
    }
    _used(shop, "post", item)


def _review(shop: State, item: Row) -> None:
    names = ["id", "product_id", "status", "reviewer", "reviewer_email", "rating", "verified"]
    author = item["_links"].get("reviewer")
    text = item["review"].strip().removeprefix("<p>").removesuffix("</p>")
    shop.tables.reviews[item["id"]] = {
        **{name: item[name] for name in names},
        "review": text,
        "created": _time(item["date_created_gmt"]),
        "_user": int(author[0]["href"].rpartition("/")[2]) if author else 0,
    }
    shop.used_id("comment", item["id"])
    if item["product_id"] not in shop.tables.products:
        number = item["product_id"]
        products.add(shop, item["product_name"], money.ZERO, product_id=number)


def _product(shop: State, line: Row) -> None:
    """Put what was bought on the shelf, at what it cost."""
    number, pieces = line["product_id"], max(line["quantity"], 1)
    known = shop.tables.products.get(number)
    if not number or (known and known["price"]):
        return
    price = ((line["subtotal"] + line["subtotal_tax"]) / pieces).quantize(Decimal("0.01"))
    row = products.add(
        shop,
        line["name"],
        price,
        sku=line["sku"],
        taxable=line["_taxable"],
        product_id=number,
    )
    row["created"] = row["modified"] = shop.now()


def _webhook(shop: State, item: Row, request: Row) -> None:
    known = shop.tables.webhooks.get(item["id"], {})
    sent = request.get("json")
    secret = sent.get("secret") if isinstance(sent, dict) else None
    shop.tables.webhooks[item["id"]] = {
        **{name: item[name] for name in ("id", "name", "status", "topic", "delivery_url")},
        "hooks": hooks_of(item["topic"]),
        "secret": secret or known.get("secret", "unknown"),
        **_times(item),
        "_failures": 0,
        "_pending": False,
        "_owner_has_rights": True,
    }
    shop.used_id("webhook", item["id"])


def _used(shop: State, sequence: str, row: Row) -> None:
    shop.used_id(sequence, row["id"])
    for one in row.get("meta_data", []):
        shop.used_id("meta", one["id"])


_LOADERS: dict[str, Callable[[State, Row], None]] = {
    "order": _order,
    "refund": _refund,
    "customer": _customer,
    "coupon": _coupon,
    "review": _review,
}
