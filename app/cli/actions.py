"""`stempel action`: recording what people do besides buying, withdrawing it, listing it."""

from datetime import datetime
from typing import Any

import click
from sqlalchemy import Connection

from app.cli.named import member_named
from app.cli.points import Moment
from app.cli.printing import moment, stamp
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    gather,
    how_many,
    limit_option,
    pass_context,
    programme_option,
    reason_option,
    show,
    table,
)
from app.services.actions import Recorded, record_action, withdraw_action
from app.services.programmes import programme_id_of
from app.services.view_actions import list_actions
from app.services.view_members import find_member


@click.group()
def action() -> None:
    """Record what people do besides buying: an app installed, a profile completed."""


@action.command()
@programme_option
@click.argument("who", metavar="MEMBER")
@click.argument("name", metavar="ACTION")
@click.option("--key", required=True, help="Yours: the same key twice is one action.")
@click.option("--at", type=Moment(), help="When it was done; UTC without a zone. Left out: now.")
@click.option("--reason", default="", help="Kept in the audit log.")
@actor_option("Who records it.")
@as_json
@pass_context
def record(
    context: Context,
    *,
    programme: str,
    who: str,
    name: str,
    key: str,
    at: datetime | None,
    reason: str,
    actor: str,
    as_json: bool,
) -> None:
    """Record that a member (an id or e-mail) did something; the rules say what it is worth.

    Example: stempel action record -p kawa ola@example.pl app-install --key phone-17
    """

    def write(connection: Connection) -> Recorded:
        one = member_named(context, connection, who, programme)
        return record_action(
            connection,
            context.vault(),
            programme_id=one.programme_id,
            member_id=one.id,
            action=name,
            key=key,
            at=at,
            reason=reason,
            actor=actor,
            now=context.clock(),
        )

    done = context.database().run(write)
    text = "recorded" if done.new else "was recorded before"
    if done.facts.removed:
        text = "was recorded before and is withdrawn"
    show(_row(done), as_json, f"{name} {text}: member {done.member_id} has {done.balance} points")


@action.command()
@programme_option
@click.option("--key", required=True, help="The key that it was recorded with.")
@reason_option
@actor_option("Who withdraws it.")
@as_json
@pass_context
def withdraw(
    context: Context, *, programme: str, key: str, reason: str, actor: str, as_json: bool
) -> None:
    """Take an action back, as if it had never been, with what was given for it.

    Example: stempel action withdraw -p kawa --key phone-17 --reason "a test of the app's makers"
    """
    done = context.database().run(
        lambda connection: withdraw_action(
            connection,
            context.vault(),
            programme_id=programme_id_of(connection, programme),
            key=key,
            reason=reason,
            actor=actor,
            now=context.clock(),
        )
    )
    text = "withdrawn" if done.new else "was withdrawn before"
    show(
        _row(done),
        as_json,
        f"{done.facts.action} {text}: member {done.member_id} has {done.balance} points",
    )


@action.command("list")
@programme_option
@click.option("--member", "who", metavar="ID|EMAIL", help="Only of this member.")
@limit_option
@as_json
@pass_context
def list_all(
    context: Context, *, programme: str, who: str | None, limit: int | None, as_json: bool
) -> None:
    """List actions, newest first.

    Example: stempel action list -p kawa --member ola@example.pl --json
    """
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        one = None
        if who is not None:
            one = find_member(connection, context.vault(), who, programme_id=programme_id).id
        found = gather(
            lambda before, size: list_actions(
                connection, programme_id=programme_id, member_id=one, before=before, limit=size
            ),
            how_many(limit, as_json),
        )
    state = {True: "withdrawn", False: ""}
    show(
        [
            {
                "id": str(each.id),
                "member": None if each.member_id is None else str(each.member_id),
                "action": each.action,
                "key": each.key,
                "store": each.store,
                "occurred_at": stamp(each.occurred_at),
                "withdrawn": each.withdrawn,
                "ended": each.ended,
            }
            for each in found
        ],
        as_json,
        table(
            [
                [
                    str(each.member_id or ""),
                    each.action,
                    each.key,
                    moment(each.occurred_at),
                    "ended" if each.ended else state[each.withdrawn],
                ]
                for each in found
            ],
            ["member", "action", "key", "at (UTC)", ""],
        ),
    )


def _row(done: Recorded) -> dict[str, Any]:
    """Return an action for a script. Ids are strings: JSON numbers lose digits in some readers."""
    return {
        "id": str(done.id),
        "member": str(done.member_id),
        "action": done.facts.action,
        "key": done.key,
        "occurred_at": stamp(done.occurred_at),
        "new": done.new,
        "withdrawn": done.facts.removed,
        "balance": done.balance,
    }
