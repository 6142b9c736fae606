"""The root fields of queries."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from graphql import GraphQLError

from connectors.shopify.sandbox import discounts, fields_store_credit, people
from connectors.shopify.sandbox.access import require_object
from connectors.shopify.sandbox.fields_shop import topic_name
from connectors.shopify.sandbox.gql import Args, Context, Fields, Obj, connection, number_of
from connectors.shopify.sandbox.search import Readers, matcher
from connectors.shopify.sandbox.state import Order, Person, Row, State, utc

_SEEN = timedelta(days=60)
_SORT = {"CREATED_AT": "created_at", "UPDATED_AT": "updated_at", "PROCESSED_AT": "processed_at"}
_ORDER_SEARCH: Readers = {
    "id": lambda row: row["id"],
    "name": lambda row: row["name"],
    "created_at": lambda row: row["created_at"],
    "updated_at": lambda row: row["updated_at"],
    "processed_at": lambda row: row.get("processed_at") or row["created_at"],
    "customer_id": lambda row: (row.get("customer") or {}).get("id", 0),
    "financial_status": lambda row: row.get("financial_status"),
    "source_name": lambda row: row.get("source_name"),
    "tag": lambda row: people.split([str(row.get("tags") or "")]),
    "test": lambda row: str(bool(row.get("test"))),
    "discount_code": lambda row: next(
        (one["code"] for one in row.get("discount_codes") or ()), None
    ),
}
_CUSTOMER_SEARCH: Readers = {
    "id": lambda row: row["id"],
    "email": lambda row: row.get("email"),
    "created_at": lambda row: row["created_at"],
    "updated_at": lambda row: row["updated_at"],
    "state": lambda row: row.get("state"),
}


def find(c: Context, gid: str, field: str = "node") -> Obj | None:
    """Return any object by its GraphQL id; raises GraphQLError if the app may not see its kind."""
    kind = gid.removeprefix("gid://shopify/").partition("/")[0]
    number = number_of(gid, kind)
    if number is None:
        raise GraphQLError(f"Invalid global id '{gid}'", extensions={"code": "RESOURCE_NOT_FOUND"})
    require_object(c, kind, field)
    tables = c.shop.tables
    plain: Mapping[str, Callable[[int], Any]] = {
        "Customer": tables.people.get,
        "DiscountCodeNode": partial(discounts.find, c.shop),
        "GiftCard": tables.gift_cards.get,
        "Product": tables.products.get,
        "Return": tables.returns.get,
        "WebhookSubscription": c.installation.subscriptions.get,
    }
    if kind in fields_store_credit.KINDS:
        return fields_store_credit.node_of(c, kind, number)
    if kind in plain:
        return _wrap(kind, plain[kind](number))
    match kind:
        case "Order":
            found = tables.orders.get(number)
            return None if found is None or _too_old(c, found) else _order(found)
        case "Refund":
            return _refund(c, number)
        case "Shop":
            return Obj("Shop", c.shop) if number == c.shop.id else None
        case "AppInstallation":
            return Obj("AppInstallation", c.installation)
    return None


def owner(c: Context, gid: str) -> Person | Order | State | None:
    """Return what metafields or tags can belong to, None for what is not there."""
    for kind, table in (("Customer", c.shop.tables.people), ("Order", c.shop.tables.orders)):
        number = number_of(gid, kind)
        if number is not None:
            found: Person | Order | None = table.get(number)
            return found
    return c.shop if number_of(gid, "Shop") == c.shop.id else None


def _too_old(c: Context, order: Order) -> bool:
    """Say whether an order looks as if it did not exist: without read_all_orders the last 60 days show."""
    if c.installation.may("read_all_orders"):
        return False
    return datetime.fromisoformat(order.body["created_at"]) < c.shop.now() - _SEEN


def _order(order: Order | None) -> Obj | None:
    return None if order is None else Obj("Order", order.body, order)


def _wrap(kind: str, row: Any) -> Obj | None:
    return None if row is None else Obj(kind, row)


def _refund(c: Context, number: int) -> Obj | None:
    for order in c.shop.tables.orders.values():
        for refund in order.body.get("refunds") or ():
            if refund["id"] == number:
                return Obj("Refund", refund, order)
    return None


def _of_kind(kind: str) -> Any:
    def read(c: Context, _: Obj, args: Args) -> Obj | None:
        if number_of(args["id"], kind) is None:
            raise GraphQLError(f"Invalid id: {args['id']}")
        return find(c, args["id"], kind.lower())

    return read


def _nodes(c: Context, _: Obj, args: Args) -> list[Obj | None]:
    return [find(c, one, "nodes") for one in args["ids"]]


def _orders(c: Context, _: Obj, args: Args) -> Row:
    matches = matcher(args.get("query"), _ORDER_SEARCH)
    sort = str(args.get("sortKey"))
    return connection(
        [order for order in c.shop.tables.orders.values() if matches(order.body)],
        args,
        _order,
        lambda order: (_sorted_by(order.body, sort), order.body["id"]),
    )


def _customers(c: Context, _: Obj, args: Args) -> Row:
    # The schema says that updated_at of customers matches whole days.
    matches = matcher(args.get("query"), _CUSTOMER_SEARCH, by_day=True)
    sort = str(args.get("sortKey"))
    return connection(
        [person for person in c.shop.tables.people.values() if matches(person.body)],
        args,
        lambda person: Obj("Customer", person),
        lambda person: (_sorted_by(person.body, sort), person.body["id"]),
    )


def _sorted_by(body: Row, sort: str) -> Any:
    if sort == "ID":
        return body["id"]
    if sort not in _SORT:
        raise GraphQLError(f"the sandbox cannot sort by {sort}")
    return utc(body.get(_SORT[sort]) or body["created_at"])


def _by_identifier(c: Context, _: Obj, args: Args) -> Obj | None:
    [(how, value)] = args["identifier"].items()
    if how == "id":
        return find(c, value, "customerByIdentifier")
    keys = {"emailAddress": "email", "phoneNumber": "phone"}
    if how not in keys:
        raise GraphQLError(f"the sandbox cannot find customers by {how}")
    for person in c.shop.tables.people.values():
        if str(person.body.get(keys[how]) or "").lower() == value.lower():
            return Obj("Customer", person)
    return None


def _subscriptions(c: Context, _: Obj, args: Args) -> Row:
    rows = list(c.installation.subscriptions.values())
    if args.get("topics"):
        rows = [one for one in rows if topic_name(one.topic) in args["topics"]]
    if args.get("uri"):
        rows = [one for one in rows if one.uri == args["uri"]]
    if args.get("format"):
        rows = [one for one in rows if one.format == args["format"]]
    return connection(
        rows, args, lambda one: Obj("WebhookSubscription", one), lambda one: (one.id, one.id)
    )


def _definitions(c: Context, _: Obj, args: Args) -> Row:
    rows = [
        one
        for one in c.shop.tables.definitions
        if one["owner_type"] == args["ownerType"]
        and (args.get("key") is None or one["key"] == args["key"])
    ]
    if args.get("namespace") is not None:
        space = args["namespace"]
        own = c.installation.namespace
        space = own if space == "$app" else space.replace("$app:", f"{own}--", 1)
        rows = [one for one in rows if one["namespace"] == space]
    return connection(
        rows, args, lambda one: Obj("MetafieldDefinition", one), lambda one: (one["id"], one["id"])
    )


def _versions(c: Context, _: Obj, __: Args) -> list[Row]:
    return [
        {"handle": one, "displayName": one, "supported": one != "unstable"}
        for one in c.shop.settings.versions
    ]


QUERIES: Fields = {
    "shop": lambda c, _n, _a: Obj("Shop", c.shop),
    "currentAppInstallation": lambda c, _n, _a: Obj("AppInstallation", c.installation),
    "node": lambda c, _n, a: find(c, a["id"]),
    "nodes": _nodes,
    "order": _of_kind("Order"),
    "orders": _orders,
    "product": _of_kind("Product"),
    "refund": _of_kind("Refund"),
    "return": _of_kind("Return"),
    "customer": _of_kind("Customer"),
    "customers": _customers,
    "customerByIdentifier": _by_identifier,
    "webhookSubscription": _of_kind("WebhookSubscription"),
    "webhookSubscriptions": _subscriptions,
    "metafieldDefinitions": _definitions,
    "publicApiVersions": _versions,
}
