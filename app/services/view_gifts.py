"""What a member has of cards and badges, and what waits to be given: as support sees it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from app.clock import now as present
from app.db import tables as t
from app.programme.cards import Card, card_states, has_cards
from app.services.order_windows import ORDER, order_item
from app.services.programmes import in_force, versions


class BadgeView(msgspec.Struct, frozen=True, kw_only=True):
    """A badge that a member has; `name` is the programme's now, its key if it has none."""

    key: str
    name: str


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


def gifts_of(connection: Connection, programme_id: int, accounts: Sequence[int]) -> Gifts:
    """Return the cards, badges and waiting rewards of a person with these accounts."""
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
        badges=tuple(BadgeView(key=key, name=names.get(key, key)) for key in badges),
        waiting=tuple(
            WaitingView(rule=rule, reward=reward, why=row.grant_note or "", until=row.grant_due_at)
            for (rule, reward), row in waiting.items()
        ),
    )
