"""Discounts as GraphQL shows them, and the root fields that find them."""

from datetime import UTC, datetime
from typing import Any

from graphql import GraphQLError

from connectors.shopify.sandbox import discounts
from connectors.shopify.sandbox.gql import (
    Args,
    Context,
    Fields,
    Obj,
    Resolver,
    amount,
    connection,
    number_of,
    plain,
)
from connectors.shopify.sandbox.offers import (
    BASIC,
    BXGY,
    FREE_SHIPPING,
    ORDER,
    PRODUCT,
    SHIPPING,
    Discount,
    Items,
)
from connectors.shopify.sandbox.search import Readers, matcher
from connectors.shopify.sandbox.state import Row, gid

NODE = "DiscountCodeNode"
_SORTED = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at", "STARTS_AT": "starts_at"}
_SEARCH: Readers = {
    "id": lambda row: row["id"],
    "title": lambda row: row["title"],
    "code": lambda row: row["code"],
    "tag": lambda row: row["tags"],
    "status": lambda row: row["status"],
    "method": lambda _row: "code",
    "created_at": lambda row: row["created_at"],
    "updated_at": lambda row: row["updated_at"],
}


def utc(moment: datetime | None) -> str | None:
    """Write a time as GraphQL does."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _field(name: str) -> Resolver:
    def read(_c: Context, node: Obj, _a: Args) -> Any:
        return getattr(node.row, name)

    return read


def _time(name: str) -> Resolver:
    def read(_c: Context, node: Obj, _a: Args) -> str | None:
        return utc(getattr(node.row, name))

    return read


def _money(c: Context, value: Any) -> Row | None:
    return None if value is None else amount(value, c.shop.settings.currency)


# --- who, what and how much ----------------------------------------------------------------------


def _context(_c: Context, node: Obj, _a: Args) -> Obj | Row:
    discount: Discount = node.row
    if discount.segments:
        segments = [
            {"id": gid("Segment", one), "name": f"Segment {one}"} for one in discount.segments
        ]
        return {"__typename": "DiscountCustomerSegments", "segments": segments}
    if discount.customers is None:
        return {"__typename": "DiscountBuyerSelectionAll", "all": "ALL"}
    return Obj("DiscountCustomers", discount)


def _selection(c: Context, node: Obj, args: Args) -> Obj | Row:
    """Return what the deprecated `customerSelection` says of the same."""
    if node.row.customers is None and not node.row.segments:
        return {"__typename": "DiscountCustomerAll", "allCustomers": True}
    return _context(c, node, args)


def _minimum(c: Context, node: Obj, _a: Args) -> Row | None:
    terms = node.row.terms
    if terms.subtotal is not None:
        least = _money(c, terms.subtotal)
        return {"__typename": "DiscountMinimumSubtotal", "greaterThanOrEqualToSubtotal": least}
    if terms.pieces is not None:
        pieces = str(terms.pieces)
        return {"__typename": "DiscountMinimumQuantity", "greaterThanOrEqualToQuantity": pieces}
    return None


def _items(items: Items) -> Obj | Row:
    if items.all:
        return {"__typename": "AllDiscountItems", "allItems": True}
    return Obj("DiscountCollections" if items.collections else "DiscountProducts", items)


def _gets(c: Context, node: Obj, _a: Args) -> Row:
    terms = node.row.terms
    value: Row = {
        "__typename": "DiscountAmount",
        "amount": _money(c, terms.amount),
        "appliesOnEachItem": terms.on_each,
    }
    if terms.percent is not None:
        share = float(terms.percent / 100)
        value = {"__typename": "DiscountPercentage", "percentage": share}
    if node.type == BXGY:
        value = {
            "__typename": "DiscountOnQuantity",
            "effect": value,
            "quantity": {"__typename": "DiscountQuantity", "quantity": str(terms.quantity)},
        }
    return {
        "value": value,
        "items": _items(terms.items),
        "appliesOnOneTimePurchase": True,
        "appliesOnSubscription": False,
    }


def _buys(_c: Context, node: Obj, _a: Args) -> Row:
    buys = node.row.terms.buys
    value = {"__typename": "DiscountPurchaseAmount", "amount": str(buys.amount)}
    if buys.quantity is not None:
        value = {"__typename": "DiscountQuantity", "quantity": str(buys.quantity)}
    return {
        "value": value,
        "items": _items(buys.items),
        "isOneTimePurchase": True,
        "isSubscription": False,
    }


def _codes(c: Context, node: Obj, args: Args) -> Row:
    def shown(discount: Discount) -> Row:
        return {
            "id": gid("DiscountRedeemCode", discount.code_id),
            "code": discount.code,
            "asyncUsageCount": _counted(c, node, {}),
        }

    return plain([node.row], args, shown)


def _counted(c: Context, node: Obj, _a: Args) -> int:
    discount: Discount = node.row
    return discount.counted(c.shop.now(), c.shop.settings.usage_delay)


_COMMON: Fields = {
    "title": _field("title"),
    "status": lambda c, n, _a: n.row.status(c.shop.now()),
    "startsAt": _time("starts_at"),
    "endsAt": _time("ends_at"),
    "createdAt": _time("created_at"),
    "updatedAt": _time("updated_at"),
    "usageLimit": _field("usage_limit"),
    "appliesOncePerCustomer": _field("once_per_customer"),
    "asyncUsageCount": _counted,
    "codes": _codes,
    "codesCount": lambda _c, _n, _a: {"count": 1, "precision": "EXACT"},
    "context": _context,
    "customerSelection": _selection,
    "combinesWith": lambda _c, n, _a: {
        "orderDiscounts": ORDER in n.row.combines,
        "productDiscounts": PRODUCT in n.row.combines,
        "shippingDiscounts": SHIPPING in n.row.combines,
        "productDiscountsWithTagsOnSameCartLine": [],
    },
    "discountClass": lambda _c, n, _a: n.row.type_class.upper(),
    "discountClasses": lambda _c, n, _a: [n.row.type_class.upper()],
    "tags": lambda _c, n, _a: list(n.row.tags),
    "hasTimelineComment": lambda _c, _n, _a: False,
}


def _destination(_c: Context, node: Obj, _a: Args) -> Row:
    countries = node.row.terms.countries
    if countries is None:
        return {"__typename": "DiscountCountryAll", "allCountries": True}
    return {
        "__typename": "DiscountCountries",
        "countries": sorted(countries),
        "includeRestOfWorld": False,
    }


def _people(c: Context, node: Obj, _a: Args) -> list[Obj]:
    known = c.shop.tables.people
    return [Obj("Customer", known[one]) for one in node.row.customers if one in known]


def _products(c: Context, node: Obj, args: Args) -> Row:
    known = c.shop.tables.products
    there = [known[number] for number in node.row.products if number in known]
    return plain(there, args, lambda one: Obj("Product", one))


def _simple(kind: str, name: str) -> Resolver:
    def read(_c: Context, node: Obj, args: Args) -> Row:
        return plain(getattr(node.row, name), args, lambda number: {"id": gid(kind, number)})

    return read


DISCOUNT_FIELDS: dict[str, Fields] = {
    NODE: {
        "id": lambda _c, n, _a: gid(NODE, n.row.id),
        "codeDiscount": lambda _c, n, _a: Obj(n.row.kind, n.row),
    },
    "DiscountNode": {
        "id": lambda _c, n, _a: gid(NODE, n.row.id),
        "discount": lambda _c, n, _a: Obj(n.row.kind, n.row),
    },
    BASIC: {**_COMMON, "customerGets": _gets, "minimumRequirement": _minimum},
    FREE_SHIPPING: {
        **_COMMON,
        "minimumRequirement": _minimum,
        "maximumShippingPrice": lambda c, n, _a: _money(c, n.row.terms.dearest_shipping),
        "destinationSelection": _destination,
        "appliesOnOneTimePurchase": lambda _c, _n, _a: True,
        "appliesOnSubscription": lambda _c, _n, _a: False,
    },
    BXGY: {
        **_COMMON,
        "customerGets": _gets,
        "customerBuys": _buys,
        "usesPerOrderLimit": lambda _c, n, _a: n.row.terms.uses_per_order,
    },
    "DiscountCustomers": {"customers": _people},
    "DiscountProducts": {
        "products": _products,
        "productVariants": _simple("ProductVariant", "variants"),
    },
    "DiscountCollections": {"collections": _simple("Collection", "collections")},
}

# --- root fields ------------------------------------------------------------------------------------


def _wrapped(kind: str, found: Discount | None) -> Obj | None:
    return None if found is None else Obj(kind, found)


def _by_id(kind: str) -> Resolver:
    def read(c: Context, _: Obj, args: Args) -> Obj | None:
        # A discount's id may be written as that of either kind of node.
        numbers = [number_of(args["id"], one) for one in (NODE, "DiscountNode")]
        number = next((one for one in numbers if one is not None), None)
        if number is None:
            raise GraphQLError(f"Invalid id: {args['id']}")
        return _wrapped(kind, discounts.find(c.shop, number))

    return read


def _list(c: Context, _: Obj, args: Args) -> Row:
    matches, now = matcher(args.get("query"), _SEARCH), c.shop.now()

    def row(one: Discount) -> Row:
        times = {"created_at": utc(one.created_at), "updated_at": utc(one.updated_at)}
        return {
            "id": one.id,
            "title": one.title,
            "code": one.code,
            "tags": list(one.tags),
            "status": one.status(now),
            **times,
        }

    sort = str(args.get("sortKey"))
    if sort not in {"ID", "TITLE", *_SORTED}:
        raise GraphQLError(f"the sandbox cannot sort by {sort}")

    def key(one: Discount) -> tuple[Any, int]:
        if sort in _SORTED:
            return utc(getattr(one, _SORTED[sort])), one.id
        return (one.id if sort == "ID" else one.title.lower()), one.id

    found = [one for one in discounts.there(c.shop) if matches(row(one))]
    return connection(found, args, lambda one: Obj("DiscountNode", one), key)


DISCOUNT_QUERIES: Fields = {
    "codeDiscountNode": _by_id(NODE),
    "codeDiscountNodeByCode": lambda c, _n, a: _wrapped(NODE, discounts.by_code(c.shop, a["code"])),
    "discountNode": _by_id("DiscountNode"),
    "discountNodes": _list,
}
