"""The statement that gives many members the tier they have now.

It says in SQL what `app.programme.tiers` says of one person: the highest tier that the sum of any day of
the grace reaches. Within the grace only two kinds of days can have the largest sum: its first one, and
those on which something was earned.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Update,
    and_,
    case,
    column,
    func,
    literal,
    null,
    select,
    union_all,
    update,
    values,
)

from app.db import tables as t
from app.db.types import Moment, text
from app.programme.document import Programme
from app.programme.local_time import local_day
from app.programme.tiers import Span, spans, units_of

_WITH_TIERS = ("guest", "member")


class Accounts(msgspec.Struct, frozen=True):
    """Accounts of a programme in a range of ids: above `after`, up to `last` (None: all others)."""

    programme_id: int
    after: int = -1
    last: int | None = None

    def of(self, table: FromClause, column_name: str) -> ColumnElement[bool]:
        """Return the condition that a row of a table is of one of them."""
        member_id = table.c[column_name]
        within = (table.c.programme_id == self.programme_id, member_id > self.after)
        return and_(*within) if self.last is None else and_(*within, member_id <= self.last)


def retier(of: Accounts, programme: Programme, now: datetime, since: datetime) -> Update:
    """Return the statement; it changes those accounts that have another tier by now, `since` then.

    An account whose tier somebody else works out meanwhile is left alone.
    """
    seen = t.member.alias("seen")
    reached = _reached(of, programme, now).subquery("reached")
    sums = (
        select(seen.c.id, seen.c.tier_at, func.coalesce(reached.c.amount, 0).label("amount"))
        .outerjoin(reached, reached.c.member_id == seen.c.id)
        .where(of.of(seen, "id"), seen.c.state.in_(_WITH_TIERS))
        .subquery("sums")
    )
    tier: ColumnElement[Any] = null()
    if programme.tiers:
        tier = case(
            *(
                (sums.c.amount >= units_of(one), literal(one.key, text()))
                for one in reversed(programme.tiers)
            ),
            else_=null(),
        )
    return (
        update(t.member)
        .where(
            t.member.c.id == sums.c.id,
            # As nobody has worked it out since the sums were read: their facts are not in them.
            t.member.c.tier_at.is_not_distinct_from(sums.c.tier_at),
            t.member.c.state.in_(_WITH_TIERS),
            of.of(t.member, "id"),  # or the whole table is looked through for each slice
            t.member.c.tier.is_distinct_from(tier),
        )
        .values(tier=tier, tier_since=since, tier_at=now, rev=t.member.c.rev + 1)
    )


def _reached(of: Accounts, programme: Programme, now: datetime) -> Select[Any]:
    """Return each account's largest sum; those without facts are missing."""
    zone = programme.timezone
    asked = spans(programme.tiering, zone, local_day(now, zone))
    by = programme.tiering.by
    if programme.tiering.window == "rolling":
        several = [_sum(of, by, now, asked[-1])]
        if len(asked) > 1:
            several.append(_sum_of_days(of, by, now, asked))
    else:
        several = [_sum(of, by, now, span) for span in asked]
    if len(several) == 1:
        return several[0]
    sums = union_all(*several).subquery("each")
    return select(sums.c.member_id, func.max(sums.c.amount).label("amount")).group_by(
        sums.c.member_id
    )


def _sum(of: Accounts, by: str, now: datetime, span: Span) -> Select[Any]:
    fact = t.tier_fact
    return (
        select(fact.c.member_id, func.sum(fact.c.amount).label("amount"))
        .where(
            of.of(fact, "member_id"),
            fact.c.measure == by,
            fact.c.since >= span[0],
            fact.c.since < span[1],
            fact.c.at <= now,
        )
        .group_by(fact.c.member_id)
    )


def _sum_of_days(of: Accounts, by: str, now: datetime, asked: Sequence[Span]) -> Select[Any]:
    """Return the sums of those days of the grace, but its first, on which something was earned."""
    days = (
        values(
            column("first", Moment()),
            column("begins", Moment()),
            column("ends", Moment()),
            name="day",
        )
        .data([(first, before[1], until) for (first, until), before in pairwise(asked)])
        # Nested: a driver tells how many rows changed only of what begins with UPDATE.
        .cte("days", nesting=True)
    )
    new, fact = t.tier_fact.alias("new"), t.tier_fact
    earned = (
        select(new.c.member_id, days.c.first, days.c.ends)
        .join(days, and_(new.c.since >= days.c.begins, new.c.since < days.c.ends))
        .where(
            of.of(new, "member_id"),
            new.c.measure == by,
            new.c.since >= asked[-1][1],
            new.c.at <= now,
        )
        .distinct()
        .subquery("earned")
    )
    return (
        select(fact.c.member_id, func.sum(fact.c.amount).label("amount"))
        .join(
            earned,
            and_(
                fact.c.member_id == earned.c.member_id,
                fact.c.since >= earned.c.first,
                fact.c.since < earned.c.ends,
            ),
        )
        .where(of.of(fact, "member_id"), fact.c.measure == by, fact.c.at <= now)
        .group_by(fact.c.member_id, earned.c.ends)
    )
