"""One POST as Shopify sends it: with two time limits, and only the status of the answer counts."""

from collections.abc import Mapping

from connectors.sandbox.wire import FAILURES, posted, told


def post(
    url: str, headers: Mapping[str, str], body: bytes, connect_timeout: float, total_timeout: float
) -> tuple[int | None, str]:
    """Return (status, ""), or (None, what went wrong). Redirects are not followed."""
    try:
        with posted(url, headers, body, connect_timeout, total_timeout) as answer:
            return answer.status, ""
    except FAILURES as error:
        return None, told(error)
