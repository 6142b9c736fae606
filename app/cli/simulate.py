"""`stempel programme simulate`: what a draft would have given and cost, on stored orders."""

import csv
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from sqlalchemy import Connection

from app.cli.programme_file import draft_in
from app.cli.shared import Context, as_json, language_option, pass_context, programme_option, show
from app.cli.simulation_data import MEMBER_COLUMNS, Simulation, as_data, member_rows, rows
from app.cli.simulation_text import report
from app.errors import ConfigError
from app.programme.breakage import ASSUMED, FEWEST, Breakage, told
from app.programme.forecast import forecast
from app.programme.outcome import MOST_MOVING, Period
from app.services.breakage import ledger_breakage
from app.services.programmes import programme_id_of
from app.services.simulate import read_draft, simulate_stored
from app.services.texts import texts

_HUNDRED = 100

_day = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("draft", metavar="PRESET|FILE")
@programme_option
@click.option("--since", type=_day, required=True, help="The first day, as 2025-11-01.")
@click.option("--until", type=_day, help="The day after the last one (default: tomorrow).")
@click.option(
    "--breakage",
    metavar="PERCENT",
    help="How many of the open points are taken to be never spent (default: as the ledger's lots of "
    f"the last 12 months show; {ASSUMED} while fewer than {FEWEST} points were spent or expired).",
)
@click.option("--without-breakage", is_flag=True, help="Take every open point to be spent.")
@click.option(
    "--csv",
    "csv_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the figures of each month to this file.",
)
@click.option(
    "--members-csv",
    "members_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the members who are named to this file: who gains and loses most, who moves tier.",
)
@click.option(
    "--name-moving",
    type=click.IntRange(0, 100_000),
    default=MOST_MOVING,
    show_default=True,
    help="How many of those who move from one tier to another are named.",
)
@language_option("the report")
@as_json
@pass_context
def simulate(
    context: Context,
    *,
    draft: str,
    programme: str,
    since: datetime,
    until: datetime | None,
    breakage: str | None,
    without_breakage: bool,
    csv_path: Path | None,
    members_path: Path | None,
    name_moving: int,
    language: str,
    as_json: bool,
) -> None:
    """Say what a draft would have given for the orders of a period, and what it would have cost.

    Judges all stored events of the period as if the draft had always been in force (its earns_from is
    obeyed), refunds as they are now, and compares with what the live programme gave. Changes
    nothing. Days are those of the draft's time zone.

    Example: stempel programme simulate mine.toml --programme kawa --since 2025-11-01
    """
    if without_breakage:
        breakage = "0"
    lost = None if breakage is None else told(_percent(breakage))
    with context.database().snapshot() as connection:
        done = _run(context, connection, draft, programme, since, until, lost, name_moving)
    if csv_path is not None:
        table = rows(done)
        _write(csv_path, list(table[0]), table)
    if members_path is not None:
        _write(members_path, MEMBER_COLUMNS, member_rows(done))
    show(as_data(done), as_json, "" if as_json else report(done, texts(language)))


def _run(
    context: Context,
    connection: Connection,
    name: str,
    key: str,
    since: datetime,
    until: datetime | None,
    lost: Breakage | None,
    name_moving: int,
) -> Simulation:
    now = context.clock()
    programme_id = programme_id_of(connection, key)
    draft = read_draft(connection, programme_id, draft_in(connection, programme_id, name, now))
    tomorrow = now.astimezone(ZoneInfo(draft.timezone)).date() + timedelta(days=1)
    period = Period(since.date(), tomorrow if until is None else until.date(), draft.timezone)
    if period.since >= period.until:
        raise ConfigError(f"the period ends on {period.until}, it cannot begin on {period.since}")
    outcome = simulate_stored(connection, programme_id, draft, period, most_moving=name_moving)
    lost = lost or ledger_breakage(connection, programme_id, now)
    return Simulation(draft, name, outcome, forecast(draft, outcome, lost))


def _write(path: Path, columns: Sequence[str], table: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(table)


def _percent(value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number <= _HUNDRED:
        raise ConfigError(f"--breakage takes a percentage from 0 to 100, not {value!r}")
    return number
