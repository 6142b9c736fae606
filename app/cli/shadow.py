"""`stempel programme shadow`: a draft evaluated beside the live programme, on what happens from now on."""

from typing import Any
from zoneinfo import ZoneInfo

import click

from app.cli.printing import moment, stamp
from app.cli.programme_file import draft_in
from app.cli.publishing import publication, publication_options
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    pass_context,
    programme_option,
    show,
    table,
)
from app.programme.document import parse
from app.services import shadow as shadows
from app.services.programmes import programme_id_of

_reason = click.option("--reason", default="", help="Why; kept in the audit log.")


@click.group()
def shadow() -> None:
    """Evaluate a draft beside the live programme, then promote it.

    A shadow never changes a balance: what the draft would give is kept in tables of its own.
    """


@shadow.command()
@click.argument("draft", metavar="PRESET|FILE")
@programme_option
@_reason
@actor_option()
@as_json
@pass_context
def start(
    context: Context, draft: str, *, programme: str, reason: str, actor: str, as_json: bool
) -> None:
    """Begin to judge what happens from now on by a draft as well.

    Example: stempel programme shadow start mine.toml --programme kawa
    """
    now = context.clock()
    with context.database().transaction() as connection:
        programme_id = programme_id_of(connection, programme)
        found = shadows.start(
            connection,
            programme_id=programme_id,
            source=draft_in(connection, programme_id, draft, now),
            actor=actor,
            reason=reason,
            now=now,
        )
    show({"shadow": str(found)}, as_json, f"{programme}: {draft} is judged beside it from now on")


@shadow.command()
@programme_option
@as_json
@pass_context
def status(context: Context, *, programme: str, as_json: bool) -> None:
    """Show day by day what the draft gives and what the live programme gives.

    Refunds and late arrivals change the day of their order. Days are those of the draft's time zone.

    Example: stempel programme shadow status --programme kawa
    """
    with context.database().snapshot() as connection:
        found = shadows.status(connection, programme_id_of(connection, programme))
    rows = [
        [
            one.day.isoformat(),
            str(one.live),
            str(one.draft),
            f"{one.difference:+d}",
            str(one.objects),
            str(one.people),
        ]
        for one in found.days
    ]
    lines = [
        f"{programme}: judged by a draft since {moment(found.started_at)} UTC",
        table(rows, ["day", "live", "draft", "difference", "objects", "people"]),
    ]
    if found.due:
        lines.append(f"people still to be looked at: {found.due}")
    if found.error is not None:
        lines.append(f"the draft could not judge {found.error}")
    show(
        {
            "shadow": str(found.id),
            "started_at": stamp(found.started_at),
            "due": found.due,
            "error": found.error,
            "days": [
                {
                    "day": one.day.isoformat(),
                    "live": one.live,
                    "draft": one.draft,
                    "difference": one.difference,
                    "objects": one.objects,
                    "people": one.people,
                }
                for one in found.days
            ],
        },
        as_json,
        "\n".join(lines),
    )


@shadow.command()
@programme_option
@_reason
@actor_option()
@as_json
@pass_context
def stop(context: Context, *, programme: str, reason: str, actor: str, as_json: bool) -> None:
    """End the shadow; nothing was ever paid by it."""
    with context.database().transaction() as connection:
        found = shadows.stop(
            connection,
            programme_id=programme_id_of(connection, programme),
            actor=actor,
            reason=reason,
            now=context.clock(),
        )
    show({"shadow": str(found)}, as_json, f"{programme}: the shadow has ended")


@shadow.command()
@programme_option
@publication_options
@as_json
@pass_context
def promote(context: Context, /, *, programme: str, as_json: bool, **how: Any) -> None:
    """Publish the draft as the programme's next version, as `stempel programme apply` would.

    Example, at the beginning of a year: stempel programme shadow promote --programme kawa
    --from 2027-01-01T00:00
    """
    with context.database().transaction() as connection:
        programme_id = programme_id_of(connection, programme)
        zone = ZoneInfo(parse(shadows.status(connection, programme_id).source).timezone)
        done = shadows.promote(
            connection,
            context.vault(),
            programme_id=programme_id,
            how=publication(zone, **how),
            now=context.clock(),
        )
    news = "published" if done.changed else "unchanged"
    show(
        {"key": done.key, "version": done.version, "changed": done.changed},
        as_json,
        f"{done.key}: version {done.version} {news}",
    )
