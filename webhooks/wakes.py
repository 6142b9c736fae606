"""Wakes workers after a commit: best effort, at most once per store and interval, never in the way."""

import logging
import threading
from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

_INTERVAL = 0.05  # seconds; what comes in between is woken together at its end
_CLOSING = 2.0  # seconds


class Wakes:
    """Calls `wake(store_id)` in a thread of its own, so that a slow Redis delays no commit."""

    def __init__(self, wake: Callable[[int], None]) -> None:
        self._wake = wake
        self._due: set[int] = set()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhook-wakes", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Make the last calls and end the thread; what it does not manage the workers' poll finds."""
        self._closed.set()
        with self._changed:
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_CLOSING)

    def note(self, store_ids: Iterable[int]) -> None:
        """Remember that these stores have something waiting. Returns at once; any thread."""
        with self._changed:
            self._due.update(store_ids)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due and not self._closed.is_set():
                    self._changed.wait()
                due, self._due = self._due, set()
            for store_id in due:
                self._call(store_id)
            if self._closed.is_set() and not self._due:
                return
            self._closed.wait(_INTERVAL)

    def _call(self, store_id: int) -> None:
        try:
            self._wake(store_id)
        except Exception as error:  # noqa: BLE001 - best effort: the workers poll each second anyway
            log.warning("waking a worker failed: %s", type(error).__name__)
