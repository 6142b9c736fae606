"""Who wins a draw, so that anybody can check it. Pure.

A secret is drawn before the first ticket is taken, and its SHA-256 is shown. When the tickets are closed the
winner is the one with the smallest HMAC-SHA256(secret, ticket number), then the next; the secret is shown
afterwards (PRODUCT.md, Formulas). So neither the shop nor we could choose, and nobody could guess.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable

import msgspec

_SECRET_BYTES = 32


class Ticket(msgspec.Struct, frozen=True):
    """One chance: its number, and whose it is. A person wins once, however many tickets there are."""

    number: int
    person: int


def new_secret() -> bytes:
    """Return what decides a draw."""
    return secrets.token_bytes(_SECRET_BYTES)


def commitment(secret: bytes) -> str:
    """Return what is shown of the secret beforehand: its SHA-256, in hexadecimal digits."""
    return hashlib.sha256(secret).hexdigest()


def rank(secret: bytes, number: int) -> bytes:
    """Return what tickets are ordered by: the number is written in decimal digits."""
    return hmac.digest(secret, str(number).encode(), hashlib.sha256)


def winners(secret: bytes, tickets: Iterable[Ticket], prizes: int) -> list[int]:
    """Return the numbers of the tickets that win, the first prize first."""
    won: dict[int, int] = {}  # person → number
    for ticket in sorted(tickets, key=lambda one: (rank(secret, one.number), one.number)):
        if len(won) >= prizes:
            break
        won.setdefault(ticket.person, ticket.number)
    return list(won.values())
