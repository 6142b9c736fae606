"""`stempel member birthday`: telling, showing and forgetting a member's birthday."""

import click
from sqlalchemy import Connection

from app.cli.named import member_named
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    pass_context,
    show,
    which_programme_option,
)
from app.services.birthdays import known_birthday, set_birthday


@click.command()
@click.argument("who", metavar="ID|EMAIL")
@click.argument("day", required=False, metavar="[MONTH-DAY]")
@which_programme_option
@click.option("--forget", is_flag=True, help="Remove it.")
@click.option("--reason", default="", help="Kept in the audit log.")
@actor_option("Who tells it.")
@as_json
@pass_context
def birthday(
    context: Context,
    *,
    who: str,
    day: str | None,
    programme: str | None,
    forget: bool,
    reason: str,
    actor: str,
    as_json: bool,
) -> None:
    """Keep a member's birthday, month and day without a year, or show the one that is known.

    It counts from the day after it was told; a changed one is paid no sooner than 12 months after the
    last one that was.

    Example: stempel member birthday ola@example.pl 02-29
    """
    if forget and day is not None:
        raise click.UsageError("give a day or --forget, not both")

    def work(connection: Connection) -> tuple[int, str | None]:
        one = member_named(context, connection, who, programme)
        if forget or day is not None:
            set_birthday(
                connection,
                programme_id=one.programme_id,
                member_id=one.id,
                birthday=day,
                reason=reason,
                actor=actor,
                now=context.clock(),
            )
        return one.id, known_birthday(connection, one.id)

    member_id, known = context.database().run(work)
    show(
        {"id": str(member_id), "birthday": known},
        as_json,
        f"member {member_id}: {'no birthday known' if known is None else f'birthday {known}'}",
    )
