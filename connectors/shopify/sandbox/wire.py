"""One POST on a connection of its own, with exactly the headers given and two time limits."""

import http.client
import ssl
import time
from collections.abc import Mapping
from urllib.parse import urlsplit


def post(
    url: str, headers: Mapping[str, str], body: bytes, connect_timeout: float, total_timeout: float
) -> tuple[int | None, str]:
    """Return (status, ""), or (None, what went wrong). Redirects are not followed."""
    try:
        return _once(url, headers, body, connect_timeout, total_timeout), ""
    except (OSError, http.client.HTTPException, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"


def _once(
    url: str, headers: Mapping[str, str], body: bytes, connect_timeout: float, total_timeout: float
) -> int:
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("an address without a host")
    deadline = time.monotonic() + total_timeout
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=connect_timeout, context=context
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=connect_timeout)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        connection.sock.settimeout(max(deadline - time.monotonic(), 0.001))
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", parts.netloc.rpartition("@")[2])
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Connection", "close")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()
