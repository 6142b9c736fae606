"""The edge's side: whose message is it, who signed it, is it a repeat. Pure functions over bytes."""

from collections.abc import Sequence

from connectors import signatures
from connectors.base import Delivery, Headers, Outcome
from connectors.shopify.normalise import normalise
from connectors.shopify.topics import is_signal
from connectors.shopify.values import shop_domain

# https://shopify.dev/docs/apps/build/webhooks/verify-deliveries ; the second family is that of the
# next-generation events. Only the body is signed. No id is used: one action of the merchant's sends
# several topics under one event id, and nothing promises that a retry keeps its webhook id.
FAMILIES = ("X-Shopify-", "Shopify-")

_TOPIC, _SIGNATURE, _SHOP = "Topic", "Hmac-Sha256", "Shop-Domain"
_BEGINS = tuple(family.lower().encode() for family in FAMILIES)
_MAX_TOPIC = 128
_MIN_STATEMENT = 512  # bytes; the smallest object that states something has more


class ShopifyInbound:
    """Shopify's `Inbound` role."""

    def locate(self, headers: Headers) -> str | None:
        """Return the shop's permanent domain as the (unsigned) header names it."""
        return shop_domain(_text(headers, _SHOP))

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> bool:
        """Say whether one of the secrets signed these bytes, once, under headers of one family.

        With both families, one could name another shop or topic than the one that is looked at.
        """
        signed = signatures.signed_by_any(body, _all(headers, _SIGNATURE), secrets)
        single = all(len(_all(headers, name)) <= 1 for name in (_TOPIC, _SHOP))
        return signed and single and len(_families(headers)) == 1

    def topic(self, headers: Headers) -> str:
        """Return the topic header, "" if absent or doubled."""
        return (_text(headers, _TOPIC) or "")[:_MAX_TOPIC]

    def content_key(self, topic: str, body: bytes) -> bytes | None:
        """Return the body itself, None for what may be a signal."""
        return None if len(body) < _MIN_STATEMENT or is_signal(topic) else body

    def preflight(self, headers: Headers, body: bytes) -> str | None:  # noqa: ARG002  # the contract's
        """Return None: Shopify sends nothing unsigned."""
        return None

    def normalise(self, delivery: Delivery) -> Outcome:
        """Turn a delivery into statements."""
        return normalise(delivery)


def _families(headers: Headers) -> set[bytes]:
    return {begin for name, _ in headers for begin in _BEGINS if name.startswith(begin)}


def _all(headers: Headers, name: str) -> list[bytes]:
    return [value for family in FAMILIES for value in headers.all(family + name)]


def _text(headers: Headers, name: str) -> str | None:
    """Return the only value of a header in either family; None if absent or doubled."""
    if len(_all(headers, name)) != 1:
        return None
    return next(filter(None, (headers.text(family + name) for family in FAMILIES)), None)
