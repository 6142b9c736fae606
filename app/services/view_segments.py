"""Segments as people look at them: what they ask for, how many are in them, and when that was counted."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, func, select

from app.db import tables as t
from app.errors import NotFound
from app.programme.reading import suggestion
from app.programme.segments import Segment
from app.services.programmes import in_force, versions


class SegmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A segment of the version in force. Without `counted_at` its members were not counted yet."""

    key: str
    name: str
    months: int
    where: dict[str, Any]  # as the document writes it
    campaigns: tuple[str, ...]  # that are for it
    members: int
    counted_at: datetime | None


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a segment, found there first at `since`."""

    id: int
    since: datetime
    balance: int
    tier: str | None


class Belonging(msgspec.Struct, frozen=True, kw_only=True):
    """A segment of the version in force that a member is in, since when."""

    key: str
    name: str
    since: datetime


def list_segments(connection: Connection, programme_id: int, now: datetime) -> list[SegmentView]:
    """Return the segments of the version in force, in the order of the document."""
    known = versions(connection, programme_id)
    programme = in_force(known, now).programme
    counts = {
        row.segment: row.members
        for row in connection.execute(
            current(programme_id)
            .with_only_columns(t.segment_member.c.segment, func.count().label("members"))
            .group_by(t.segment_member.c.segment)
        )
    }
    run = connection.execute(
        select(t.segment_run).where(t.segment_run.c.programme_id == programme_id)
    ).one_or_none()
    counted = set()
    if run is not None:
        counted = {one.key for one in known[run.version - 1].programme.segments}
    return [
        SegmentView(
            key=one.key,
            name=one.shown,
            months=one.months,
            where=_written(one),
            campaigns=tuple(
                campaign.key for campaign in programme.campaigns if one.key in campaign.segments
            ),
            members=counts.get(one.key, 0),
            counted_at=run.at if run is not None and one.key in counted else None,
        )
        for one in programme.segments
    ]


def show_segment(connection: Connection, programme_id: int, key: str, now: datetime) -> SegmentView:
    """Return one segment; raises NotFound naming those there are."""
    several = {one.key: one for one in list_segments(connection, programme_id, now)}
    if key not in several:
        hint = suggestion(key, list(several)) if several else "It has none."
        raise NotFound(f"The programme has no segment {key!r}; {hint}")
    return several[key]


def members_of(
    connection: Connection, programme_id: int, key: str, *, limit: int | None = None
) -> list[Member]:
    """Return who is in a segment, as counted last; the members that are longest here first."""
    query = (
        current(programme_id)
        .with_only_columns(
            t.member.c.id, t.member.c.balance, t.member.c.tier, t.segment_member.c.since
        )
        .where(t.segment_member.c.segment == key)
        .order_by(t.member.c.id)
        .limit(limit)
    )
    return [
        Member(id=row.id, since=row.since, balance=row.balance, tier=row.tier)
        for row in connection.execute(query)
    ]


def segments_of(
    connection: Connection, programme_id: int, member_id: int, now: datetime
) -> list[Belonging]:
    """Return which segments of the version in force somebody is in, as counted last."""
    programme = in_force(versions(connection, programme_id), now).programme
    if not programme.segments:
        return []
    query = current(programme_id).where(t.segment_member.c.member_id == member_id)
    since = {row.segment: row.since for row in connection.execute(query)}
    return [
        Belonging(key=one.key, name=one.shown, since=since[one.key])
        for one in programme.segments
        if one.key in since
    ]


def current(programme_id: int) -> Select[Any]:
    """Choose who is in segments now; accounts that ended since they were counted are in none."""
    rows = t.segment_member
    return (
        select(rows)
        .join(t.member, t.member.c.id == rows.c.member_id)
        .where(
            rows.c.programme_id == programme_id,
            rows.c.until.is_(None),
            t.member.c.state == "member",
        )
    )


def _written(segment: Segment) -> dict[str, Any]:
    """Return the conditions that are set."""
    conditions: dict[str, Any] = msgspec.to_builtins(segment.where)
    return {name: value for name, value in conditions.items() if value not in (None, [], ())}
