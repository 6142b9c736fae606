"""Switches that make the sandbox fail as hosts and networks do."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

KINDS = (
    "429",  # too many requests, with `retry_after` and optionally an HTML body
    "500",  # an error of the shop, HTML as PHP sends it
    "maintenance",  # 503 HTML with Retry-After: 600, as during an update
    "hang",  # nothing for `seconds`, then the connection closes
    "half_body",  # headers promise the whole body, half of it comes
    "reset_after",  # the request takes effect, then the connection is reset
    "reset_before",  # the connection is reset and nothing happened
    "read_only",  # the key may not write
    "no_rights",  # the key's user has lost his rights
)


@dataclass
class Fault:
    """One switch: applies to `times` matching calls (None: until cleared)."""

    kind: str
    times: int | None = 1
    method: str | None = None  # e.g. "PUT"
    path: str | None = None  # start of the path after /wp-json/wc/v3, e.g. "/customers"
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
        """Set a fault, e.g. `add("429", retry_after="2", method="PUT", times=3)`."""
        with self._lock:
            self._faults.append(fault_from({"kind": kind, **options}))

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._faults.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the first fault for this call and use it up once."""
        with self._lock:
            for fault in self._faults:
                if fault.method not in (None, method):
                    continue
                # A key that may only read fails only when it writes.
                if fault.kind == "read_only" and method == "GET":
                    continue
                if fault.path is not None and not path.startswith(fault.path):
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None
