"""A worker's turns at jobs that deal with one member after the other: one who fails delays nobody else."""

import time
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.exc import InterfaceError, OperationalError

from jobs.runtime import Runtime

Rests = MutableMapping[int, datetime]
"""Members for whom it failed, and until when they are left alone."""

_AFTER_FAILURE = timedelta(minutes=10)
_PAUSE = 20  # times as long as the search that found nobody


class Job(Protocol):
    """What is due is done, but for who rests."""

    def __call__(self, runtime: Runtime, limit: int = ..., rests: Rests | None = ...) -> int:
        """Return how much was done."""


class Turns:
    """One worker's turns: who failed is left alone for a while, and looking in vain costs little."""

    def __init__(self, runtime: Runtime, job: Job) -> None:
        self._runtime = runtime
        self._job = job
        self._rests: dict[int, datetime] = {}
        self._not_before = 0.0

    def turn(self) -> int:
        """Do what is due; returns how much. After a turn in vain the next ones do nothing for a while."""
        began = time.monotonic()
        if began < self._not_before:
            return 0
        done = self._job(self._runtime, rests=self._rests)
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
    runtime.vault.data_keys.forget()
    if isinstance(error, OperationalError | InterfaceError):
        raise error
    rests[member_id] = runtime.clock() + _AFTER_FAILURE
