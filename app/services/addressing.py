"""Whom an e-mail goes to, and what may stand in one: nothing that a person wrote can steer a mail program."""

import re

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.programme.emails import fold
from app.services.keys import Vault

_LONGEST_NAME = 80
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9][a-z0-9-]*[a-z0-9]")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """An e-mail ready to be sent. `sender_name` is the programme's, empty if it has none."""

    to: str
    language: str
    sender_name: str
    subject: str
    text: str
    html: str

    def __repr__(self) -> str:
        return "Letter()"  # an address and a code are nothing for a log


class Unsent(msgspec.Struct, frozen=True):
    """Why there is nothing to send, and never will be."""

    reason: str


class Recipient(msgspec.Struct, frozen=True):
    """Where a person gets e-mail now; `hashed` is the keyed hash of that address."""

    address: str
    hashed: bytes | None


def recipient_of(connection: Connection, vault: Vault, member_id: int) -> Recipient | Unsent:
    """Find where the person behind an account gets e-mail, whoever it was joined to since."""
    row = connection.execute(select(t.member).where(t.member.c.id == member_id)).one()
    if row.merged_into is not None:
        return recipient_of(connection, vault, row.merged_into)
    if row.state == "erased":
        return Unsent("the person was erased")
    if row.email is None:
        return Unsent("no e-mail address is known")
    address = deliverable(vault.open_email(connection, row.data_key_id, row.id, row.email))
    if address is None:
        return Unsent("the e-mail address is no plain one")
    return Recipient(address, row.email_hash)


def deliverable(address: str) -> str | None:
    """Return an address as a mail server takes it, None for what no mail should go to.

    One address and nothing else: no comment, quotes or second one; the domain in ASCII. Other letters
    before the @ are taken by so few servers that they would only come back; an encoded word of a header
    (RFC 2047) may hide a line break.
    """
    folded = fold(address)
    if folded is None:
        return None
    local = address.strip().rpartition("@")[0]
    domain = folded.rpartition("@")[2]
    if len(local) > 64 or "=?" in local or not _LOCAL.fullmatch(local):
        return None
    if not _DOMAIN.fullmatch(domain):
        return None
    return f"{local}@{domain}"


def plain(name: str) -> str:
    """Return a name that a person wrote on one line, short, and without characters that turn text about.

    Nor does it begin an encoded word of a header (RFC 2047), which may hide a line break.
    """
    kept = "".join(one if one.isprintable() else " " for one in name).replace("=?", "= ?")
    kept = " ".join(kept.split())
    return kept if len(kept) <= _LONGEST_NAME else kept[: _LONGEST_NAME - 1].rstrip() + "…"
