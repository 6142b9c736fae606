"""Loads the captured messages of `payloads/` (see the README there)."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from connectors.base import Delivery, Headers, Observed, Outcome
from connectors.woocommerce import connector
from tests.connectors.loopback import Reply

PAYLOADS = Path(__file__).parent / "payloads"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Captured:
    """One delivery as it came over the wire."""

    name: str
    headers: Headers
    body: bytes
    secret: bytes

    @property
    def delivery(self) -> Delivery:
        topic = connector.inbound.topic(self.headers)
        return Delivery(source="webhook", topic=topic, body=self.body, received_at=NOW)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def deliveries() -> list[Captured]:
    return [_load(path) for path in sorted((PAYLOADS / "deliveries").glob("*.json"))]


def captured(number: str) -> Captured:
    """Return the delivery whose file begins with `number`, as "016"."""
    [path] = (PAYLOADS / "deliveries").glob(f"{number}_*.json")
    return _load(path)


def rest(number: str) -> Any:
    """Return the REST exchange whose file begins with `number`."""
    [path] = (PAYLOADS / "rest").glob(f"{number}_*.json")
    return json.loads(path.read_text(encoding="utf-8"))


def reply(number: str) -> Reply:
    """Return a captured REST answer to be served again."""
    exchange = rest(number)
    body = exchange["body"]
    kept = {"content-type", "retry-after", "location", "x-wp-total", "x-wp-totalpages"}
    return Reply(
        status=exchange["status"],
        body=(body if isinstance(body, str) else json.dumps(body)).encode(),
        headers={
            name: value for name, value in exchange["headers"].items() if name.lower() in kept
        },
    )


def webhook(body: object, topic: str = "order.updated") -> Outcome:
    """Normalise a body as a webhook."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return connector.inbound.normalise(
        Delivery(source="webhook", topic=topic, body=raw, received_at=NOW)
    )


def answer(kind: str, **body: object) -> Outcome:
    """Normalise an envelope as the answer of our own read."""
    raw = msgspec.json.encode(body)
    return connector.inbound.normalise(
        Delivery(source="read", topic=f"read.{kind}", body=raw, received_at=NOW, began_at=NOW)
    )


def host(outcome: Outcome) -> str | None:
    """Return the host of the shop that a body names, if it names one."""
    assert isinstance(outcome, Observed), outcome
    return None if outcome.origin is None else outcome.origin.host


def _load(path: Path) -> Captured:
    document = json.loads(path.read_text(encoding="utf-8"))
    raw = [(name.encode(), value.encode()) for name, value in document["headers"].items()]
    body = base64.b64decode(document["body_base64"])
    return Captured(path.stem, Headers(raw), body, document["secret"].encode())
