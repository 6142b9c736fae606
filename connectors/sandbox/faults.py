"""Switches that make a sandbox fail. What a network does is here, a platform adds its own troubles."""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Generic, TypeVar

NETWORK = (
    "hang",  # nothing for `seconds`, then the connection closes
    "half_body",  # headers promise the whole body, half of it comes
    "reset_after",  # the call takes effect, then the connection is reset
    "reset_before",  # the connection is reset and nothing happened
    "wrong_json",  # the call takes effect, then 200 with JSON of another shape
    "wrong_page",  # the call takes effect, then 200 with a page, as from a cache in between
)


@dataclass
class Fault:
    """One switch: applies to `times` matching calls (None: until cleared), after it let `after` pass."""

    kinds: ClassVar[tuple[str, ...]] = NETWORK

    kind: str
    times: int | None = 1
    after: int = 0
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


@dataclass(frozen=True)
class _Storm(Generic[AnyFault]):
    """Faults that come by chance: each call draws once."""

    dice: random.Random
    odds: tuple[tuple[float, AnyFault], ...]  # cumulated

    def strike(self) -> AnyFault | None:
        drawn = self.dice.random()
        for up_to, fault in self.odds:
            if drawn < up_to:
                return replace(fault)
        return None


class Faults(Generic[AnyFault]):
    """The faults now set. Thread-safe."""

    def __init__(self, fault: type[AnyFault]) -> None:
        self._fault = fault
        self._faults: list[AnyFault] = []
        self._storm: _Storm[AnyFault] | None = None
        self._lock = threading.Lock()

    def add(self, kind: str, **options: Any) -> None:
        """Set a fault, e.g. `add("429", retry_after="2", path="/customers", times=3)`."""
        with self._lock:
            self._faults.append(_fault_from(self._fault, {"kind": kind, **options}))

    def storm(self, seed: int, odds: Mapping[str, float], **options: Any) -> None:
        """Let each call fail by chance until `clear`, e.g. `storm(7, {"reset_after": 0.1, "429": 0.05})`.

        `options` are as in `add`, for every kind (`seconds` of a hang, `path`, …). With one caller the
        same seed gives the same failures. A new storm replaces the last one; switches that are set come
        first. Raises ValueError for odds that are no chances or come to more than 1.
        """
        cumulated = 0.0
        found: list[tuple[float, AnyFault]] = []
        for kind, chance in odds.items():
            cumulated += chance
            if chance < 0 or cumulated > 1:
                raise ValueError("the odds of a storm are from 0 to 1, and 1 together at most")
            found.append((cumulated, _fault_from(self._fault, {"kind": kind, **options})))
        # Chances for a test, nothing secret.
        storm = _Storm(random.Random(seed), tuple(found))  # noqa: S311
        with self._lock:
            self._storm = storm

    def clear(self) -> None:
        """End all faults, and the storm."""
        with self._lock:
            self._faults.clear()
            self._storm = None

    def first(self, meant: Callable[[AnyFault], bool]) -> AnyFault | None:
        """Return the first fault that is meant for a call and use it up once."""
        with self._lock:
            for fault in self._faults:
                if not meant(fault):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                return fault
            struck = self._storm.strike() if self._storm else None
        return struck if struck is not None and meant(struck) else None


def _fault_from(fault: type[AnyFault], values: Mapping[str, Any]) -> AnyFault:
    """Build a fault from JSON; raises ValueError for unknown keys."""
    known = {field.name for field in fields(fault)}
    if unknown := set(values) - known:
        raise ValueError(f"unknown keys {sorted(unknown)}; known are {sorted(known)}")
    return fault(**values)
