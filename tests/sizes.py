"""How much the long tests do: `make test` has ten minutes, `make chaos` takes its time."""

import os
import zlib
from typing import TypeVar

_Size = TypeVar("_Size")

_SIZE = os.environ.get("STEMPEL_TEST_SIZE", "")
LARGE = _SIZE == "large"
"""Set by `make chaos`."""

SAMPLED = _SIZE == "sampled"
"""Set by `make test`: of the long stories on both databases, PostgreSQL gets one in `ONE_IN`."""

ONE_IN = 4
LONG_STORIES = ("tests/attack/", "tests/way/")

NEVER_LEFT_OUT = ("_of_64_", "_64_clicks_")
"""Parts of names: what every run tells on both databases, since each locks in its own way."""


def sized(ordinary: _Size, large: _Size) -> _Size:
    """Return the size that this run has the time for."""
    return large if LARGE else ordinary


def is_left_for_later(nodeid: str) -> bool:
    """Say whether `make test` leaves this one to `make chaos`; which those are never changes by itself."""
    if not SAMPLED or not nodeid.startswith(LONG_STORIES) or "postgresql" not in nodeid:
        return False
    if any(part in nodeid for part in NEVER_LEFT_OUT):
        return False
    return zlib.crc32(nodeid.encode()) % ONE_IN != 0
