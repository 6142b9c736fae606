"""What an e-mail says, to whom: worked out when it is sent, in the programme's language.

Nothing in it is loaded from anywhere, so that nobody learns when it is read.
"""

import re
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from sqlalchemy import Connection, Row, and_, select
from sqlalchemy.sql.elements import ColumnElement

from app.db import tables as t
from app.programme.document import Programme
from app.programme.emails import fold
from app.programme.events import RedemptionFacts, RedemptionState
from app.services.facts import decode_facts
from app.services.keys import Vault
from app.services.mail import OLD, Mail
from app.services.programmes import in_force, version_of, versions
from app.services.reward_words import reward_words
from app.services.texts import Texts, texts

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


class _Recipient(msgspec.Struct, frozen=True):
    """Where a person gets e-mail now; `hashed` is the keyed hash of that address."""

    address: str
    hashed: bytes | None


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an e-mail about a code, for both of its forms."""

    greeting: str
    opening: str
    code_label: str
    code: str
    terms: list[str]
    shop_label: str
    shop: str
    closing: str


def letter(connection: Connection, vault: Vault, mail: Mail, now: datetime) -> Letter | Unsent:
    """Return what a mail says now, or why it is not sent."""
    if mail.created_at + OLD <= now:
        return Unsent(f"not sent for {OLD.days} days")
    to = _recipient(connection, vault, mail.member_id)
    return to if isinstance(to, Unsent) else _code_letter(connection, mail, to, now)


def _recipient(connection: Connection, vault: Vault, member_id: int) -> _Recipient | Unsent:
    """Find the person behind an account, whoever it was joined to since."""
    row = connection.execute(select(t.member).where(t.member.c.id == member_id)).one()
    if row.merged_into is not None:
        return _recipient(connection, vault, row.merged_into)
    if row.state == "erased":
        return Unsent("the person was erased")
    if row.email is None:
        return Unsent("no e-mail address is known")
    address = deliverable(vault.open_email(connection, row.data_key_id, row.id, row.email))
    if address is None:
        return Unsent("the e-mail address is no plain one")
    return _Recipient(address, row.email_hash)


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


def _code_letter(
    connection: Connection, mail: Mail, to: _Recipient, now: datetime
) -> Letter | Unsent:
    row = connection.execute(
        select(
            t.redemption,
            t.source_object.c.facts,
            t.source_object.c.version,
            t.store.c.url,
            t.store_customer.c.email_hash,
        )
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .join(t.store, t.store.c.id == t.redemption.c.store_id)
        .join(t.store_customer, _account(), isouter=True)
        .where(t.redemption.c.id == mail.subject_id)
    ).one()
    if row.state != RedemptionState.ISSUED:
        return Unsent(f"the code is {row.state}")
    if row.ending is not None or (row.ends_at is not None and row.ends_at <= now):
        return Unsent("the code is over")
    facts = decode_facts(row.facts)
    assert isinstance(facts, RedemptionFacts)
    known = versions(connection, mail.programme_id)
    told, offered = in_force(known, now).programme, version_of(known, row.version).programme
    words = texts(told.language)
    name, reward = plain(told.name), _reward(offered, facts, words)
    terms = [*_terms(words, row, offered, facts), _for_whom(words, row, to)]
    said = _said(words, row, name, reward, terms)
    return Letter(
        to=to.address,
        language=words.language,
        sender_name=name,
        subject=words.say("Your reward: %(reward)s", reward=reward),
        text=_as_text(said),
        html=_page().render(said=said, language=words.language),
    )


def _account() -> ColumnElement[bool]:
    return and_(
        t.store_customer.c.store_id == t.redemption.c.store_id,
        t.store_customer.c.external_id == t.redemption.c.customer,
    )


def _said(words: Texts, row: Row[Any], name: str, reward: str, terms: list[str]) -> _Said:
    if row.replaces_id is not None:
        opening = words.say(
            "the order in which you used your reward was refunded. Here is a new code for it: "
            "%(reward)s.",
            reward=reward,
        )
    elif name:
        opening = words.say(
            "thank you for collecting points in “%(programme)s”. Here is your reward: %(reward)s.",
            programme=name,
            reward=reward,
        )
    else:
        opening = words.say(
            "thank you for collecting points. Here is your reward: %(reward)s.", reward=reward
        )
    return _Said(
        greeting=words.say("Hello,"),
        opening=opening,
        code_label=words.say("Your code:"),
        code=row.code,
        terms=terms,
        shop_label=words.say("The shop:"),
        shop=row.url,
        closing=words.say("This message was sent automatically by the shop's loyalty programme."),
    )


def _terms(words: Texts, row: Row[Any], offered: Programme, facts: RedemptionFacts) -> list[str]:
    """Return what to know about the code, a sentence each."""
    reward = next((one for one in offered.rewards if one.key == facts.reward), None)
    terms = [_how(words, facts)]
    if row.ends_at is not None:
        last = words.day(row.ends_at, ZoneInfo(offered.timezone))
        terms.append(words.say("It is valid up to and including %(day)s.", day=last))
    if reward is not None and reward.minimum is not None:
        amount = words.money(reward.minimum, offered.currency)
        terms.append(words.say("The goods must cost at least %(amount)s.", amount=amount))
    if reward is not None and not reward.combinable:
        terms.append(words.say("It cannot be combined with other discounts."))
    return terms


def _how(words: Texts, facts: RedemptionFacts) -> str:
    if facts.kind == "free-product":  # no platform puts it into the basket by itself
        return words.say(
            "Put the product into the basket first, then enter the code, there or at the checkout."
        )
    return words.say("Enter it in the basket or at the checkout.")


def _for_whom(words: Texts, row: Row[Any], to: _Recipient) -> str:
    """Say how the shop knows who may use the code: by the account, or by its e-mail address."""
    if row.customer is None:
        return words.say("It works once and for you only: order with this e-mail address.")
    if row.email_hash is not None and row.email_hash == to.hashed:
        return words.say(
            "It works once and for you only: sign in to the shop, or order with this e-mail address."
        )
    return words.say("It works once and for you only: sign in to your account in the shop first.")


def _reward(offered: Programme, facts: RedemptionFacts, words: Texts) -> str:
    reward = next((one for one in offered.rewards if one.key == facts.reward), None)
    return reward_words(
        name=plain(reward.name) if reward is not None else "",
        kind=facts.kind,
        value=facts.value,
        currency=facts.currency,
        language=words.language,
    )


def plain(name: str) -> str:
    """Return a name that a person wrote on one line, short, and without characters that turn text about.

    Nor does it begin an encoded word of a header (RFC 2047), which may hide a line break.
    """
    kept = "".join(one if one.isprintable() else " " for one in name).replace("=?", "= ?")
    kept = " ".join(kept.split())
    return kept if len(kept) <= _LONGEST_NAME else kept[: _LONGEST_NAME - 1].rstrip() + "…"


def _as_text(said: _Said) -> str:
    return "\n".join(
        (
            said.greeting,
            "",
            said.opening,
            "",
            f"{said.code_label} {said.code}",
            "",
            *said.terms,
            "",
            f"{said.shop_label} {said.shop}",
            "",
            "-- ",
            said.closing,
            "",
        )
    )


@cache
def _page() -> Template:
    pages = Environment(
        loader=PackageLoader("app.services"), autoescape=True, undefined=StrictUndefined
    )
    return pages.get_template("code.html")
