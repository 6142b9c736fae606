"""One session to one shop's Admin GraphQL API: address, token, waiting, what answers mean."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from app.errors import Passing
from connectors.base import Access
from connectors.http import MAX_RETRY_AFTER, Answer, HttpClient, retry_after
from connectors.shopify.documents import document
from connectors.shopify.refusals import (
    THROTTLED,
    Fault,
    raise_for_faults,
    raise_for_page,
    raise_for_status,
)
from connectors.shopify.throttle import Cost, Seconds, Throttle
from connectors.shopify.tokens import Tokens
from connectors.shopify.version import API_VERSION

READ_SECONDS = 20.0
WRITE_SECONDS = 30.0

_PATIENCE = 5.0  # seconds that one call waits for points in all; more is the scheduler's business
_BREATH = 1.0  # seconds, where Shopify throttles and does not say for how long
_OPERATION = re.compile(r"^(?:query|mutation) (\w+)", re.MULTILINE)

Data = dict[str, Any]
T = TypeVar("T")


class _Extensions(msgspec.Struct):
    cost: Cost | None = None


class _Body(msgspec.Struct):
    data: Data | None = None
    errors: list[Fault] | str | None = None
    extensions: _Extensions | None = None

    @property
    def faults(self) -> list[Fault]:
        return self.errors if isinstance(self.errors, list) else []


class Session:
    """Calls one shop. Raises Passing, Invalid or Blocked, as `refusals` says.

    `clock` and `sleep` are about waiting only; nothing that is stored comes from them.
    """

    def __init__(
        self, access: Access, http: HttpClient, *, clock: Seconds, sleep: Callable[[float], None]
    ) -> None:
        self.shop = urlsplit(access.url).hostname or ""
        base = (access.origin or "https://{shop}").replace("{shop}", self.shop).rstrip("/")
        self._url = f"{base}/admin/api/{API_VERSION}/graphql.json"
        self._http = http
        self._sleep = sleep
        self._throttle = Throttle(clock)
        self._tokens = Tokens(access.credentials, shop=self.shop, base=base, http=http, clock=clock)

    def ask(self, name: str, variables: Mapping[str, Any] | None = None) -> Data:
        """Run the document `name` and return its data."""
        return self.run(document(name), variables)

    def run(
        self,
        text: str,
        variables: Mapping[str, Any] | None = None,
        *,
        points: float | None = None,
        seconds: float = READ_SECONDS,
    ) -> Data:
        """Run a document and return its data; personal fields that we may not see are null in it.

        `points` is what it costs, for a document that is never the same. Waits for points a little; a
        document may be sent twice, so it must do no harm twice.
        """
        found = _OPERATION.search(text)
        operation = found.group(1) if found else ""
        request = {"query": text, "variables": dict(variables or {}), "operationName": operation}
        sent = msgspec.json.encode(request)
        waited = self._rest(self._throttle.wait(operation, points), 0.0)
        renewed = False
        while True:
            answer = self._send(sent, seconds)
            if answer.status == 401 and not renewed and self._tokens.forget():
                renewed = True
                continue
            body = _decoded(answer)
            if body is not None and body.extensions is not None and body.extensions.cost:
                self._throttle.learn(operation, body.extensions.cost)
            if answer.status == 429 or _throttled(body):
                wait = self._throttle.wait(operation)
                waited = self._rest(max(wait, retry_after(answer) or 0.0) or _BREATH, waited)
                continue
            raise_for_status(answer, self.shop)
            if body is None or (body.data is None and not body.faults):
                raise_for_page(self.shop)
            raise_for_faults(body.faults, self.shop)
            return body.data or {}

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _rest(self, seconds: float, waited: float) -> float:
        """Sleep, and return how long was slept in all; raises Passing when that were too long."""
        if seconds <= 0:
            return waited
        if waited + seconds > _PATIENCE:
            raise Passing(
                f"The shop {self.shop} limits our calls.",
                retry_after=min(seconds, MAX_RETRY_AFTER),
            )
        self._sleep(seconds)
        return waited + seconds

    def _send(self, body: bytes, seconds: float) -> Answer:
        headers = {
            "accept": "application/json",
            "content-type": "application/json",
            "x-shopify-access-token": self._tokens.current(),
        }
        return self._http.request("POST", self._url, headers=headers, body=body, timeout=seconds)


def shaped(value: Any, shape: type[T]) -> T:
    """Return a part of an answer as its documented shape; what is not, may be so for a moment only."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise Passing("The shop's answer is not shaped as its schema says.") from error


def _decoded(answer: Answer) -> _Body | None:
    try:
        return msgspec.json.decode(answer.body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _throttled(body: _Body | None) -> bool:
    return body is not None and any(fault.code == THROTTLED for fault in body.faults)
