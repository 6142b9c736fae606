"""`/healthz`: 200 while deliveries can be taken; the database is reported, not required."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.db.engine import Database
from webhooks.bodies import Receive, Scope, Send
from webhooks.writer import Writer

_FRESH = 1.0  # seconds: however often we are asked, the database is asked once
_PATIENCE = 1.0  # seconds the database may take


class Health:
    """An ASGI callable that says how we are."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, "health")
        self._reachable: asyncio.Task[bool] | None = None
        self._until = 0.0

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer with our state."""
        serving = self._writer.alive
        reachable = await self._ask()
        body = json.dumps(
            {"status": "ok" if serving else "stopped", "database": "ok" if reachable else "away"}
        ).encode()
        status = 200 if serving else 503
        if scope["method"] not in {"GET", "HEAD"}:
            status, body = 405, b""
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body}
        )

    async def _ask(self) -> bool:
        if self._reachable is None or (self._reachable.done() and time.monotonic() > self._until):
            self._until = time.monotonic() + _FRESH
            self._reachable = asyncio.create_task(self._look())
        done, _ = await asyncio.wait([self._reachable], timeout=_PATIENCE)
        return bool(done) and self._reachable.result()

    async def _look(self) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._select)

    def _select(self) -> bool:
        try:
            with self._database.reader.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True
