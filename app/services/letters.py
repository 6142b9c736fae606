"""What an e-mail says, to whom: worked out when it is sent, in the programme's language.

Nothing in it is loaded from anywhere, so that nobody learns when it is read.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Row, and_, select
from sqlalchemy.sql.elements import ColumnElement

from app.db import tables as t
from app.programme.by_hand import BY_HAND, DOWNLOAD
from app.programme.document import Programme
from app.programme.events import RedemptionFacts, RedemptionState
from app.programme.shop_money import SHOP_MONEY
from app.services.addressing import Letter, Recipient, Unsent, plain, recipient_of
from app.services.expiry_letter import expiry_letter
from app.services.facts import decode_facts
from app.services.hand_letter import hand_out, hand_term
from app.services.keys import Vault
from app.services.letter_pages import page
from app.services.mail import DRAWN, EXPIRY, INACTIVITY, OLD, Mail
from app.services.money_words import money_out, money_terms
from app.services.programmes import in_force, version_of, versions
from app.services.reward_words import reward_words
from app.services.texts import Texts, texts


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
    to = recipient_of(connection, vault, mail.member_id)
    if isinstance(to, Unsent):
        return to
    if mail.kind.startswith((EXPIRY, INACTIVITY)):
        return expiry_letter(connection, mail, to, now)
    return _code_letter(connection, mail, to, now)


def _code_letter(
    connection: Connection, mail: Mail, to: Recipient, now: datetime
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
    facts = decode_facts(row.facts)
    assert isinstance(facts, RedemptionFacts)
    told_at_once = facts.kind == DOWNLOAD and row.state == RedemptionState.USED
    if row.state != RedemptionState.ISSUED and not told_at_once:
        return Unsent(f"the code is {row.state}")
    if row.ending is not None or (row.ends_at is not None and row.ends_at <= now):
        return Unsent("the code is over")
    known = versions(connection, mail.programme_id)
    told, offered = in_force(known, now).programme, version_of(known, row.version).programme
    words = texts(told.language)
    name, reward = plain(told.name), _reward(offered, facts, words)
    if facts.kind in BY_HAND:
        terms = [hand_term(words, facts)]
    elif facts.kind in SHOP_MONEY:
        terms = money_terms(words, facts, _last_day(words, row, offered))
    else:
        terms = [*_terms(words, row, offered, facts), _for_whom(words, row, to)]
    won = mail.kind == DRAWN
    if won:
        terms = [words.say("Tell the shop this number, and you get it.")]
    said = _said(words, row, facts, name, reward, terms, won=won)
    return Letter(
        to=to.address,
        language=words.language,
        sender_name=name,
        subject=words.say("You have won: %(reward)s", reward=reward)
        if won
        else words.say("Your reward: %(reward)s", reward=reward),
        text=_as_text(said),
        html=page("code.html").render(said=said, language=words.language),
    )


def _account() -> ColumnElement[bool]:
    return and_(
        t.store_customer.c.store_id == t.redemption.c.store_id,
        t.store_customer.c.external_id == t.redemption.c.customer,
    )


def _said(
    words: Texts,
    row: Row[Any],
    facts: RedemptionFacts,
    name: str,
    reward: str,
    terms: list[str],
    *,
    won: bool,
) -> _Said:
    label, code = (
        hand_out(words, row.id, facts)
        or money_out(words, facts, row.code)
        or (words.say("Your code:"), row.code)
    )
    if won:
        opening = words.say("your ticket was drawn, congratulations: %(reward)s.", reward=reward)
    elif row.replaces_id is not None:
        opening = words.say(
            "the order in which you used your reward was refunded. Here is a new code for it: "
            "%(reward)s.",
            reward=reward,
        )
    elif row.granted_by is not None and name:
        opening = words.say(
            "you have earned something in “%(programme)s”. Here is your reward: %(reward)s.",
            programme=name,
            reward=reward,
        )
    elif row.granted_by is not None:
        opening = words.say(
            "you have earned something. Here is your reward: %(reward)s.", reward=reward
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
        code_label=label,
        code=code,
        terms=terms,
        shop_label=words.say("The shop:"),
        shop=row.url,
        closing=words.say("This message was sent automatically by the shop's loyalty programme."),
    )


def _terms(words: Texts, row: Row[Any], offered: Programme, facts: RedemptionFacts) -> list[str]:
    """Return what to know about the code, a sentence each."""
    reward = next((one for one in offered.rewards if one.key == facts.reward), None)
    terms = [_how(words, facts)]
    last = _last_day(words, row, offered)
    if last is not None:
        terms.append(words.say("It is valid up to and including %(day)s.", day=last))
    if facts.products:
        terms.append(words.say("It is for certain products of the shop only."))
    if reward is not None and reward.minimum is not None:
        amount = words.money(reward.minimum, offered.currency)
        terms.append(words.say("The goods must cost at least %(amount)s.", amount=amount))
    if reward is not None and not reward.combinable:
        terms.append(words.say("It cannot be combined with other discounts."))
    return terms


def _last_day(words: Texts, row: Row[Any], offered: Programme) -> str | None:
    return None if row.ends_at is None else words.day(row.ends_at, ZoneInfo(offered.timezone))


def _how(words: Texts, facts: RedemptionFacts) -> str:
    if facts.kind == "free-product":  # no platform puts it into the basket by itself
        return words.say(
            "Put the product into the basket first, then enter the code, there or at the checkout."
        )
    return words.say("Enter it in the basket or at the checkout.")


def _for_whom(words: Texts, row: Row[Any], to: Recipient) -> str:
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
