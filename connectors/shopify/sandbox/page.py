"""A page to look at a shop: who is there, with which tags and metafields, goods, codes and orders."""

import html
from collections.abc import Mapping
from decimal import Decimal

from connectors.shopify.sandbox.money import ZERO
from connectors.shopify.sandbox.offers import Discount
from connectors.shopify.sandbox.state import Order, Person, Row, State
from connectors.shopify.sandbox.sums import given_back

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%;margin:0 0 2rem}th,td{text-align:left;"
    "padding:.4rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}"
    "code{background:#f3f3f3;padding:0 .3rem}.wide{overflow-x:auto}"
)


def index(shops: Mapping[str, State]) -> str:
    """Return the list of shops as HTML."""
    links = "".join(f'<li><a href="/{_text(name)}/">{_text(name)}</a></li>' for name in shops)
    return _page("Sandbox shops", f"<ul>{links}</ul>")


def shop(state: State) -> str:
    """Return a shop's page as HTML; it reloads itself."""
    with state.lock:
        people = sorted(state.tables.people.values(), key=lambda one: int(one.body["id"]))
        bought = sorted(state.tables.orders.values(), key=lambda one: -int(one.body["id"]))[:50]
        customers = "".join(_customer(one) for one in people)
        goods = "".join(_product(one) for one in state.tables.products.values())
        made = list(state.tables.discounts.values())[-50:]
        codes = "".join(_discount(state, one) for one in reversed(made))
        orders = "".join(_order(one) for one in bought)
    return _page(
        f"Sandbox shop {state.domain}",
        "<p>A make-believe Shopify shop with made-up customers.</p>"
        '<h2>Customers</h2><div class="wide"><table>'
        "<tr><th>Id</th><th>Name</th><th>Tags</th><th>Metafields</th><th>E-mail</th></tr>"
        f"{customers}</table></div>"
        '<h2>Goods</h2><div class="wide"><table>'
        f"<tr><th>Id</th><th>Name</th><th>Price</th></tr>{goods}</table></div>"
        '<h2>Discount codes</h2><div class="wide"><table>'
        "<tr><th>Code</th><th>Title</th><th>Status</th><th>Ends</th><th>Used</th></tr>"
        f"{codes}</table></div>"
        '<h2>Orders</h2><div class="wide"><table><tr><th>No.</th><th>Who</th><th>What</th>'
        f"<th>Status</th><th>Total</th><th>Refunded</th></tr>{orders}</table></div>",
    )


def _page(title: str, content: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="refresh" content="2">'
        f"<style>{_STYLE}</style></head><body><h1>{_text(title)}</h1>{content}</body></html>"
    )


def _discount(shop: State, one: Discount) -> str:
    status = "deleted" if one.deleted else one.status(shop.now()).lower()
    ends = "" if one.ends_at is None else f"{one.ends_at:%Y-%m-%d %H:%M}"
    return (
        f"<tr><td><code>{_text(one.code)}</code></td><td>{_text(one.title)}</td><td>{status}</td>"
        f"<td>{ends}</td><td>{len(one.uses)}</td></tr>"
    )


def _customer(person: Person) -> str:
    body = person.body
    tags = " ".join(f"<code>{_text(tag)}</code>" for tag in person.tags)
    fields = "<br>".join(
        f"<code>{_text(one['key'])}</code> {_text(one['value'])}" for one in person.metafields
    )
    name = f"{body.get('first_name') or ''} {body.get('last_name') or ''}"
    proved = " (verified)" if body.get("verified_email") and body.get("email") else ""
    address = f"{body.get('email') or ''}{proved}"
    return _cells(str(body["id"]), _text(name), tags, fields, _text(address))


def _product(row: Row) -> str:
    return _cells(*(_text(row[name]) for name in ("id", "title", "price")))


def _order(order: Order) -> str:
    body = order.body
    person = body.get("customer")
    who = f"customer {person['id']}" if person else str(body.get("email") or "")
    what = ", ".join(f"{line['quantity']} x {line['title']}" for line in body["line_items"])
    back = given_back(order)
    now = body.get("current_total_price")  # follows edits and refunds
    total = str(body["total_price"]) if now is None else f"{Decimal(now) + back}"
    currency = body["currency"]
    amounts = (
        f"{total} {currency}",
        f"{back} {currency}" if back > ZERO else "",
    )
    status = "cancelled" if body.get("cancelled_at") else str(body.get("financial_status"))
    return _cells(*(_text(one) for one in (body["name"], who, what, status, *amounts)))


def _cells(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _text(value: object) -> str:
    return html.escape(str(value))
