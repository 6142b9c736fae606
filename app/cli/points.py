"""`stempel points`: what staff do about the life of points."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

from app.cli.printing import counted
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    pass_context,
    programme_option,
    show,
    table,
)
from app.services.programmes import in_force, programme_id_of, versions
from app.services.unexpire import Period, Undone, begin_undo, plan, undo_slice
from app.services.view_life import expiring_by_month
from jobs.slices import ACCOUNTS


class Moment(click.ParamType[datetime]):
    """A time as a person writes it."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the moment, of UTC where no zone is given."""
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; give one as 2026-11-21T20:00:00+01:00", param, ctx)
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@click.group()
def points() -> None:
    """See what will expire; undo an expiry that should not have been."""


@points.command()
@programme_option
@as_json
@pass_context
def expiring(context: Context, *, programme: str, as_json: bool) -> None:
    """Show how many open points expire in which month, if nobody uses them.

    Example: stempel points expiring --programme kawa
    """
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        now = context.clock()
        document = in_force(versions(connection, programme_id), now).programme
        months = expiring_by_month(connection, programme_id, ZoneInfo(document.timezone), now)
    worth = document.point_value
    rows: list[dict[str, Any]] = [
        {
            "month": None if one.month is None else one.month.isoformat()[:7],
            "points": one.points,
            "lots": one.lots,
            "value": None if worth is None else f"{one.points * worth:.2f}",
        }
        for one in months
    ]
    lines = table(
        [
            [
                row["month"] or "never",
                str(row["points"]),
                "" if row["value"] is None else f"{row['value']} {document.currency}",
            ]
            for row in rows
        ],
        ["month", "points", "worth"],
    )
    show(rows, as_json, lines if rows else "nobody has open points")


@points.command()
@programme_option
@click.option(
    "--from", "begin", type=Moment(), required=True, help="Its begin; UTC without a zone."
)
@click.option("--to", "end", type=Moment(), required=True, help="Its end, not included.")
@click.option("--reason", required=True, help="Why; kept in the audit log and shown in the ledger.")
@actor_option("Who undoes it.")
@click.option("--dry-run", is_flag=True, help="Only say what would come back.")
@as_json
@pass_context
def unexpire(
    context: Context,
    *,
    programme: str,
    begin: datetime,
    end: datetime,
    reason: str,
    actor: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Give back all points that expired in a period, as one batch.

    The period is that in which they were taken out. They return to where they were and live another
    30 days at least. The same again gives nothing more; what a refund took back meanwhile stays away.

    Example: stempel points unexpire --programme kawa --from 2026-11-21 --to 2026-11-22
    --reason "the reminders were never sent" --dry-run
    """
    database = context.database()
    with database.snapshot() as connection:
        period = Period(programme_id=programme_id_of(connection, programme), begin=begin, end=end)
        done = plan(connection, period)
    batch: int | None = None
    if not dry_run:
        batch = database.run(
            lambda connection: begin_undo(
                connection, period, reason=reason, actor=actor, now=context.clock()
            )
        )
        done = _undo(context, period, batch)
    verb = "would come" if dry_run else "came"
    whose = counted(len(done.members), "member")
    show(
        {
            "points": done.points,
            "entries": done.entries,
            "members": len(done.members),
            "batch": None if batch is None else str(batch),
            "dry_run": dry_run,
        },
        as_json,
        f"{done.points} points of {whose} {verb} back",
    )


def _undo(context: Context, period: Period, batch: int) -> Undone:
    """Undo slice by slice: others write in between."""
    database = context.database()
    limit = ACCOUNTS.of(database)
    slices = [Undone()]
    while len(slices) == 1 or slices[-1].last:
        slices.append(
            database.run(
                lambda connection: undo_slice(
                    connection,
                    context.vault(),
                    period,
                    batch=batch,
                    now=context.clock(),
                    after=slices[-1].last,
                    limit=limit,
                )
            )
        )
    return Undone(
        entries=sum(one.entries for one in slices),
        points=sum(one.points for one in slices),
        members=frozenset().union(*(one.members for one in slices)),
    )
