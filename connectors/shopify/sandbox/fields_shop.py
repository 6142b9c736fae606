"""Customers, the shop, the app, its subscriptions and metafields as GraphQL shows them."""

from decimal import Decimal
from typing import Any

from connectors.shopify.sandbox import fields_store_credit, metafields, people
from connectors.shopify.sandbox.apps import Subscription
from connectors.shopify.sandbox.gql import Args, Context, Fields, Obj, amount, connection
from connectors.shopify.sandbox.money import total
from connectors.shopify.sandbox.state import Person, Row, State, gid, utc
from connectors.shopify.sandbox.sums import given_back, received
from connectors.shopify.sandbox.topics import TOPICS

_TOPIC_NAMES = {header: name for name, (header, _) in TOPICS.items()}


def topic_name(header: str) -> str:
    """Return a topic as the enum has it."""
    return _TOPIC_NAMES.get(header) or header.upper().replace("/", "_").replace(".", "_")


# --- customers ------------------------------------------------------------------------------------


def _of_person(name: str) -> Any:
    return lambda _c, n, _a: n.row.body.get(name)


def _email(_c: Context, node: Obj, _a: Args) -> Row | None:
    address = node.row.body.get("email")
    if not address:
        return None
    return {
        "emailAddress": address,
        "marketingState": "NOT_SUBSCRIBED",
        "marketingOptInLevel": "SINGLE_OPT_IN",
        "marketingUpdatedAt": None,
        "validFormat": True,
    }


def _phone(_c: Context, node: Obj, _a: Args) -> Row | None:
    number = node.row.body.get("phone")
    return {"phoneNumber": number, "marketingState": "NOT_SUBSCRIBED"} if number else None


def _display_name(_c: Context, node: Obj, _a: Args) -> str:
    body = node.row.body
    names = [body.get("first_name"), body.get("last_name")]
    return " ".join(name for name in names if name) or str(body.get("email") or body["id"])


def _spent(c: Context, node: Obj, _a: Args) -> Row:
    bought = people.orders_of(c.shop, node.row.body["id"])
    spent = total(received(order) - given_back(order) for order in bought)
    return amount(spent, c.shop.settings.currency)


def _orders(c: Context, node: Obj, args: Args) -> Row:
    return connection(
        people.orders_of(c.shop, node.row.body["id"]),
        args,
        lambda order: Obj("Order", order.body, order),
        lambda order: (order.body["id"], order.body["id"]),
    )


def _metafield(c: Context, node: Obj, args: Args) -> Obj | None:
    space = metafields.namespace(c.installation, args.get("namespace"))
    found = metafields.find(metafields.fields_of(node.row), space, args["key"])
    return None if found is None else Obj("Metafield", (node.row, found))


def _metafields(c: Context, node: Obj, args: Args) -> Row:
    owner, rows = node.row, metafields.fields_of(node.row)
    if args.get("namespace") is not None:
        space = metafields.namespace(c.installation, args["namespace"])
        rows = [one for one in rows if one["namespace"] == space]
    return connection(
        rows,
        args,
        lambda one: Obj("Metafield", (owner, one)),
        lambda one: (one["id"], one["id"]),
    )


CUSTOMER: Fields = {
    "id": lambda _c, n, _a: gid("Customer", n.row.body["id"]),
    "legacyResourceId": lambda _c, n, _a: str(n.row.body["id"]),
    "firstName": _of_person("first_name"),
    "lastName": _of_person("last_name"),
    "displayName": _display_name,
    "email": _of_person("email"),
    "phone": _of_person("phone"),
    "defaultEmailAddress": _email,
    "defaultPhoneNumber": _phone,
    "verifiedEmail": lambda _c, n, _a: bool(n.row.body.get("verified_email")),
    "validEmailAddress": lambda _c, n, _a: bool(n.row.body.get("email")),
    "state": lambda _c, n, _a: str(n.row.body.get("state") or "disabled").upper(),
    "locale": lambda _c, _n, _a: "pl",
    "note": _of_person("note"),
    "tags": lambda _c, n, _a: list(n.row.tags),
    "taxExempt": lambda _c, n, _a: bool(n.row.body.get("tax_exempt")),
    "createdAt": lambda _c, n, _a: utc(n.row.body.get("created_at")),
    "updatedAt": lambda _c, n, _a: utc(n.row.body.get("updated_at")),
    "numberOfOrders": lambda c, n, _a: str(len(people.orders_of(c.shop, n.row.body["id"]))),
    "amountSpent": _spent,
    "orders": _orders,
    "metafield": _metafield,
    "metafields": _metafields,
    "storeCreditAccounts": fields_store_credit.accounts,
}

