"""One-time links by which a person proves that an e-mail is theirs: who can open it reads its mail.

A claim says that two accounts carry one e-mail. The link is sent to that e-mail; opening it and saying
yes joins the accounts (DESIGN.md, People). It works once, because a settled claim stays settled.
"""

import base64
import binascii
import hmac
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, Row, select

from app.clock import to_micros
from app.crypto import Keyring
from app.db import tables as t
from app.errors import Conflict, NotFound
from app.services.keys import Vault
from app.services.people import BY_THE_SHOP, has_left
from app.services.views import key_of

LIFE = timedelta(days=7)

_NUMBER = 8  # bytes of the claim's id, and of the second it expires
_MAC = 16


class Link(msgspec.Struct, frozen=True):
    """A link, and the one e-mail address that it may be sent to."""

    address: str
    email: str


class Linked(msgspec.Struct, frozen=True):
    """The claim behind a link."""

    claim_id: int
    status: str  # pending | proved | confirmed | joined
    shops: tuple[tuple[str, ...], ...]  # of both accounts; none: gathered without one


def claim_link(
    connection: Connection, vault: Vault, *, public_url: str, claim_id: int, now: datetime
) -> Link:
    """Return a link that proves the claim's e-mail, good for `LIFE`, and where to send it.

    Raises NotFound, and Conflict if the claim is settled or no e-mail would prove it.
    """
    claim = connection.execute(
        select(t.claim).where(t.claim.c.id == key_of(claim_id))
    ).one_or_none()
    if claim is None:
        raise NotFound(f"There is no claim {claim_id}. See: stempel member claims")
    if claim.status != "pending":
        raise Conflict(f"Claim {claim_id} is {claim.status} already: there is nothing to prove.")
    email = _address(connection, vault, claim)
    if email is None or not _both_carry(connection, claim):
        raise Conflict(
            f"The accounts of claim {claim_id} do not both have its e-mail any more: a link would "
            "prove nothing. If you know that they are one person's: stempel member confirm"
        )
    expires = to_micros(now + LIFE) // 1_000_000
    plain = claim_id.to_bytes(_NUMBER, "big") + expires.to_bytes(_NUMBER, "big")
    token = base64.urlsafe_b64encode(plain + _mac(vault.keyring, plain)).decode().rstrip("=")
    return Link(f"{public_url}/claim/{token}", email)


def claim_of(keyring: Keyring, token: str, now: datetime) -> int | None:
    """Return the id of the claim that a link is about; None if it is none of ours, or too old.

    Asks no database: whoever makes tokens up costs nothing.
    """
    try:
        raw = base64.urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    plain, mac = raw[: 2 * _NUMBER], raw[2 * _NUMBER :]
    if not hmac.compare_digest(mac, _mac(keyring, plain)):
        return None
    if int.from_bytes(plain[_NUMBER:], "big") <= to_micros(now) // 1_000_000:
        return None
    return int.from_bytes(plain[:_NUMBER], "big")


def linked_claim(connection: Connection, claim_id: int) -> Linked | None:
    """Return the claim behind a link; None if there is none, or opening it proves nothing any more."""
    claim = connection.execute(
        select(t.claim).where(t.claim.c.id == key_of(claim_id))
    ).one_or_none()
    if claim is None or (claim.status == "pending" and not _both_carry(connection, claim)):
        return None
    parties = (claim.member_id, claim.holder_id)
    return Linked(claim.id, claim.status, tuple(_shops(connection, party) for party in parties))


def _shops(connection: Connection, member_id: int) -> tuple[str, ...]:
    """Return where an account is known, as the shops call themselves."""
    rows = connection.execute(
        select(t.store.c.host, t.store.c.url)
        .join(t.store_customer, t.store_customer.c.store_id == t.store.c.id)
        .where(t.store_customer.c.member_id == member_id)
        .distinct()
    )
    return tuple(sorted({row.host or urlsplit(row.url).hostname or row.url for row in rows}))


def _both_carry(connection: Connection, claim: Row[Any]) -> bool:
    """Say whether both accounts still have the e-mail: else who reads it is neither's owner for sure."""
    if claim.email_hash == BY_THE_SHOP:
        return False
    for party in (claim.member_id, claim.holder_id):
        state = connection.execute(select(t.member.c.state).where(t.member.c.id == party)).scalar()
        emails = connection.execute(
            select(t.store_customer.c.email_hash).where(t.store_customer.c.member_id == party)
        ).scalars()
        if state == "erased" or has_left(list(emails), claim.email_hash):
            return False
    return True


def _address(connection: Connection, vault: Vault, claim: Row[Any]) -> str | None:
    """Return the e-mail of a claim as somebody spelled it, None if only its hash is known."""
    row = connection.execute(
        select(t.member.c.id, t.member.c.data_key_id, t.member.c.email)
        .where(
            t.member.c.programme_id == claim.programme_id,
            t.member.c.email_hash == claim.email_hash,
            t.member.c.email.is_not(None),
        )
        .order_by(t.member.c.id)
    ).first()
    if row is None or row.data_key_id is None:
        return None
    return vault.open_email(connection, row.data_key_id, row.id, row.email)


def _mac(keyring: Keyring, plain: bytes) -> bytes:
    return keyring.lookup("claim-link", plain)[:_MAC]
