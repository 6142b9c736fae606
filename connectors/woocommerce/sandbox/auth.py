"""Who asks: Basic and query keys on https, OAuth1 HMAC-SHA256 on both; all else is nobody."""

import base64
import binascii
import hashlib
import hmac
import time
from urllib.parse import quote

from connectors.woocommerce.sandbox.errors import RestError
from connectors.woocommerce.sandbox.request import Request
from connectors.woocommerce.sandbox.state import ApiKey, State

OAUTH_WINDOW = 15 * 60
_READS = {"GET", "HEAD", "OPTIONS"}


def authenticate(shop: State, request: Request) -> ApiKey | None:
    """Return the key behind a request, None for nobody; raises for a wrong secret."""
    # Keys are only looked at under the pretty address.
    if not request.path.startswith("/wp-json/wc/"):
        return None
    key = _basic(shop, request) if shop.settings.tls_in_front else None
    if key is None and request.param("oauth_consumer_key"):
        key = _oauth(shop, request)
    return key


def require(key: ApiKey | None, method: str, *, read_only: bool = False) -> None:
    """Refuse a key that may not read or write; with `read_only` no key may write."""
    if key is None:
        return
    needed = "read" if method in _READS else "write"
    permissions = "read" if read_only else key.permissions
    if permissions not in {needed, "read_write"}:
        raise _refused(f"The API key provided does not have {needed} permissions.")


def _refused(message: str) -> RestError:
    return RestError(401, "woocommerce_rest_authentication_error", message)


def _basic(shop: State, request: Request) -> ApiKey | None:
    sent = (request.param("consumer_key"), request.param("consumer_secret"))
    if sent[0] is None:
        header = request.headers.get("authorization", "")
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        sent = (name, secret)
    key = shop.keys.get(sent[0] or "")
    # An unknown key is nobody, a wrong secret is an error: the two look different.
    if key is None:
        return None
    if not hmac.compare_digest(key.secret.encode(), (sent[1] or "").encode()):
        raise _refused("Consumer secret is invalid.")
    return key


def _oauth(shop: State, request: Request) -> ApiKey:
    names = [
        "oauth_consumer_key",
        "oauth_timestamp",
        "oauth_nonce",
        "oauth_signature",
        "oauth_signature_method",
    ]
    params = {name: request.param(name) or "" for name in names}
    if missing := [name for name, value in params.items() if not value]:
        raise _refused(f"Missing OAuth parameter {', '.join(missing)}")
    key = shop.keys.get(params["oauth_consumer_key"])
    if key is None:
        raise _refused("Consumer key is invalid.")
    if params["oauth_signature_method"] not in {"HMAC-SHA256", "HMAC-SHA1"}:
        raise _refused("Invalid signature - signature method is invalid.")
    expected = signature(request, key.secret, params["oauth_signature_method"])
    if not hmac.compare_digest(expected.encode(), params["oauth_signature"].encode()):
        raise _refused("Invalid signature - provided signature does not match.")
    # The computer's own clock: the client signs with it too, whatever time a test plays.
    if not params["oauth_timestamp"].isdigit() or (
        abs(time.time() - int(params["oauth_timestamp"])) > OAUTH_WINDOW
    ):
        raise _refused("Invalid timestamp.")
    seen = (key.key, params["oauth_nonce"])
    if seen in shop.nonces:
        raise _refused("Invalid nonce - nonce has already been used.")
    shop.nonces.append(seen)
    return key


def signature(request: Request, secret: str, method: str = "HMAC-SHA256") -> str:
    """Compute the OAuth1 signature that WooCommerce expects: parameters are escaped twice."""
    params = {key: value for key, value in request.query if key != "oauth_signature"}
    pairs = (f"{_escaped(key)}%3D{_escaped(params[key])}" for key in sorted(params))
    scheme = "https" if request.headers.get("x-forwarded-proto") == "https" else "http"
    url = f"{scheme}://{request.headers.get('host', '')}{request.path}"
    base = f"{request.method}&{quote(url, safe='')}&{'%26'.join(pairs)}"
    digest = hashlib.sha256 if method == "HMAC-SHA256" else hashlib.sha1
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), base.encode(), digest)).decode()


def _escaped(text: str) -> str:
    return quote(text, safe="-_.~").replace("%", "%25")
