"""HTTP written by hand: for requests that no proper client would send."""

import socket
import time

import msgspec

from connectors.signatures import hmac_sha256_base64


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer; `status` is 0 if the server hung up without one."""

    status: int
    headers: dict[str, str]
    body: bytes


def request(
    path: str,
    body: bytes = b"",
    headers: list[tuple[bytes, bytes]] | None = None,
    *,
    method: str = "POST",
    length: bytes | None = None,
) -> bytes:
    """Return the bytes of a request; `length` overrides the true Content-Length."""
    lines = [
        f"{method} {path} HTTP/1.1".encode("utf-8", "surrogateescape"),
        b"Host: stempel.example",
    ]
    lines += [name + b": " + value for name, value in headers or []]
    lines.append(b"Content-Length: " + (b"%d" % len(body) if length is None else length))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def signed(
    path: str,
    body: bytes,
    secret: bytes,
    topic: bytes = b"order.updated",
    more: list[tuple[bytes, bytes]] | None = None,
) -> bytes:
    """Return the bytes of a delivery as tinyshop sends it."""
    signature = hmac_sha256_base64(body, secret)
    return request(path, body, [(b"X-Topic", topic), (b"X-Signature", signature), *(more or [])])


def connect(port: int, timeout: float = 15.0) -> socket.socket:
    """Open a connection to the server under test."""
    return socket.create_connection(("127.0.0.1", port), timeout)


def send(port: int, *parts: bytes, pause: float = 0.0, timeout: float = 15.0) -> Answer:
    """Send the parts over one connection and read one answer."""
    with connect(port, timeout) as one:
        for part in parts:
            try:
                one.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                break  # it has answered already
            time.sleep(pause)
        return receive(one)


def receive(one: socket.socket) -> Answer:
    """Read one answer from an open connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        try:
            part = one.recv(65536)
        except ConnectionResetError:
            part = b""
        if not part:
            return Answer(0, {}, data)
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += one.recv(65536)
    return Answer(int(first.split()[1]), headers, body)
