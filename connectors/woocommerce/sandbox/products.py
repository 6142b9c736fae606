"""Products: enough of them to be bought and reviewed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.woocommerce.sandbox import money, render
from connectors.woocommerce.sandbox.errors import invalid_id
from connectors.woocommerce.sandbox.state import Row, State

_LETTERS = str.maketrans("ąćęłńóśźż", "acelnoszz")
_FIXED: Row = {
    "date_on_sale_from": None,
    "date_on_sale_from_gmt": None,
    "date_on_sale_to": None,
    "date_on_sale_to_gmt": None,
}
_STOCK: Row = {
    "virtual": False,
    "downloadable": False,
    "downloads": [],
    "download_limit": -1,
    "download_expiry": -1,
    "external_url": "",
    "button_text": "",
}
_REST: Row = {
    "tax_class": "",
    "manage_stock": False,
    "stock_quantity": None,
    "backorders": "no",
    "backorders_allowed": False,
    "backordered": False,
    "low_stock_amount": None,
    "sold_individually": False,
    "weight": "",
    "dimensions": {"length": "", "width": "", "height": ""},
    "shipping_required": True,
    "shipping_taxable": True,
    "shipping_class": "",
    "shipping_class_id": 0,
    "reviews_allowed": True,
}
_END: Row = {
    "images": [],
    "attributes": [],
    "default_attributes": [],
    "variations": [],
    "grouped_products": [],
    "menu_order": 0,
}


def slug(name: str) -> str:
    """Return a name as it stands in addresses."""
    plain = name.lower().translate(_LETTERS)
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in plain)
    return "-".join(words.split())


def add(
    shop: State,
    name: str,
    price: Decimal,
    *,
    sku: str = "",
    taxable: bool = True,
    category: str = "Uncategorized",
    tags: Sequence[str] = (),
    product_id: int | None = None,
) -> Row:
    """Put a product on the shelf; `price` is what the shelf says."""
    number = product_id or shop.next_id("post")
    shop.used_id("post", number)
    row: Row = {
        "id": number,
        "name": name,
        "slug": slug(name),
        "price": price,
        "sku": sku,
        "taxable": taxable,
        "category": category,
        "tags": list(tags),
        "full_price": None,
        "status": "publish",
        "created": shop.now(),
        "modified": shop.now(),
        "total_sales": 0,
    }
    shop.tables.products[number] = row
    shop.fire("woocommerce_new_product", number)
    return row


def get(shop: State, product_id: int, *, missing: int = 404) -> Row:
    """Return a product or raise the shop's answer for one that is not there."""
    row = shop.tables.products.get(product_id)
    if row is None:
        raise invalid_id("product", missing)
    return row


def change(shop: State, product_id: int, **values: Any) -> Row:
    """Change name, sku, price, category, tags; every save is announced, changed or not.

    `sale` is what it costs on sale, "" ends the sale.
    """
    row = get(shop, product_id)
    for key in ("name", "sku", "category"):
        if values.get(key) is not None:
            row[key] = str(values[key])
    if values.get("price") is not None:
        row["price"], row["full_price"] = money.decimal(values["price"]), None
    if values.get("tags") is not None:
        row["tags"] = list(values["tags"])
    if values.get("sale") is not None:
        full = row["price"] if row["full_price"] is None else row["full_price"]
        ended = values["sale"] == ""
        row["price"] = full if ended else money.decimal(values["sale"])
        row["full_price"] = None if ended else full
    touched(shop, product_id)
    return row


def touched(shop: State, product_id: int) -> None:
    """Announce that a product was saved: this is all the shop says about reviews, too."""
    row = shop.tables.products.get(product_id)
    if row is not None:
        row["modified"] = shop.now()
        shop.fire("woocommerce_update_product", product_id)


def trash(shop: State, product_id: int) -> None:
    """Move to the trash, or take out of it."""
    get(shop, product_id)["status"] = "trash"
    shop.fire("wp_trash_post", product_id, "product")


def view(shop: State, row: Row) -> Row:
    """Render a product."""
    decimals = shop.settings.decimals
    price = money.text(row["price"], decimals)
    on_sale = row["full_price"] is not None
    rated = [
        review["rating"]
        for review in shop.tables.reviews.values()
        if review["product_id"] == row["id"] and review["status"] == "approved" and review["rating"]
    ]
    average = Decimal(sum(rated)) / len(rated) if rated else money.ZERO
    others = [number for number in shop.tables.products if number != row["id"]]
    return {
        "id": row["id"],
        "name": row["name"],
        "slug": row["slug"],
        "permalink": f"{shop.settings.home_url}/product/{row['slug']}/",
        "date_created": render.local(shop, row["created"]),
        "date_created_gmt": render.gmt(row["created"]),
        "date_modified": render.local(shop, row["modified"]),
        "date_modified_gmt": render.gmt(row["modified"]),
        "type": "simple",
        "status": row["status"],
        "featured": False,
        "catalog_visibility": "visible",
        "description": "",
        "short_description": "",
        "sku": row["sku"],
        "price": price,
        "regular_price": money.text(row["full_price"], decimals) if on_sale else price,
        "sale_price": price if on_sale else "",
        **_FIXED,
        "on_sale": on_sale,
        "purchasable": True,
        "total_sales": row["total_sales"],
        **_STOCK,
        "tax_status": "taxable" if row["taxable"] else "none",
        **_REST,
        "average_rating": money.text(average, 2),
        "rating_count": len(rated),
        "upsell_ids": [],
        "cross_sell_ids": [],
        "parent_id": 0,
        "purchase_note": "",
        "categories": [{"id": 15, "name": row["category"], "slug": slug(row["category"])}],
        "brands": [],
        "tags": [
            {"id": 100 + at, "name": tag, "slug": slug(tag)} for at, tag in enumerate(row["tags"])
        ],
        **_END,
        "price_html": f'<span class="woocommerce-Price-amount amount"><bdi>{price}</bdi></span>',
        "related_ids": others[:4],
        "meta_data": [],
        "stock_status": "instock",
        "has_options": False,
        "post_password": "",
        "global_unique_id": "",
        "_links": render.links(shop, f"products/{row['id']}"),
    }
