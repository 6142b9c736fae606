"""Wake-ups over Redis and RQ: one job per store, at most one waiting, with an id and nothing else.

Redis may be wiped or away at any time: the database is the queue of record and every worker looks into
it each second anyway (facts/reliability.md, Delivery semantics). So a wake-up that fails is logged and
forgotten.
"""

import functools
import logging
import os
from collections.abc import Callable

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

from app import settings as configuration
from app.db.engine import open_database
from app.errors import ConfigError
from app.settings import Settings
from connectors.registry import load_connectors
from jobs.drain import drain
from jobs.runtime import Runtime, new_runtime

log = logging.getLogger("stempel.wake")

QUEUE = "stempel"
_JOB_SECONDS = 120
_STALE_SECONDS = 60  # a wake-up nobody took by then is pointless: workers poll


def open_queue(settings: Settings) -> Queue:
    """Return the queue of wake-ups; raises ConfigError without REDIS_URL."""
    if settings.redis_url is None:
        raise ConfigError("REDIS_URL is not set: there is no Redis to wake workers through.")
    redis = Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=1)
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


def make_wake(settings: Settings) -> Callable[[int], None]:
    """Return what the edge calls after a commit: best effort, never raises."""
    queue = open_queue(settings)

    def wake(store_id: int) -> None:
        try:
            queue.enqueue(
                drain_store,
                store_id,
                job_id=f"drain-{store_id}",
                unique=True,
                job_timeout=_JOB_SECONDS,
                ttl=_STALE_SECONDS,
                result_ttl=0,
                failure_ttl=_STALE_SECONDS,
            )
        except DuplicateJobError:
            pass  # one that waits already will see this delivery too
        except RedisError as error:
            log.warning("no wake-up for store %s: %s", store_id, type(error).__name__)

    return wake


def drain_store(store_id: int) -> int:
    """Drain one store; the job that RQ runs. Returns how many deliveries were dealt with."""
    return drain(_runtime(), only=store_id)


@functools.cache
def _runtime() -> Runtime:
    """Return this worker process's runtime, made when its first job comes."""
    settings = configuration.from_env(os.environ)
    return new_runtime(open_database(settings.database_url), settings, load_connectors())
