"""The REST API: which handler answers a request, with which rights, headers and counters."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connectors.woocommerce.sandbox import auth, paging, webhooks
from connectors.woocommerce.sandbox.errors import RestError, denied, no_route
from connectors.woocommerce.sandbox.request import PREFIX, Answer, Request
from connectors.woocommerce.sandbox.routes import ROUTES, Call
from connectors.woocommerce.sandbox.state import ApiKey, Row, State

_COMMON = {
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
    "Access-Control-Allow-Headers": (
        "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type"
    ),
}
NO_CACHE = {
    "Expires": "Wed, 11 Jan 1984 05:00:00 GMT",
    "Cache-Control": "no-cache, must-revalidate, max-age=0, no-store, private",
}


@dataclass(frozen=True)
class Rights:
    """What a fault takes away from the key for one call."""

    read_only: bool = False
    none: bool = False


@dataclass
class Matched:
    """A route that fits, with what stood in its path."""

    template: str
    methods: Mapping[str, tuple[str, Callable[[Call], Answer]]]
    ids: dict[str, int] = field(default_factory=dict)


def answer(shop: State, request: Request, rights: Rights | None = None) -> Answer:
    """Answer one API request. Takes the lock for the work, never for the ping of a new webhook."""
    made: list[Row] = []
    with shop.lock:
        result = (
            _moved(shop, request)
            if shop.settings.plain_permalinks
            else _answer(shop, request, rights or Rights(), made)
        )
    for row in made:
        webhooks.ping(shop, row)
    return result


def _answer(shop: State, request: Request, rights: Rights, made: list[Row]) -> Answer:
    key: ApiKey | None = None
    found: Matched | None = None
    try:
        key = auth.authenticate(shop, request)
        auth.require(key, request.method, read_only=rights.read_only)
        found = match(request.path, request.method)
        result = _handle(Call(shop, request, found.ids, request.json(), made), found, key, rights)
        result.body = paging.cut(request, result.body)
    except RestError as error:
        result = Answer(error.status, error.body)
    caching = NO_CACHE if key else {"Vary": "Origin"}
    allow = _allow(shop, found, key, rights)
    result.headers = {**common_headers(shop), **result.headers, **allow, **caching}
    return result


def _handle(call: Call, found: Matched, key: ApiKey | None, rights: Rights) -> Answer:
    act, handler = found.methods[call.request.method]
    call.shop.calls[f"{call.request.method} {found.template}"] += 1
    if key is None or not key.rights or rights.none:
        raise denied(act, 401 if key is None else 403)
    return handler(call)


def common_headers(shop: State) -> dict[str, str]:
    """Return what stands on every answer; a list with pages replaces the Link."""
    return {**_COMMON, "Link": f'<{shop.settings.home_url}/wp-json/>; rel="https://api.w.org/"'}


def _allow(
    shop: State, found: Matched | None, key: ApiKey | None, rights: Rights
) -> dict[str, str]:
    """Return what the key may do at this address, asked after the work is done."""
    if found is None or key is None or not key.rights or rights.none:
        return {}
    # The right to a customer is checked on the customer, so it ends with him.
    if found.template == "/customers/{id}" and found.ids["id"] not in shop.tables.customers:
        return {}
    order = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return {"Allow": ", ".join(name for name in order if name in found.methods)}


def match(path: str, method: str) -> Matched:
    """Find the route of a path; raises 404 where there is none, or none for this method."""
    rest = path.removeprefix(PREFIX).rstrip("/") if path.startswith(PREFIX) else path.rstrip("/")
    for template, methods in ROUTES.items():
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>\\d+)", template)
        fits = re.fullmatch(pattern, rest)
        if fits and method in methods:
            return Matched(template, methods, {k: int(v) for k, v in fits.groupdict().items()})
    raise no_route()


def _moved(shop: State, request: Request) -> Answer:
    """With plain permalinks nothing is routed: a redirect to itself plus a slash comes back."""
    query = "&".join(f"{html.escape(key)}={html.escape(value)}" for key, value in request.query)
    location = f"{shop.settings.home_url}{request.path.rstrip('/')}/" + (
        f"?{query}" if query else ""
    )
    return Answer(
        301,
        headers={"Location": location, "X-Redirect-By": "WordPress", **NO_CACHE},
        text="",
        content_type="text/html; charset=UTF-8",
    )
