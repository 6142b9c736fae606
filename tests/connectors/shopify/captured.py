"""Loads the deliveries of `payloads/` (see the NOTICE there) and normalises them."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from app.programme.events import Event, OrderFacts
from app.programme.own_credit import with_known_credits
from connectors.base import Delivery, Headers, Outcome
from connectors.shopify.inbound import ShopifyInbound

PAYLOADS = Path(__file__).parent / "payloads"
READS = Path(__file__).parent / "reads"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SECRET = b"hush"
SHOP = {
    "id": "gid://shopify/Shop/70000000001",
    "myshopifyDomain": "loyalty-test-store.myshopify.com",
}

inbound = ShopifyInbound()


@dataclass(frozen=True)
class Captured:
    """One delivery as it comes over the wire."""

    name: str
    topic: str
    headers: Headers
    body: bytes

    @property
    def delivery(self) -> Delivery:
        return Delivery(source="webhook", topic=self.topic, body=self.body, received_at=NOW)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@cache
def deliveries() -> tuple[Captured, ...]:
    return tuple(_load(path) for path in sorted(PAYLOADS.glob("*.json")))


def captured(name: str) -> Captured:
    """Return the delivery with this in its name, as "case-life-3-paid"."""
    [found] = [one for one in deliveries() if one.name == name or one.name.endswith(f"__{name}")]
    return found


def raw(body: object) -> bytes:
    """Write a body as the payload files are signed."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def signature(body: bytes, secret: bytes = SECRET) -> bytes:
    return base64.b64encode(hmac.digest(secret, body, hashlib.sha256))


def webhook(body: object, topic: str = "orders/updated") -> Outcome:
    """Normalise a body as a webhook."""
    content = body if isinstance(body, bytes) else raw(body)
    return inbound.normalise(Delivery(source="webhook", topic=topic, body=content, received_at=NOW))


def told(name: str, **changes: object) -> Outcome:
    """Normalise a captured delivery, with some keys of its body changed."""
    found = captured(name)
    return webhook(found.json | changes, found.topic)


def answer(kind: str, **body: object) -> Outcome:
    """Normalise an envelope as the answer of our own read."""
    return inbound.normalise(
        Delivery(source="read", topic=f"read.{kind}", body=raw(body), received_at=NOW, began_at=NOW)
    )


def read_file(name: str) -> Any:
    """Return the GraphQL order in a file of `reads/`."""
    return json.loads((READS / f"{name}.json").read_text(encoding="utf-8"))


def read_order(order: Any, shop: object = SHOP) -> Outcome:
    """Normalise a GraphQL order as the answer of our own read."""
    return answer("order", id=order["id"].rpartition("/")[2], shop=shop, order=order)


def _load(path: Path) -> Captured:
    document = json.loads(path.read_text(encoding="utf-8"))
    headers = Headers(
        [(name.encode(), value.encode()) for name, value in document["headers"].items()]
    )
    return Captured(path.stem, inbound.topic(headers), headers, raw(document["body"]))


def with_credits(told: Event, read: Event) -> Event:
    """Return what a webhook says, with how much was paid by gift card: only a read knows that."""
    assert isinstance(told.facts, OrderFacts)
    assert isinstance(read.facts, OrderFacts)
    assert all(use.amount is None for use in told.facts.credits)
    assert all(use.amount is not None for use in read.facts.credits)
    return msgspec.structs.replace(told, facts=with_known_credits(read.facts, told.facts))
