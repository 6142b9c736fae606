"""Where the files of tests are: in memory, if there is plenty.

A commit that has to reach a disk takes time of both the processor and the clock; what is tested is that
one is asked for, not that disks keep it.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")
_ENOUGH = 1024**3  # bytes free; a run needs a tenth
_NAME = "stempel-tests-"


def pytest_configure(config: pytest.Config) -> None:
    """Set what `--basetemp` would; workers of xdist have theirs from the process that started them."""
    if config.option.basetemp is not None or not _is_fit():
        return
    for left in _MEMORY.glob(f"{_NAME}*"):
        if not Path("/proc", left.name.removeprefix(_NAME).partition("-")[0]).exists():
            shutil.rmtree(left, ignore_errors=True)  # its run was killed
    made = tempfile.mkdtemp(prefix=f"{_NAME}{os.getpid()}-", dir=_MEMORY)
    config.option.basetemp = made
    config.add_cleanup(lambda: shutil.rmtree(made, ignore_errors=True))


def _is_fit() -> bool:
    return (
        _MEMORY.is_dir()
        and os.access(_MEMORY, os.W_OK | os.X_OK)
        and shutil.disk_usage(_MEMORY).free >= _ENOUGH
    )