# --- goods ----------------------------------------------------------------------------------------


def _prices(c: Context, node: Obj, _a: Args) -> Row:
    # A product has one variant here.
    price = amount(Decimal(node.row["price"]), c.shop.settings.currency)
    return {"minVariantPrice": price, "maxVariantPrice": price}


def _collections(c: Context, node: Obj, args: Args) -> Row:
    number = node.row["id"]
    mine = [
        one
        for one in c.shop.tables.collections.values()
        if one["products"] is None or number in one["products"]
    ]
    return connection(
        mine,
        args,
        lambda one: {"handle": "-".join(one["title"].lower().split())},
        lambda one: (one["id"], one["id"]),
    )


def _variants(_c: Context, node: Obj, args: Args) -> Row:
    shown = {"price": node.row["price"], "compareAtPrice": node.row["compare_at_price"]}
    return connection([node.row], args, lambda _: shown, lambda one: (one["id"], one["id"]))


PRODUCT: Fields = {
    "id": lambda _c, n, _a: gid("Product", n.row["id"]),
    "legacyResourceId": lambda _c, n, _a: str(n.row["id"]),
    "title": lambda _c, n, _a: n.row["title"],
    "isGiftCard": lambda _c, n, _a: n.row["gift_card"],
    "status": lambda _c, _n, _a: "ACTIVE",
    "priceRangeV2": _prices,
    "tags": lambda _c, n, _a: sorted(n.row["tags"]),
    "createdAt": lambda _c, n, _a: utc(n.row["created_at"]),
    "updatedAt": lambda _c, n, _a: utc(n.row["updated_at"]),
    "collections": _collections,
    "variants": _variants,
}

# --- metafields -----------------------------------------------------------------------------------


def _owner(owner: Any) -> Obj:
    if isinstance(owner, State):
        return Obj("Shop", owner)
    if isinstance(owner, Person):
        return Obj("Customer", owner)
    return Obj("Order", owner.body, owner)


METAFIELD: Fields = {
    "id": lambda _c, n, _a: gid("Metafield", n.row[1]["id"]),
    "legacyResourceId": lambda _c, n, _a: str(n.row[1]["id"]),
    "namespace": lambda _c, n, _a: n.row[1]["namespace"],
    "key": lambda _c, n, _a: n.row[1]["key"],
    "type": lambda _c, n, _a: n.row[1]["type"],
    "value": lambda _c, n, _a: n.row[1]["value"],
    "compareDigest": lambda _c, n, _a: metafields.digest(n.row[1]),
    "createdAt": lambda _c, n, _a: utc(n.row[1]["created_at"]),
    "updatedAt": lambda _c, n, _a: utc(n.row[1]["updated_at"]),
    "sizeInBytes": lambda _c, n, _a: len(n.row[1]["value"].encode()),
    "ownerType": lambda _c, n, _a: metafields.owner_type(n.row[0]),
    "owner": lambda _c, n, _a: _owner(n.row[0]),
}
DEFINITION: Fields = {
    "id": lambda _c, n, _a: gid("MetafieldDefinition", n.row["id"]),
    "name": lambda _c, n, _a: n.row["name"],
    "namespace": lambda _c, n, _a: n.row["namespace"],
    "key": lambda _c, n, _a: n.row["key"],
    "ownerType": lambda _c, n, _a: n.row["owner_type"],
    "description": lambda _c, n, _a: n.row["description"],
    "pinnedPosition": lambda _c, _n, _a: None,
    "type": lambda _c, n, _a: {"name": n.row["type"], "category": n.row["type"].split("_")[0]},
    "access": lambda _c, n, _a: {
        "admin": n.row["access"]["admin"],
        "storefront": n.row["access"]["storefront"],
        "customerAccount": n.row["access"]["customer_account"],
    },
}

