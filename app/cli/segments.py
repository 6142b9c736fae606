"""`stempel segment`: groups of members, how many are in them, and who."""

from typing import Any

import click

from app.cli.printing import counted, moment, stamp
from app.cli.shared import Context, as_json, pass_context, programme_option, show, table
from app.services.programmes import programme_id_of
from app.services.view_segments import (
    Member,
    SegmentView,
    list_segments,
    members_of,
    show_segment,
)
from jobs.segments import refresh

_SHOWN = 10


@click.group()
def segment() -> None:
    """See groups of members by what they did, as the programme document has them."""


@segment.command("list")
@programme_option
@as_json
@pass_context
def list_all(context: Context, *, programme: str, as_json: bool) -> None:
    """List the segments with how many members each has, as counted last.

    Example: stempel segment list --programme kawa
    """
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        found = list_segments(connection, programme_id, context.clock())
    _show_all(found, programme, as_json)


@segment.command("show")
@click.argument("key")
@programme_option
@as_json
@pass_context
def show_one(context: Context, *, key: str, programme: str, as_json: bool) -> None:
    """Show what a segment asks for and who is in it (with --json all of them).

    Example: stempel segment show sleeping --programme kawa
    """
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        found = show_segment(connection, programme_id, key, context.clock())
        members = members_of(connection, programme_id, key, limit=None if as_json else _SHOWN)
    conditions = [f"  {name} = {value}" for name, value in found.where.items()]
    lines = [
        f"{found.key}: {found.name}",
        f"orders of {found.months} months; all of this holds:",
        *(conditions or ["  (nothing: every member)"]),
        f"campaigns: {', '.join(found.campaigns) or 'none'}",
        _counted(found),
        "",
        table(
            [[str(one.id), str(one.balance), one.tier or "", moment(one.since)] for one in members],
            ["member", "points", "tier", "since (UTC)"],
        ),
    ]
    if found.members > len(members):
        lines.append(f"  … and {found.members - len(members)} more (all of them with --json)")
    show(_row(found) | {"in_it": [_member(one) for one in members]}, as_json, "\n".join(lines))


@segment.command("refresh")
@programme_option
@as_json
@pass_context
def count(context: Context, *, programme: str, as_json: bool) -> None:
    """Count the members of all segments now; otherwise this is done each night.

    Example: stempel segment refresh --programme kawa
    """
    database = context.database()
    with database.snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
    refresh(database, context.clock, programme_id)
    with database.snapshot() as connection:
        found = list_segments(connection, programme_id, context.clock())
    _show_all(found, programme, as_json)


def _show_all(found: list[SegmentView], programme: str, as_json: bool) -> None:
    show(
        [_row(one) for one in found],
        as_json,
        f"The programme {programme} has no segments."
        if not found
        else table(
            [
                [
                    one.key,
                    one.name,
                    "" if one.counted_at is None else str(one.members),
                    moment(one.counted_at) or "not counted yet",
                    ", ".join(one.campaigns),
                ]
                for one in found
            ],
            ["segment", "name", "members", "counted (UTC)", "campaigns"],
        ),
    )


def _row(one: SegmentView) -> dict[str, Any]:
    return {
        "segment": one.key,
        "name": one.name,
        "months": one.months,
        "where": one.where,
        "campaigns": list(one.campaigns),
        "members": None if one.counted_at is None else one.members,
        "counted_at": stamp(one.counted_at),
    }


def _member(one: Member) -> dict[str, Any]:
    return {
        "member": str(one.id),
        "points": one.balance,
        "tier": one.tier,
        "since": stamp(one.since),
    }


def _counted(one: SegmentView) -> str:
    if one.counted_at is None:
        return "not counted yet"
    return f"{counted(one.members, 'member')}, counted {moment(one.counted_at)} UTC"
