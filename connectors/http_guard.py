"""Which addresses the guarded client may talk to: URL rules, name look-up, address ranges.

The check is made on the addresses that are then connected to, at the moment of connecting, so that a
name which changes its answer in between (DNS rebinding) gains nothing.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urlsplit

from app.errors import Blocked, Passing

Resolver = Callable[[str, int], Sequence[str]]
"""Returns every address of a name; raises OSError when there is none."""

OPEN_PORTS = frozenset({80, 443, 8080, 8443})

# Written out because `ipaddress.is_global` differs between the Python versions we support.
# Source: the IANA registries of special-purpose addresses, and 224.0.0.0/4 (multicast).
_CLOSED_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; some clouds answer metadata here
        "127.0.0.0/8",
        "168.63.129.16/32",  # a public-looking address that is a cloud's own metadata service
        "169.254.0.0/16",  # link-local, metadata services
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# Of IPv6 only 2000::/3 is handed out. So loopback, ::ffff:0:0/96 (IPv4 in disguise), 64:ff9b::/96
# (NAT64), fc00::/7, fe80::/10 and ff00::/8 are closed without being listed.
_OPEN_V6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, among them Teredo, which holds an IPv4 address
        "2001:db8::/32",
        "2002::/16",  # 6to4, which holds an IPv4 address
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_PATH_SAFE = "/%:@!$&'()*+,;=~-._"


@dataclass(frozen=True)
class Target:
    """A URL that passed the rules, in the parts that a request needs."""

    scheme: str
    host: str
    port: int
    path: str  # with the query


def parse_target(url: str, *, allow_private: bool) -> Target:
    """Take a URL apart; raises Blocked with a sentence that never repeats its path or query."""
    parts = _split(url)
    scheme = parts.scheme
    if scheme not in {"http", "https"}:
        raise Blocked("The shop's address must begin with https:// (or http://).")
    if "@" in parts.netloc:
        raise Blocked("The shop's address must not hold a user name or password.")
    host = _host_name(parts)
    try:
        port = parts.port or (443 if scheme == "https" else 80)
    except ValueError as error:
        raise Blocked(f"The address of {host} names a port that does not exist.") from error
    if port not in OPEN_PORTS and not allow_private:
        raise Blocked(
            f"The address of {host} names port {port}; only "
            f"{', '.join(str(number) for number in sorted(OPEN_PORTS))} are allowed. For a shop on "
            "this machine or network set ALLOW_PRIVATE_ADDRESSES=1."
        )
    path = quote(parts.path, safe=_PATH_SAFE) or "/"
    if parts.query:
        path += "?" + quote(parts.query, safe=_PATH_SAFE + "?")
    return Target(scheme, host, port, path)


def _split(url: str) -> SplitResult:
    # urlsplit drops line breaks and tabs in silence; an address with them is refused instead.
    if _FORBIDDEN.search(url):
        raise Blocked("The shop's address holds spaces or characters that no address has.")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise Blocked("The shop's address cannot be read as a web address.") from error


def _host_name(parts: SplitResult) -> str:
    try:
        # A trailing dot names the same host; it would not match its certificate.
        host = (parts.hostname or "").removesuffix(".")
        if not host.isascii():
            host = host.encode("idna").decode("ascii")
    except ValueError as error:
        raise Blocked("The shop's address holds a host name that cannot exist.") from error
    if not host:
        raise Blocked("The shop's address has no host name.")
    return host


def is_public(address: str) -> bool:
    """Say whether an address belongs to the open internet and hides no other address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False  # for instance an IPv6 address with a zone: link-local
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in network for network in _CLOSED_V4)
    return parsed in _OPEN_V6 and not any(parsed in network for network in _CLOSED_V6)


def look_up(host: str, port: int) -> Sequence[str]:
    """Return every address of a name, in the system's order of preference."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


@dataclass(frozen=True)
class AddressGuard:
    """Decides at connect time. `allow_private` is for shops on this machine: demo and tests."""

    allow_private: bool
    resolve: Resolver = look_up

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses to connect to; raises Blocked if any is private, Passing if none."""
        try:
            found = self.resolve(host, port)
        except UnicodeError as error:
            raise Blocked(f"{host[:100]!r} is not a host name.") from error
        except OSError as error:
            raise Passing(f"The name {host} cannot be found (DNS).") from error
        if not found:
            raise Passing(f"The name {host} has no address (DNS).")
        if not self.allow_private and not all(is_public(address) for address in found):
            raise Blocked(
                f"{host} leads to an address that is private, local or reserved; "
                "Stempel connects only to public addresses. For a shop on this machine or network "
                "set ALLOW_PRIVATE_ADDRESSES=1."
            )
        return found
