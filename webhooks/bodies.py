"""Reads request bodies within limits of time and size: a slow or endless one costs no thread."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class RefusedError(Exception):
    """A request that is not served: an HTTP status and a short reason for the counters."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Limits:
    """How long a body may take (seconds, all of it) and how large it may be (bytes)."""

    def __init__(self, *, seconds: float, size: int) -> None:
        self.seconds = seconds
        self.size = size


async def read_body(
    headers: Sequence[tuple[bytes, bytes]], receive: Receive, limits: Limits
) -> bytes:
    """Return the whole body; raises RefusedError with 400, 408 or 413.

    A Content-Length over the limit is refused before anything is read.
    """
    for name, value in headers:
        if name == b"content-length" and not _within(value, limits.size):
            raise RefusedError(413, "too large")
    try:
        async with asyncio.timeout(limits.seconds):
            return await _read(receive, limits.size)
    except TimeoutError:
        raise RefusedError(408, "slow body") from None
    except RefusedError:
        raise
    except Exception as error:  # the server's own classes, none of them documented
        raise RefusedError(400, "broken body") from error


async def _read(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise RefusedError(400, "hung up")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > most:
            raise RefusedError(413, "too large")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if len(parts) > 1 else part


def _within(content_length: bytes, most: int) -> bool:
    digits = content_length.strip()
    # A nonsensical length is the server's to refuse; here only its size counts.
    return not digits.isdigit() or (len(digits) < 20 and int(digits) <= most)


async def answer(send: Send, status: int, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Send a response with an empty body."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-length", b"0"), *headers],
        }
    )
    await send({"type": "http.response.body", "body": b""})
