"""How much memory something takes at its height."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_AS_PYTHON_DOES = (700, 10, 10)


@contextmanager
def measured() -> Iterator[Callable[[], int]]:
    """Yield what tells the height so far, in bytes; garbage goes as soon as it does in a service."""
    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(*_AS_PYTHON_DOES)
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.set_threshold(*before)
