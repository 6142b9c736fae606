"""What the edge is compared with: the usual way to receive webhooks, done well.

Flask on the same server, the signature, one raw INSERT and commit per request that skips what came
before; and the same without any INSERT. Run as a process of its own: `python -m
tests.bench.yardsticks PORT NAME`, which reads where to connect from BENCH_URL.
"""

import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable

import psycopg
from flask import Flask, request
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from sqlalchemy.engine import make_url
from sqlalchemy.pool import QueuePool

from connectors.signatures import signed_by_any

SECRET = "a secret that signs the benchmark"
TABLE = """
CREATE TABLE yardstick (
    delivery_id TEXT PRIMARY KEY, store TEXT NOT NULL, topic TEXT NOT NULL, received_at BIGINT NOT NULL,
    body {} NOT NULL
)
"""
THREADS = 8
"""Threads of the server and connections of the pool."""

_INSERT = """
INSERT INTO yardstick (delivery_id, store, topic, received_at, body) VALUES ({})
ON CONFLICT (delivery_id) DO NOTHING
"""

_Row = tuple[str, str, str, int, bytes]


def _flask(store: Callable[[_Row], None] | None) -> Flask:
    app = Flask("yardstick")
    secrets = [SECRET.encode()]

    @app.post("/webhooks/<platform>/<key>")
    def deliver(platform: str, key: str) -> tuple[str, int]:
        body = request.get_data()
        if not signed_by_any(body, [request.headers["X-Signature"].encode()], secrets):
            return "", 401
        if store is not None:
            headers = request.headers
            now = time.time_ns() // 1000
            store((headers["X-Delivery-ID"], f"{platform}/{key}", headers["X-Topic"], now, body))
        return "", 200

    return app


def plain() -> Flask:
    """Flask and the signature, then 200: nothing is kept."""
    return _flask(None)


def postgresql() -> Flask:
    """One committed INSERT per request over a pool of raw connections."""
    url = make_url(os.environ["BENCH_URL"]).set(drivername="postgresql")
    address = url.render_as_string(hide_password=False)
    pool = QueuePool(
        lambda: psycopg.connect(address, autocommit=True), THREADS, reset_on_return=None
    )
    insert = _INSERT.format("%s, %s, %s, %s, %b")

    def store(row: _Row) -> None:
        connection = pool.connect()
        try:
            connection.cursor().execute(insert, row)
        finally:
            connection.close()

    return _flask(store)


def sqlite() -> Flask:
    """One committed INSERT per request, a connection per thread, synchronous=FULL."""
    path = make_url(os.environ["BENCH_URL"]).database
    insert = _INSERT.format("?, ?, ?, ?, ?")
    threads = threading.local()

    def store(row: _Row) -> None:
        connection: sqlite3.Connection | None = getattr(threads, "connection", None)
        if connection is None:
            connection = sqlite3.connect(str(path), isolation_level=None, timeout=10)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            threads.connection = connection
        connection.execute(insert, row)

    return _flask(store)


def serve(port: int, name: str) -> None:
    """Serve one of the above with as many processes as the edge has."""
    Granian(
        f"{__spec__.name}:{name}",
        port=port,
        interface=Interfaces.WSGI,
        factory=True,
        workers=int(os.environ["WEB_CONCURRENCY"]),
        blocking_threads=THREADS,
        websockets=False,
        http=HTTPModes.http1,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
