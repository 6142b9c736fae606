"""The worker: drains deliveries and pushes outbound work, woken by signals, at least each second.

One and the same loop runs as a thread beside the edge (embedded) and as `stempel worker` (scaled); what
a job does is a plain function that does not know who called it.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial

from jobs.automatic import issue_automatic
from jobs.drain import drain
from jobs.grants import give_grants
from jobs.joins import join_proved
from jobs.mail import send_mail
from jobs.push import push
from jobs.referrals import judge_referrals
from jobs.replays import work_off_replays
from jobs.runtime import Runtime
from jobs.schedule import run_due
from jobs.seats import give_seats
from jobs.shops import Shops
from jobs.turns import Turns

log = logging.getLogger("stempel.worker")

_POLL_SECONDS = 1.0
_AFTER_FAILURE_SECONDS = 2.0
_JUDGED_PER_ROUND = 10
_JOINS_PER_TURN = 20  # half a second: deliveries don't wait for a thousand of them


class Worker:
    """Runs until stopped. `wake` is safe to call from any thread and never blocks."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._inbound = threading.Event()
        self._outbound = threading.Event()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._turns = [
            Turns(partial(issue_automatic, runtime, rests={})),
            Turns(partial(give_grants, runtime, rests={})),
            Turns(partial(give_seats, runtime)),
        ]

    def wake(self, _store_id: int = 0) -> None:
        """Say that there are deliveries to drain."""
        self._inbound.set()

    def start(self) -> None:
        """Start threads: deliveries must not wait for a shop that answers slowly, nor either for e-mail."""
        for name, loop in (("drain", self._drain), ("push", self._push), ("mail", self._mail)):
            thread = threading.Thread(target=loop, name=f"stempel-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout: float = 15.0) -> None:
        """Finish the batch in hand and end."""
        self._stopping.set()
        self._inbound.set()
        self._outbound.set()
        for thread in self._threads:
            thread.join(timeout)
        self._threads.clear()

    @property
    def alive(self) -> bool:
        """Say whether every thread runs."""
        return bool(self._threads) and all(thread.is_alive() for thread in self._threads)

    def _drain(self) -> None:
        while not self._stopping.is_set():
            self._inbound.clear()
            if self._survive(lambda: work_off_replays(self._runtime)):
                self._inbound.set()
            if self._survive(lambda: drain(self._runtime)):
                self._outbound.set()
            if self._survive(lambda: join_proved(self._runtime, limit=_JOINS_PER_TURN)):
                self._outbound.set()
                self._inbound.set()  # there may be more
            if self._survive(lambda: judge_referrals(self._runtime, limit=_JUDGED_PER_ROUND)):
                self._outbound.set()
            for turns in self._turns:
                if self._survive(turns.turn):
                    self._outbound.set()
                    self._inbound.set()
            self._inbound.wait(_POLL_SECONDS)

    def _push(self) -> None:
        with Shops(self._runtime) as shops:
            while not self._stopping.is_set():
                self._outbound.clear()
                self._survive(lambda: run_due(self._runtime))
                if self._survive(lambda: push(self._runtime, shops)):
                    self._inbound.set()  # answers of reads are deliveries to be drained
                else:
                    self._outbound.wait(_POLL_SECONDS)

    def _mail(self) -> None:
        while not self._stopping.is_set():
            if not self._survive(lambda: send_mail(self._runtime)):
                self._stopping.wait(_POLL_SECONDS)

    def _survive(self, job: Callable[[], int]) -> int:
        try:
            return job()
        except Exception:
            # The database may be away; every delivery is still in its queue.
            log.exception("the worker goes on after a failure")
            self._stopping.wait(_AFTER_FAILURE_SECONDS)
            return 0
