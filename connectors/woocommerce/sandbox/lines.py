"""The items of an order and its sums: lines, shipping, fees, coupons, taxes."""

from decimal import Decimal
from typing import Any

from connectors.woocommerce.sandbox import coupons, money, products
from connectors.woocommerce.sandbox.errors import invalid_params
from connectors.woocommerce.sandbox.state import Row, State

RATE_ID = 1


def add_line(shop: State, order: Row, sent: Row) -> Row:
    """Put a product into an order; without amounts, the shelf price counts."""
    product = products.get(shop, int(sent.get("product_id") or 0), missing=400)
    quantity = int(sent.get("quantity", 1))
    tax = shop.settings.tax
    shelf = product["price"] * quantity
    net = tax.net(shelf, taxable=product["taxable"])
    subtotal = money.decimal(sent["subtotal"]) if "subtotal" in sent else net
    item: Row = {
        "id": shop.next_id("item"),
        "name": product["name"],
        "product_id": product["id"],
        "variation_id": int(sent.get("variation_id") or 0),
        "quantity": quantity,
        "tax_class": "",
        "subtotal": subtotal,
        "subtotal_tax": money.ZERO,
        "total": money.decimal(sent["total"]) if "total" in sent else subtotal,
        "total_tax": money.ZERO,
        "taxes": [],
        "meta_data": [],
        "sku": product["sku"],
        "global_unique_id": "",
        "image": {"id": "", "src": ""},
        "parent_name": None,
        "_taxable": product["taxable"],
        "_shelf": shelf if "total" not in sent else None,
    }
    order["line_items"].append(item)
    return item


def add_shipping(shop: State, order: Row, sent: Row) -> None:
    """Add delivery; its total is ex tax."""
    order["shipping_lines"].append(
        {
            "id": shop.next_id("item"),
            "method_title": str(sent.get("method_title", "")),
            "method_id": str(sent.get("method_id", "")),
            "instance_id": str(sent.get("instance_id", "")),
            "total": money.decimal(sent.get("total")),
            "total_tax": money.ZERO,
            "taxes": [],
            "tax_status": "taxable",
            "meta_data": [],
            "_taxable": True,
        }
    )


def add_fee(shop: State, order: Row, sent: Row) -> None:
    """Add a fee, ex tax; a negative one is a discount that discount_total does not show."""
    order["fee_lines"].append(
        {
            "id": shop.next_id("item"),
            "name": str(sent.get("name", "")),
            "tax_class": "",
            "tax_status": str(sent.get("tax_status", "taxable")),
            "amount": "",
            "total": money.decimal(sent.get("total")),
            "total_tax": money.ZERO,
            "taxes": [],
            "meta_data": [],
            "_taxable": sent.get("tax_status", "taxable") == "taxable",
        }
    )


def change_lines(shop: State, order: Row, sent: Any) -> None:
    """Apply `line_items` of a PUT: change by id, remove with quantity 0, add without id."""
    for change in sent:
        if not change.get("id"):
            add_line(shop, order, change)
            continue
        item = next((one for one in order["line_items"] if one["id"] == int(change["id"])), None)
        if item is None:
            raise invalid_params(
                {"line_items": ("rest_invalid_param", "Order item ID provided is invalid.", None)}
            )
        if change.get("quantity") == 0 or change.get("product_id", item["product_id"]) is None:
            order["line_items"].remove(item)
            continue
        # A quantity alone leaves the amounts as they are: only the admin screen multiplies.
        item["quantity"] = int(change.get("quantity", item["quantity"]))
        for name in ("subtotal", "total"):
            if name in change:
                item[name] = money.decimal(change[name])
                item["_shelf"] = None


def set_quantity(order: Row, item_id: int, quantity: int) -> None:
    """Change a quantity as the admin screen does: the amounts follow."""
    item = next(one for one in order["line_items"] if one["id"] == item_id)
    if quantity == 0:
        order["line_items"].remove(item)
        return
    for name in ("subtotal", "total"):
        item[name] = item[name] * quantity / item["quantity"]
    item["quantity"], item["_shelf"] = quantity, None


def apply_coupons(shop: State, order: Row, codes: list[str]) -> None:
    """Take coupons off the lines, one after another; raises the shop's refusal."""
    settings = shop.settings
    scale = Decimal(10) ** settings.decimals
    parts = [
        money.Part(item["product_id"], item["quantity"], int(_shelf(shop, item) * scale))
        for item in order["line_items"]
    ]
    codes = list(dict.fromkeys(code.strip().lower() for code in codes))
    for code in codes:
        gross = Decimal(sum(part.shelf for part in parts)) / scale
        coupon = coupons.check(shop, code, order, gross)
        if order["created_via"] in coupons.SHOPPERS and len(codes) > 1:
            coupons.check_alone(coupon)
        chosen = [p for p in parts if p.product_id in coupon["product_ids"]] or parts
        if coupon["discount_type"] == "fixed_cart":
            chosen = parts  # off the whole cart, once one of the products is in it
        before = [part.off for part in parts]
        money.discount(
            chosen,
            coupon["discount_type"],
            coupon["amount"],
            settings.decimals,
            coupon["limit_usage_to_x_items"],
        )
        taken = [Decimal(part.off - was) / scale for part, was in zip(parts, before, strict=True)]
        _add_coupon_line(shop, order, coupon, taken)
    for item, part in zip(order["line_items"], parts, strict=True):
        if part.off:
            left = Decimal(part.left) / scale
            item["total"] = settings.tax.net(left, taxable=item["_taxable"])


