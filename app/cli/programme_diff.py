"""`stempel programme diff` and `export`: what a document would change, and the document itself as code."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from app.cli.programme_file import source_in
from app.cli.shared import Context, as_json, language_option, pass_context, programme_option, show
from app.errors import ConfigError
from app.programme.diff import Change, diff
from app.programme.document import Programme, parse
from app.programme.presets import preset_names, preset_source
from app.services.diff_words import say_change, say_effect
from app.services.programmes import (
    in_force,
    programme_id_of,
    source_of,
    version_of,
    versions,
)
from app.services.simulate import draft_source

DIFFERENT = 3
"""The exit status of `diff --exit-code` where something differs; 1 and 2 are errors."""


@click.command("diff")
@click.argument("what", metavar="[FILE|PRESET]", required=False)
@click.option(
    "--programme", "-p", "key", metavar="KEY", help="Which programme (default: the document's key)."
)
@click.option(
    "--version", "number", type=int, help="Compare with this version (default: the one in force)."
)
@click.option("--to", "other", type=int, help="The version to compare it with, without a document.")
@language_option("the sentences")
@click.option(
    "--exit-code", "telling", is_flag=True, help=f"Exit with {DIFFERENT} if anything differs."
)
@as_json
@pass_context
def compare(
    context: Context,
    *,
    what: str | None,
    key: str | None,
    number: int | None,
    other: int | None,
    language: str,
    telling: bool,
    as_json: bool,
) -> None:
    """Say in plain words what a document would change, and whether members lose by it.

    Changes nothing. Without a document two versions are compared.

    Example: stempel programme diff mine.toml --exit-code

    Example: stempel programme diff --programme kawa --version 1 --to 3 --language pl
    """
    with context.database().snapshot() as connection:
        now = context.clock()
        new = None if what is None else _given(connection, what, key, now)
        if key is None and new is None:
            raise ConfigError("diff needs a document, or --programme KEY with --version and --to")
        known = versions(connection, programme_id_of(connection, key or (new.key if new else "")))
        present = in_force(known, now)
        old = present if number is None else version_of(known, number)
        if new is None:
            new = version_of(known, other or known[-1].number).programme
        elif other is not None:
            raise ConfigError("--to is a version, which a document stands in for; give one of them")
    found = diff(old.programme, new)
    lines = [change_line(one, old.programme, new, language) for one in found]
    show(
        {
            "programme": old.programme.key,
            "version": old.number,
            "changes": [change_row(one, old.programme, new, language) for one in found],
        },
        as_json,
        "\n".join(lines or ["Nothing differs."]),
    )
    if telling and found:
        sys.exit(DIFFERENT)


@click.command()
@programme_option
@click.option("--version", "number", type=int, help="Which version (default: the one in force).")
@as_json
@pass_context
def export(context: Context, *, programme: str, number: int | None, as_json: bool) -> None:
    """Print a programme's document as it was published, to keep it where the shop's code is.

    To apply it again changes nothing.

    Example: stempel programme export --programme kawa > kawa.toml
    """
    with context.database().snapshot() as connection:
        programme_id = programme_id_of(connection, programme)
        known = versions(connection, programme_id)
        one = in_force(known, context.clock()) if number is None else version_of(known, number)
        _, source = source_of(connection, programme_id, one.number)
    if parse(source) != one.programme:
        click.echo(
            f"stempel: version {one.number} was published when keys that it leaves out meant something "
            "else; applied again it would differ, see: stempel programme diff",
            err=True,
        )
    show({"key": programme, "version": one.number, "source": source}, as_json, source.rstrip("\n"))


def change_row(change: Change, old: Programme, new: Programme, language: str) -> dict[str, Any]:
    """Return a difference for a script."""
    return {
        "what": change.what,
        "table": change.table,
        "key": change.key,
        "field": change.field,
        "old": msgspec.to_builtins(change.old),
        "new": msgspec.to_builtins(change.new),
        "effect": change.effect,
        "text": say_change(change, old, new, language),
    }


def change_line(change: Change, old: Programme, new: Programme, language: str) -> str:
    """Say a difference, and whom it serves."""
    said, effect = say_change(change, old, new, language), say_effect(change.effect, language)
    return f"{said} ({effect})" if effect else said


def _given(connection: Connection, what: str, key: str | None, now: datetime) -> Programme:
    """Return the programme of a file or preset; a preset is that of the programme it is compared with."""
    if what not in preset_names():
        new = parse(source_in(Path(what)))
        if key is not None and new.key != key:
            raise ConfigError(f"{what} is about the programme {new.key!r}, not {key!r}")
        return new
    if key is None:
        return parse(preset_source(what))
    return parse(draft_source(connection, programme_id_of(connection, key), what, now))
