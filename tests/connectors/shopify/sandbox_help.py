"""What the sandbox's tests share: an open shop, a client of its API, a receiver of webhooks."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.shopify.sandbox import Running, Sandbox, Shop, serve
from tests.connectors.loopback import Reply, Request, loopback

DOCUMENTS = Path(__file__).parent / "sandbox_documents"
VERSION = "2026-10"


@dataclass
class Got:
    """One answer of the sandbox."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def data(self) -> Any:
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def errors(self) -> Any:
        return self.body["errors"]

    @property
    def cost(self) -> Any:
        return self.body["extensions"]["cost"]

    @property
    def codes(self) -> list[str]:
        return [error.get("extensions", {}).get("code", "") for error in self.errors]


class Client:
    """A kept-alive connection to one shop."""

    def __init__(self, running: Running, shop: Shop, token: str | None = None) -> None:
        parts = urlsplit(running.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        self._shop = shop
        self.token = token or shop.token

    def send(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Got:
        self._connection.request(method, path, body, dict(headers or {}))
        answer = self._connection.getresponse()
        return Got(answer.status, dict(answer.getheaders()), answer.read())

    def run(self, document: str, version: str = VERSION, **variables: Any) -> Got:
        path = f"/{self._shop.domain}/admin/api/{version}/graphql.json"
        body = json.dumps({"query": document, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", "X-Shopify-Access-Token": self.token}
        return self.send("POST", path, body, headers)

    def ask(self, name: str, **variables: Any) -> Got:
        """Run a document of `sandbox_documents`; its own variables, where none are given."""
        path = DOCUMENTS / f"{name}.variables.json"
        known = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return self.run(
            (DOCUMENTS / f"{name}.graphql").read_text("utf-8"), **{**known, **variables}
        )

    def desk(self, path: str, sent: Any = None, method: str = "POST") -> Got:
        body = b"" if sent is None else json.dumps(sent).encode()
        return self.send(method, f"/{self._shop.domain}/_sandbox/{path}", body)

    def grant(self, *, form: bool = False, **sent: str) -> Got:
        """Ask for a token."""
        kind = "application/x-www-form-urlencoded" if form else "application/json"
        body = (
            "&".join(f"{key}={value}" for key, value in sent.items()) if form else json.dumps(sent)
        )
        path = f"/{self._shop.domain}/admin/oauth/access_token"
        return self.send("POST", path, body.encode(), {"Content-Type": kind})

    def close(self) -> None:
        self._connection.close()


@dataclass
class World:
    """A served shop in PLN with a mug, a customer, and the time in it."""

    sandbox: Sandbox
    shop: Shop
    running: Running
    client: Client
    now: list[datetime]
    seconds: list[float]
    mug: int
    anna: int

    def later(self, **time: float) -> None:
        """Let time pass, for objects, tokens and buckets alike."""
        self.now[0] += timedelta(**time)
        self.seconds[0] += timedelta(**time).total_seconds()

    def buy(self, pieces: int = 1, **values: Any) -> Any:
        return self.shop.place_order({self.mug: pieces}, **{"customer_id": self.anna, **values})

    def again(self) -> Client:
        """Return a fresh connection: the old one may be broken."""
        self.client.close()
        self.client = Client(self.running, self.shop)
        return self.client


@contextmanager
def open_world(**settings: Any) -> Iterator[World]:
    now, seconds = [datetime(2026, 11, 21, 17, 0, tzinfo=UTC)], [1000.0]
    sandbox = Sandbox(now=lambda: now[0], seconds=lambda: seconds[0])
    shop = sandbox.open_shop("kawa", **settings)
    mug = shop.add_product("Mug", "49.99", sku="MUG-1")["id"]
    anna = shop.create_customer("anna@example.com", "Anna", "Nowak")["id"]
    with serve(sandbox) as running:
        made = World(sandbox, shop, running, Client(running, shop), now, seconds, mug, anna)
        yield made
        made.client.close()


@dataclass
class Receiver:
    """A webhook target that answers with `status` (or the next of `statuses`) and remembers."""

    url: str
    heard: list[Request]
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    delay: float = 0.0
    location: str | None = None

    def topics(self) -> list[str]:
        return [one.headers["x-shopify-topic"] for one in self.heard]

    def bodies(self, topic: str) -> list[Any]:
        return [
            json.loads(one.body) for one in self.heard if one.headers["x-shopify-topic"] == topic
        ]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver("", [])

    def answer(request: Request) -> Reply:
        receiver.heard.append(request)
        time.sleep(receiver.delay)
        status = receiver.statuses.pop(0) if receiver.statuses else receiver.status
        headers = {"Location": receiver.location} if receiver.location else {}
        return Reply(status, b"", headers)

    with loopback(answer) as server:
        receiver.url = f"{server.url}/hook"
        yield receiver


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"
