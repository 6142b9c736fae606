"""The guarded HTTP client: everything a user can point somewhere goes through it."""

import functools
import http.client
import io
import logging
import socket
import ssl
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import msgspec
import urllib3
from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection

from app import clock
from app.errors import Blocked, Invalid, Passing
from connectors.http_guard import AddressGuard, Resolver, Target, look_up, parse_target

MAX_ANSWER_BYTES = 10 * 1024 * 1024
MAX_RETRY_AFTER = 24 * 3600.0  # seconds; a shop that names more is asked again after a day

_CONNECT_SECONDS = 5.0
_MAX_ADDRESSES = 4  # tried one after the other
_MAX_POOLS = 64
_KEPT_PER_POOL = 4
_CHUNK = 64 * 1024


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP answer; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient(Protocol):
    """One kept-alive session. Raises Passing for network trouble, Blocked for a refused address."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 10.0,
    ) -> Answer:
        """Send one request and read the whole answer; follows no redirect, retries nothing."""

    def close(self) -> None:
        """Close every connection."""


@functools.cache
def _trusting_the_system() -> ssl.SSLContext:
    """Return what clients share: to read the system's certificates takes 10 ms for each."""
    return ssl.create_default_context()


class GuardedClient:
    """The HttpClient in use: checks every address it connects to, limits time, size and unpacking.

    `timeout` covers connecting, sending and the whole answer, not the look-up of the name, whose limit
    is the system's. Messages name the host, never a path,
    a query or a header. `close` drops idle connections; the client can be used again after it.
    """

    def __init__(
        self,
        allow_private: bool = False,
        *,
        resolve: Resolver = look_up,
        tls: ssl.SSLContext | None = None,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self._guard = AddressGuard(allow_private, resolve)
        self._tls = tls or _trusting_the_system()
        self._max_answer_bytes = max_answer_bytes
        self._pools: OrderedDict[tuple[str, str, int], urllib3.HTTPConnectionPool] = OrderedDict()
        self._lock = threading.Lock()
        # urllib3 logs request targets, and ours can hold an OAuth signature.
        for name in ("urllib3.connectionpool", "urllib3.connection"):
            logging.getLogger(name).addFilter(_drop)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 10.0,
    ) -> Answer:
        """Send one request and read the whole answer; follows no redirect, retries nothing."""
        target = parse_target(url, allow_private=self._guard.allow_private)
        sent = {"accept-encoding": "gzip", "user-agent": "Stempel"}
        sent.update({name.lower(): value for name, value in (headers or {}).items()})
        try:
            response = self._pool(target).urlopen(
                method,
                target.path,
                body=body,
                headers=sent,
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=urllib3.Timeout(connect=min(timeout, _CONNECT_SECONDS), total=timeout),
                preload_content=False,
                decode_content=False,
            )
            packed = self._read(response, target.host)
        except exceptions.SSLError as error:
            raise Passing(
                f"{target.host} could not be reached over TLS: its certificate is not trusted, or "
                "it does not speak TLS at this port."
            ) from error
        except (TimeoutError, exceptions.TimeoutError) as error:
            raise Passing(f"{target.host} did not answer within {timeout:g} s.") from error
        except (OSError, http.client.HTTPException, exceptions.HTTPError) as error:
            raise Passing(f"The connection to {target.host} broke.") from error
        names = {name.lower(): value for name, value in response.headers.items()}
        encoding = names.get("content-encoding", "")
        return Answer(
            status=response.status,
            headers=names,
            body=_unpacked(packed, encoding, self._max_answer_bytes, target.host),
        )

    def close(self) -> None:
        """Close every idle connection."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def _pool(self, target: Target) -> urllib3.HTTPConnectionPool:
        key = (target.scheme, target.host, target.port)
        with self._lock:
            pool = self._pools.get(key)
            if pool is None:
                pool = self._new_pool(target)
                self._pools[key] = pool
            self._pools.move_to_end(key)
            oldest = self._pools.popitem(last=False)[1] if len(self._pools) > _MAX_POOLS else None
        if oldest is not None:
            oldest.close()
        return pool

    def _new_pool(self, target: Target) -> urllib3.HTTPConnectionPool:
        options: dict[str, Any] = {"maxsize": _KEPT_PER_POOL, "guard": self._guard}
        if target.scheme == "https":
            return _HttpsPool(target.host, target.port, ssl_context=self._tls, **options)
        return _HttpPool(target.host, target.port, **options)

    def _read(self, response: urllib3.BaseHTTPResponse, host: str) -> bytes:
        parts: list[bytes] = []
        size = 0
        try:
            while size <= self._max_answer_bytes and (part := response.read(_CHUNK)):
                size += len(part)
                parts.append(part)
        except BaseException:
            response.close()  # the rest of this answer must not meet the next request
            raise
        if size > self._max_answer_bytes:
            response.close()
            raise _too_large(host, self._max_answer_bytes)
        response.release_conn()
        return b"".join(parts)


def raise_for_answer(answer: Answer, who: str) -> None:
    """Turn an HTTP status into the class of failure it means; 2xx passes.

    `who` begins the sentence, as "The shop shop.example". Platforms that know more about an answer
    say it themselves first.
    """
    match answer.status:
        case status if 200 <= status < 300:
            return
        case 401 | 403:
            raise Blocked(f"{who} refuses our credentials (HTTP {answer.status}).")
        case status if 300 <= status < 400:
            raise Blocked(
                f"{who} answers with a redirect (HTTP {status}), which is never followed. "
                "Change the shop's address to the one it leads to."
            )
        case 408 | 425 | 429:
            raise Passing(
                f"{who} asks us to come back later (HTTP {answer.status}).",
                retry_after=retry_after(answer),
            )
        case status if status >= 500:
            raise Passing(f"{who} has trouble (HTTP {status}).", retry_after=retry_after(answer))
        case status:
            raise Invalid(f"{who} does not accept the request (HTTP {status}).")


def retry_after(answer: Answer, now: datetime | None = None) -> float | None:
    """Return the seconds that `Retry-After` names (a number or a date), at most a day.

    What is past, negative or unreadable counts as not named.
    """
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdecimal():
        # More digits than a day has would only be cut; int() refuses thousands of them.
        return min(float(value[:12]), MAX_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = (moment - (now or clock.now())).total_seconds()
    return min(seconds, MAX_RETRY_AFTER) if seconds > 0 else None


def _drop(_record: logging.LogRecord) -> bool:
    return False


def _too_large(host: str, limit: int) -> Passing:
    return Passing(f"{host} answered with more than {limit:,} bytes; the answer was not read.")


def _unpacked(packed: bytes, encoding: str, limit: int, host: str) -> bytes:
    if not packed or encoding.lower() in {"", "identity"}:
        return packed
    if encoding.lower() not in {"gzip", "x-gzip"}:
        raise Passing(f"{host} packed its answer in a way that was not asked for.")
    reader = zlib.decompressobj(wbits=31)
    try:
        plain = reader.decompress(packed, limit + 1)
    except zlib.error as error:
        raise Passing(f"{host} sent an answer that cannot be unpacked.") from error
    if len(plain) > limit:
        raise _too_large(host, limit)
    if not reader.eof:
        raise Passing(f"{host} sent an answer that ends in the middle.")
    return plain


class _TimedReader(io.RawIOBase):
    """Reads a socket until one moment: a byte now and then does not buy more time."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, ends_at: float) -> None:
        self._raw = raw
        self._sock = sock
        self._ends_at = ends_at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for this answer is over")
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, ends_at: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        raw: Any = self.fp.detach()
        self.fp = io.BufferedReader(_TimedReader(raw, sock, ends_at))


