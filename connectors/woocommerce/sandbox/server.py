"""The sandbox as a server: which request is the API's and which fault it meets."""

from functools import partial

from connectors.sandbox import server
from connectors.sandbox.faults import NETWORK
from connectors.woocommerce.sandbox import control, phpjson, rest, rest_shop, storefront
from connectors.woocommerce.sandbox.errors import RestError, denied, no_route
from connectors.woocommerce.sandbox.faults import Fault
from connectors.woocommerce.sandbox.paging import cut
from connectors.woocommerce.sandbox.request import PREFIX, Answer, Request
from connectors.woocommerce.sandbox.shop import Sandbox

_HTML = "text/html; charset=UTF-8"


class Running(server.Running[Sandbox]):
    """A served shop."""


def serve(
    sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, runner_every: float | None = None
) -> Running:
    """Serve a sandbox in threads; port 0 takes a free one.

    With `runner_every` (seconds) a background runner sends the queued webhooks, as WP-Cron would.
    """
    platform = server.Platform(Request, partial(_taken, sandbox), phpjson.dumps)
    running = Running(sandbox, platform, host, port)
    if not sandbox.settings.home_url:
        sandbox.settings.home_url = running.url
    return running.start(runner_every)


def _taken(shop: Sandbox, request: Request) -> server.Call:
    if not request.path.startswith(PREFIX):
        return server.Call(partial(_elsewhere, shop, request))
    fault = shop.faults.take(request.method, request.path.removeprefix(PREFIX))
    if fault is None:
        return server.Call(partial(rest.answer, shop, request))
    with shop.lock:
        shop.calls[f"fault {fault.kind}"] += 1
    if fault.kind in NETWORK:
        return server.Call(partial(rest.answer, shop, request), fault)
    return server.Call(partial(_troubled, shop, request, fault))


def _troubled(shop: Sandbox, request: Request, fault: Fault) -> Answer:
    match fault.kind:
        case "read_only":
            return rest.answer(shop, request, rest.Rights(read_only=True))
        case "no_rights":
            return rest.answer(shop, request, rest.Rights(none=True))
    return _failure(fault)


def _elsewhere(shop: Sandbox, request: Request) -> Answer:
    """Answer what is not the wc/v3 API: our control desk, the index, the storefront."""
    headers: dict[str, str] = {}
    try:
        if request.path.startswith(control.PREFIX):
            return control.answer(shop, request)
        if request.path.rstrip("/") == "/wp-json":
            with shop.lock:
                return Answer(200, cut(request, rest_shop.index(shop)))
        if request.param("rest_route"):
            headers = {**rest.common_headers(shop), "Vary": "Origin"}
            # WooCommerce looks at keys only where the path itself says wp-json/wc/.
            raise denied("list", 401)
        if request.path == "/":
            return Answer(200, text=storefront.page(shop), content_type=_HTML)
        raise no_route()
    except RestError as error:
        return Answer(error.status, error.body, headers)


def _failure(fault: Fault) -> Answer:
    """Answer as hosts do, which is often not JSON."""
    if fault.kind == "429":
        headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
        if fault.html:
            text = "<html><body><h1>429 Too Many Requests</h1></body></html>"
            return Answer(429, headers=headers, text=text, content_type=_HTML)
        body = {"code": "too_many_requests", "message": "Slow down.", "data": {"status": 429}}
        return Answer(429, body, headers)
    if fault.kind == "maintenance":
        text = (
            "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Briefly "
            "unavailable for scheduled maintenance. Check back in a minute.</body></html>"
        )
        return Answer(
            503, headers={"Retry-After": "600", **rest.NO_CACHE}, text=text, content_type=_HTML
        )
    text = "<p>There has been a critical error on this website.</p>"
    return Answer(500, text=text, content_type=_HTML)
