"""The hand behind the counter of a sandbox that may run in another process: steered over HTTP."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from app.errors import Passing


class Desk:
    """The desk of one shop; `address` is the shop's own."""

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")

    def do(self, action: str, **arguments: Any) -> Any:
        """Do one act of the shop's Python API and return what it returns."""
        return self.post("do", {"action": action, "args": arguments})["result"]

    def post(self, path: str, document: Mapping[str, Any]) -> Any:
        """POST to the desk; raises Passing when the sandbox does not answer or refuses."""
        request = Request(  # noqa: S310 - the caller names the sandbox's own address
            f"{self._address}/_sandbox/{path}",
            json.dumps(document).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=120) as answer:  # noqa: S310 - as above
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise Passing(f"The sandbox refused {path}: {error.read()!r}") from error
        except URLError as error:
            raise Passing(f"No sandbox answers at {self._address}: {error.reason}") from error
