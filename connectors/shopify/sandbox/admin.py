"""What answers under /admin of a shop: the GraphQL API and the token endpoints."""

import re
from dataclasses import replace

from connectors.sandbox.request import Answer
from connectors.shopify.sandbox import execute, tokens
from connectors.shopify.sandbox.faults import Fault
from connectors.shopify.sandbox.request import Request
from connectors.shopify.sandbox.shop import Shop

PREFIX = "/admin"
_GRAPHQL = re.compile(r"/api/([^/]+)/graphql\.json")
_HTML = "text/html; charset=utf-8"
_UNKNOWN_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105 - a sentence
_STATUSES = {
    "401": (401, _UNKNOWN_TOKEN),
    "402": (402, "Payment Required"),
    "403": (403, "Forbidden"),
    "404": (404, "Not Found"),
    "423": (423, "Locked"),
}


def operation_name(request: Request) -> str | None:
    """Return the name of the operation that a request carries, for faults to be met by it."""
    try:
        return execute.name_of(request.json())
    except ValueError:
        return None


def answer(shop: Shop, request: Request, path: str, *, denied: bool = False) -> Answer:
    """Answer a request to a path after /admin; with `denied` as if the app had just lost all scopes."""
    if path == "/oauth/access_token" and request.method == "POST":
        return _token(shop, request)
    if path == "/oauth/authorize" and request.method == "GET":
        return _authorize(shop, request)
    found = _GRAPHQL.fullmatch(path)
    if found is None or request.method != "POST" or found[1] not in shop.settings.versions:
        return Answer(404, {"errors": "Not Found"})
    with shop.lock:
        installation = tokens.find(shop, request.headers.get("x-shopify-access-token"))
        if installation is None:
            return Answer(401, {"errors": _UNKNOWN_TOKEN})
        try:
            sent = request.json()
        except ValueError:
            return Answer(400, {"errors": {"query": "Required parameter missing or invalid"}})
        if denied:
            installation = replace(installation, scopes=())
        body = execute.run(shop, installation, sent)
    return Answer(200, body, {"X-Shopify-API-Version": found[1]})


def _token(shop: Shop, request: Request) -> Answer:
    with shop.lock:
        try:
            sent = request.form()
            shop.calls[f"token {sent.get('grant_type') or 'authorization_code'}"] += 1
            return Answer(200, tokens.grant(shop, sent))
        except ValueError:
            return Answer(400, {"error": "invalid_request", "error_description": "no JSON"})
        except tokens.Denied as denied:
            told = {"error": denied.code, "error_description": denied.description}
            return Answer(denied.status, told)


def _authorize(shop: Shop, request: Request) -> Answer:
    with shop.lock:
        try:
            return Answer(302, {}, {"Location": tokens.authorize(shop, dict(request.query))})
        except tokens.Denied as denied:
            return Answer(denied.status, text=denied.description, content_type=_HTML)


def failure(shop: Shop, fault: Fault, request: Request) -> Answer:
    """Answer as Shopify in trouble, or what stands in front of it."""
    if fault.kind in _STATUSES:
        status, sentence = _STATUSES[fault.kind]
        return Answer(status, {"errors": sentence})
    match fault.kind:
        case "429":
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            if fault.html:
                text = "<html><body><h1>429 Too Many Requests</h1></body></html>"
                return Answer(429, headers=headers, text=text, content_type=_HTML)
            sentence = "Exceeded 2 calls per second for api client. Slow down or contact support."
            return Answer(429, {"errors": sentence}, headers)
        case "html":
            text = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"
            return Answer(503, headers={}, text=text, content_type=_HTML)
        case "internal_error":
            return Answer(200, execute.internal_error())
        case "throttled":
            with shop.lock:
                token = request.headers.get("x-shopify-access-token")
                installation = tokens.find(shop, token)
                if installation is None:
                    return Answer(401, {"errors": _UNKNOWN_TOKEN})
                return Answer(200, execute.throttled(shop, installation, 10))
    return Answer(500, {"errors": "Internal Server Error"})