def free_delivery(shop: State, order: Row) -> None:
    """Let the shopper take the free delivery that a coupon opens, if the shop has such a method."""
    free = any(item["free_shipping"] for item in order["coupon_lines"])
    if free and shop.settings.free_delivery_by_coupon:
        for item in order["shipping_lines"]:
            item.update(method_id="free_shipping", method_title="Free shipping", total=money.ZERO)


def _shelf(shop: State, item: Row) -> Decimal:
    """Return a line before discounts as the shelf shows it."""
    if item["_shelf"] is not None:
        return Decimal(item["_shelf"])
    tax = shop.settings.tax
    with_tax = tax.included and item["_taxable"]
    return tax.round(item["subtotal"] * (1 + tax.rate) if with_tax else item["subtotal"])


def _add_coupon_line(shop: State, order: Row, coupon: Row, taken: list[Decimal]) -> None:
    tax = shop.settings.tax
    net = money.ZERO
    taxes = money.ZERO
    for item, off in zip(order["line_items"], taken, strict=True):
        part = tax.net(off, taxable=item["_taxable"])
        net += part
        if item["_taxable"]:
            taxes += off - part if tax.included else part * tax.rate
    nominal = float(coupon["amount"])
    info = [coupon["id"], coupon["code"], coupon["discount_type"], nominal]
    as_text = "[{},{}]".format(info[0], ",".join((f'"{info[1]}"', f'"{info[2]}"', f"{nominal:g}")))
    order["coupon_lines"].append(
        {
            "id": shop.next_id("item"),
            "code": coupon["code"],
            "discount": net,
            "discount_tax": taxes,
            "meta_data": [
                {
                    "id": shop.next_id("meta"),
                    "key": "coupon_info",
                    "value": as_text,
                    "display_key": "coupon_info",
                    "display_value": as_text,
                }
            ],
            "discount_type": coupon["discount_type"],
            "nominal_amount": nominal,
            "free_shipping": coupon["free_shipping"],
        }
    )


def recalculate(shop: State, order: Row) -> None:
    """Compute taxes per item and the order's sums from its items."""
    tax = shop.settings.tax
    for item in order["line_items"]:
        _tax_item(tax, item, ("subtotal", "total"))
    for item in (*order["shipping_lines"], *order["fee_lines"]):
        _tax_item(tax, item, ("total",))
    lines, fees, shipping = order["line_items"], order["fee_lines"], order["shipping_lines"]
    cart_tax = _sum(lines, "total_tax") + _sum(fees, "total_tax")
    shipping_tax = _sum(shipping, "total_tax")
    _tax_line(shop, order, cart_tax, shipping_tax)
    goods = sum((tax.round(item["total"]) for item in (*lines, *fees)), money.ZERO)
    order.update(
        discount_total=_sum(lines, "subtotal") - _sum(lines, "total"),
        discount_tax=tax.round(
            _sum(lines, "_subtotal_tax_exact") - _sum(lines, "_total_tax_exact")
        ),
        shipping_total=_sum(shipping, "total"),
        shipping_tax=shipping_tax,
        cart_tax=cart_tax,
        total_tax=cart_tax + shipping_tax,
    )
    order["total"] = goods + tax.round(order["shipping_total"]) + order["total_tax"]


def _tax_item(tax: money.Tax, item: Row, names: tuple[str, ...]) -> None:
    rate = tax.rate if item["_taxable"] else money.ZERO
    for name in names:
        item[f"{name}_tax"] = tax.of(item[name]) if rate else money.ZERO
        item[f"_{name}_tax_exact"] = item[name] * rate
    if rate:
        # Shipping and fees show an empty subtotal in their taxes.
        subtotal = item["subtotal_tax"] if "subtotal" in names else ""
        item["taxes"] = [{"id": RATE_ID, "total": item["total_tax"], "subtotal": subtotal}]


def _tax_line(shop: State, order: Row, cart_tax: Decimal, shipping_tax: Decimal) -> None:
    if not shop.settings.tax_rate:
        order["tax_lines"] = []
        return
    if not order["tax_lines"]:
        order["tax_lines"] = [tax_line(shop, shop.next_id("item"))]
    order["tax_lines"][0].update(tax_total=cart_tax, shipping_tax_total=shipping_tax)


def tax_line(shop: State, item_id: int) -> Row:
    """Return an empty tax line of the shop's one rate."""
    percent = shop.settings.tax_rate * 100
    return {
        "id": item_id,
        "rate_code": "PL-VAT-1",
        "rate_id": RATE_ID,
        "label": "VAT",
        "compound": False,
        "tax_total": money.ZERO,
        "shipping_tax_total": money.ZERO,
        "rate_percent": float(percent),
        "meta_data": [],
    }


def _sum(items: list[Row], name: str) -> Decimal:
    return sum((item[name] for item in items), money.ZERO)
