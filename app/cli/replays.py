"""`stempel events replay`, `discard`, `groups`, and `stempel replay`: what failed is dealt with again."""

import sys
import time
from typing import Any

import click
from sqlalchemy import Connection

from app.cli.event_choice import choice_options, chosen
from app.cli.named import programme_named
from app.cli.printing import counted as number_of
from app.cli.printing import moment, shortened, stamp
from app.cli.shared import Context, actor_option, as_json, pass_context, show, table
from app.errors import ConfigError
from app.services import replays
from app.services.chosen import Choice, Counted, check_choice, count
from app.services.read_now import KINDS, Kind, read_now
from app.services.replays import MOST_PER_SECOND, ActName, ReplayView, Wish
from app.services.stores import get_store
from app.services.view_faults import FaultView, list_faults
from connectors.registry import load_connectors
from jobs.replays import callable_stores
from jobs.runtime import new_runtime

_ALL = 1_000_000
_LOOK_SECONDS = 0.5

reason_option = click.option("--reason", help="Why; for staff, kept in the audit log.")
dry_run = click.option("--dry-run", is_flag=True, help="Only say which deliveries are meant.")
rate_option = click.option(
    "--rate",
    "per_second",
    type=click.IntRange(1, MOST_PER_SECOND),
    help="At most so many a second (default: as fast as the workers take them).",
)
wait_option = click.option(
    "--wait/--no-wait",
    default=True,
    help="Wait until it is done (default), or leave it to the workers.",
)
replay_argument = click.argument("replay_id", type=int, metavar="REPLAY")


@click.command("groups")
@click.option("--programme", "-p", metavar="KEY", help="Only of this programme.")
@click.option("--store", metavar="KEY", help="Only of this store.")
@as_json
@pass_context
def groups(context: Context, *, programme: str | None, store: str | None, as_json: bool) -> None:
    """List what keeps deliveries from being dealt with, the commonest fault first.

    Example, then: stempel events replay --group 3f9a0c21d7be --reason "the shop was mended"
    """
    with context.database().snapshot() as connection:
        found = list_faults(
            connection,
            programme_id=programme_named(connection, programme),
            store_id=None if store is None else get_store(connection, store).id,
            limit=_ALL if as_json else 50,
        )
    heads = ["group", "dead", "will be tried", "stores", "last (UTC)", "newest", "what"]
    rows = [
        [
            one.group,
            str(one.dead),
            str(one.failed),
            str(one.stores),
            moment(one.last_at),
            str(one.newest),
            shortened(one.error or one.reason),
        ]
        for one in found
    ]
    show([_fault_row(one) for one in found], as_json, table(rows, heads))


@click.command("replay")
@choice_options
@click.option("--fresh", is_flag=True, help="Read what they spoke of from the shop, as it is now.")
@dry_run
@rate_option
@wait_option
@reason_option
@actor_option()
@as_json
@pass_context
def replay_events(context: Context, /, *, fresh: bool, **options: Any) -> None:
    """Deal with deliveries once more. Always safe: what was credited already is not credited again.

    Each is judged as it was the first time, by the version of the programme in force when its order was
    placed. What retention has removed the body of is read from the shop instead.

    Example: stempel events replay --status dead --store shop-example-1a2b3c --reason "keys renewed"
    """
    _carry_out(context, "fresh" if fresh else "replay", **options)


@click.command("discard")
@choice_options
@dry_run
@wait_option
@reason_option
@actor_option()
@as_json
@pass_context
def discard_events(context: Context, /, **options: Any) -> None:
    """Give up deliveries that wait, failed or are dead. They stay listed, and can still be replayed.

    Example: stempel events discard --group 3f9a0c21d7be --reason "a test of the agency's"
    """
    _carry_out(context, "discard", per_second=None, **options)


