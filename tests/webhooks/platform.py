"""A platform that exists only here: the edge has no code of any, so its tests need no real one."""

from collections.abc import Mapping, Sequence

from connectors.base import (
    CONTRACT_VERSION,
    Access,
    Delivery,
    Field,
    Headers,
    Ignored,
    Outcome,
    Place,
    Shop,
)
from connectors.http import HttpClient
from connectors.signatures import signed_by_any


class _Inbound:
    def locate(self, headers: Headers) -> str | None:
        return headers.text("x-shop")

    def verify(self, headers: Headers, body: bytes, secrets: Sequence[bytes]) -> bool:
        return signed_by_any(body, headers.all("x-signature"), secrets)

    def topic(self, headers: Headers) -> str:
        return (headers.all("x-topic") or [b""])[0].decode("latin-1")

    def content_key(self, _topic: str, body: bytes) -> bytes | None:
        if body.startswith(b"trap"):
            raise KeyError("a connector's bug")
        return body if len(body) >= 512 else None

    def preflight(self, headers: Headers, body: bytes) -> str | None:
        if headers.all("x-signature") or not body.startswith(b"ping=") or len(body) > 64:
            return None
        return "a ping"

    def normalise(self, _delivery: Delivery) -> Outcome:
        return Ignored("this platform means nothing")


class Tinyshop:
    """A connector that only receives."""

    name = "tinyshop"
    contract = CONTRACT_VERSION
    fields = (Field(name="webhook-secret", help="signs deliveries", secret=True, repeatable=True),)
    inbound = _Inbound()

    def place(self, _values: Mapping[str, Sequence[str]]) -> Place:
        return Place("https://shop.example")

    def can_call(self, _credentials: Mapping[str, str]) -> bool:
        return False

    def connect(self, _access: Access, _http: HttpClient) -> Shop:
        raise AssertionError("tinyshop has no API")


connector = Tinyshop()
