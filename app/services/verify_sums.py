"""Proves that balances, lots and awards are the sums of what was posted."""

from collections.abc import Mapping

from sqlalchemy import Connection, and_, func, or_, select

from app.db import tables as t
from app.services.problems import Problem

_AWARD = ("id", "member_id", "rule", "points", "forgiven", "pending", "expired")


def check_lots(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    """Check that open lots hold the balance, and each lot what its uses leave."""
    rows = connection.execute(
        select(
            t.member.c.id,
            t.member.c.balance,
            func.coalesce(func.sum(t.lot.c.remaining), 0).label("lots"),
        )
        .outerjoin(t.lot, t.lot.c.member_id == t.member.c.id)
        .where(t.member.c.programme_id == programme_id)
        .group_by(t.member.c.id, t.member.c.balance)
    )
    problems.extend(
        Problem(
            what=f"open lots hold {row.lots} points, the balance is {row.balance}", member=row.id
        )
        for row in rows
        if int(row.lots) != max(row.balance, 0)
    )
    moved = func.coalesce(func.sum(t.lot_use.c.points), 0)
    rows = connection.execute(
        select(t.lot.c.id, t.lot.c.member_id, t.lot.c.points, t.lot.c.remaining, moved.label("sum"))
        .join(t.member, t.member.c.id == t.lot.c.member_id)
        .outerjoin(t.lot_use, t.lot_use.c.lot_id == t.lot.c.id)
        .where(t.member.c.programme_id == programme_id)
        .group_by(t.lot.c.id, t.lot.c.member_id, t.lot.c.points, t.lot.c.remaining)
        .having(t.lot.c.remaining != t.lot.c.points + moved)
    )
    problems.extend(
        Problem(
            what=f"lot {row.id} holds {row.remaining} points, its uses leave "
            f"{row.points + int(row.sum)}",
            member=row.member_id,
        )
        for row in rows
    )


def check_openings(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    """Check that each lot belongs to the award and the member of the entry that opened it."""
    rows = connection.execute(
        select(t.lot.c.id, t.lot.c.member_id, t.lot.c.entry_id)
        .join(t.entry, t.entry.c.id == t.lot.c.entry_id)
        .where(
            t.entry.c.programme_id == programme_id,
            or_(
                t.lot.c.member_id != t.entry.c.member_id,
                and_(
                    t.lot.c.origin_id.is_(None),
                    or_(
                        t.lot.c.award_id.is_distinct_from(t.entry.c.award_id),
                        t.lot.c.points > t.entry.c.points,
                    ),
                ),
            ),
        )
    )
    problems.extend(
        Problem(
            what=f"lot {row.id} is not as it was opened", member=row.member_id, entry=row.entry_id
        )
        for row in rows
    )


def check_pending(
    connection: Connection, programme_id: int, joined: Mapping[int, int], problems: list[Problem]
) -> None:
    """Check that what a person has pending is pending for awards, each with a time to become available."""
    waiting: dict[int, int] = {}
    rows = connection.execute(
        select(t.award.c.member_id, t.award.c.rule, t.award.c.pending, t.award.c.matures_at).where(
            t.award.c.programme_id == programme_id,
            or_(t.award.c.pending != 0, t.award.c.matures_at.is_not(None)),
        )
    )
    for row in rows:
        person = joined.get(row.member_id, row.member_id)
        waiting[person] = waiting.get(person, 0) + row.pending
        if not row.pending or row.matures_at is None:
            what = f"rule {row.rule!r} has {row.pending} points pending until {row.matures_at}"
            problems.append(Problem(what=what, member=row.member_id))
    members = connection.execute(
        select(t.member.c.id, t.member.c.pending).where(
            t.member.c.programme_id == programme_id, t.member.c.pending != 0
        )
    )
    held = {row.id: row.pending for row in members}
    problems.extend(
        Problem(
            what=f"{held.get(person, 0)} points are pending, its awards have {waiting.get(person, 0)}",
            member=person,
        )
        for person in sorted(held.keys() | waiting.keys())
        if held.get(person, 0) != waiting.get(person, 0)
    )


def check_awards(
    connection: Connection, programme_id: int, joined: Mapping[int, int], problems: list[Problem]
) -> None:
    """Check that each award stands at what was posted for it, to the person it belongs to."""
    forgiven = func.sum(t.entry.c.points).filter(t.entry.c.kind == "forgive")
    gone = func.sum(t.entry.c.points).filter(t.entry.c.kind == "expire")
    posted = func.sum(t.entry.c.points + t.entry.c.pending).filter(
        t.entry.c.kind.in_(("earn", "reverse", "spend", "restore"))
    )
    rows = connection.execute(
        select(
            t.award.c.id,
            t.award.c.member_id,
            t.award.c.rule,
            t.award.c.points,
            t.award.c.forgiven,
            t.award.c.pending,
            t.award.c.expired,
            func.coalesce(posted, 0).label("posted"),
            func.coalesce(forgiven, 0).label("let_off"),
            func.coalesce(func.sum(t.entry.c.pending), 0).label("waits"),
            func.coalesce(-gone, 0).label("gone"),
        )
        .outerjoin(t.entry, t.entry.c.award_id == t.award.c.id)
        .where(t.award.c.programme_id == programme_id)
        .group_by(*(t.award.c[name] for name in _AWARD))
    ).all()
    problems.extend(
        Problem(
            what=f"rule {row.rule!r} gives {row.points} (forgiven {row.forgiven}), "
            f"posted are {row.posted} ({row.let_off})",
            member=row.member_id,
        )
        for row in rows
        if int(row.posted) != row.points or int(row.let_off) != row.forgiven
    )
    problems.extend(
        Problem(
            what=f"rule {row.rule!r} has {row.pending} points pending and {row.expired} expired, "
            f"posted are {row.waits} and {row.gone}",
            member=row.member_id,
        )
        for row in rows
        if int(row.waits) != row.pending or int(row.gone) != row.expired
    )
    strangers = connection.execute(
        select(t.award.c.member_id, t.entry.c.member_id.label("posted_to"), t.entry.c.id)
        .join(t.award, t.award.c.id == t.entry.c.award_id)
        .where(t.award.c.programme_id == programme_id, t.award.c.member_id != t.entry.c.member_id)
    )
    problems.extend(
        Problem(
            what="an award's entry was posted to another member",
            member=row.posted_to,
            entry=row.id,
        )
        for row in strangers
        if joined.get(row.member_id, row.member_id) != joined.get(row.posted_to, row.posted_to)
    )
