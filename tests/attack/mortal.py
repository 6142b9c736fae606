"""Processes that really die: a worker with failpoints, and a member's click that is cut off.

They are forked from a server process that has everything imported; each opens the database for itself.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import datetime

from app.db.engine import open_database
from app.services.redeem import redeem
from app.settings import Settings
from connectors.registry import load_connectors
from jobs.drain import drain
from jobs.outlets import outlets
from jobs.push import push
from jobs.runtime import Runtime, new_runtime
from jobs.shops import Shops
from tests.attack.slow_line import hurry
from tests.pipeline import TestClock

KILLED = -signal.SIGKILL

_TURNS = 4
_SECONDS = 60

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["__main__", __name__])


def run(job: Callable[..., None], *calls: tuple[object, ...]) -> list[int]:
    """Do a job in processes of its own, at once, one for each call; returns how each ended: 0, or KILLED."""
    processes = [_context.Process(target=job, args=call) for call in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join(_SECONDS)
    ended = [process.exitcode for process in processes]
    for process in processes:
        if process.exitcode is None:
            process.kill()
    if None in ended:
        raise AssertionError("a process neither ends nor dies")
    return [code for code in ended if code is not None]


def work(settings: Settings, moment: datetime, store_id: int) -> None:
    """Do some turns of a worker, at that moment of the test."""
    clock = TestClock(moment)
    runtime = _runtime(settings, clock)
    with Shops(runtime) as shops:
        hurry(shops.get(shops.store(store_id)), clock)
        for _ in range(_TURNS):
            if not drain(runtime) + push(runtime, shops):
                break
    runtime.database.close()


def click(
    settings: Settings, moment: datetime, programme_id: int, member_id: int, committed: bool
) -> None:
    """Take a reward and die in the middle: just before the commit, or just after it."""
    runtime = _runtime(settings, TestClock(moment))
    with runtime.database.transaction() as connection:
        redeem(
            connection,
            runtime.vault,
            programme_id=programme_id,
            member_id=member_id,
            reward="ten-percent",
            outlets=outlets(connection, settings.keyring, runtime.connectors, programme_id),
            request_key="one click",
            actor="test",
            now=runtime.clock(),
        )
        if not committed:
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _runtime(settings: Settings, clock: TestClock) -> Runtime:
    return new_runtime(open_database(settings.database_url), settings, load_connectors(), clock)
