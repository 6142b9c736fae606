"""Proves that accounts were joined by the service alone, with all they had, and nothing left behind."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from app.db import tables as t
from app.services.problems import Problem


def joined_accounts(connection: Connection, programme_id: int) -> dict[int, int]:
    """Return, for each account that was joined to another, whose it is in the end."""
    rows = connection.execute(
        select(t.member.c.id, t.member.c.merged_into).where(
            t.member.c.programme_id == programme_id, t.member.c.merged_into.is_not(None)
        )
    )
    direct = {row.id: row.merged_into for row in rows}
    final = {}
    for start, target in direct.items():
        end, seen = target, {start}
        while end in direct and end not in seen:  # a circle is no end: it was made past the service
            seen.add(end)
            end = direct[end]
        final[start] = end
    return final


def check_people(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    """Check every join against its two entries, the lots that went along, and what points at whom."""
    ended = connection.execute(
        select(t.member).where(
            t.member.c.programme_id == programme_id, t.member.c.merged_into.is_not(None)
        )
    ).all()
    entries = connection.execute(
        select(t.entry)
        .where(t.entry.c.programme_id == programme_id, t.entry.c.kind == "merge")
        .order_by(t.entry.c.id)
    ).all()
    _check_entries(ended, entries, problems)
    _check_lots(connection, programme_id, {row.id: row.merged_into for row in ended}, problems)
    _check_owners(connection, programme_id, problems)


def _check_entries(
    ended: Sequence[Row[Any]], entries: Sequence[Row[Any]], problems: list[Problem]
) -> None:
    by_key = {row.key: row for row in entries}
    for member in ended:
        if member.balance or member.pending:
            what = "was joined to another account and still has points"
            problems.append(Problem(what=what, member=member.id))
        pair = f"merge:{member.id}:{member.merged_into}"
        left, arrived = by_key.pop(f"{pair}:into", None), by_key.pop(f"{pair}:from", None)
        if left is None or arrived is None:
            what = f"was joined to another account, {member.merged_into}, without the ledger's word"
            problems.append(Problem(what=what, member=member.id))
            continue
        if (left.member_id, arrived.member_id) != (member.id, member.merged_into) or (
            left.points + arrived.points or left.pending + arrived.pending
        ):
            what = f"what left it is not what arrived at {member.merged_into}"
            problems.append(Problem(what=what, member=member.id, entry=left.id))
        if left.seq != member.entries:
            what = "was joined to another account and given entries afterwards"
            problems.append(Problem(what=what, member=member.id, entry=left.id))
    problems.extend(
        Problem(
            what="the ledger speaks of a join that did not take place",
            member=row.member_id,
            entry=row.id,
        )
        for row in by_key.values()
    )


def _check_lots(
    connection: Connection,
    programme_id: int,
    merged_into: dict[int, int],
    problems: list[Problem],
) -> None:
    """Check that a lot goes on as it was: same award, same size, same dates, one step further."""
    origin = t.lot.alias("origin")
    rows = connection.execute(
        select(
            t.lot.c.id,
            t.lot.c.member_id,
            (t.entry.c.kind == "merge").label("arrived"),
            t.lot.c.award_id,
            t.lot.c.points,
            t.lot.c.available_at,
            t.lot.c.expires_at,
            origin.c.id.label("origin_id"),
            origin.c.member_id.label("origin_member"),
            origin.c.award_id.label("origin_award"),
            origin.c.points.label("origin_points"),
            origin.c.available_at.label("origin_available"),
            origin.c.expires_at.label("origin_expires"),
        )
        .join(t.entry, t.entry.c.id == t.lot.c.entry_id)
        .outerjoin(origin, origin.c.id == t.lot.c.origin_id)
        .where(
            t.entry.c.programme_id == programme_id,
            (t.entry.c.kind == "merge") | t.lot.c.origin_id.is_not(None),
        )
    )
    for row in rows:
        expired_sooner = (row.expires_at is None) != (row.origin_expires is None) or (
            row.expires_at is not None and row.expires_at < row.origin_expires
        )
        if (
            row.origin_id is None
            or not row.arrived
            or merged_into.get(row.origin_member) != row.member_id
            or (row.award_id, row.points, row.available_at)
            != (row.origin_award, row.origin_points, row.origin_available)
            or expired_sooner
        ):
            what = f"lot {row.id} does not go on as the lot that it comes from"
            problems.append(Problem(what=what, member=row.member_id))


def _check_owners(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    for what, column in (
        ("an e-mail", t.identity.c.member_id),
        ("a shop's customer", t.store_customer.c.member_id),
        ("an object", t.source_object.c.owner_id),
    ):
        left = connection.execute(
            select(t.member.c.id)
            .select_from(column.table)
            .join(t.member, t.member.c.id == column)
            .where(t.member.c.programme_id == programme_id, t.member.c.merged_into.is_not(None))
            .distinct()
        ).scalars()
        problems.extend(
            Problem(what=f"was joined to another account and still has {what}", member=member)
            for member in left
        )
