"""Switches that make the sandbox fail as hosts and networks do."""

from dataclasses import dataclass
from typing import ClassVar

from connectors.sandbox import faults


@dataclass
class Fault(faults.Fault):
    """One switch; `path` begins after /wp-json/wc/v3, e.g. "/customers"."""

    kinds: ClassVar = (
        "429",  # too many requests, with `retry_after` and optionally an HTML body
        "500",  # an error of the shop, HTML as PHP sends it
        "maintenance",  # 503 HTML with Retry-After: 600, as during an update
        "read_only",  # the key may not write
        "no_rights",  # the key's user has lost his rights
        *faults.NETWORK,
    )

    method: str | None = None  # e.g. "PUT"

    def hits(self, method: str, path: str) -> bool:
        """Say whether a call is meant; a key that may only read fails only when it writes."""
        if self.method not in (None, method) or (self.kind == "read_only" and method == "GET"):
            return False
        return self.lies_on(path)


class Faults(faults.Faults[Fault]):
    """The faults of one shop."""

    def __init__(self) -> None:
        super().__init__(Fault)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault for this call and use it up once."""
        return self.first(lambda fault: fault.hits(method, path))
