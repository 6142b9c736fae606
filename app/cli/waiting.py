"""`stempel reward wait|leave|waiting`: the waiting lists of events."""

import click
from sqlalchemy import Connection

from app.cli.named import member_named
from app.cli.printing import moment, stamp
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    pass_context,
    programme_option,
    show,
    table,
    which_programme_option,
)
from app.services import waiting
from app.services.limits import asking_of
from app.services.programmes import programme_id_of


@click.command()
@click.argument("who", metavar="MEMBER")
@click.argument("reward")
@which_programme_option
@actor_option()
@as_json
@pass_context
def wait(
    context: Context, *, who: str, reward: str, programme: str | None, actor: str, as_json: bool
) -> None:
    """Let a member wait for a seat at an event that is full; points are spent only for the seat.

    Example: stempel reward wait ola@example.pl tasting-may
    """

    def join(connection: Connection) -> tuple[int, int]:
        one = member_named(context, connection, who, programme)
        place = waiting.wait(
            connection,
            programme_id=one.programme_id,
            member_id=one.id,
            reward=reward,
            actor=actor,
            now=context.clock(),
        )
        return one.id, place

    member_id, place = context.database().run(join)
    show(
        {"member": str(member_id), "reward": reward, "place": place},
        as_json,
        f"member {member_id} waits for {reward}, place {place}",
    )


@click.command()
@click.argument("who", metavar="MEMBER")
@click.argument("reward")
@which_programme_option
@actor_option()
@as_json
@pass_context
def leave(
    context: Context, *, who: str, reward: str, programme: str | None, actor: str, as_json: bool
) -> None:
    """Take a member out of the line for an event.

    Example: stempel reward leave ola@example.pl tasting-may
    """

    def out(connection: Connection) -> int:
        one = member_named(context, connection, who, programme)
        waiting.leave(
            connection,
            programme_id=one.programme_id,
            members=asking_of(connection, one.id).members,
            reward=reward,
            actor=actor,
            now=context.clock(),
        )
        return one.id

    member_id = context.database().run(out)
    show(
        {"member": str(member_id), "reward": reward},
        as_json,
        f"member {member_id} waits for {reward} no more",
    )


@click.command("waiting")
@programme_option
@click.option("--reward", metavar="KEY", help="Only for this event.")
@as_json
@pass_context
def list_waiting(context: Context, *, programme: str, reward: str | None, as_json: bool) -> None:
    """List who waits for seats, the first first.

    Example: stempel reward waiting --programme kawa --json
    """
    with context.database().snapshot() as connection:
        found = waiting.line_of(connection, programme_id_of(connection, programme), reward)
    show(
        [
            {
                "reward": one.reward,
                "place": one.place,
                "member": str(one.member_id),
                "since": stamp(one.since),
                "note": one.note,
            }
            for one in found
        ],
        as_json,
        table(
            [
                [one.reward, str(one.place), str(one.member_id), moment(one.since), one.note or ""]
                for one in found
            ],
            ["reward", "place", "member", "since (UTC)", "why not yet"],
        )
        if found
        else f"Nobody waits for anything in {programme}.",
    )
