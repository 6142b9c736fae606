"""One POST as WordPress sends it: it reads the answer, and a ping follows redirects."""

from collections.abc import Mapping
from urllib.parse import urljoin

from connectors.sandbox.wire import FAILURES, posted, told

_REDIRECTS = (301, 302, 303, 307, 308)


def post(
    url: str, headers: Mapping[str, str], body: bytes, timeout: float, redirects: int = 0
) -> tuple[int | None, str]:
    """Return (status, ""), or (None, what went wrong)."""
    try:
        with posted(url, headers, body, timeout) as answer:
            answer.read(65_536)
            status, location = answer.status, answer.headers.get("Location")
    except FAILURES as error:
        return None, told(error)
    if redirects and status in _REDIRECTS and location:
        return post(urljoin(url, location), headers, body, timeout, redirects - 1)
    return status, ""
