"""Starts what is compared, each in processes of its own, and puts load on it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import msgspec
from sqlalchemy import insert, text

from app.crypto import Keyring
from app.db import schema
from app.db import tables as t
from app.db.engine import open_database
from app.db.ids import new_id
from app.services.stores import add_store
from tests.bench import yardsticks

ROOT = Path(__file__).parents[2]
PATH = "/webhooks/tinyshop/bench-shop"
KEYRING = Keyring(
    secret_keys=("dGVzdHMgdXNlIHRoaXMga2V5LCBub2JvZHkgZWxzZSE=",),
    pepper=b"a pepper for the benchmark",
    ledger_key=b"a ledger key for the benchmark",
)

_numbers = count(1, 10_000_000)
"""Where the running numbers of each load start, so that no body ever comes twice."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one load saw: requests a second, latencies in ms, CPU-µs of the server a request."""

    rate: float
    p50: float
    p99: float
    errors: int
    client_share: float
    server_cpu: float


class Contender:
    """A running server."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self._port = port

    def load(self, seconds: float, connections: int) -> Figures:
        """Put load on the server for some seconds."""
        before = _cpu_of_family(self._process.pid)
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.bench.client",
                f"127.0.0.1:{self._port}",
                PATH,
                yardsticks.SECRET,
                str(seconds),
                str(connections),
                str(next(_numbers)),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
        )
        seen = json.loads(done.stdout)
        cpu = _cpu_of_family(self._process.pid) - before
        return Figures(
            rate=seen["rate"],
            p50=seen["p50"],
            p99=seen["p99"],
            errors=seen["errors"],
            client_share=seen["client_cpu"],
            server_cpu=1_000_000 * cpu / seen["requests"],
        )


@contextmanager
def run_contender(name: str, url: str, folder: Path) -> Iterator[Contender]:
    """Run the edge, or the yardstick of that name, until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {
        "BENCH_URL": url,
        "DATABASE_URL": url,
        "STEMPEL_VAR": str(folder),
        "SECRET_KEYS": ",".join(KEYRING.secret_keys),
        "LOOKUP_PEPPER": KEYRING.pepper.decode(),
        "LEDGER_KEY": KEYRING.ledger_key.decode(),
        "PORT": str(port),
        # An SQLite database has one serving process; the server of the other is on the same two cores.
        "WEB_CONCURRENCY": "1" if url.startswith("sqlite") else "2",
    }
    module = (
        ["tests.webhooks.server"] if name == "edge" else ["tests.bench.yardsticks", str(port), name]
    )
    process = subprocess.Popen([sys.executable, "-m", *module], cwd=ROOT, env=os.environ | own)
    try:
        _wait_until_listening(process, port)
        yield Contender(process, port)
    finally:
        process.terminate()
        process.wait(30)


def seeded(url: str) -> None:
    """Migrate the database and connect the shop whose deliveries come."""
    database = open_database(url)
    schema.upgrade(database)
    now = datetime.now(UTC)
    with database.transaction() as connection:
        programme_id = new_id()
        connection.execute(insert(t.programme).values(id=programme_id, key="bench", created_at=now))
        add_store(
            connection,
            KEYRING,
            programme_id=programme_id,
            platform="tinyshop",
            url="https://shop.example",
            values={"webhook-secret": [yardsticks.SECRET]},
            now=now,
            key=PATH.rpartition("/")[2],
        )
        blob = "BLOB" if database.embedded else "BYTEA"
        connection.execute(text(yardsticks.TABLE.format(blob)))
    database.close()


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("a server did not start")


def _cpu_of_family(pid: int) -> float:
    """Return the CPU seconds of a process and of everything it started."""
    path = Path(f"/proc/{pid}")
    fields = (path / "stat").read_text().rpartition(")")[2].split()
    used = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    children = (path / "task" / str(pid) / "children").read_text().split()
    return used + sum(_cpu_of_family(int(child)) for child in children)
