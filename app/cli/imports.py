"""`stempel import`: members and their points from a former programme, looked at first, undone if wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from app.cli.import_text import batch_row, check_row, told_batch, told_check
from app.cli.named import programme_named
from app.cli.printing import moment
from app.cli.shared import (
    Context,
    actor_option,
    as_json,
    how_many,
    only_programme_option,
    pass_context,
    programme_option,
    reason_option,
    show,
    table,
)
from app.errors import Conflict, Invalid
from app.programme.import_columns import SYSTEMS
from app.services.batches import Kind, discard
from app.services.import_stage import Wish
from app.services.programmes import programme_id_of
from app.services.stores import get_store
from app.services.view_imports import BatchView, check_batch, left_behind, list_batches, show_batch
from jobs.imports import Manner, apply_batch, stage_file, undo_batch

batch_argument = click.argument("batch", type=int, metavar="BATCH")


@click.group("import")
def imports() -> None:
    """Bring members and their points in from a former programme.

    First a file is only looked at (members, check), then applied, and it can be undone afterwards.
    """


@imports.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@programme_option
@click.option(
    "--from",
    "system",
    type=click.Choice(list(SYSTEMS)),
    help="Where the file comes from; found out by its head if left out.",
)
@click.option("--store", metavar="KEY", help="The shop that the customers' ids are of.")
@reason_option
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar='WHAT="NAME"',
    help="Which column is what, for example points=Saldo. An empty name leaves it out.",
)
@click.option("--encoding", help="How the file was saved, if not as UTF-8.")
@click.option("--delimiter", help="What its cells are separated by, if it is guessed wrong.")
@click.option(
    "--dates", type=click.Choice(["dmy", "mdy"]), help="What 03/04/2027 is: 3 April or March 4."
)
@click.option("--round-down", is_flag=True, help="Take 12.5 points for 12.")
@click.option("--sum", "sum_up", is_flag=True, help="Add up rows of one person with one last day.")
@click.option(
    "--match-accounts",
    is_flag=True,
    help="Give points by e-mail to the one shop account that carries it, though nobody proved it.",
)
@click.option("--again", is_flag=True, help="Although the very same file was imported before.")
@actor_option()
@as_json
@pass_context
def members(
    context: Context,
    *,
    file: Path,
    programme: str,
    system: str | None,
    store: str | None,
    reason: str,
    columns: tuple[str, ...],
    encoding: str | None,
    delimiter: str | None,
    dates: Any,
    round_down: bool,
    sum_up: bool,
    match_accounts: bool,
    again: bool,
    actor: str,
    as_json: bool,
) -> None:
    """Read a CSV file of members and say what applying it would do. Nobody's points change yet.

    A row names a person by e-mail, by the shop's id of the customer, or both. An e-mail alone proves
    nobody: its points wait under that e-mail, and the shop account claims them (stempel member claims).
    With --store and a column of customers' ids they are the account's own at once.

    Points without a last day live as long as the programme says. None ends within 30 days.

    Example: stempel import members points.csv --programme kawa --reason "moving from Smile"
    """
    database, vault = context.database(), context.vault()
    with database.snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        shop = None if store is None else get_store(connection, store)
    if shop is not None and shop.programme_id != programme_id:
        raise Conflict(f"The store {store!r} belongs to another programme than {programme!r}.")
    if delimiter is not None and len(delimiter) != 1:
        raise Invalid("--delimiter is one sign, for example ;")
    wish = Wish(
        programme_id=programme_id,
        reason=reason,
        actor=actor,
        store=shop,
        sum_up=sum_up,
        match_accounts=match_accounts,
        again=again,
    )
    manner = Manner(
        system=system,
        columns=dict(_named(one) for one in columns),
        encoding=encoding,
        delimiter=delimiter,
        order=dates,
        round_down=round_down,
    )
    with file.open("rb") as stream:
        batch_id = stage_file(database, vault, context.clock, stream, wish, manner)
    _show_check(context, batch_id, as_json)


@imports.command()
@batch_argument
@as_json
@pass_context
def check(context: Context, *, batch: int, as_json: bool) -> None:
    """Say what applying a batch would do now, and which of its rows are wrong. Changes nothing."""
    _show_check(context, batch, as_json)


@imports.command()
@batch_argument
@click.option("--skip-bad", is_flag=True, help="Leave out the rows that are wrong.")
@actor_option()
@as_json
@pass_context
def apply(context: Context, *, batch: int, skip_bad: bool, actor: str, as_json: bool) -> None:
    """Make a batch's people members and give them their points.

    Stopped in the middle, the same command goes on where it was. Twice is once. Rows that cannot be posted
    keep no others waiting; the same command tries them again.

    Example: stempel import apply 385862746112131073
    """
    apply_batch(
        context.database(), context.vault(), context.clock, batch, actor=actor, skip_bad=skip_bad
    )
    found = _show(context, batch, as_json)
    complain_of_rest("import", batch, found.rows)


@imports.command()
@batch_argument
@click.option("--reason", required=True, help="Why; kept in the audit log and shown in the ledger.")
@actor_option()
@as_json
@pass_context
def undo(context: Context, *, batch: int, reason: str, actor: str, as_json: bool) -> None:
    """Take back exactly what a batch gave.

    What was spent of it meanwhile comes off the person's other points; the rest is a debt or let off,
    as the programme says. The accounts that it made stay, without points. Goes on where it was stopped.

    Example: stempel import undo 385862746112131073 --reason "the wrong file"
    """
    database = context.database()
    undo_batch(database, context.vault(), context.clock, batch, actor=actor, reason=reason)
    with database.snapshot() as connection:
        found, left = show_batch(connection, batch), left_behind(connection, batch)
    note = f"\nAccounts that it made stay, without points: {left}." if left else ""
    show(batch_row(found) | {"accounts_left": left}, as_json, told_batch(found) + note)
    complain_of_rest("import", batch, found.rows)


@imports.command("list")
@only_programme_option
@as_json
@pass_context
def list_all(context: Context, *, programme: str | None, as_json: bool) -> None:
    """List the batches, newest first."""
    with context.database().snapshot() as connection:
        programme_id = programme_named(connection, programme)
        found = list_batches(connection, programme_id=programme_id, limit=how_many(None, as_json))
    show(
        [batch_row(one) for one in found],
        as_json,
        table(
            [
                [
                    str(one.id),
                    one.programme,
                    one.system,
                    one.state,
                    str(sum(one.rows.values())),
                    str(one.rows.get("bad", 0)),
                    str(sum(one.points.values())),
                    moment(one.created_at),
                ]
                for one in found
            ],
            ["batch", "programme", "from", "state", "rows", "wrong", "points", "since (UTC)"],
        ),
    )


@imports.command("show")
@batch_argument
@as_json
@pass_context
def show_one(context: Context, *, batch: int, as_json: bool) -> None:
    """Show one batch: where it came from, how it was read, what became of its rows."""
    _show(context, batch, as_json)


@imports.command("discard")
@batch_argument
@click.option("--reason", default="not wanted", show_default=True, help="Why.")
@actor_option()
@as_json
@pass_context
def discard_one(context: Context, *, batch: int, reason: str, actor: str, as_json: bool) -> None:
    """Throw away a batch that was not applied, with the e-mails that it keeps."""
    context.database().run(
        lambda connection: discard(
            connection, batch, actor=actor, reason=reason, now=context.clock()
        )
    )
    _show(context, batch, as_json)


def complain_of_rest(kind: Kind, batch: int, rows: Mapping[str, int]) -> None:
    """Raise Conflict if rows of a batch could not be posted, or taken back: it is not at its end."""
    see = f"stempel {kind} {'check' if kind == 'import' else 'show'} {batch}"
    for state, what in (("failed", "posted"), ("stuck", "taken back")):
        if left := rows.get(state):
            raise Conflict(
                f"{left} of the rows could not be {what}, all others were. To try them again, give "
                f"the same command. What is wrong with them: {see}"
            )


def _named(option: str) -> tuple[str, str]:
    field, equals, name = option.partition("=")
    if not equals:
        raise Invalid(f'--column {option!r} must look like points="Points Balance"')
    return field.strip(), name.strip()


def _show(context: Context, batch_id: int, as_json: bool) -> BatchView:
    with context.database().snapshot() as connection:
        found = show_batch(connection, batch_id)
    show(batch_row(found), as_json, told_batch(found))
    return found


def _show_check(context: Context, batch_id: int, as_json: bool) -> None:
    with context.database().snapshot() as connection:
        found = check_batch(connection, batch_id, wrong=how_many(None, as_json))
    show(check_row(found), as_json, told_check(found))
