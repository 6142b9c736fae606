"""The composition root: builds every part from the settings, starts and stops it as one."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from a2wsgi import WSGIMiddleware

from app import serving
from app import settings as configuration
from app.clock import Clock, now
from app.db import schema
from app.db.engine import Database, open_database
from app.settings import Settings
from app.web import create_web
from connectors.base import Connector
from connectors.registry import load_connectors
from jobs.runtime import Runtime, new_runtime
from jobs.worker import Worker
from webhooks.bodies import AsgiApp, Limits, Receive, Scope, Send
from webhooks.directory import StoreDirectory
from webhooks.edge import Edge
from webhooks.health import Health
from webhooks.pages import BufferedPages
from webhooks.wakes import Wakes
from webhooks.writer import Writer

_STOP_SECONDS = 10.0  # for each part; granian kills the process after serving.KILL_SECONDS
_PAGE_THREADS = 10


@dataclass(frozen=True)
class WebContext:
    """What the pages may use: `runtime` for everything stored, `wake(store_id)`, and the edge's counts."""

    runtime: Runtime
    wake: Callable[[int], None]
    counts: Mapping[str, int]


class Application:
    """The whole service as one ASGI callable. Serves between `startup` and `shutdown` (lifespan)."""

    def __init__(
        self, runtime: Runtime, *, worker: Worker | None, wake: Callable[[int], None]
    ) -> None:
        settings, database = runtime.settings, runtime.database
        self.runtime = runtime
        self.worker = worker
        self._wakes = Wakes(wake)
        self._writer = Writer(
            database,
            settings.keyring,
            runtime.vault.data_keys,
            self._wakes,
            hold_seconds=settings.hold_seconds,
            hold_requests=settings.hold_requests,
        )
        self._directory = StoreDirectory(
            database,
            settings.keyring,
            hold_seconds=settings.hold_seconds,
            hold_requests=settings.hold_requests,
            clock=runtime.clock,
        )
        self._health = Health(database, self._writer)
        counts: Counter[str] = Counter()
        web = create_web(WebContext(runtime, wake, counts))
        limits = Limits(seconds=settings.body_timeout, size=settings.max_body_bytes)
        # Its types spell out the same protocols in other words.
        pages = cast("AsgiApp", WSGIMiddleware(cast("Any", web), workers=_PAGE_THREADS))
        self._edge = Edge(
            connectors=runtime.connectors,
            directory=self._directory,
            writer=self._writer,
            pages=BufferedPages(pages, limits),
            health=self._health,
            limits=limits,
            counts=counts,
            clock=runtime.clock,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or start and stop as the server says."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self._edge(scope, receive, send)

    async def startup(self) -> None:
        """Start the threads; they answer to the running event loop."""
        self._wakes.start()
        self._writer.start(asyncio.get_running_loop())
        if self.worker is not None:
            self.worker.start()

    async def shutdown(self) -> None:
        """Store what was taken, finish the batch in hand, close the database."""
        stopping: list[Callable[[], None]] = [
            partial(self._writer.stop, _STOP_SECONDS),
            self._wakes.stop,
            self._directory.close,
            self._health.close,
        ]
        if self.worker is not None:
            stopping.insert(0, partial(self.worker.stop, _STOP_SECONDS))
        await asyncio.gather(*(asyncio.to_thread(stop) for stop in stopping))
        self.runtime.database.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.startup()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.shutdown()
        await send({"type": "lifespan.shutdown.complete"})


def create_app(
    settings: Settings,
    *,
    connectors: Mapping[str, Connector] | None = None,
    database: Database | None = None,
    work: bool | None = None,
    clock: Clock = now,
) -> Application:
    """Build the service; nothing runs yet. The database must be migrated.

    `work` says whether a worker runs beside the edge; by default it does when embedded, or when there
    is no Redis to wake workers elsewhere. The application closes the database when it is shut down.
    """
    runtime = new_runtime(
        database or open_database(settings.database_url),
        settings,
        load_connectors() if connectors is None else connectors,
        clock,
    )
    has_queue = settings.redis_url is not None and not settings.embedded
    worker = Worker(runtime) if work or (work is None and not has_queue) else None
    return Application(runtime, worker=worker, wake=_wake(settings, worker, has_queue=has_queue))


def _wake(settings: Settings, worker: Worker | None, *, has_queue: bool) -> Callable[[int], None]:
    if worker is not None:
        return worker.wake
    if has_queue:
        from jobs.wake import make_wake  # noqa: PLC0415 - Redis and RQ cost 0.3 s that few need

        return make_wake(settings)
    return lambda _store_id: None  # workers elsewhere poll each second


def make() -> Application:
    """Build the service in a process of the server's; settings come from the environment."""
    settings = configuration.from_env(os.environ)
    serving.prepare_process(settings)
    return create_app(settings)


def serve(settings: Settings) -> int:
    """Serve until told to stop; returns the exit status, which is not 0 when a process died.

    Raises ConfigError for settings that no process of the server could work with.
    """
    for platform in load_connectors():
        settings.origin_of(platform)
    database = open_database(settings.database_url)
    try:
        schema.upgrade(database)
    finally:
        database.close()
    return serving.run(settings, f"{__name__}:{make.__name__}")
