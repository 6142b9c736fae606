"""The guarded HTTP client: everything a user can point somewhere goes through it."""

from collections.abc import Mapping
from typing import Protocol

import msgspec


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    """One kept-alive session. Raises Passing for network trouble, Blocked for a refused address."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 10.0,
    ) -> Answer:
        """Send one request and read the whole answer; follows no redirect, retries nothing."""

    def close(self) -> None:
        """Close every connection."""
