"""HMAC signatures over raw bytes, compared in constant time. One helper for every platform."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence

_NO_SECRET = b"no secret is configured; this value signs nothing"


def hmac_sha256_base64(body: bytes, secret: bytes) -> bytes:
    """Return base64(HMAC-SHA256(secret, body)), as Shopify and WooCommerce send it."""
    return base64.b64encode(hmac.digest(secret, body, hashlib.sha256))


def signed_by_any(
    body: bytes,
    signature: Sequence[bytes],
    secrets: Sequence[bytes],
    sign: Callable[[bytes, bytes], bytes] = hmac_sha256_base64,
) -> bool:
    """Say whether exactly one signature was sent and one of the secrets made it.

    `sign` returns what the platform sends for a body and a secret. Always computes at least one HMAC and
    compares with every secret, so that an unknown store, a wrong secret and a missing header take the
    same time. Empty secrets sign nothing.
    """
    sent = signature[0] if len(signature) == 1 else b""
    usable = [secret for secret in secrets if secret]
    found = False
    for secret in usable or [_NO_SECRET]:
        expected = sign(body, secret)
        found |= hmac.compare_digest(expected, sent)
    return found and bool(usable) and len(signature) == 1
