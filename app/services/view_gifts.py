"""A member's cards, challenges, badges, memberships, places in lines, and what waits: for support."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from app.clock import now as present
from app.db import tables as t
from app.programme.cards import Card, card_states, has_cards
from app.programme.challenge_windows import Progress, challenge_states
from app.services.actions import KIND as ACTION
from app.services.explain import read_explanation
from app.services.names import names_of
from app.services.order_windows import ORDER, order_item
from app.services.programmes import in_force, versions
from app.services.texts import Texts, mark
from app.services.waiting import line_of
from app.services.worth import window_item

_WON = {
    "once": mark("won"),
    "day": mark("won today, tomorrow anew"),
    "week": mark("won this week, next week anew"),
    "month": mark("won this month, next month anew"),
    "year": mark("won this year, next year anew"),
}


class BadgeView(msgspec.Struct, frozen=True, kw_only=True):
    """A badge that a member has; `name` is the programme's now, its key if it has none."""

    key: str
    name: str


class MembershipView(msgspec.Struct, frozen=True, kw_only=True):
    """A paid membership, running or over; its days are those of the programme's calendar."""

    key: str
    name: str
    since: date | None
    through: date | None
    runs: bool
    perks: tuple[str, ...]


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """A reward that was earned and not given yet, and why."""

    rule: str
    reward: str
    why: str  # "" for one that is looked at just now
    until: datetime


class SeatView(msgspec.Struct, frozen=True, kw_only=True):
    """A seat at an event that a member waits for, or waited for in vain: then there is no `place`.

    `why` says why a free seat was not theirs, "" if none was free.
    """

    reward: str
    since: datetime
    place: int | None
    why: str


class Gifts(msgspec.Struct, frozen=True, kw_only=True):
    """What rules give a member besides points."""

    cards: tuple[Card, ...] = ()
    challenges: tuple[Progress, ...] = ()
    badges: tuple[BadgeView, ...] = ()
    waiting: tuple[WaitingView, ...] = ()
    memberships: tuple[MembershipView, ...] = ()
    seats: tuple[SeatView, ...] = ()


def gifts_of(
    connection: Connection, programme_id: int, accounts: Sequence[int], now: datetime | None = None
) -> Gifts:
    """Return the gifts of a person with these accounts, as they stand `now` (left out: at this moment)."""
    now = now or present()
    known = versions(connection, programme_id)
    programme = in_force(known, now).programme
    awards = connection.execute(
        select(t.award)
        .where(t.award.c.member_id.in_(accounts), t.award.c.object_id.is_(None))
        .order_by(t.award.c.id)
    ).all()
    names = {badge.key: badge.name or badge.key for badge in programme.badges}
    badges = dict.fromkeys(row.badge for row in awards if row.badge is not None)
    waiting = {
        (row.rule, row.reward): row for row in awards if row.grants and row.grant_due_at is not None
    }
    orders = []
    if has_cards(programme) or programme.challenges:
        orders = [
            order_item(known, row)
            for row in connection.execute(
                select(t.source_object).where(
                    t.source_object.c.owner_id.in_(accounts), t.source_object.c.kind == ORDER
                )
            )
        ]
    deeds = []
    if any(one.action is not None for one in programme.challenges):
        deeds = [
            window_item(known, row)
            for row in connection.execute(
                select(t.source_object).where(
                    t.source_object.c.owner_id.in_(accounts), t.source_object.c.kind == ACTION
                )
            )
        ]
    return Gifts(
        cards=card_states(orders, programme),
        challenges=challenge_states(orders, programme, now, deeds),
        memberships=_memberships(connection, programme_id, awards, now),
        badges=tuple(BadgeView(key=key, name=names.get(key, key)) for key in badges),
        waiting=tuple(
            WaitingView(rule=rule, reward=reward, why=row.grant_note or "", until=row.grant_due_at)
            for (rule, reward), row in waiting.items()
        ),
        seats=_seats(connection, programme_id, accounts),
    )


def _seats(
    connection: Connection, programme_id: int, accounts: Sequence[int]
) -> tuple[SeatView, ...]:
    """Return where a person stands in each line, and how it last ended where that was without a seat."""
    rows = connection.execute(
        select(t.waiting)
        .where(t.waiting.c.member_id.in_(accounts), t.waiting.c.redemption_id.is_(None))
        .order_by(t.waiting.c.id)
    ).all()
    newest = {row.reward: row for row in rows}
    lines = line_of(connection, programme_id) if newest else []
    places = {one.reward: one.place for one in reversed(lines) if one.member_id in accounts}
    return tuple(
        SeatView(
            reward=reward,
            since=row.created_at,
            place=places.get(reward),
            why=row.note or "",
        )
        for reward, row in newest.items()
        if row.due_at is not None or row.note is not None
    )


def card_words(words: Texts, card: Card) -> str:
    """Say how far a punch card is."""
    told = words.say(
        "%(done)s of %(all)s", done=words.number(card.punched), all=words.number(card.every)
    )
    if not card.full:
        return told
    before = words.plural("%(count)s full before", "%(count)s full before", card.full)
    return f"{told}, {before}"


def challenge_words(words: Texts, one: Progress) -> str:
    """Say how far a challenge is, and until when the rest must be done."""
    if one.won:
        return words.say(_WON[one.challenge.window])
    done = words.number(one.done)
    if one.challenge.streak is None:
        told = words.plural(
            "%(done)s of %(count)s order", "%(done)s of %(count)s orders", one.needed, done=done
        )
    elif one.challenge.each == "day":
        told = words.plural(
            "%(done)s of %(count)s day in a row",
            "%(done)s of %(count)s days in a row",
            one.needed,
            done=done,
        )
    elif one.challenge.each == "week":
        told = words.plural(
            "%(done)s of %(count)s week in a row",
            "%(done)s of %(count)s weeks in a row",
            one.needed,
            done=done,
        )
    else:
        told = words.plural(
            "%(done)s of %(count)s month in a row",
            "%(done)s of %(count)s months in a row",
            one.needed,
            done=done,
        )
    if one.through is None:
        return told
    day = words.date_in_words(one.through)
    if one.challenge.streak is None:
        rest = words.say("all of them by %(day)s", day=day)
    elif one.challenge.action is None:
        rest = words.say("the next order by %(day)s", day=day)
    else:
        rest = words.say("the next time by %(day)s", day=day)
    return f"{told}, {rest}"


def _memberships(
    connection: Connection, programme_id: int, awards: Sequence[Row[Any]], now: datetime
) -> tuple[MembershipView, ...]:
    bought = [row for row in awards if row.until is not None]
    if not bought:
        return ()
    names, found = names_of(connection, programme_id), []
    for row in bought:
        told = read_explanation(row.explanation)
        found.append(
            MembershipView(
                key=row.rule,
                name=names.get(("membership", row.rule), row.rule),
                since=None if told is None else told.since,
                through=None if told is None else told.through,
                runs=row.until > now,
                perks=tuple((row.perks or "").split(",")),
            )
        )
    return tuple(found)
