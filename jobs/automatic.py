"""Issues the rewards that a programme gives by itself, each in a transaction of its own."""

import logging
import time
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.exc import InterfaceError, OperationalError

from app.errors import Conflict
from app.services.automatic import Due, automatic_programmes, due_members
from app.services.redeem import Outlet, redeem
from jobs.outlets import outlets
from jobs.runtime import Runtime

log = logging.getLogger("stempel.automatic")

Rests = MutableMapping[int, datetime]
"""Members for whom it failed, and until when they are left alone."""


class Job(Protocol):
    """What is due is done, but for who rests."""

    def __call__(self, runtime: Runtime, limit: int = ..., rests: Rests | None = ...) -> int:
        """Return how much was done."""


_AFTER_FAILURE = timedelta(minutes=10)
_PAUSE = 20  # times as long as the search that found nobody


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


def issue_automatic(runtime: Runtime, limit: int = 20, rests: Rests | None = None) -> int:
    """Redeem once for every member who is due a reward, up to `limit` in a programme; returns how many.

    Who can pay for another one is due again in the next turn. One that fails is logged and left alone for
    ten minutes if the caller keeps `rests` from turn to turn.
    """
    rests = {} if rests is None else rests
    now = runtime.clock()
    for member_id in [one for one, until in rests.items() if until <= now]:
        del rests[member_id]
    due: list[tuple[Due, list[Outlet]]] = []
    with runtime.database.snapshot() as connection:
        for automatic in automatic_programmes(connection, now):
            shops = outlets(
                connection, runtime.settings.keyring, runtime.connectors, automatic.programme_id
            )
            found = due_members(connection, automatic, shops, now, limit=limit, but=rests)
            due += [(one, shops) for one in found]
    return sum(_issue(runtime, one, shops, rests) for one, shops in due)


def _issue(runtime: Runtime, due: Due, shops: list[Outlet], rests: Rests) -> int:
    try:
        runtime.database.run(
            lambda connection: redeem(
                connection,
                runtime.vault,
                programme_id=due.programme_id,
                member_id=due.member_id,
                reward=due.reward,
                outlets=shops,
                store_key=due.store_key,
                automatic=True,
                actor="automatic",
                now=runtime.clock(),
            )
        )
    except Exception as error:  # the edge of the jobs: recorded, never swallowed
        runtime.vault.data_keys.forget()
        if isinstance(error, OperationalError | InterfaceError):
            raise  # the database is away or too busy: no member's fault
        if isinstance(error, Conflict):  # another worker, or the member, was faster
            log.info("member %s is not given a reward now: %s", due.member_id, error)
        else:
            log.exception("member %s is not given the reward %s now", due.member_id, due.reward)
        rests[due.member_id] = runtime.clock() + _AFTER_FAILURE
        return 0
    return 1
