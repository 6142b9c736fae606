"""One-time links by which a person proves that an e-mail is theirs: who can open it reads its mail.

A claim says that two accounts carry one e-mail. The link is sent to that e-mail; opening it and saying
yes joins the accounts (DESIGN.md, People). It works once, because a settled claim stays settled.
"""

import base64
import binascii
import hmac
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, select

from app.clock import to_micros
from app.crypto import Keyring
from app.db import tables as t
from app.errors import Conflict, NotFound

LIFE = timedelta(days=7)

_NUMBER = 8  # bytes of the claim's id, and of the second it expires
_MAC = 16


class Linked(msgspec.Struct, frozen=True):
    """The claim behind a link."""

    claim_id: int
    status: str  # pending | proved | confirmed | refused


def claim_link(
    connection: Connection, keyring: Keyring, *, public_url: str, claim_id: int, now: datetime
) -> str:
    """Return the address to send to the claim's e-mail, good for `LIFE`.

    Raises NotFound, and Conflict if the claim is settled.
    """
    status = connection.execute(
        select(t.claim.c.status).where(t.claim.c.id == claim_id)
    ).scalar_one_or_none()
    if status is None:
        raise NotFound(f"There is no claim {claim_id}. See: stempel member claims")
    if status != "pending":
        raise Conflict(f"Claim {claim_id} is {status} already: there is nothing to prove.")
    expires = to_micros(now + LIFE) // 1_000_000
    plain = claim_id.to_bytes(_NUMBER, "big") + expires.to_bytes(_NUMBER, "big")
    token = base64.urlsafe_b64encode(plain + _mac(keyring, plain)).decode().rstrip("=")
    return f"{public_url}/claim/{token}"


def linked_claim(
    connection: Connection, keyring: Keyring, token: str, now: datetime
) -> Linked | None:
    """Return the claim that a link is about; None if it is none of ours, or its time is over."""
    try:
        raw = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    plain, mac = raw[: 2 * _NUMBER], raw[2 * _NUMBER :]
    if not hmac.compare_digest(mac, _mac(keyring, plain)):
        return None
    if int.from_bytes(plain[_NUMBER:], "big") <= to_micros(now) // 1_000_000:
        return None
    claim_id = int.from_bytes(plain[:_NUMBER], "big")
    row = connection.execute(
        select(t.claim.c.id, t.claim.c.status).where(t.claim.c.id == claim_id)
    ).one_or_none()
    return None if row is None else Linked(row.id, row.status)


def _mac(keyring: Keyring, plain: bytes) -> bytes:
    return keyring.lookup("claim-link", plain)[:_MAC]
