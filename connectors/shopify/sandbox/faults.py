"""Switches that make a shop of the sandbox fail as hosts, networks and Shopify itself do."""

from dataclasses import dataclass
from typing import ClassVar

from connectors.sandbox import faults


@dataclass
class Fault(faults.Fault):
    """One switch; `path` begins after /admin, e.g. "/oauth" or "/api"."""

    kinds: ClassVar = (
        "429",  # too many requests, with `retry_after` and optionally an HTML body
        "500",  # an error of Shopify, in JSON
        "html",  # 503 with a page, as from a proxy in front
        "401",  # the token is not known (any more)
        "402",  # the shop is frozen
        "403",  # the app may not
        "404",  # the shop is gone
        "423",  # the shop is locked
        "throttled",  # 200 with THROTTLED, whatever the bucket holds
        "denied",  # 200 with ACCESS_DENIED, as if the app had just lost its permissions
        "internal_error",  # 200 with INTERNAL_SERVER_ERROR
        *faults.NETWORK,
    )

    operation: str | None = None  # the operation's name in the document, e.g. "TagsAdd"

    def hits(self, path: str, operation: str | None) -> bool:
        """Say whether a call is meant."""
        return self.operation in (None, operation) and self.lies_on(path)


class Faults(faults.Faults[Fault]):
    """The faults of one shop."""

    def __init__(self) -> None:
        super().__init__(Fault)

    def take(self, path: str, operation: str | None) -> Fault | None:
        """Return the first fault for this call and use it up once."""
        return self.first(lambda fault: fault.hits(path, operation))
