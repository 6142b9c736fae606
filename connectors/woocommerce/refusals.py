"""What an answer means that is not the JSON we asked for, in words for the merchant.

One table of status and code → Passing, Invalid or Blocked, beside the general one of
`connectors.http`. Messages name the error's code only: its text can hold an e-mail.
"""

import re
from urllib.parse import urlsplit

from app.errors import Blocked, Invalid, Passing
from connectors.http import Answer, raise_for_answer, retry_after
from connectors.woocommerce import payloads

_CODE = re.compile(r"[A-Za-z0-9_-]{1,80}")

_NEW_KEY = "Make a new key under WooCommerce > Settings > Advanced > REST API"
_UNKNOWN_KEY_TLS = (
    f"the key is unknown or revoked ({_NEW_KEY}), or WordPress does not see the request as secure: "
    "if a proxy ends TLS, make it send X-Forwarded-Proto and let WordPress obey it; if the web server "
    "drops the Authorization header, let it pass"
)
_UNKNOWN_KEY_PLAIN = (
    f"the key is unknown or revoked ({_NEW_KEY}). If the shop has https, give its https address"
)


def error_code(answer: Answer) -> str | None:
    """Return the REST error code of an answer, None if its body is no error object."""
    try:
        code = str(payloads.decode(answer.body, payloads.RestError, "the answer").code)
    except Invalid:
        return None
    return code if _CODE.fullmatch(code) else None


def raise_for_refusal(answer: Answer, url: str, *, writing: bool) -> None:
    """Raise what any answer but a 2xx with JSON means; `url` is the shop's, for scheme and host."""
    parts = urlsplit(url)
    shop = f"The shop {parts.hostname}"
    code = error_code(answer)
    said = f"HTTP {answer.status}" + (f", {code}" if code else "")
    match answer.status:
        case status if 200 <= status < 300:
            if not _is_json(answer):
                raise Passing(
                    f"{shop} answered with a page instead of JSON: a cache, a firewall or an error page "
                    "stands before WooCommerce's REST API."
                )
        case status if 300 <= status < 400:
            raise Blocked(f"{shop} {_redirect(answer, url)}")
        case 401 | 403:
            raise Blocked(
                f"{shop} {_forbidden(answer.status, code, parts.scheme, writing)} ({said})."
            )
        case 404 | 410 if code in {None, "rest_no_route"}:
            raise Blocked(
                f"{shop} has no WooCommerce REST API at this address ({said}): is WooCommerce active, "
                "is the address right, and are pretty permalinks on (Settings > Permalinks, anything "
                "but Plain)?"
            )
        case 404 | 410:
            raise Invalid(f"{shop} does not know what it was asked about ({said}).")
        case 503 if code is None:
            raise Passing(
                f"{shop} is in maintenance or overloaded ({said}).", retry_after=retry_after(answer)
            )
        case status if status in {408, 425, 429} or status >= 500:
            raise_for_answer(answer, shop)
        case _:
            raise Invalid(f"{shop} does not accept the request ({said}).")


def _forbidden(status: int, code: str | None, scheme: str, writing: bool) -> str:
    if code is None:
        return (
            "refuses us before WooCommerce is asked: a password on the site or a firewall. Let "
            "Stempel's address through to /wp-json/"
        )
    if status == 403:
        return (
            "forbids it: the WordPress user of the API key lacks the right. Give that user the role "
            "shop manager, or make the key for another user"
        )
    return f"does not accept the API key: {_key(code, scheme, writing)}"


def _is_json(answer: Answer) -> bool:
    try:
        payloads.keys_of(answer.body, "the answer")
    except Invalid:
        return False
    return True


def _key(code: str, scheme: str, writing: bool) -> str:
    if code == "woocommerce_rest_authentication_error":
        if writing:
            return f"its secret is wrong, or it may only read. {_NEW_KEY}, with Read/Write"
        return f"its secret is wrong. {_NEW_KEY}"
    return _UNKNOWN_KEY_TLS if scheme == "https" else _UNKNOWN_KEY_PLAIN


def _redirect(answer: Answer, url: str) -> str:
    """Say where a redirect leads, without its path or query."""
    asked = urlsplit(url)
    try:
        target = urlsplit(answer.headers.get("location", ""))
        host, scheme = target.hostname or asked.hostname, target.scheme or asked.scheme
    except ValueError:
        host, scheme = None, ""
    if host == asked.hostname and scheme == asked.scheme:
        return (
            "redirects its REST API to itself: plain permalinks are on. Choose any other kind under "
            "Settings > Permalinks."
        )
    if host == asked.hostname and scheme == "https":
        return "answers at https only: change the store's address to https://."
    return "redirects to another address: change the store's address to the one it has now."
