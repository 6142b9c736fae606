"""A page to look at the shop: who is registered, what their meta says, goods, orders, coupons."""

import html

from connectors.woocommerce.sandbox import money, render
from connectors.woocommerce.sandbox.state import Row, State

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:0 0 2rem}th,td{text-align:left;"
    "padding:.4rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}"
    "code{background:#f3f3f3;padding:0 .3rem}.wide{overflow-x:auto}"
)


def page(shop: State) -> str:
    """Return the page as HTML; it reloads itself."""
    with shop.lock:
        people = sorted(shop.tables.customers.values(), key=lambda row: row["id"])
        bought = sorted(shop.tables.orders.values(), key=lambda row: -row["id"])[:50]
        made = sorted(shop.tables.coupons.values(), key=lambda row: -row["id"])[:50]
        coupons = "".join(_coupon(shop, row) for row in made)
        customers = "".join(_customer(row) for row in people)
        goods = "".join(_product(shop, row) for row in shop.tables.products.values())
        orders = "".join(_order(shop, row) for row in bought)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Sandbox shop</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="refresh" content="2">'
        f"<style>{_STYLE}</style></head><body><h1>Sandbox shop</h1>"
        "<p>A make-believe WooCommerce shop with made-up customers.</p>"
        '<h2>Customers</h2><div class="wide"><table>'
        "<tr><th>Id</th><th>Name</th><th>Meta</th><th>E-mail</th></tr>"
        f"{customers}</table></div>"
        '<h2>Goods</h2><div class="wide"><table>'
        f"<tr><th>Id</th><th>Name</th><th>Price</th></tr>{goods}</table></div>"
        '<h2>Orders</h2><div class="wide"><table>'
        "<tr><th>No.</th><th>Who</th><th>What</th><th>Status</th>"
        f"<th>Total</th><th>Refunded</th></tr>{orders}</table></div>"
        '<h2>Coupons</h2><div class="wide"><table>'
        "<tr><th>Code</th><th>What</th><th>Status</th><th>Used</th><th>For</th><th>Until</th></tr>"
        f"{coupons}</table></div></body></html>"
    )


def _customer(row: Row) -> str:
    meta = "<br>".join(
        f"<code>{_text(one['key'])}</code> {_text(one['value'])}" for one in row["meta_data"]
    )
    name = f"{row['first_name']} {row['last_name']}"
    return _cells(str(row["id"]), _text(name), meta, _text(row["email"]))


def _product(shop: State, row: Row) -> str:
    price = money.text(row["price"], shop.settings.decimals)
    return _cells(str(row["id"]), _text(row["name"]), _text(price))


def _order(shop: State, row: Row) -> str:
    symbol = render.SYMBOLS.get(row["currency"], row["currency"])
    who = f"customer {row['customer_id']}" if row["customer_id"] else row["billing"]["email"]
    what = ", ".join(f"{item['quantity']} x {item['name']}" for item in row["line_items"])
    back = sum((one["amount"] for one in render.refunds_of(shop, row["id"])), money.ZERO)
    amounts = [
        f"{money.text(amount, shop.settings.decimals)} {symbol}" if amount else ""
        for amount in (row["total"], back)
    ]
    texts = (who, what, row["status"], *amounts)
    return _cells(str(row["id"]), *(_text(text) for text in texts))


def _coupon(shop: State, row: Row) -> str:
    limit = row["usage_limit"] or "any number"
    what = "free delivery" if row["free_shipping"] else f"{row['discount_type']} {row['amount']}"
    texts = (
        what,
        row["status"],
        f"{len(row['used_by'])} of {limit}",
        ", ".join(row["email_restrictions"]) or "anybody",
        render.local(shop, row["expires"]) or "",
    )
    return _cells(f"<code>{_text(row['code'])}</code>", *(_text(text) for text in texts))


def _cells(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _text(value: object) -> str:
    return html.escape(str(value))
