"""Who may see the pages until there are users: this machine, or whoever holds a one-time token.

"This machine" is believed only if nothing else can have got here: we listen on loopback, the address
that people were told is loopback too (else a proxy forwards strangers), the request names a loopback
host (else a page elsewhere had its name point at us: DNS rebinding) and nothing forwarded it.
"""

import hmac
import secrets
import threading
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from flask import Request

from app.clock import Clock, to_micros
from app.crypto import Keyring
from app.settings import Settings

TOKEN_LIFE = timedelta(hours=1)
ENTRY_LIFE = timedelta(hours=12)
"""How long a browser that came in by a token stays in."""

_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


def entry_address(settings: Settings, now: datetime) -> str:
    """Return the address to open first; with a new token in it, good for an hour, if one is needed."""
    if _for_this_machine(settings):
        return settings.public_url
    token = settings.page_token or new_token(settings.keyring, now)
    return f"{settings.public_url}/?token={quote(token, safe='')}"


def new_token(keyring: Keyring, now: datetime) -> str:
    """Return a token that any process with the same keys accepts, once, until it expires."""
    expires = to_micros(now + TOKEN_LIFE) // 1_000_000
    nonce = secrets.token_urlsafe(12)
    return f"{expires}.{nonce}.{_mac(keyring, expires, nonce)}"


class Gate:
    """Decides on requests. Remembers the tokens that this process has accepted."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._used: dict[str, int] = {}  # token → when it expires anyway, seconds since 1970

    def is_local(self, request: Request) -> bool:
        """Say whether the request can only come from this machine."""
        return (
            _for_this_machine(self._settings)
            and _is_loopback(_host_of(request.headers.get("Host", "")))
            and not any(name in request.headers for name in _FORWARDED)
        )

    def admit(self, token: str) -> bool:
        """Say whether a token lets its bearer in; it does once."""
        now = to_micros(self._clock()) // 1_000_000
        expires = self._expiry(token, now)
        with self._lock:
            self._used = {one: until for one, until in self._used.items() if until > now}
            if expires <= now or token in self._used:
                return False
            self._used[token] = expires
            return True

    def _expiry(self, token: str, now: int) -> int:
        """Return when a token expires, 0 if it is none of ours."""
        fixed = self._settings.page_token
        if fixed is not None and hmac.compare_digest(token.encode(), fixed.encode()):
            # Remembered as used for as long as this process can live.
            return now + 10 * 365 * 86_400
        stamp, _, rest = token.partition(".")
        nonce, _, mac = rest.partition(".")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 16):
            return 0
        expected = _mac(self._settings.keyring, int(stamp), nonce)
        return int(stamp) if hmac.compare_digest(mac.encode(), expected.encode()) else 0


def _mac(keyring: Keyring, expires: int, nonce: str) -> str:
    return keyring.lookup("page-token", str(expires).encode(), nonce.encode()).hex()


def _for_this_machine(settings: Settings) -> bool:
    public = urlsplit(settings.public_url).hostname or ""
    return _is_loopback(settings.host) and _is_loopback(public)


def _host_of(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