@click.command("read")
@click.argument("store")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("which", metavar="ID")
@reason_option
@actor_option()
@as_json
@pass_context
def read_event(
    context: Context,
    *,
    store: str,
    kind: Kind,
    which: str,
    reason: str | None,
    actor: str,
    as_json: bool,
) -> None:
    """Read an order or customer from the shop, as it is now: also one that it never told of.

    Example, an order whose webhook was missed: stempel events read shop-example-1a2b3c order 1742
    --reason "the customer misses its points"
    """
    runtime = new_runtime(context.database(), context.settings, load_connectors())

    def ask(connection: Connection) -> str:
        shop = get_store(connection, store)
        return read_now(
            connection,
            shop,
            kind,
            which,
            readable=shop.id in callable_stores(runtime, connection),
            actor=actor,
            reason=reason or "",
            now=context.clock(),
        )

    read = context.database().run(ask)
    show(
        {"store": store, "kind": kind, "id": read},
        as_json,
        f"{kind} {read} is read by the workers of `stempel up`; then: stempel events list --store {store}",
    )


@click.group("replay")
def replay_group() -> None:
    """See, pause, resume and cancel replays of many deliveries (begun by stempel events replay)."""


@replay_group.command("list")
@click.option("--programme", "-p", metavar="KEY", help="Only of this programme.")
@as_json
@pass_context
def list_all(context: Context, *, programme: str | None, as_json: bool) -> None:
    """List the replays, newest first."""
    with context.database().snapshot() as connection:
        programme_id = programme_named(connection, programme)
        found = replays.list_replays(
            connection, programme_id=programme_id, limit=_ALL if as_json else 50
        )
    heads = [
        "replay",
        "programme",
        "what",
        "state",
        "done",
        "left out",
        "of",
        "since (UTC)",
        "reason",
    ]
    rows = [
        [
            str(one.id),
            one.programme,
            one.act,
            one.state,
            str(one.done),
            str(one.left_out),
            str(one.total),
            moment(one.created_at),
            shortened(one.reason),
        ]
        for one in found
    ]
    show([_row(one) for one in found], as_json, table(rows, heads))


@replay_group.command("show")
@replay_argument
@as_json
@pass_context
def show_one(context: Context, *, replay_id: int, as_json: bool) -> None:
    """Show a replay: which deliveries it means and how far it has come."""
    _show(context, replay_id, as_json=as_json)


def _changing(name: str, to: Any, told: str) -> None:
    @replay_group.command(name, help=told)
    @replay_argument
    @reason_option
    @actor_option()
    @as_json
    @pass_context
    def change(
        context: Context, *, replay_id: int, reason: str | None, actor: str, as_json: bool
    ) -> None:
        context.database().run(
            lambda connection: replays.change(
                connection, replay_id, to, actor=actor, reason=reason or "", now=context.clock()
            )
        )
        _show(context, replay_id, as_json=as_json)


_changing("pause", "paused", "Stop for now. Example: stempel replay pause 385862746112131073")
_changing("resume", "running", "Go on. Example: stempel replay resume 385862746112131073")
_changing(
    "cancel",
    "cancelled",
    "End it: the rest is left alone. Example: stempel replay cancel 385862746112131073",
)


def _carry_out(
    context: Context,
    act: ActName,
    *,
    dry_run: bool,
    per_second: int | None,
    wait: bool,
    reason: str | None,
    actor: str,
    as_json: bool,
    **which: Any,
) -> None:
    database = context.database()
    with database.snapshot() as connection:
        programme_id, choice = chosen(connection, **which)
        check_choice(connection, choice)
        counted = count(connection, programme_id, choice)
    if dry_run:
        show(_counted_row(counted), as_json, _counted(counted))
        return
    if not reason:
        raise ConfigError("--reason is missing: who looks at it later must understand why.")
    wish = Wish(
        programme_id=programme_id,
        act=act,
        choice=choice,
        actor=actor,
        reason=reason,
        per_second=per_second,
    )
    replay_id = database.run(lambda connection: replays.begin(connection, wish, context.clock()))
    if wait:
        _follow(context, replay_id, quiet=as_json)
    _show(context, replay_id, as_json=as_json)


