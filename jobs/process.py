"""`stempel worker` and `stempel clock`: the processes of a scaled installation."""

import logging
import signal
import threading

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy.exc import DBAPIError

from jobs.runtime import Runtime
from jobs.schedule import run_due
from jobs.wake import open_queue
from jobs.worker import Worker

log = logging.getLogger("stempel.worker")

_REDIS_AGAIN_SECONDS = 5.0
_TICK_SECONDS = 5.0


def work_until_stopped(runtime: Runtime) -> int:
    """Work until SIGTERM or SIGINT; returns the exit status. Goes on without Redis while it is away."""
    stopping = _told_to_stop()
    worker = Worker(runtime)
    worker.start()
    try:
        if runtime.settings.redis_url is None:
            stopping.wait()
        else:
            _listen(runtime, stopping)
        return 0 if worker.alive else 1
    finally:
        worker.stop()


def tick_until_stopped(runtime: Runtime) -> int:
    """Run the schedule until SIGTERM or SIGINT; returns the exit status."""
    stopping = _told_to_stop()
    while not stopping.wait(_TICK_SECONDS):
        try:
            run_due(runtime)
        except DBAPIError:
            log.exception("the database is away; the schedule catches up when it is back")
    return 0


def _told_to_stop() -> threading.Event:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    return stopping


def _listen(runtime: Runtime, stopping: threading.Event) -> None:
    """Run RQ's wake-ups in this thread; its own SIGTERM handling ends its loop."""
    queue = open_queue(runtime.settings)
    while not stopping.is_set():
        try:
            listener = SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer)
            listener.work(with_scheduler=False, logging_level="WARNING")
        except RedisError as error:
            log.warning("Redis is away (%s); the database is looked into each second", error)
            stopping.wait(_REDIS_AGAIN_SECONDS)
        else:
            return  # told to stop
