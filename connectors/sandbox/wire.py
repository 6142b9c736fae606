"""One POST on a connection of its own, with exactly the headers given, as shops send webhooks."""

import http.client
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

FAILURES = (OSError, http.client.HTTPException, ValueError)
"""What `posted` raises when there is no answer."""


@contextmanager
def posted(
    url: str, headers: Mapping[str, str], body: bytes, timeout: float, total: float | None = None
) -> Iterator[http.client.HTTPResponse]:
    """POST and give the answer, of which only the head was read; raises one of FAILURES.

    `timeout` (seconds) is for each wait; with `total` it is for connecting only, and the answer has what
    is then left of `total`. Certificates are verified, redirects are not followed.
    """
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("an address without a host")
    deadline = None if total is None else time.monotonic() + total
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        if deadline is not None:
            connection.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", parts.netloc.rpartition("@")[2])
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Connection", "close")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        yield connection.getresponse()
    finally:
        connection.close()


def told(error: Exception) -> str:
    """Say what went wrong, as a log of deliveries shows it."""
    return f"{type(error).__name__}: {error}"
