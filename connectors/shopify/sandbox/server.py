"""The sandbox on a real socket: HTTP/1.1 with keep-alive, one thread per connection.

A shop answers under its domain as the first part of the path: /kawa.myshopify.com/admin/… . Each answer
leaves in one write with Nagle's algorithm off; two small writes cost 40 ms a call.
"""

import http.server
import socket
import struct
import sys
import threading
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.shopify.sandbox import admin, control, page
from connectors.shopify.sandbox.faults import Fault
from connectors.shopify.sandbox.request import Answer, Request
from connectors.shopify.sandbox.shop import Shop
from connectors.shopify.sandbox.shops import Sandbox

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: closing sends RST instead of FIN


@dataclass
class Running:
    """A served sandbox."""

    sandbox: Sandbox
    url: str
    _server: "_Server"
    _threads: list[threading.Thread]

    @property
    def origin(self) -> str:
        """Return what SHOPIFY_ORIGIN must be for a client to find the shops here."""
        return f"{self.url}/{{shop}}"

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

    With `runner_every` (seconds) a background runner sends the deliveries that are due.
    """
    server = _Server((host, port), sandbox)
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)]
    if runner_every is not None:
        threads.append(
            threading.Thread(target=_run_queue, args=(server, runner_every), daemon=True)
        )
    for thread in threads:
        thread.start()
    return Running(sandbox, f"http://{host}:{server.server_port}", server, threads)


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
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )
        self._respond(request)

    do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - names the base class calls

    def _respond(self, request: Request) -> None:
        sandbox = self.server.sandbox
        domain, _, rest = request.path.lstrip("/").partition("/")
        shop, path = sandbox.shops.get(domain), f"/{rest}"
        if shop is None or not path.startswith(f"{admin.PREFIX}/"):
            self._send(_elsewhere(sandbox, shop, request, path))
            return
        path = path.removeprefix(admin.PREFIX)
        fault = shop.faults.take(path, admin.operation_name(request))
        if fault is None:
            self._send(admin.answer(shop, request, path))
            return
        self._fail(shop, fault, request, path)

    def _fail(self, shop: Shop, fault: Fault, request: Request, path: str) -> None:
        with shop.lock:
            shop.calls[f"fault {fault.kind}"] += 1
        match fault.kind:
            case "reset_before":
                self._reset()
            case "reset_after":
                admin.answer(shop, request, path)
                self._reset()
            case "hang":
                self.server.stopping.wait(fault.seconds)
                self.close_connection = True
            case "half_body":
                self._send(admin.answer(shop, request, path), half=True)
            case _:
                self._send(admin.failure(shop, fault, request))

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()
        self.close_connection = True

    def _send(self, answer: Answer, *, half: bool = False) -> None:
        body = answer.text.encode() if answer.text is not None else control.dumps(answer.body)
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
