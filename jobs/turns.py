"""A worker's turns at jobs that deal with one member after the other: one who fails delays nobody else."""

import time
from collections.abc import Callable, MutableMapping
from datetime import datetime, timedelta

from jobs.policy import is_databases
from jobs.runtime import Runtime

Rests = MutableMapping[int, datetime]
"""Members for whom it failed, and until when they are left alone."""

_AFTER_FAILURE = timedelta(minutes=10)
_PAUSE = 20  # times as long as the search that found nobody


class Turns:
    """One worker's turns at a job that returns how much it did: looking in vain costs little."""

    def __init__(self, job: Callable[[], int]) -> None:
        self._job = job
        self._not_before = 0.0

    def turn(self) -> int:
        """Do what is due; returns how much. After a turn in vain the next ones do nothing for a while."""
        began = time.monotonic()
        if began < self._not_before:
            return 0
        done = self._job()
        ended = time.monotonic()
        self._not_before = ended if done else ended + _PAUSE * (ended - began)
        return done


def still_resting(rests: Rests | None, now: datetime) -> Rests:
    """Return who rests still; those whose time is over are taken out of `rests`."""
    if rests is None:
        return {}
    for member_id in [one for one, until in rests.items() if until <= now]:
        del rests[member_id]
    return rests


def leave_alone(runtime: Runtime, rests: Rests, member_id: int, error: Exception) -> None:
    """Let a member rest for ten minutes for whom something failed.

    Raises the error again if the database is away or too busy: that is no member's fault.
    """
    refuse_blame(runtime, error)
    rests[member_id] = runtime.clock() + _AFTER_FAILURE


def refuse_blame(runtime: Runtime, error: Exception) -> None:
    """Raise an error again that is no member's fault: the database is away or too busy."""
    runtime.vault.data_keys.forget()
    if is_databases(error):
        raise error
