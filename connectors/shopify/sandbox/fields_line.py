"""Lines, delivery, taxes and discounts as GraphQL shows them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox.gql import Args, Context, Fields, Obj, amount, bag, pair
from connectors.shopify.sandbox.money import shop_amount, total
from connectors.shopify.sandbox.reading import gid_of, money, order_of, plain_field, some, upper
from connectors.shopify.sandbox.state import Order, Row, gid

_APPLICATIONS = {
    "discount_code": "DiscountCodeApplication",
    "automatic": "AutomaticDiscountApplication",
    "manual": "ManualDiscountApplication",
}
_ALL_DISCOUNTS = frozenset(_APPLICATIONS)


def _allocation(_c: Context, node: Obj, _a: Args) -> list[Obj]:
    return [
        Obj("DiscountAllocation", one, node.order)
        for one in node.row.get("discount_allocations") or ()
    ]


def _application(_c: Context, node: Obj, _a: Args) -> Row:
    return application(order_of(node), node.row["discount_application_index"])


def application(order: Order, index: int) -> Row:
    """Return what a discount was agreed to be on an order."""
    row = order.body["discount_applications"][index]
    value: Row = {"__typename": "PricingPercentageValue", "percentage": float(row["value"])}
    if row["value_type"] != "percentage":
        value = {
            "__typename": "MoneyV2",
            **amount(Decimal(str(row["value"])), order.exchange.shop),
        }
    return {
        "__typename": _APPLICATIONS[row["type"]],
        "index": index,
        "code": row.get("code"),
        "title": row.get("title") or row.get("description") or "",
        "description": row.get("description"),
        "allocationMethod": upper(row["allocation_method"]),
        "targetSelection": upper(row["target_selection"]),
        "targetType": upper(row["target_type"]),
        "value": value,
    }


def _whole(node: Obj, taken: frozenset[str]) -> Row:
    """Return a line's price after discounts of these types."""
    row, order = node.row, order_of(node)
    applications = order.body.get("discount_applications") or ()
    off = total(
        shop_amount(one, "amount")
        for one in row.get("discount_allocations") or ()
        if applications[one["discount_application_index"]]["type"] in taken
    )
    return pair(order, Decimal(str(row["price"])) * row["quantity"] - off)


def _thing(kind: str, name: str) -> Any:
    def found(_c: Context, node: Obj, _a: Args) -> Mapping[str, str] | None:
        number = node.row.get(name)
        return None if number is None else {"id": gid(kind, number)}

    return found


LINE: Fields = {
    "id": gid_of("LineItem"),
    "name": plain_field("name"),
    "title": plain_field("title"),
    "variantTitle": plain_field("variant_title"),
    "vendor": plain_field("vendor"),
    "sku": plain_field("sku"),
    "quantity": plain_field("quantity"),
    "currentQuantity": lambda _c, n, _a: n.row.get("current_quantity", n.row["quantity"]),
    "refundableQuantity": lambda _c, n, _a: n.row.get("current_quantity", n.row["quantity"]),
    "unfulfilledQuantity": plain_field("fulfillable_quantity"),
    "isGiftCard": lambda _c, n, _a: bool(n.row.get("gift_card")),
    "requiresShipping": lambda _c, n, _a: bool(n.row.get("requires_shipping")),
    "taxable": lambda _c, n, _a: bool(n.row.get("taxable")),
    "product": _thing("Product", "product_id"),
    "variant": _thing("ProductVariant", "variant_id"),
    "originalUnitPriceSet": money("price"),
    "originalTotalSet": lambda _c, n, _a: _whole(n, frozenset()),
    # The trap: code discounts are left out unless one asks for them.
    "discountedTotalSet": lambda _c, n, a: _whole(
        n, _ALL_DISCOUNTS if a.get("withCodeDiscounts") else _ALL_DISCOUNTS - {"discount_code"}
    ),
    "totalDiscountSet": money("total_discount"),
    "discountAllocations": _allocation,
    "taxLines": lambda _c, n, a: some(
        [Obj("TaxLine", one, n.order) for one in n.row.get("tax_lines") or ()], a
    ),
}
SHIPPING: Fields = {
    "id": gid_of("ShippingLine"),
    "code": plain_field("code"),
    "title": plain_field("title"),
    "source": plain_field("source"),
    "carrierIdentifier": plain_field("carrier_identifier"),
    "phone": plain_field("phone"),
    "custom": lambda _c, _n, _a: False,
    "isRemoved": lambda _c, n, _a: bool(n.row.get("is_removed")),
    "originalPriceSet": money("price"),
    "discountedPriceSet": lambda _c, n, _a: bag(order_of(n), n.row, _reduced(n.row)),
    "currentDiscountedPriceSet": lambda _c, n, _a: bag(
        order_of(n),
        n.row,
        "current_discounted_price" if "current_discounted_price_set" in n.row else _reduced(n.row),
    ),
    "discountAllocations": _allocation,
    "taxLines": LINE["taxLines"],
}
TAX: Fields = {
    "title": plain_field("title"),
    "rate": plain_field("rate"),
    "ratePercentage": lambda _c, n, _a: None if n.row["rate"] is None else n.row["rate"] * 100,
    "priceSet": money("price"),
    "channelLiable": plain_field("channel_liable"),
}
ALLOCATION: Fields = {
    "allocatedAmountSet": money("amount"),
    "discountApplication": _application,
}


def _reduced(row: Row) -> str:
    return "discounted_price" if "discounted_price" in row else "price"


def refund_shipping(body: Row, refund: Row) -> list[Row]:
    """Return what a refund gave back of delivery; older bodies have it as an adjustment only."""
    if "refund_shipping_lines" in refund:
        return list(refund["refund_shipping_lines"])
    lines = body.get("shipping_lines") or []
    return [
        {
            "id": one["id"],
            "shipping_line": lines[0],
            "subtotal_amount_set": _negated(one["amount_set"]),
            "tax_amount_set": _negated(one["tax_amount_set"]),
        }
        for one in refund.get("order_adjustments") or ()
        if one["kind"] == "shipping_refund" and lines
    ]


def _negated(found: Row) -> Row:
    return {kind: {**one, "amount": str(-Decimal(one["amount"]))} for kind, one in found.items()}
