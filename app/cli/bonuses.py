"""`stempel bonus`: points to a whole segment, looked at first, undone if that was wrong."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import click

from app.cli.imports import batch_argument, complain_of_rest
from app.cli.named import programme_named
from app.cli.printing import counted, moment, stamp
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    how_many,
    only_programme_option,
    pass_context,
    programme_option,
    show,
    table,
)
from app.services.batches import discard
from app.services.bonuses import BonusView, BonusWish, list_bonuses, show_bonus
from app.services.programmes import programme_id_of
from jobs.bonuses import prepare_bonus
from jobs.imports import apply_batch, undo_batch


@click.group()
def bonus() -> None:
    """Give points to all members of a segment: prepare, look, apply; undo takes them back."""


@bonus.command()
@programme_option
@click.option("--segment", required=True, metavar="KEY", help="Whose members get it.")
@click.option("--points", required=True, type=int, help="How many points for each member.")
@click.option("--reason", required=True, help="Why; for staff, kept in the audit log.")
@actor_option()
@as_json
@pass_context
def prepare(
    context: Context,
    *,
    programme: str,
    segment: str,
    points: int,
    reason: str,
    actor: str,
    as_json: bool,
) -> None:
    """Fix who would get a bonus and say what it costs. Nobody's points change yet.

    The members are those of the segment as counted last (stempel segment list); who leaves or joins it
    after this changes nothing.

    Example: stempel bonus prepare --programme kawa --segment sleeping --points 50 --reason "come back"
    """
    database = context.database()
    with database.snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
    wish = BonusWish(
        programme_id=programme_id, segment=segment, points=points, reason=reason, actor=actor
    )
    _show(context, prepare_bonus(database, context.clock, wish), as_json)


@bonus.command()
@batch_argument
@actor_option()
@as_json
@pass_context
def apply(context: Context, *, batch: int, actor: str, as_json: bool) -> None:
    """Give the points. Stopped in the middle, the same command goes on where it was. Twice is once.

    Members who cannot be given them keep no others waiting; the same command tries them again.

    Example: stempel bonus apply 385862746112131073
    """
    apply_batch(
        context.database(), context.vault(), context.clock, batch, actor=actor, kind="bonus"
    )
    _show(context, batch, as_json, complain=True)


@bonus.command()
@batch_argument
@click.option("--reason", required=True, help="Why; for staff, kept in the audit log.")
@actor_option()
@as_json
@pass_context
def undo(context: Context, *, batch: int, reason: str, actor: str, as_json: bool) -> None:
    """Take back what a bonus gave.

    What was spent of it meanwhile comes off the person's other points; the rest is a debt or let off,
    as the programme says. Goes on where it was stopped.

    Example: stempel bonus undo 385862746112131073 --reason "the wrong segment"
    """
    undo_batch(
        context.database(),
        context.vault(),
        context.clock,
        batch,
        actor=actor,
        reason=reason,
        kind="bonus",
    )
    _show(context, batch, as_json, complain=True)


@bonus.command("discard")
@batch_argument
@click.option("--reason", default="not wanted", show_default=True, help="Why.")
@actor_option()
@as_json
@pass_context
def discard_one(context: Context, *, batch: int, reason: str, actor: str, as_json: bool) -> None:
    """Throw away a bonus that was prepared and not applied."""
    context.database().run(
        lambda connection: discard(
            connection, batch, actor=actor, reason=reason, now=context.clock(), kind="bonus"
        )
    )
    _show(context, batch, as_json)


@bonus.command("list")
@only_programme_option
@as_json
@pass_context
def list_all(context: Context, *, programme: str | None, as_json: bool) -> None:
    """List the bonuses, newest first."""
    with context.database().snapshot() as connection:
        programme_id = programme_named(connection, programme)
        found = list_bonuses(connection, programme_id=programme_id, limit=how_many(None, as_json))
    show(
        [_row(one) for one in found],
        as_json,
        table(
            [
                [
                    str(one.id),
                    one.programme,
                    one.settings.segment,
                    one.state,
                    str(one.settings.points),
                    str(sum(one.rows.values())),
                    moment(one.created_at),
                ]
                for one in found
            ],
            ["batch", "programme", "segment", "state", "points each", "members", "since (UTC)"],
        ),
    )


@bonus.command("show")
@batch_argument
@as_json
@pass_context
def show_one(context: Context, *, batch: int, as_json: bool) -> None:
    """Show a bonus: how many members, what it costs, the first ten (with --json all of them)."""
    _show(context, batch, as_json)


def _show(context: Context, batch_id: int, as_json: bool, *, complain: bool = False) -> None:
    with context.database().snapshot() as connection:
        found = show_bonus(connection, batch_id, **({"first": None} if as_json else {}))
    members = [
        {
            "member": None if one.id is None else str(one.id),
            "state": one.state,
            "points": one.balance,
            "tier": one.tier,
            "why": one.why,
        }
        for one in found.first
    ]
    show(_row(found) | {"to": members}, as_json, _told(found))
    if complain:
        complain_of_rest("bonus", batch_id, found.rows)


def _row(one: BonusView) -> dict[str, Any]:
    return {
        "batch": str(one.id),
        "programme": one.programme,
        "segment": one.settings.segment,
        "counted_at": stamp(one.settings.counted_at),
        "state": one.state,
        "reason": one.reason,
        "actor": one.actor,
        "created_at": stamp(one.created_at),
        "ended_at": stamp(one.ended_at),
        "points_each": one.settings.points,
        "members": sum(one.rows.values()),
        "rows": one.rows,
        "points": one.points,
        "cost": None if one.cost is None else _money(one.cost),
        "currency": one.settings.currency,
    }


def _told(one: BonusView) -> str:
    settings = one.settings
    cost = (
        "what that costs is not known: the document has no point_value"
        if one.cost is None
        else f"worth {_money(one.cost)} {settings.currency}"
    )
    lines = [
        f"bonus {one.id} of {one.programme}: {one.state}",
        f"{moment(one.created_at)} UTC, {one.actor}: {one.reason}",
        f"segment {settings.segment}, counted {moment(settings.counted_at)} UTC",
        f"{settings.points} points each; {cost}",
        *(
            f"  {state}: {counted(rows, 'member')}, {one.points[state]} points"
            for state, rows in sorted(one.rows.items())
        ),
    ]
    if one.first:
        rows = [
            [
                str(member.id or "erased"),
                str(member.balance),
                member.tier or "",
                f"{member.state}: {member.why}" if member.why else member.state,
            ]
            for member in one.first
        ]
        lines += ["", table(rows, ["member", "points now", "tier", "state"])]
        more = sum(one.rows.values()) - len(one.first)
        lines += [f"  … and {more} more (all of them with --json)"] if more else []
    if one.state == "staged":
        lines += ["", f"Nothing was changed. To give it: stempel bonus apply {one.id}"]
    return "\n".join(lines)


def _money(amount: Fraction) -> str:
    return f"{Decimal(round(amount * 100)) / 100:.2f}"
