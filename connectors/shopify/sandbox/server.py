"""The sandbox as a server: which request goes to which shop and which fault it meets there.

A shop answers under its domain as the first part of the path: /kawa.myshopify.com/admin/… .
"""

from functools import partial

from connectors.sandbox import server
from connectors.sandbox.faults import NETWORK
from connectors.sandbox.request import Answer
from connectors.shopify.sandbox import admin, control, page
from connectors.shopify.sandbox.request import Request
from connectors.shopify.sandbox.shop import Shop
from connectors.shopify.sandbox.shops import Sandbox


class Running(server.Running[Sandbox]):
    """A served sandbox."""

    @property
    def origin(self) -> str:
        """Return what SHOPIFY_ORIGIN must be for a client to find the shops here."""
        return f"{self.url}/{{shop}}"


def serve(
    sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, runner_every: float | None = None
) -> Running:
    """Serve a sandbox in threads; port 0 takes a free one.

    With `runner_every` (seconds) a background runner sends the deliveries that are due.
    """
    platform = server.Platform(Request, partial(_taken, sandbox), control.dumps)
    return Running(sandbox, platform, host, port).start(runner_every)


def _taken(sandbox: Sandbox, request: Request) -> server.Call:
    domain, _, rest = request.path.lstrip("/").partition("/")
    shop, path = sandbox.shops.get(domain), f"/{rest}"
    if shop is None or not path.startswith(f"{admin.PREFIX}/"):
        return server.Call(partial(_elsewhere, sandbox, shop, request, path))
    path = path.removeprefix(admin.PREFIX)
    fault = shop.faults.take(path, admin.operation_name(request))
    if fault is None:
        return server.Call(partial(admin.answer, shop, request, path))
    with shop.lock:
        shop.calls[f"fault {fault.kind}"] += 1
    if fault.kind in NETWORK:
        return server.Call(partial(admin.answer, shop, request, path), fault)
    if fault.kind == "denied":
        return server.Call(partial(admin.answer, shop, request, path, denied=True))
    return server.Call(partial(admin.failure, shop, fault, request))


def _elsewhere(sandbox: Sandbox, shop: Shop | None, request: Request, path: str) -> Answer:
    """Answer what is not the API of a shop: our control desk, and the page to look at."""
    html = "text/html; charset=utf-8"
    try:
        if shop is None and request.path.startswith(control.PREFIX):
            return control.platform(sandbox, request, request.path.removeprefix(control.PREFIX))
        if shop is not None and path.startswith(control.PREFIX):
            return control.answer(shop, request, path.removeprefix(control.PREFIX))
    except control.Refused as refused:
        return Answer(400, {"error": str(refused)})
    if shop is not None and path == "/":
        return Answer(200, text=page.shop(shop), content_type=html)
    if request.path == "/":
        return Answer(200, text=page.index(sandbox.shops), content_type=html)
    return Answer(404, {"errors": "Not Found"})
