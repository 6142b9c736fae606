"""What a member has of cards, badges and memberships, and what waits to be given: as support sees it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from app.clock import now as present
from app.db import tables as t
from app.programme.cards import Card, card_states, has_cards
from app.services.explain import read_explanation
from app.services.names import names_of
from app.services.order_windows import ORDER, order_item
from app.services.programmes import in_force, versions


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


class Gifts(msgspec.Struct, frozen=True, kw_only=True):
    """What rules give a member besides points."""

    cards: tuple[Card, ...] = ()
    badges: tuple[BadgeView, ...] = ()
    waiting: tuple[WaitingView, ...] = ()
    memberships: tuple[MembershipView, ...] = ()


def gifts_of(connection: Connection, programme_id: int, accounts: Sequence[int]) -> Gifts:
    """Return the cards, badges, memberships and waiting rewards of a person with these accounts."""
    known = versions(connection, programme_id)
    programme = in_force(known, present()).programme
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
    cards: tuple[Card, ...] = ()
    if has_cards(programme):
        orders = connection.execute(
            select(t.source_object).where(
                t.source_object.c.owner_id.in_(accounts), t.source_object.c.kind == ORDER
            )
        )
        cards = card_states([order_item(known, row) for row in orders], programme)
    return Gifts(
        cards=cards,
        memberships=_memberships(connection, programme_id, awards),
        badges=tuple(BadgeView(key=key, name=names.get(key, key)) for key in badges),
        waiting=tuple(
            WaitingView(rule=rule, reward=reward, why=row.grant_note or "", until=row.grant_due_at)
            for (rule, reward), row in waiting.items()
        ),
    )


def _memberships(
    connection: Connection, programme_id: int, awards: Sequence[Row[Any]]
) -> tuple[MembershipView, ...]:
    bought = [row for row in awards if row.until is not None]
    if not bought:
        return ()
    names, now, found = names_of(connection, programme_id), present(), []
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
