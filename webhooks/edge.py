"""The HTTP edge: webhooks are verified and made durable here; everything else goes on to the pages.

No code of any platform, no JSON, no ORM and no Redis on this path. A sender gets 200 only when its
delivery is committed, and never a 5xx for anything that it can put in a request: 401 for whatever is
not signed by a store we know (same work, same answer for all reasons), 400/405/408/413 for what is not
a proper request, 503 only while the database is away.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from app.clock import Clock
from app.db.ids import new_id
from app.errors import Passing
from app.services.stores import EdgeStore, edge_name
from connectors.base import Connector, Headers, Inbound
from connectors.signatures import signed_by_any
from webhooks.arrivals import Arrival
from webhooks.bodies import AsgiApp, Limits, Receive, RefusedError, Scope, Send, answer, read_body
from webhooks.directory import StoreDirectory
from webhooks.writer import Writer

log = logging.getLogger(__name__)

_PREFIX = "/webhooks/"
_LONGEST_TOPIC = 128
_RETRY_AFTER = (b"retry-after", b"30")
_ALLOW = (b"allow", b"POST")
_OK_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-length", b"0")],
}
_OK_BODY = {"type": "http.response.body", "body": b""}


class Edge:
    """An ASGI callable for `/webhooks/`, `/healthz` and, through `pages`, everything else."""

    def __init__(
        self,
        *,
        connectors: Mapping[str, Connector],
        directory: StoreDirectory,
        writer: Writer,
        pages: AsgiApp,
        health: AsgiApp,
        limits: Limits,
        counts: Counter[str],
        clock: Clock,
    ) -> None:
        self._connectors = connectors
        self._directory = directory
        self._writer = writer
        self._pages = pages
        self._health = health
        self._limits = limits
        self._clock = clock
        # How many requests ended how since the start: "stored", "ping", or why they were refused.
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path: str = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith(_PREFIX):
            app = self._health if path == "/healthz" and scope["type"] == "http" else self._pages
            await app(scope, receive, send)
            return
        try:
            counted = await self._deliver(scope, receive)
        except RefusedError as refused:
            self._counts[refused.reason] += 1
            extra = {405: [_ALLOW], 503: [_RETRY_AFTER]}.get(refused.status, [])
            await answer(send, refused.status, extra)
        else:
            self._counts[counted] += 1
            await send(_OK_START)
            await send(_OK_BODY)

    async def _deliver(self, scope: Scope, receive: Receive) -> str:
        if scope["method"] != "POST":
            raise RefusedError(405, "not a POST")
        raw_headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        body = await read_body(raw_headers, receive, self._limits)
        headers = Headers(raw_headers)
        platform, _, path_key = scope["path"][len(_PREFIX) :].partition("/")
        path_key = path_key.replace(":", "")  # a key has none; with one it would be a header's name
        connector = self._connectors.get(platform)
        if connector is None:
            signed_by_any(body, [], [])  # the same work as for a wrong signature
            raise RefusedError(401, "unknown platform")
        inbound = connector.inbound
        store = await self._find(path_key or _located(platform, inbound, headers))
        if store is not None and store.platform != platform:
            store = None
        now = self._clock()
        secrets = [s.value for s in store.secrets if s.active(now)] if store is not None else []
        if not _verified(inbound, headers, body, secrets):
            if store is not None and path_key and _is_ping(inbound, headers, body):
                self._directory.note_ping(store)
                return "ping"
            raise RefusedError(401, "unknown store" if store is None else "bad signature")
        if store is None:
            raise RefusedError(401, "unknown store")
        arrival = Arrival(
            new_id(),
            store,
            not path_key,
            inbound,
            _topic(inbound, headers),
            body,
            now,
            time.monotonic(),
            None,
            asyncio.get_running_loop().create_future(),
        )
        if not (self._writer.submit(arrival) and await arrival.answer):
            raise RefusedError(503, "database away")
        return "stored"

    async def _find(self, key: str | None) -> EdgeStore | None:
        if not key:
            return None
        sure, store = self._directory.remembered(key)
        if sure:
            return store
        try:
            return await self._directory.find(key)
        except Passing:
            raise RefusedError(503, "database away") from None


# A connector's bug on strange input must not become the sender's 500: each call is guarded.


def _verified(inbound: Inbound, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> bool:
    try:
        return inbound.verify(headers, body, secrets)
    except Exception:
        log.exception("a connector failed to verify; the delivery is refused")
        return False


def _is_ping(inbound: Inbound, headers: Headers, body: bytes) -> bool:
    try:
        return inbound.preflight(headers, body) is not None
    except Exception:
        log.exception("a connector failed to look for a ping")
        return False


def _located(platform: str, inbound: Inbound, headers: Headers) -> str | None:
    try:
        ref = inbound.locate(headers)
        return None if ref is None else edge_name(platform, ref)
    except Exception:
        log.exception("a connector failed to locate a store")
        return None


def _topic(inbound: Inbound, headers: Headers) -> str:
    try:
        topic = inbound.topic(headers)
    except Exception:
        log.exception("a connector failed to read a topic")
        return ""
    if topic.isascii() and topic.isprintable():
        return topic[:_LONGEST_TOPIC]
    # Control characters would spoil a log or a page; NUL and lone surrogates the database refuses.
    printable = "".join(char for char in topic if char.isprintable())
    return printable.encode("utf-8", "ignore").decode()[:_LONGEST_TOPIC]
