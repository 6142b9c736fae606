"""Running the service under granian: a supervisor, its serving processes, and neither without the other.

What granian leaves to us: a serving process that outlives its supervisor goes on holding the port, a
second start on the same port succeeds in silence (both would take half of the requests), and a death
of the serving process need not show in the exit status.
"""

import ctypes
import fcntl
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.log import LogLevels

from app.errors import ConfigError
from app.settings import Settings

KILL_SECONDS = 20
"""How long the serving process may take to finish what it has begun."""

_PR_SET_PDEATHSIG = 1

_held: list[int] = []
"""Descriptors of locks: held until the process ends, whatever ends it."""


def run(settings: Settings, target: str) -> int:
    """Serve `target`, a factory "module:name", until told to stop; returns the exit status."""
    if settings.embedded:
        who = f"process {os.getpid()}, http://{_address(settings)}"
        hold(settings.var / "up.lock", who, patience=0)
    require_free_port(settings)
    server = Granian(
        target,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=settings.web_processes,
        loop=Loops.uvloop if sys.platform != "win32" else Loops.auto,
        websockets=False,
        http=HTTPModes.http1,
        workers_kill_timeout=KILL_SECONDS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
    )
    reloads: list[None] = []
    server.on_reload(lambda: reloads.append(None))
    try:
        server.serve()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) and end.code else 1
    # Both are filled by deaths; the second also by a reload that somebody asked for (SIGHUP).
    died = bool(server.interrupt_children) or (bool(server.respawned_wrks) and not reloads)
    return 1 if died else 0


def prepare_process(settings: Settings) -> None:
    """Make ready a process that the server started; raises ConfigError if another one serves."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    if sys.platform == "linux":
        # A supervisor that is killed must not leave an orphan on its port.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if settings.embedded:
        # A predecessor that lost its supervisor may be finishing what it has begun.
        hold(settings.var / "serving.lock", f"process {os.getpid()}", patience=KILL_SECONDS)


def hold(path: Path, who: str, *, patience: float) -> None:
    """Take a lock for the life of this process, or raise ConfigError naming who has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = os.pread(handle, 200, 0).decode("utf-8", "replace").strip()
                os.close(handle)
                raise ConfigError(
                    f"Stempel is running already on {path.parent} ({holder or 'process unknown'}). "
                    "An SQLite database has one serving process: stop that one first."
                ) from None
            time.sleep(0.05)
        else:
            os.ftruncate(handle, 0)
            os.pwrite(handle, who.encode(), 0)
            _held.append(handle)
            return


def require_free_port(settings: Settings) -> None:
    """Raise ConfigError if something listens where we are to."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise ConfigError(
                f"Cannot listen on {_address(settings)}: {error.strerror}. "
                "Choose another with PORT or --port."
            ) from error


def _address(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"
