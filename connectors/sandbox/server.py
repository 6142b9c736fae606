"""A sandbox on a real socket: HTTP/1.1 with keep-alive, one thread per connection.

Each answer leaves in one write with Nagle's algorithm off; two small writes cost 40 ms a call.
"""

import http.server
import socket
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.sandbox.faults import Fault
from connectors.sandbox.request import Answer, Request

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 seconds: closing sends RST instead of FIN

_PAGE = "<!DOCTYPE html><html><body><h1>Just a moment...</h1></body></html>"


class Sending(Protocol):
    """A sandbox, as far as its server knows it."""

    def run_queue(self) -> object:
        """Send the webhooks that are due."""


AnySandbox = TypeVar("AnySandbox", bound=Sending)
AnyRequest = TypeVar("AnyRequest", bound=Request)


@dataclass(frozen=True)
class Call:
    """What a request does, and which of `faults.NETWORK` spoils it.

    The platform's own faults are in what `act` answers.
    """

    act: Callable[[], Answer]
    fault: Fault | None = None


@dataclass(frozen=True)
class Platform(Generic[AnyRequest]):
    """How a platform takes requests and writes its JSON."""

    request: type[AnyRequest]
    take: Callable[[AnyRequest], Call]
    dumps: Callable[[Any], bytes]


class Running(Generic[AnySandbox]):
    """A served sandbox: its address is known at once, it answers after `start`."""

    def __init__(
        self, sandbox: AnySandbox, platform: Platform[AnyRequest], host: str, port: int
    ) -> None:
        self.sandbox = sandbox
        self._server = _Server((host, port), platform)
        self.url = f"http://{host}:{self._server.server_port}"
        self._threads: list[threading.Thread] = []

    def start(self, runner_every: float | None = None) -> Self:
        """Serve in threads; with `runner_every` (seconds) one of them sends what is due."""
        serving = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._threads.append(serving)
        if runner_every is not None:
            self._threads.append(
                threading.Thread(target=self._run_queue, args=(runner_every,), daemon=True)
            )
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and running the queue; connections that hang are let go."""
        self._server.stopping.set()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _run_queue(self, every: float) -> None:
        while not self._server.stopping.wait(every):
            self.sandbox.run_queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], platform: Platform[Any]) -> None:
        self.platform = platform
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
        platform = self.server.platform
        request = platform.request(
            method=self.command,
            path=unquote(parts.path),
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length) if length else b"",
        )
        self._respond(platform.take(request))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - names the base class calls

    def _respond(self, call: Call) -> None:
        match call.fault:
            case Fault(kind="reset_before"):
                self._reset()
            case Fault(kind="reset_after"):
                call.act()
                self._reset()
            case Fault(kind="hang"):
                self.server.stopping.wait(call.fault.seconds)
                self.close_connection = True
            case Fault(kind="wrong_json"):
                call.act()
                self._send(Answer(200, {"status": "ok", "result": []}))
            case Fault(kind="wrong_page"):
                call.act()
                self._send(Answer(200, text=_PAGE, content_type="text/html; charset=utf-8"))
            case Fault(kind="half_body"):
                self._send(call.act(), half=True)
            case _:
                self._send(call.act())

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()
        self.close_connection = True

    def _send(self, answer: Answer, *, half: bool = False) -> None:
        dumps = self.server.platform.dumps
        body = answer.text.encode() if answer.text is not None else dumps(answer.body)
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
