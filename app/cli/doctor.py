"""`stempel doctor`: looks the installation over and says what to do."""

import sys

import click
import msgspec

from app.cli.shared import Context, as_json, pass_context, show
from app.db.engine import open_database
from connectors.registry import load_connectors
from jobs.doctor import examine
from jobs.runtime import new_runtime

_MARKS = {"ok": "ok", "warning": "LOOK", "failure": "WRONG"}


@click.command()
@click.option("--offline", is_flag=True, help="Do not call the shops.")
@as_json
@pass_context
def doctor(context: Context, *, offline: bool, as_json: bool) -> None:
    """Look over settings, keys, database, Redis, clocks, workers and shops. Changes nothing.

    Exits with 1 if something is wrong, with 0 if there are only things to look at.

    Example: stempel doctor --json
    """
    database = open_database(
        context.settings.database_url
    )  # as it is: not migrated by looking at it
    runtime = new_runtime(database, context.settings, load_connectors())
    found = []
    try:
        for one in examine(runtime, shops=not offline):
            found.append(one)
            if not as_json:
                click.echo(f"{_MARKS[one.grade]:<5}  {one.what}: {one.said}")
                if one.do:
                    click.echo(f"       → {one.do}")
    finally:
        database.close()
    if as_json:
        show([msgspec.to_builtins(one) for one in found], as_json, "")
    sys.exit(any(one.grade == "failure" for one in found))
