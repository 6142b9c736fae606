"""Ids made by us: 63 bits, increasing with time, unique over processes.

41 bits of milliseconds since 2024, 22 bits that start at random in each process and millisecond and
count up. The database makes none, so that a batch knows all its ids before it writes.
"""

import secrets
import threading
import time

_START_MS = 1_704_067_200_000  # 2024-01-01
_LOW_BITS = 22
_lock = threading.Lock()
_last = [0, 0]  # millisecond, next low part


def new_id() -> int:
    """Return an id greater than every id this process made before."""
    with _lock:
        now = max(time.time_ns() // 1_000_000 - _START_MS, _last[0])
        if now != _last[0]:
            # Half the range at random: room to count up, collisions between processes are unlikely.
            _last[:] = [now, secrets.randbits(_LOW_BITS - 1)]
        low = _last[1]
        if low >> _LOW_BITS:
            now += 1
            low = secrets.randbits(_LOW_BITS - 1)
        _last[:] = [now, low + 1]
        return (now << _LOW_BITS) | low
