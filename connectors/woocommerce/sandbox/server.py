"""The sandbox on a real socket: HTTP/1.1 with keep-alive, one thread per connection.

Each answer leaves in one write with Nagle's algorithm off; two small writes cost 40 ms a call.
"""

import http.server
import socket
import struct
import sys
import threading
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.woocommerce.sandbox import control, phpjson, rest, rest_shop, storefront
from connectors.woocommerce.sandbox.errors import RestError, denied, no_route
from connectors.woocommerce.sandbox.faults import Fault
from connectors.woocommerce.sandbox.paging import cut
from connectors.woocommerce.sandbox.request import PREFIX, Answer, Request
from connectors.woocommerce.sandbox.shop import Sandbox

_HTML = "text/html; charset=UTF-8"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: closing sends RST instead of FIN


@dataclass
class Running:
    """A served sandbox."""

    sandbox: Sandbox
    url: str
    _server: "_Server"
    _threads: list[threading.Thread]

    def stop(self) -> None:
        """Stop serving and running the queue; connections that hang are let go."""
        self._server.stopping.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        for thread in self._threads:
            thread.join(timeout=5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(
    sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0, runner_every: float | None = None
) -> Running:
    """Serve a sandbox in threads; port 0 takes a free one.

    With `runner_every` (seconds) a background runner sends the queued webhooks, as WP-Cron would.
    """
    server = _Server((host, port), sandbox)
    url = f"http://{host}:{server.server_port}"
    if not sandbox.settings.home_url:
        sandbox.settings.home_url = url
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)]
    if runner_every is not None:
        threads.append(
            threading.Thread(target=_run_queue, args=(server, runner_every), daemon=True)
        )
    for thread in threads:
        thread.start()
    return Running(sandbox, url, server, threads)


def _run_queue(server: "_Server", every: float) -> None:
    while not server.stopping.wait(every):
        server.sandbox.run_queue()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End what keep-alive holds open."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already gone

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that hang up; let our own mistakes be seen."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Sandbox"
    wbufsize = -1  # collect, so that an answer is one write
    disable_nagle_algorithm = True
    server: _Server

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )
        self._respond(request)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - names the base class calls

    def _respond(self, request: Request) -> None:
        shop = self.server.sandbox
        if not request.path.startswith(PREFIX):
            self._send(_elsewhere(shop, request))
            return
        fault = shop.faults.take(request.method, request.path.removeprefix(PREFIX))
        if fault is None:
            self._send(rest.answer(shop, request))
            return
        self._fail(fault, request)

    def _fail(self, fault: Fault, request: Request) -> None:
        shop = self.server.sandbox
        with shop.lock:
            shop.calls[f"fault {fault.kind}"] += 1
        match fault.kind:
            case "reset_before":
                self._reset()
            case "reset_after":
                rest.answer(shop, request)
                self._reset()
            case "hang":
                self.server.stopping.wait(fault.seconds)
                self.close_connection = True
            case "half_body":
                self._send(rest.answer(shop, request), half=True)
            case "read_only":
                self._send(rest.answer(shop, request, rest.Rights(read_only=True)))
            case "no_rights":
                self._send(rest.answer(shop, request, rest.Rights(none=True)))
            case _:
                self._send(_failure(fault))

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()
        self.close_connection = True

    def _send(self, answer: Answer, *, half: bool = False) -> None:
        body = answer.text.encode() if answer.text is not None else phpjson.dumps(answer.body)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        self.wfile.flush()
        if half:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing: what matters is counted in `calls`."""


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
