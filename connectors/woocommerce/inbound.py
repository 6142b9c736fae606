"""The edge's side: whose message is it, who signed it, is it a repeat. Pure functions over bytes."""

import html
import re
from collections.abc import Sequence

from connectors import signatures
from connectors.base import Delivery, Headers, Outcome
from connectors.woocommerce.normalise import normalise

# https://woocommerce.com/document/webhooks/ ; there is a delivery id too, but it is a hash of webhook and
# second: different orders share one, and a second sending of the same has another.
SIGNATURE = "X-WC-Webhook-Signature"
TOPIC = "X-WC-Webhook-Topic"

_MAX_TOPIC = 128
_MAX_PING = 64  # bytes
_PING = re.compile(rb"webhook_id=(\d{1,20})")
_MIN_STATEMENT = 512  # bytes; the smallest object has more, the longest id or hook fewer
# They announce something that happens again with the very same bytes: the second trashing, the second
# restoring, the approval of a review that had been approved before.
_SIGNAL_ENDS = (".deleted", ".restored")
_SIGNAL_BEGINS = ("action.", "product.")


class WooInbound:
    """WooCommerce's `Inbound` role."""

    def locate(self, headers: Headers) -> str | None:  # noqa: ARG002  # the contract's
        """Return None: the store's key is in the path, and no header proves anything."""
        return None

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> bool:
        """Say whether one of the secrets signed these bytes, once."""
        return signatures.signed_by_any(body, headers.all(SIGNATURE), _candidates(secrets))

    def topic(self, headers: Headers) -> str:
        """Return the topic header, "" if absent or doubled."""
        return (headers.text(TOPIC) or "")[:_MAX_TOPIC]

    def content_key(self, topic: str, body: bytes) -> bytes | None:
        """Return the body itself, None for what may be a signal."""
        topic = topic.lower()
        if topic.endswith(_SIGNAL_ENDS) or topic.startswith(_SIGNAL_BEGINS):
            return None
        return body if len(body) >= _MIN_STATEMENT else None

    def preflight(self, headers: Headers, body: bytes) -> str | None:
        """Recognise the unsigned ping that is sent while a webhook is being created."""
        if len(body) > _MAX_PING or headers.all(SIGNATURE):
            return None
        ping = _PING.fullmatch(body)
        return f"ping of webhook {ping[1].decode()}" if ping else None

    def normalise(self, delivery: Delivery) -> Outcome:
        """Turn a delivery into statements."""
        return normalise(delivery)


def _candidates(secrets: Sequence[bytes]) -> list[bytes]:
    # The store decodes HTML entities in the secret before it signs: a&amp;b signs as a&b.
    decoded = (
        html.unescape(secret.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        for secret in secrets
    )
    return list(dict.fromkeys((*secrets, *decoded)))