class _Guarded(HTTPConnection):
    """Connects to an address that the guard has let pass; Host and SNI stay the name's."""

    def __init__(self, *args: Any, guard: AddressGuard, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guard = guard

    def _new_conn(self) -> socket.socket:
        seconds = float(self.timeout or _CONNECT_SECONDS)
        ends_at = time.monotonic() + seconds
        refused: OSError = TimeoutError()
        for address in self._guard.addresses(self.host, self.port)[:_MAX_ADDRESSES]:
            left = ends_at - time.monotonic()
            if left <= 0:
                break
            try:
                sock = socket.create_connection((address, self.port), left)
            except OSError as error:
                refused = error
                continue
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        if isinstance(refused, TimeoutError):
            raise Passing(f"{self.host} did not take the connection in {seconds:g} s.")
        raise Passing(f"{self.host} refuses the connection.") from refused

    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as urllib3 itself
        # The pool has set what is left of the whole time-out as this connection's.
        ends_at = time.monotonic() + float(self.timeout or _CONNECT_SECONDS)
        timed = functools.partial(_TimedResponse, ends_at=ends_at)
        self.response_class = timed  # type: ignore[assignment]  # any callable will do
        return super().getresponse()


class _GuardedTls(_Guarded, HTTPSConnection):
    pass


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Guarded


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _GuardedTls
