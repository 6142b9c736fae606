"""The mutations. What a merchant or a rule refuses stands in userErrors, with the data null."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from graphql import GraphQLError

from connectors.shopify.sandbox import metafields, people, webhooks
from connectors.shopify.sandbox.access import require_object
from connectors.shopify.sandbox.apps import Subscription
from connectors.shopify.sandbox.gql import Args, Context, Fields, Obj, number_of
from connectors.shopify.sandbox.queries import owner
from connectors.shopify.sandbox.shopdata import uninstall
from connectors.shopify.sandbox.state import Order, Person, Row, SandboxError, State, gid
from connectors.shopify.sandbox.topics import TOPICS

_FIELDS = {
    "email": "email",
    "firstName": "first_name",
    "lastName": "last_name",
    "note": "note",
    "phone": "phone",
}
_SUBSCRIPTION_KEYS = frozenset(["uri", "callbackUrl", "format", "includeFields", "name"])


def _error(field: Sequence[str] | None, message: str) -> Row:
    return {"field": field, "message": message}


def _kind(gid_text: str) -> str:
    return gid_text.removeprefix("gid://shopify/").partition("/")[0]


# --- tags ---------------------------------------------------------------------------------------


def _tags(field: str, change: Callable[[Sequence[str], Sequence[str]], list[str]]) -> Any:
    def run(c: Context, _: Obj, args: Args) -> Row:
        require_object(c, _kind(args["id"]), field, "write")
        found = owner(c, args["id"])
        if not isinstance(found, Person | Order):
            return {"node": None, "userErrors": [_error(["id"], "Resource not found")]}
        try:
            tags = change(people.tags_of(found), args["tags"])
        except people.TagRefused as refused:
            return {"node": None, "userErrors": [_error(["tags"], str(refused))]}
        people.set_tags(c.shop, found, tags)
        return {"node": _node(found), "userErrors": []}

    return run


def _node(found: Person | Order) -> Obj:
    if isinstance(found, Person):
        return Obj("Customer", found)
    return Obj("Order", found.body, found)


# --- customers ----------------------------------------------------------------------------------


def _customer_update(c: Context, _: Obj, args: Args) -> Row:
    sent = args["input"]
    found = owner(c, str(sent.get("id")))
    if not isinstance(found, Person):
        return {"customer": None, "userErrors": [_error(["id"], "Customer does not exist")]}
    unknown = set(sent) - set(_FIELDS) - {"id", "tags", "metafields"}
    if unknown:
        raise GraphQLError(f"the sandbox cannot change {', '.join(sorted(unknown))}")
    inputs = [(found, one) for one in sent.get("metafields") or ()]
    done, errors = metafields.set_all(c.shop, c.installation, inputs)
    if done is None:
        plain = [_error(["input", *one["field"]], one["message"]) for one in errors]
        return {"customer": None, "userErrors": plain}
    values = {_FIELDS[key]: value for key, value in sent.items() if key in _FIELDS}
    try:
        if values:
            people.change(c.shop, found, values)
        if "tags" in sent:
            # The trap: these are all tags now, the merchant's own are gone.
            people.set_tags(c.shop, found, people.joined([], sent["tags"] or ()))
    except people.TagRefused as refused:
        return {"customer": None, "userErrors": [_error(["tags"], str(refused))]}
    except SandboxError as refused:
        return {"customer": None, "userErrors": [_error(["email"], str(refused))]}
    return {"customer": Obj("Customer", found), "userErrors": []}


# --- metafields ---------------------------------------------------------------------------------


def _owners(
    c: Context, inputs: Sequence[Row], field: str
) -> list[tuple[Person | Order | State | None, Row]]:
    for one in inputs:
        require_object(c, _kind(one["ownerId"]), field, "write")
    return [(owner(c, one["ownerId"]), one) for one in inputs]


def _metafields_set(c: Context, _: Obj, args: Args) -> Row:
    inputs = _owners(c, args["metafields"], "metafieldsSet")
    done, errors = metafields.set_all(c.shop, c.installation, inputs)
    shown = None if done is None else [Obj("Metafield", pair) for pair in done]
    return {"metafields": shown, "userErrors": errors}


def _metafields_delete(c: Context, _: Obj, args: Args) -> Row:
    inputs = _owners(c, args["metafields"], "metafieldsDelete")
    return {
        "deletedMetafields": metafields.delete_all(c.shop, c.installation, inputs),
        "userErrors": [],
    }


def _definition_create(c: Context, _: Obj, args: Args) -> Row:
    kind = {"CUSTOMER": "Customer", "ORDER": "Order"}.get(args["definition"]["ownerType"], "Shop")
    require_object(c, kind, "metafieldDefinitionCreate", "read")
    made, errors = metafields.define(c.shop, c.installation, args["definition"])
    shown = None if made is None else Obj("MetafieldDefinition", made)
    return {"createdDefinition": shown, "userErrors": errors}


# --- webhook subscriptions ------------------------------------------------------------------------


def _subscription_create(c: Context, _: Obj, args: Args) -> Row:
    topic, scope = TOPICS.get(args["topic"], (_guessed(args["topic"]), None))
    if scope is not None and not c.installation.may(scope):
        text = f"You do not have permission to create or update webhooks with {topic} topic."
        return _no_subscription(["webhookSubscription", "topic"], text)
    sent = args["webhookSubscription"]
    problem = _subscription_problem(sent, None)
    if problem is not None:
        return problem
    uri = sent.get("uri") or sent["callbackUrl"]
    try:
        made = webhooks.subscribe(
            c.shop,
            c.installation,
            topic,
            uri,
            include_fields=sent.get("includeFields") or (),
            name=sent.get("name"),
        )
    except SandboxError as refused:
        return _no_subscription(["webhookSubscription", "callbackUrl"], str(refused))
    return {"webhookSubscription": Obj("WebhookSubscription", made), "userErrors": []}


def _subscription_update(c: Context, _: Obj, args: Args) -> Row:
    found = _subscription(c, args["id"])
    if found is None:
        return _no_subscription(["id"], "Webhook subscription does not exist")
    sent = args["webhookSubscription"]
    problem = _subscription_problem(sent, found.uri)
    if problem is not None:
        return problem
    uri = sent.get("uri") or sent.get("callbackUrl") or found.uri
    if webhooks.taken(c.installation, found.topic, uri, but=found.id):
        path = ["webhookSubscription", "callbackUrl"]
        return _no_subscription(path, "Address for this topic has already been taken")
    found.uri, found.updated = uri, c.shop.now()
    found.name = sent.get("name", found.name)
    found.include_fields = list(sent.get("includeFields") or found.include_fields)
    return {"webhookSubscription": Obj("WebhookSubscription", found), "userErrors": []}


def _subscription_delete(c: Context, _: Obj, args: Args) -> Row:
    found = _subscription(c, args["id"])
    if found is None:
        errors = [_error(["id"], "Webhook subscription does not exist")]
        return {"deletedWebhookSubscriptionId": None, "userErrors": errors}
    del c.installation.subscriptions[found.id]
    return {
        "deletedWebhookSubscriptionId": gid("WebhookSubscription", found.id),
        "userErrors": [],
    }


def _subscription(c: Context, gid_text: str) -> Subscription | None:
    number = number_of(gid_text, "WebhookSubscription")
    return None if number is None else c.installation.subscriptions.get(number)


def _subscription_problem(sent: Row, uri: str | None) -> Row | None:
    unknown = {key for key, value in sent.items() if value not in (None, [])} - _SUBSCRIPTION_KEYS
    if unknown:
        raise GraphQLError(f"the sandbox has no webhooks with {', '.join(sorted(unknown))}")
    address = sent.get("uri") or sent.get("callbackUrl") or uri
    path = ["webhookSubscription", "callbackUrl"]
    if not address:
        return _no_subscription(path, "Address can't be blank")
    # Shopify wants https; on this machine there is none.
    if not re.match(r"https://[^/\s]+|http://(127\.0\.0\.1|localhost)[:/]", address):
        return _no_subscription(path, "Address is invalid")
    return None


def _no_subscription(field: Sequence[str], message: str) -> Row:
    return {"webhookSubscription": None, "userErrors": [_error(field, message)]}


def _guessed(topic: str) -> str:
    """Spell a topic that the sandbox never sends: it can be subscribed to all the same."""
    return "/".join(topic.lower().rsplit("_", 1))


# --- the app --------------------------------------------------------------------------------------


def _uninstall(c: Context, _: Obj, __: Args) -> Row:
    app = Obj("App", c.installation.app)
    uninstall(c.shop, c.installation)
    return {"app": app, "userErrors": []}


MUTATIONS: Fields = {
    "tagsAdd": _tags("tagsAdd", people.joined),
    "tagsRemove": _tags("tagsRemove", people.without),
    "customerUpdate": _customer_update,
    "metafieldsSet": _metafields_set,
    "metafieldsDelete": _metafields_delete,
    "metafieldDefinitionCreate": _definition_create,
    "webhookSubscriptionCreate": _subscription_create,
    "webhookSubscriptionUpdate": _subscription_update,
    "webhookSubscriptionDelete": _subscription_delete,
    "appUninstall": _uninstall,
}
