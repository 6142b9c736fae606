"""Orders as GraphQL shows them. Tips are ordinary lines here: only their sum is told."""

from decimal import Decimal

from connectors.shopify.sandbox import people
from connectors.shopify.sandbox.fields_line import application, refund_shipping
from connectors.shopify.sandbox.gql import Args, Context, Fields, Obj, bag, connection, pair, plain
from connectors.shopify.sandbox.metafields import fields_of, find, namespace
from connectors.shopify.sandbox.money import shop_amount, total
from connectors.shopify.sandbox.reading import (
    gid_of,
    legacy_id,
    money,
    money_or_none,
    order_of,
    plain_field,
    some,
    time,
    upper,
)
from connectors.shopify.sandbox.state import Row, gid, utc
from connectors.shopify.sandbox.sums import given_back, received

_FULFILLMENT = {
    None: "UNFULFILLED",
    "fulfilled": "FULFILLED",
    "partial": "PARTIALLY_FULFILLED",
    "restocked": "RESTOCKED",
}


def _customer(c: Context, node: Obj, _: Args) -> Obj | None:
    known = (node.row.get("customer") or {}).get("id")
    person = c.shop.tables.people.get(known or 0)
    return None if person is None else Obj("Customer", person)


def _transactions(node: Obj) -> list[Row]:
    order = order_of(node)
    back = [
        {**one, "_shop": order.refunded.get(one["id"], Decimal(str(one["amount"])))}
        for refund in order.body.get("refunds") or ()
        for one in refund.get("transactions") or ()
    ]
    return [*order.payments, *back]


def _metafield(c: Context, node: Obj, args: Args) -> Obj | None:
    order = order_of(node)
    space = namespace(c.installation, args.get("namespace"))
    found = find(fields_of(order), space, args["key"])
    return None if found is None else Obj("Metafield", (order, found))


def _shipping(node: Obj, *, removals: bool) -> list[Row]:
    lines = node.row.get("shipping_lines") or []
    return [line for line in lines if removals or not line.get("is_removed")]


def _tips(node: Obj) -> Row:
    order = order_of(node)
    return pair(order, Decimal(str(order.body.get("total_tip_received") or "0")))


def _refunded_shipping(node: Obj) -> Decimal:
    return total(
        shop_amount(part, "subtotal_amount")
        for refund in node.row.get("refunds") or ()
        for part in refund_shipping(node.row, refund)
    )


def _applications(_c: Context, node: Obj, args: Args) -> Row:
    there = range(len(node.row.get("discount_applications") or ()))
    return plain(there, args, lambda index: application(order_of(node), index))


