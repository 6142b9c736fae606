"""How much the long tests do: `make test` has ten minutes, `make chaos` takes its time."""

import os
from typing import TypeVar

_Size = TypeVar("_Size")

LARGE = os.environ.get("STEMPEL_TEST_SIZE") == "large"
"""Set by `make chaos`."""


def sized(ordinary: _Size, large: _Size) -> _Size:
    """Return the size that this run has the time for."""
    return large if LARGE else ordinary
