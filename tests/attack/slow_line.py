"""A bad line to a shop: calls that are lost, refused or late, and somebody who does not wait for long."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from app.errors import Passing
from connectors.http import Answer, HttpClient
from connectors.shopify.connector import ShopifyShop
from connectors.woocommerce.codes import WooCodes
from tests.pipeline import TestClock

NETWORK = {
    "reset_after": 0.08,
    "reset_before": 0.03,
    "429": 0.03,
    "500": 0.03,
    "half_body": 0.03,
    "wrong_json": 0.03,
    "wrong_page": 0.03,
    "hang": 0.01,
}

_PATIENCE = 0.4  # seconds; a call that hangs costs the test so much
_LATE = 0.15  # of the calls that make or end codes
_CHANGING = (b'"create":[', b'"delete":[', b"mutation MakeCodes", b"mutation EndCodes")


class Line:
    """The guarded client over a line that is bad while it has dice: with less patience than is usual.

    Some of the calls that change codes take long: they count as lost, and arrive minutes later. That is
    what a slow host does, which goes on working when its caller has hung up.
    """

    def __init__(self, inner: HttpClient, clock: TestClock) -> None:
        self._inner = inner
        self._clock = clock
        self._late: list[tuple[datetime, Callable[[], Answer]]] = []
        self.dice: random.Random | None = None
        self.losing = 0.0  # minutes that the next such call is late, whatever the dice say

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        timeout: float = 10.0,
        **sent: Any,
    ) -> Answer:
        seconds = timeout if self.dice is None else min(timeout, _PATIENCE)

        def call() -> Answer:
            return self._inner.request(method, url, body=body, timeout=seconds, **sent)

        minutes = self._minutes() if any(word in (body or b"") for word in _CHANGING) else 0.0
        if not minutes:
            return call()
        self._late.append((self._clock.moment + timedelta(minutes=minutes), call))
        raise Passing("The shop did not answer in time.")

    def _minutes(self) -> float:
        losing, self.losing = self.losing, 0.0
        if losing or self.dice is None or self.dice.random() >= _LATE:
            return losing
        return self.dice.uniform(1, 9)

    def arrive(self) -> int:
        """Let the calls arrive whose time has come; nobody waits for their answers. Returns how many."""
        due = [call for at, call in self._late if at <= self._clock.moment]
        self._late = [(at, call) for at, call in self._late if at > self._clock.moment]
        for call in due:
            with suppress(Passing):
                call()
        return len(due)

    def close(self) -> None:
        self._inner.close()


def hurry(shop: Any, clock: TestClock) -> Line:
    """Let an open shop be impatient, and wait and look by the clock of the test."""
    session = shop._session
    if isinstance(shop, ShopifyShop):
        session._sleep = lambda seconds: clock.advance(seconds=seconds)
    else:
        shop.codes = WooCodes(session, clock)
    if not isinstance(session._http, Line):
        session._http = Line(session._http, clock)
    line: Line = session._http
    return line
