"""Switches that make a sandbox fail. What a network does is here, a platform adds its own troubles."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Generic, TypeVar

NETWORK = (
    "hang",  # nothing for `seconds`, then the connection closes
    "half_body",  # headers promise the whole body, half of it comes
    "reset_after",  # the call takes effect, then the connection is reset
    "reset_before",  # the connection is reset and nothing happened
)


@dataclass
class Fault:
    """One switch: applies to `times` matching calls (None: until cleared)."""

    kinds: ClassVar[tuple[str, ...]] = NETWORK

    kind: str
    times: int | None = 1
    path: str | None = None  # start of the path below the platform's API
    retry_after: str | None = None
    html: bool = False
    seconds: float = 30.0

    def __post_init__(self) -> None:
        """Refuse a kind that does not exist: the test would pass for the wrong reason."""
        if self.kind not in self.kinds:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(self.kinds)}")

    def lies_on(self, path: str) -> bool:
        """Say whether calls of this path are meant."""
        return self.path is None or path.startswith(self.path)


AnyFault = TypeVar("AnyFault", bound=Fault)


class Faults(Generic[AnyFault]):
    """The faults now set. Thread-safe."""

    def __init__(self, fault: type[AnyFault]) -> None:
        self._fault = fault
        self._faults: list[AnyFault] = []
        self._lock = threading.Lock()

    def add(self, kind: str, **options: Any) -> None:
        """Set a fault, e.g. `add("429", retry_after="2", path="/customers", times=3)`."""
        with self._lock:
            self._faults.append(_fault_from(self._fault, {"kind": kind, **options}))

    def clear(self) -> None:
        """End all faults."""
        with self._lock:
            self._faults.clear()

    def first(self, meant: Callable[[AnyFault], bool]) -> AnyFault | None:
        """Return the first fault that is meant for a call and use it up once."""
        with self._lock:
            for fault in self._faults:
                if not meant(fault):
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
        return None


def _fault_from(fault: type[AnyFault], values: Mapping[str, Any]) -> AnyFault:
    """Build a fault from JSON; raises ValueError for unknown keys."""
    known = {field.name for field in fields(fault)}
    if unknown := set(values) - known:
        raise ValueError(f"unknown keys {sorted(unknown)}; known are {sorted(known)}")
    return fault(**values)
