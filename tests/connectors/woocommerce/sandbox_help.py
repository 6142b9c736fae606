"""What the sandbox's tests share: a client, a receiver of webhooks, captured files."""

import base64
import http.client
import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from connectors.woocommerce.sandbox import KEY, SECRET, Running, Sandbox, Settings, serve

PAYLOADS = Path(__file__).parent / "payloads"
REST = PAYLOADS / "rest"
API = "/wp-json/wc/v3"


@dataclass
class Got:
    """One answer of the sandbox."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


def basic(key: str = KEY, secret: str = SECRET) -> dict[str, str]:
    pair = base64.b64encode(f"{key}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


class Client:
    """A kept-alive connection that sends Basic keys, as to a shop behind a TLS proxy."""

    def __init__(self, running: Running, headers: dict[str, str] | None = None) -> None:
        parts = urlsplit(running.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        self._headers = basic() if headers is None else headers

    def call(self, method: str, path: str, sent: Any = None, *, raw: bytes | None = None) -> Got:
        body = raw if raw is not None else None if sent is None else json.dumps(sent).encode()
        full = (
            path if path.startswith(("/wp-json", "/?", "/_sandbox")) or path == "/" else API + path
        )
        self._connection.request(method, full, body, self._headers)
        answer = self._connection.getresponse()
        return Got(answer.status, dict(answer.getheaders()), answer.read())

    def close(self) -> None:
        self._connection.close()


@dataclass
class Heard:
    """One POST that the receiver got."""

    path: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def topic(self) -> str:
        return dict(self.headers).get("X-WC-Webhook-Topic", "ping")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """A webhook target that answers with `status` (or the next of `statuses`) and remembers."""

    status: int = 200
    statuses: list[int] = field(default_factory=list)
    location: str | None = None
    delay: float = 0.0
    heard: list[Heard] = field(default_factory=list)
    url: str = ""

    def __enter__(self) -> Self:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.heard.append(Heard(self.path, list(self.headers.items()), body))
                time.sleep(receiver.delay)
                self.send_response(
                    receiver.statuses.pop(0) if receiver.statuses else receiver.status
                )
                if receiver.location:
                    self.send_header("Location", receiver.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def topics(self) -> list[str]:
        return [one.topic for one in self.heard]


@dataclass
class World:
    """A served shop with two products, and the time in it."""

    shop: Sandbox
    running: Running
    client: Client
    now: list[datetime]

    def call(self, method: str, path: str, sent: Any = None) -> Got:
        return self.client.call(method, path, sent)

    def ids(self, path: str) -> list[int]:
        return [item["id"] for item in self.call("GET", path).body]

    def order(self, **values: Any) -> int:
        return int(self.shop.place_order({1: 1}, email="Jan@Example.pl", **values)["id"])


@contextmanager
def small_shop() -> Iterator[World]:
    """A served shop behind TLS, with a mug (1) and a hoodie (2)."""
    now = [datetime(2026, 11, 21, 17, 0, tzinfo=UTC)]
    shop = Sandbox(Settings(tls_in_front=True), now=lambda: now[0])
    shop.add_product("Mug", "49.99")
    shop.add_product("Hoodie", "199.00")
    with serve(shop) as running:
        client = Client(running)
        yield World(shop, running, client, now)
        client.close()


def shape(value: Any) -> Any:
    """Return the keys of a document and the kinds of its leaves; lists by their first element."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if type(value) in (int, float) else type(value).__name__


def captured(name: str) -> Any:
    """Return a captured file by the start of its name."""
    [path] = PAYLOADS.glob(f"{name}*")
    return json.loads(path.read_text("utf-8"))
