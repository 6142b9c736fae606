"""`stempel donation`: what members gave their points for, and what was paid to it."""

import click
from sqlalchemy import Connection

from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    pass_context,
    programme_option,
    show,
    table,
)
from app.services.fulfil import Pledge, pledges, settle_donations
from app.services.programmes import programme_id_of


@click.group()
def donation() -> None:
    """See what is to be paid to the causes that members gave their points for, and note that it was."""


@donation.command("list")
@programme_option
@as_json
@pass_context
def list_pledges(context: Context, *, programme: str, as_json: bool) -> None:
    """List the causes: what is open, what was paid.

    Example: stempel donation list --programme kawa --json
    """
    with context.database().snapshot() as connection:
        found = pledges(connection, programme_id_of(connection, programme))
    show(
        [
            {
                "cause": one.cause,
                "currency": one.currency,
                "open": {
                    "donations": one.open,
                    "points": one.open_points,
                    "money": str(one.open_money),
                },
                "paid": {
                    "donations": one.paid,
                    "points": one.paid_points,
                    "money": str(one.paid_money),
                },
            }
            for one in found
        ],
        as_json,
        table(
            [
                [
                    one.cause,
                    str(one.open),
                    str(one.open_points),
                    f"{one.open_money} {one.currency}",
                    str(one.paid),
                    f"{one.paid_money} {one.currency}",
                ]
                for one in found
            ],
            ["cause", "open", "points", "to be paid", "paid", "money"],
        )
        if found
        else f"Nobody has given for anything in {programme} yet.",
    )


@donation.command()
@programme_option
@click.argument("cause")
@click.option("--reason", required=True, help="As the transfer's number; kept in the audit log.")
@actor_option()
@as_json
@pass_context
def settle(
    context: Context, *, programme: str, cause: str, reason: str, actor: str, as_json: bool
) -> None:
    """Note that all that was given for CAUSE until now was paid to it.

    Example: stempel donation settle -p kawa "The animal shelter" --reason "transfer of 24 November"
    """

    def write(connection: Connection) -> Pledge:
        return settle_donations(
            connection,
            context.vault(),
            programme_id=programme_id_of(connection, programme),
            cause=cause,
            reason=reason,
            actor=actor,
            now=context.clock(),
        )

    done = context.database().run(write)
    show(
        {
            "cause": done.cause,
            "donations": done.paid,
            "points": done.paid_points,
            "money": str(done.paid_money),
            "currency": done.currency,
        },
        as_json,
        f"{done.cause}: noted as paid {done.paid_money} {done.currency}, donations: {done.paid}",
    )