# --- the shop and the app ---------------------------------------------------------------------------


def _shop(read: Any) -> Any:
    return lambda c, _n, _a: read(c.shop)


def _domain(shop: State) -> Row:
    return {
        "id": gid("Domain", shop.id),
        "host": shop.domain,
        "url": f"https://{shop.domain}",
        "sslEnabled": True,
    }


def _accounts(shop: State) -> Row:
    return {
        "customerAccountsVersion": "NEW_CUSTOMER_ACCOUNTS",
        "loginRequiredAtCheckout": False,
        "loginLinksVisibleOnStorefrontAndCheckout": True,
        "url": f"https://shopify.com/{shop.id}/account",
    }


SHOP: Fields = {
    "id": _shop(lambda shop: gid("Shop", shop.id)),
    "name": _shop(lambda shop: shop.settings.name),
    "email": _shop(lambda _shop: "owner@example.com"),
    "contactEmail": _shop(lambda _shop: "owner@example.com"),
    "myshopifyDomain": _shop(lambda shop: shop.domain),
    "url": _shop(lambda shop: f"https://{shop.domain}"),
    "primaryDomain": _shop(_domain),
    "currencyCode": _shop(lambda shop: shop.settings.currency),
    "enabledPresentmentCurrencies": _shop(lambda shop: [shop.settings.currency]),
    "ianaTimezone": _shop(lambda shop: shop.settings.timezone),
    "taxesIncluded": _shop(lambda shop: shop.settings.taxes_included),
    "plan": _shop(
        lambda _shop: {
            "displayName": "Basic",
            "publicDisplayName": "Basic",
            "partnerDevelopment": False,
            "shopifyPlus": False,
        }
    ),
    "customerAccountsV2": _shop(_accounts),
    "metafield": lambda c, _n, a: _metafield(c, Obj("Shop", c.shop), a),
    "metafields": lambda c, _n, a: _metafields(c, Obj("Shop", c.shop), a),
}


def _scope(handle: str) -> Row:
    return {"handle": handle, "description": handle.replace("_", " ")}


INSTALLATION: Fields = {
    "id": lambda _c, n, _a: gid("AppInstallation", n.row.number),
    "accessScopes": lambda _c, n, _a: [_scope(handle) for handle in n.row.scopes],
    "app": lambda _c, n, _a: Obj("App", n.row.app),
    "activeSubscriptions": lambda _c, _n, _a: [],
    "launchUrl": lambda c, n, _a: f"https://{c.shop.domain}/admin/apps/{n.row.app.client_id}",
}
APP: Fields = {
    "id": lambda _c, n, _a: gid("App", n.row.number),
    "apiKey": lambda _c, n, _a: n.row.client_id,
    "handle": lambda _c, n, _a: n.row.title.lower(),
    "title": lambda _c, n, _a: n.row.title,
    "requestedAccessScopes": lambda _c, n, _a: [_scope(handle) for handle in n.row.scopes],
}


def _version(_c: Context, node: Obj, _a: Args) -> Row:
    handle = node.row.version
    return {"handle": handle, "displayName": handle, "supported": True}


def _subscription(read: Any) -> Any:
    def field(_c: Context, node: Obj, _a: Args) -> Any:
        row: Subscription = node.row
        return read(row)

    return field


SUBSCRIPTION: Fields = {
    "id": _subscription(lambda one: gid("WebhookSubscription", one.id)),
    "legacyResourceId": _subscription(lambda one: str(one.id)),
    "topic": _subscription(lambda one: topic_name(one.topic)),
    "uri": _subscription(lambda one: one.uri),
    "callbackUrl": _subscription(lambda one: one.uri),
    "format": _subscription(lambda one: one.format),
    "filter": _subscription(lambda _one: None),
    "name": _subscription(lambda one: one.name),
    "includeFields": _subscription(lambda one: one.include_fields),
    "metafieldNamespaces": _subscription(lambda one: one.metafield_namespaces),
    "createdAt": _subscription(lambda one: utc(one.created.isoformat())),
    "updatedAt": _subscription(lambda one: utc(one.updated.isoformat())),
    "apiVersion": _version,
}