def _follow(context: Context, replay_id: int, *, quiet: bool) -> None:
    """Show how it goes until it ends; Ctrl+C stops looking, not the work."""
    one = _load(context, replay_id)
    click.echo(
        f"replay {replay_id}: the workers of `stempel up` do it; Ctrl+C leaves it to them", err=True
    )
    with click.progressbar(length=one.total, hidden=quiet, file=sys.stderr) as bar:
        try:
            while one.state == replays.RUNNING:
                time.sleep(_LOOK_SECONDS)
                before, one = one, _load(context, replay_id)
                bar.update(one.done + one.left_out - before.done - before.left_out)
        except KeyboardInterrupt:
            click.echo(f"\nIt goes on: stempel replay show {replay_id}", err=True)


def _load(context: Context, replay_id: int) -> ReplayView:
    with context.database().snapshot() as connection:
        return replays.show_replay(connection, replay_id)


def _show(context: Context, replay_id: int, *, as_json: bool) -> None:
    one = _load(context, replay_id)
    lines = [
        f"replay {one.id} of {one.programme} ({one.act}): {one.state}",
        f"{moment(one.created_at)} UTC, {one.actor}: {one.reason}",
        f"meant: {_meant(one.choice)}",
        f"{one.done} of {one.total} dealt with"
        + (f", {one.left_out} left out: nothing could be done with them" if one.left_out else ""),
    ]
    if one.done and one.act != "discard":
        lines.append(
            "what became of them: stempel events list; what fails again: stempel events groups"
        )
    show(_row(one), as_json, "\n".join(lines))


def _row(one: ReplayView) -> dict[str, Any]:
    return {
        "replay": str(one.id),
        "programme": one.programme,
        "act": one.act,
        "state": one.state,
        "choice": _choice_row(one.choice),
        "total": one.total,
        "done": one.done,
        "left_out": one.left_out,
        "per_second": one.per_second,
        "actor": one.actor,
        "reason": one.reason,
        "created_at": stamp(one.created_at),
        "ended_at": stamp(one.ended_at),
    }


def _choice_row(choice: Choice) -> dict[str, Any]:
    return {
        "ids": [str(one) for one in choice.ids],
        "store": choice.store,
        "topic": choice.topic,
        "status": choice.status,
        "group": choice.group,
        "since": stamp(choice.since),
        "until": stamp(choice.until),
        "member": None if choice.member is None else str(choice.member),
    }


def _meant(choice: Choice) -> str:
    said = [
        f"{name} {', '.join(value) if isinstance(value, list) else value}"
        for name, value in _choice_row(choice).items()
        if value
    ]
    return ", ".join(said)


def _counted_row(counted: Counted) -> dict[str, Any]:
    return {
        "total": counted.total,
        "without_body": counted.without_body,
        "by_status": counted.by_status,
        "by_topic": counted.by_topic,
    }


def _counted(counted: Counted) -> str:
    lines = [f"{number_of(counted.total, 'delivery', 'deliveries')} meant; nothing was done"]
    lines += [f"  {number} {status}" for status, number in counted.by_status.items()]
    lines += [f"  {number} of {topic or 'no topic'}" for topic, number in counted.by_topic.items()]
    if counted.without_body:
        lines.append(
            f"  {counted.without_body} without a body: what they spoke of would be read from the shop"
        )
    return "\n".join(lines)


def _fault_row(one: FaultView) -> dict[str, Any]:
    return {
        "group": one.group,
        "dead": one.dead,
        "failed": one.failed,
        "stores": one.stores,
        "first_at": stamp(one.first_at),
        "last_at": stamp(one.last_at),
        "newest": str(one.newest),
        "reason": one.reason,
        "error": one.error,
        "versions": one.versions,
    }
