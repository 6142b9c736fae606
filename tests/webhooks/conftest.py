"""A store of the platform `tinyshop`, and a real server in front of it.

The server is a process of its own, started like `stempel up` does; it is told by environment variables
which database and keys to use.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert

from app.crypto import Keyring
from app.db import tables as t
from app.db.engine import Database
from app.db.ids import new_id
from app.services.stores import add_store
from tests.sockets import free_port
from tests.webhooks import raw

SECRET = b"a secret of the shop"
OTHER_SECRET = b"a secret of another shop"
ROOT = Path(__file__).parents[2]


class Shop(msgspec.Struct, frozen=True):
    """The connected store of a test."""

    id: int
    programme_id: int
    key: str

    @property
    def path(self) -> str:
        return f"/webhooks/tinyshop/{self.key}"


class Server:
    """A running server: `process` is its supervisor."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def serving_pid(self) -> int:
        """Return the process that serves, the supervisor's child."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        children = [int(pid) for pid in path.read_text().split()]
        return next(pid for pid in children if b"spawn_main" in _command(pid) or len(children) == 1)

    def stop(self) -> int:
        """End it as an operator does; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def add_shop(database: Database, keyring: Keyring, *, key: str, secrets: list[bytes]) -> Shop:
    with database.transaction() as connection:
        now = datetime.now(UTC)
        programme_id = new_id()
        connection.execute(insert(t.programme).values(id=programme_id, key=key, created_at=now))
        store = add_store(
            connection,
            keyring,
            programme_id=programme_id,
            platform="tinyshop",
            url="https://shop.example",
            values={"webhook-secret": [secret.decode() for secret in secrets]},
            now=now,
            key=key,
            ref=f"{key}.shop.example",  # what a header calls it
        )
    return Shop(store.id, programme_id, store.key)


@pytest.fixture
def shop(database: Database, keyring: Keyring) -> Shop:
    return add_shop(database, keyring, key="kawa-shop", secrets=[SECRET])


def environment(url: str, keyring: Keyring, var: Path, port: int) -> dict[str, str]:
    """Return the settings of a server as environment variables."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "STEMPEL_VAR": str(var),
        "SECRET_KEYS": ",".join(keyring.secret_keys),
        "LOOKUP_PEPPER": keyring.pepper.decode(),
        "LEDGER_KEY": keyring.ledger_key.decode(),
        "PORT": str(port),
    }


@contextmanager
def serving(
    url: str, keyring: Keyring, var: Path, *, port: int | None = None, **more: str
) -> Iterator[Server]:
    """Run a server over the database at `url` until the block ends."""
    port = port or free_port()
    log = var / "server.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.webhooks.server"],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment(url, keyring, var, port) | more,
        )
    try:
        _wait_until_serving(process, port, log)
        yield Server(process, port, log)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait_until_serving(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if raw.send(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").status == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {log.read_text(errors='replace')}")


Serve = Callable[..., Server]


@pytest.fixture
def serve(database: Database, keyring: Keyring, tmp_path: Path) -> Iterator[Serve]:
    """Start servers over the test's database; they end with the test."""
    with ExitStack() as stack:

        def start(**options: str) -> Server:
            return stack.enter_context(serving(database.url, keyring, tmp_path, **options))

        yield start


@pytest.fixture
def server(serve: Serve, shop: Shop) -> Server:
    return serve(BODY_TIMEOUT_SECONDS="2")
