"""Keeps tests on this machine: whatever a test connects to, it must be loopback or a unix socket."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class NetworkRefusedError(Exception):
    """A test tried to leave this machine; the text names the address."""


@contextmanager
def only_this_machine() -> Iterator[None]:
    """Refuse connections to other machines. Programs that tests start are on their own."""
    before = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex")}
    for name, method in before.items():
        setattr(socket.socket, name, _guarded(method))
    try:
        yield
    finally:
        for name, method in before.items():
            setattr(socket.socket, name, method)


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
            raise NetworkRefusedError(f"a test may not connect to {address[0]!r}")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def free_port() -> int:
    """Return a port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
