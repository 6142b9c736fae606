"""Ids made by us: 63 bits, increasing with time, unique over processes.

31 bits of seconds since 2024, 32 bits that start at random in each process and second and count up: two
processes that make thousands of ids a second meet about once in days. The database makes none, so that
a batch knows all its ids before it writes.
"""

import secrets
import threading
import time
from datetime import datetime

_START = 1_704_067_200  # 2024-01-01
_LOW_BITS = 32
_lock = threading.Lock()
_last = [0, 0]  # second, next low part


def new_id() -> int:
    """Return an id greater than every id this process made before."""
    with _lock:
        second = max(int(time.time()) - _START, _last[0])
        if second != _last[0]:
            # Half the range at random: room to count up.
            _last[:] = [second, secrets.randbits(_LOW_BITS - 1)]
        low = _last[1]
        if low >> _LOW_BITS:
            second += 1
            low = secrets.randbits(_LOW_BITS - 1)
        _last[:] = [second, low + 1]
        return (second << _LOW_BITS) | low


def first_id_of(moment: datetime) -> int:
    """Return the least id that can have been made in the second of `moment` or later."""
    return max(int(moment.timestamp()) - _START, 0) << _LOW_BITS
