"""`stempel export`: members, the ledger or everything, as files."""

import json
from pathlib import Path

import click

from app.cli.export_files import write_csv, write_jsonl, write_text
from app.cli.shared import Context, as_json, pass_context, programme_option, show
from app.db import tables as t
from app.errors import Conflict
from app.services.export_members import COLUMNS, left_out, member_rows
from app.services.export_tables import columns_of, exported, is_nested, table_rows
from app.services.programmes import programme_id_of, source_of, versions

file_option = click.option(
    "--file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to be written; it must not be there yet.",
)


@click.group("export")
def exports() -> None:
    """Write members, the ledger or everything into files: yours to take anywhere."""


@exports.command()
@programme_option
@file_option
@as_json
@pass_context
def members(context: Context, *, programme: str, file: Path, as_json: bool) -> None:
    """Write the members of a programme, what they have and until when.

    One row for each last day of a member's points. `stempel import members --from plain` reads it.

    Example: stempel export members --programme kawa --file members.csv
    """
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        rows = member_rows(connection, context.vault(), programme_id, context.clock())
        count = write_csv(file, COLUMNS, rows)
        guests, points = left_out(connection, programme_id)
    note = (
        f"\nNot in it: {guests} guests, who never joined, with {points} points." if guests else ""
    )
    show(
        {"file": str(file), "rows": count, "guests": guests, "guest_points": points},
        as_json,
        f"{count} rows in {file}{note}",
    )


@exports.command()
@programme_option
@file_option
@as_json
@pass_context
def ledger(context: Context, *, programme: str, file: Path, as_json: bool) -> None:
    """Write every entry of the ledger, as lines of JSON with their explanations and seals.

    Example: stempel export ledger --programme kawa --file ledger.jsonl
    """
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        count = write_jsonl(file, table_rows(connection, context.vault(), programme_id, t.entry))
    show({"file": str(file), "rows": count}, as_json, f"{count} entries in {file}")


@exports.command("all")
@programme_option
@click.option(
    "--directory",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="A directory that is empty or not there yet.",
)
@as_json
@pass_context
def everything(context: Context, *, programme: str, directory: Path, as_json: bool) -> None:
    """Write all that a programme has: a file for each kind of thing, of one and the same moment.

    Secrets and what belongs to this installation alone are left out. The files can be read by you
    alone: they hold e-mail addresses.

    Example: stempel export all --programme kawa --directory kawa-2026
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise Conflict(f"{directory} is not empty: name another directory.")
    vault, counts = context.vault(), dict[str, int]()
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        rows = member_rows(connection, vault, programme_id, context.clock())
        counts["members.csv"] = write_csv(directory / "members.csv", COLUMNS, rows)
        for table in exported():
            found = table_rows(connection, vault, programme_id, table)
            name = f"{table.name}.{'jsonl' if is_nested(table) else 'csv'}"
            counts[name] = (
                write_jsonl(directory / name, found)
                if is_nested(table)
                else write_csv(directory / name, columns_of(table), found)
            )
        for version in versions(connection, programme_id):
            _, source = source_of(connection, programme_id, version.number)
            name = f"version-{version.number}.toml"
            write_text(directory / name, source)
            counts[name] = 1
    told = {"programme": programme, "at": context.clock().isoformat(), "rows": counts}
    write_text(directory / "contents.json", json.dumps(told, indent=2) + "\n")
    show(
        {"directory": str(directory), "rows": counts},
        as_json,
        "\n".join([f"in {directory}:", *(f"  {name}: {n}" for name, n in counts.items())]),
    )
