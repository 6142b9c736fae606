"""One POST on a connection of its own, with exactly the headers given, as WordPress sends it."""

import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

_REDIRECTS = (301, 302, 303, 307, 308)


def post(
    url: str, headers: Mapping[str, str], body: bytes, timeout: float, redirects: int = 0
) -> tuple[int | None, str]:
    """Return (status, ""), or (None, what went wrong). Certificates are verified."""
    try:
        status, location = _once(url, headers, body, timeout)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return None, f"{type(error).__name__}: {error}"
    if redirects and status in _REDIRECTS and location:
        return post(urljoin(url, location), headers, body, timeout, redirects - 1)
    return status, ""


def _once(
    url: str, headers: Mapping[str, str], body: bytes, timeout: float
) -> tuple[int, str | None]:
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("an address without a host")
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
        connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", parts.netloc.rpartition("@")[2])
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Connection", "close")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        answer.read(65_536)
        return answer.status, answer.headers.get("Location")
    finally:
        connection.close()
