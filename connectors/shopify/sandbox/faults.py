"""Switches that make a shop of the sandbox fail as hosts, networks and Shopify itself do."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

KINDS = (
    "429",  # too many requests, with `retry_after` and optionally an HTML body
    "500",  # an error of Shopify, in JSON
    "html",  # 503 with a page, as from a proxy in front
    "hang",  # nothing for `seconds`, then the connection closes
    "half_body",  # headers promise the whole body, half of it comes
    "reset_after",  # the call takes effect, then the connection is reset
    "reset_before",  # the connection is reset and nothing happened
    "401",  # the token is not known (any more)
    "402",  # the shop is frozen
    "403",  # the app may not
    "404",  # the shop is gone
    "423",  # the shop is locked
    "throttled",  # 200 with THROTTLED, whatever the bucket holds
    "internal_error",  # 200 with INTERNAL_SERVER_ERROR
)


@dataclass
class Fault:
    """One switch: applies to `times` matching calls (None: until cleared)."""

    kind: str
    times: int | None = 1
    operation: str | None = None  # the operation's name in the document, e.g. "TagsAdd"
    path: str | None = None  # start of the path after /admin, e.g. "/oauth" or "/api"
    retry_after: str | None = None
    html: bool = False
    seconds: float = 30.0

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist: the test would pass for the wrong reason."""
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(KINDS)}")


def fault_from(values: Mapping[str, Any]) -> Fault:
    """Build a fault from JSON; raises ValueError for unknown keys."""
    known = {field.name for field in fields(Fault)}
    if unknown := set(values) - known:
        raise ValueError(f"unknown keys {sorted(unknown)}; known are {sorted(known)}")
    return Fault(**values)


class Faults:
    """The faults now set. Thread-safe."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, kind: str, **options: Any) -> None:
        """Set a fault, e.g. `add("429", retry_after="2", operation="TagsAdd", times=3)`."""
        with self._lock:
            self._faults.append(fault_from({"kind": kind, **options}))

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, path: str, operation: str | None) -> Fault | None:
        """Return the first fault for this call and use it up once."""
        with self._lock:
            for fault in self._faults:
                if fault.operation is not None and fault.operation != operation:
                    continue
                if fault.path is not None and not path.startswith(fault.path):
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None
