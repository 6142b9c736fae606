"""`stempel draw`: draws with their tickets, and what anybody needs to check who won."""

from typing import Any

import click

from app.cli.named import programme_named
from app.cli.printing import moment, stamp
from app.cli.shared import Context, as_json, only_programme_option, pass_context, show, table
from app.services.draws import DrawView, list_draws, show_draw


@click.group()
def draw() -> None:
    """See draws: what was committed to, and who has won.

    Winners are drawn by themselves when the time for tickets is over.
    """


@draw.command("list")
@only_programme_option
@as_json
@pass_context
def list_all(context: Context, *, programme: str | None, as_json: bool) -> None:
    """List the draws that anybody has a ticket of, newest first."""
    with context.database().snapshot() as connection:
        found = list_draws(
            connection,
            context.settings.keyring,
            programme_id=programme_named(connection, programme),
        )
    rows = [
        [
            str(one.id),
            one.programme,
            one.reward,
            str(one.tickets),
            moment(one.held_at) or "not yet",
            one.commitment,
        ]
        for one in found
    ]
    heads = ["draw", "programme", "reward", "tickets", "held (UTC)", "SHA-256 of the secret"]
    show([_row(one) for one in found], as_json, table(rows, heads))


@draw.command("show")
@click.argument("which", type=int, metavar="ID")
@as_json
@pass_context
def show_one(context: Context, *, which: int, as_json: bool) -> None:
    """Show a draw; once it was held with its secret, its winners and all tickets (--json).

    Example: stempel draw show 385862746112131073
    """
    with context.database().snapshot() as connection:
        found, tickets = show_draw(connection, context.settings.keyring, which)
    lines = [
        f"draw {found.id} for {found.reward} of {found.programme}: {found.tickets} tickets",
        f"SHA-256 of the secret: {found.commitment}",
    ]
    if found.held_at is None:
        lines.append("not held yet")
    else:
        lines += [f"held {moment(found.held_at)} UTC", f"the secret: {found.secret}"]
        lines += [
            f"  {one.place}. ticket {one.number}, member {one.member_id}"
            for one in tickets
            if one.place is not None
        ] or ["  nobody won"]
    told = [
        {"ticket": str(one.number), "member": str(one.member_id), "place": one.place}
        for one in tickets
    ]
    show(_row(found) | {"drawn": told}, as_json, "\n".join(lines))


def _row(one: DrawView) -> dict[str, Any]:
    return {
        "draw": str(one.id),
        "programme": one.programme,
        "reward": one.reward,
        "commitment": one.commitment,
        "secret": one.secret,
        "created_at": stamp(one.created_at),
        "closed_at": stamp(one.closed_at),
        "held_at": stamp(one.held_at),
        "prizes": one.prizes,
        "tickets": one.tickets,
    }
