"""The app's own life in a shop: uninstalled, other permissions, and what the law asks of it.

Requests about personal data are kept and shown; a person acts on them. They name ids only, never an
e-mail. Shape and topic must both say so: a header alone must not make one request into another.
"""

from collections.abc import Collection

import msgspec

from connectors.base import Closed, Ignored, NeedsRead, Observed, Origin, Outcome, Ref
from connectors.shopify import topics, values
from connectors.shopify.payloads import Identified, decode
from connectors.shopify.values import Id
from connectors.shopify.version import NEEDED_SCOPES

INSTALLATION = Ref("installation", "self")
CLOSED = (
    "Stempel's app was uninstalled in the shop, or the shop refuses its credentials. Install it there "
    "again, then repeat `stempel store add` with --key and --register: its webhooks went with it. Points "
    "and history are kept."
)
_COMPLIANCE = frozenset({topics.DATA_REQUEST, topics.CUSTOMER_REDACT})


class _Shop(msgspec.Struct):
    id: Id
    myshopify_domain: str | None = None


class _Scopes(msgspec.Struct):
    current: list[str]
    shop_id: str | None = None


class _Request(msgspec.Struct):
    shop_id: Id
    shop_domain: str
    customer: Identified | None = None
    orders_requested: list[Id] | msgspec.UnsetType | None = msgspec.UNSET
    orders_to_redact: list[Id] | None = None
    data_request: Identified | None = None


def shop(topic: str, body: bytes) -> Outcome:
    """Return what a shop's own record says: under one topic, that our app is no longer there."""
    if topic.lower() != topics.UNINSTALLED:
        return Ignored(f"{topic}: {topics.why_ignored(topic)}")
    found = decode(body, _Shop, topic)
    origin = Origin(
        ref=values.shop_domain(found.myshopify_domain), shop_id=values.identifier(found.id, "id")
    )
    # After a quick new installation the old message may still be on its way: ask first.
    reason = f"{topic}: whether the app is gone, the shop will say"
    return NeedsRead((INSTALLATION,), reason, origin, otherwise=Closed(CLOSED, origin))


def scopes(topic: str, body: bytes) -> Outcome:
    """Return what changed permissions mean for us."""
    found = decode(body, _Scopes, topic)
    named = values.gid_of(found.shop_id)
    origin = Origin(shop_id=named[1]) if named and named[0] == "Shop" else None
    return Observed((), permissions(found.current), origin)


def permissions(granted: Collection[str]) -> str:
    """Say whether the app may do what it needs. A write permission includes its read."""
    missing = [
        scope
        for scope in NEEDED_SCOPES
        if scope not in granted and scope.replace("read_", "write_", 1) not in granted
    ]
    if not missing:
        return "The app has every permission it needs."
    return f"The app now lacks the permissions {', '.join(missing)}: grant them in the shop again."


def privacy(topic: str, body: bytes) -> Outcome:
    """Return what a request about personal data says; the list it carries tells which one it is."""
    found = decode(body, _Request, topic)
    origin = Origin(
        ref=values.shop_domain(found.shop_domain),
        shop_id=values.identifier(found.shop_id, "shop_id"),
    )
    if topic.lower() not in _COMPLIANCE:
        return Ignored(f"{topic}: the body of a request about personal data under another topic")
    customer = found.customer and values.optional_identifier(found.customer.id, "customer.id")
    whom = f"customer {customer}" if customer else "a customer without an id"
    if found.orders_requested is not msgspec.UNSET:
        number = found.data_request and values.optional_identifier(
            found.data_request.id, "data_request.id"
        )
        what = f"Data request {number or 'without a number'}: {whom}"
        asked, act = found.orders_requested or [], "Give the shop what is stored, within 30 days."
    else:
        what = f"Erasure request: {whom}"
        asked, act = found.orders_to_redact or [], "Erase the person, within 30 days."
    return Observed((), f"{what}{_orders(asked)}. {act}", origin)


def shop_redact(topic: str, body: bytes) -> Outcome:
    """Return what the request to forget a whole shop says."""
    found = decode(body, _Request, topic)
    if topic.lower() != topics.SHOP_REDACT:
        return Ignored(f"{topic}: the body of a request about a shop under another topic")
    shop_id = values.identifier(found.shop_id, "shop_id")
    origin = Origin(ref=values.shop_domain(found.shop_domain), shop_id=shop_id)
    note = f"Erasure request for the whole shop {shop_id}. Erase its data, within 30 days."
    return Observed((), note, origin)


def _orders(numbers: list[Id]) -> str:
    known = [values.identifier(number, "orders") for number in numbers[:20]]
    if not known:
        return ""
    more = f" and {len(numbers) - len(known)} more" if len(numbers) > len(known) else ""
    return f", orders {', '.join(known)}{more}"