ORDER: Fields = {
    "id": gid_of("Order"),
    "legacyResourceId": legacy_id,
    "name": plain_field("name"),
    "number": lambda _c, n, _a: n.row.get("order_number") or n.row.get("number"),
    "test": lambda _c, n, _a: bool(n.row.get("test")),
    "confirmed": lambda _c, n, _a: bool(n.row.get("confirmed", True)),
    "confirmationNumber": plain_field("confirmation_number"),
    "createdAt": time("created_at"),
    "processedAt": lambda _c, n, _a: utc(n.row.get("processed_at") or n.row.get("created_at")),
    "updatedAt": time("updated_at"),
    "cancelledAt": time("cancelled_at"),
    "cancelReason": lambda _c, n, _a: upper(n.row.get("cancel_reason")),
    "closed": lambda _c, n, _a: bool(n.row.get("closed_at")),
    "closedAt": time("closed_at"),
    "edited": lambda _c, n, _a: order_of(n).edited,
    "email": plain_field("email"),
    "phone": plain_field("phone"),
    "note": plain_field("note"),
    "poNumber": plain_field("po_number"),
    "sourceName": plain_field("source_name"),
    "sourceIdentifier": plain_field("source_identifier"),
    "statusPageUrl": plain_field("order_status_url"),
    "customerLocale": plain_field("customer_locale"),
    "displayFinancialStatus": lambda _c, n, _a: upper(n.row.get("financial_status")),
    "displayFulfillmentStatus": lambda _c, n, _a: _FULFILLMENT[n.row.get("fulfillment_status")],
    "returnStatus": lambda c, n, _a: _return_status(c, n),
    "currencyCode": plain_field("currency"),
    "presentmentCurrencyCode": lambda _c, n, _a: order_of(n).exchange.buyer,
    "taxesIncluded": lambda _c, n, _a: bool(n.row.get("taxes_included")),
    "taxExempt": lambda _c, n, _a: bool(n.row.get("tax_exempt")),
    "dutiesIncluded": lambda _c, n, _a: bool(n.row.get("duties_included")),
    "tags": lambda _c, n, _a: people.tags_of(order_of(n)),
    "discountCode": lambda _c, n, _a: next(iter(_codes(n)), None),
    "discountCodes": lambda _c, n, _a: _codes(n),
    "customAttributes": lambda _c, n, _a: [
        {"key": one["name"], "value": one["value"]} for one in n.row.get("note_attributes") or ()
    ],
    "discountApplications": _applications,
    "paymentGatewayNames": lambda _c, n, _a: n.row.get("payment_gateway_names") or [],
    "customer": _customer,
    "subtotalPriceSet": money("subtotal_price"),
    "totalPriceSet": money("total_price"),
    "originalTotalPriceSet": money("total_price"),
    "totalTaxSet": money("total_tax"),
    "totalDiscountsSet": money("total_discounts"),
    "totalShippingPriceSet": money("total_shipping_price"),
    "currentSubtotalPriceSet": lambda _c, n, _a: _current(n, "subtotal_price"),
    "currentTotalPriceSet": lambda _c, n, _a: _current(n, "total_price"),
    "currentTotalTaxSet": lambda _c, n, _a: _current(n, "total_tax"),
    "currentTotalDiscountsSet": lambda _c, n, _a: _current(n, "total_discounts"),
    "currentShippingPriceSet": lambda _c, n, _a: _current(
        n, "shipping_price", "total_shipping_price"
    ),
    "currentTotalDutiesSet": money_or_none("current_total_duties"),
    "originalTotalDutiesSet": money_or_none("original_total_duties"),
    "currentTotalAdditionalFeesSet": money_or_none("current_total_additional_fees"),
    "originalTotalAdditionalFeesSet": money_or_none("original_total_additional_fees"),
    "totalTipReceivedSet": lambda _c, n, _a: _tips(n),
    "totalReceivedSet": lambda _c, n, _a: pair(order_of(n), received(order_of(n))),
    "totalRefundedSet": lambda _c, n, _a: pair(order_of(n), given_back(order_of(n))),
    "totalRefundedShippingSet": lambda _c, n, _a: pair(order_of(n), _refunded_shipping(n)),
    "netPaymentSet": lambda _c, n, _a: pair(
        order_of(n), received(order_of(n)) - given_back(order_of(n))
    ),
    "totalOutstandingSet": money("total_outstanding"),
    "fullyPaid": lambda _c, n, _a: not shop_amount(n.row, "total_outstanding"),
    "unpaid": lambda _c, n, _a: not received(order_of(n)),
    "taxLines": lambda _c, n, _a: [Obj("TaxLine", one, n.order) for one in n.row["tax_lines"]],
    "lineItems": lambda _c, n, a: plain(
        n.row["line_items"], a, lambda one: Obj("LineItem", one, n.order)
    ),
    "shippingLines": lambda _c, n, a: plain(
        _shipping(n, removals=bool(a.get("includeRemovals"))),
        a,
        lambda one: Obj("ShippingLine", one, n.order),
    ),
    "shippingLine": lambda _c, n, _a: next(
        (Obj("ShippingLine", one, n.order) for one in _shipping(n, removals=False)), None
    ),
    "refunds": lambda _c, n, a: some(
        [Obj("Refund", one, n.order) for one in n.row.get("refunds") or ()], a
    ),
    "fulfillments": lambda _c, n, a: some(
        [Obj("Fulfillment", one, n.order) for one in n.row.get("fulfillments") or ()], a
    ),
    "transactions": lambda _c, n, a: some(
        [Obj("OrderTransaction", one, n.order) for one in _transactions(n)], a
    ),
    "disputes": lambda c, n, _a: [
        {"id": gid("ShopifyPaymentsDispute", one["id"])}
        for one in c.shop.tables.disputes.values()
        if one["order_id"] == n.row["id"]
    ],
    "returns": lambda c, n, a: connection(
        [one for one in c.shop.tables.returns.values() if one["order_id"] == n.row["id"]],
        a,
        lambda one: Obj("Return", one),
        lambda one: (one["id"], one["id"]),
    ),
    "metafield": _metafield,
}


def _codes(node: Obj) -> list[str]:
    return [one["code"] for one in node.row.get("discount_codes") or ()]


def _current(node: Obj, name: str, otherwise: str | None = None) -> Row:
    """Return a current_* amount; old bodies that have none are as they were placed."""
    row, order = node.row, order_of(node)
    there = {f"current_{name}", f"current_{name}_set"} & set(row)
    return bag(order, row, f"current_{name}" if there else otherwise or name)


def _return_status(c: Context, node: Obj) -> str:
    states = {
        one["status"] for one in c.shop.tables.returns.values() if one["order_id"] == node.row["id"]
    }
    if "open" in states:
        return "IN_PROGRESS"
    if "requested" in states:
        return "RETURN_REQUESTED"
    return "RETURNED" if "closed" in states else "NO_RETURN"
