"""`stempel programme diff` and `export`: what a document would change, and the document itself as code."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from app.cli.preset_options import chosen_source, preset_options
from app.cli.shared import Context, as_json, language_option, pass_context, programme_option, show
from app.errors import ConfigError
from app.programme.diff import Change, diff
from app.programme.document import Programme, parse
from app.programme.presets import preset_names
from app.services.diff_words import say_change, say_effect
from app.services.programmes import (
    in_force,
    programme_id_of,
    programme_keys,
    source_of,
    version_of,
    versions,
)

DIFFERENT = 3
"""The exit status of `diff --exit-code` where something differs; 1 and 2 are errors."""


@click.command("diff")
@click.argument("what", metavar="[FILE|PRESET]", required=False)
@click.option(
    "--programme", "-p", metavar="KEY", help="Which programme (default: the document's key)."
)
@preset_options("--language")
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
    /,
    *,
    what: str | None,
    programme: str | None,
    number: int | None,
    other: int | None,
    language: str,
    telling: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Say in plain words what a document would change, and whether members lose by it.

    Changes nothing. Without a document two versions are compared.

    Presets take the options of `apply`. With --key they are just what apply would publish with the same
    options (--language is then also what members are written in); with --programme their currency, time
    zone and language are the programme's unless an option says otherwise.

    Example: stempel programme diff mine.toml --exit-code

    Example: stempel programme diff one-per-unit --with rewards-100-200-500 --key kawa

    Example: stempel programme diff --programme kawa --version 1 --to 3 --language pl
    """
    with context.database().snapshot() as connection:
        now = context.clock()
        if what is None:
            if any(options.values()):
                raise ConfigError(
                    "--key, --currency, --timezone, --with and --set belong to presets; name one."
                )
            if programme is None:
                raise ConfigError(
                    "diff needs a document, or --programme KEY with --version and --to"
                )
            new, key = None, programme
        else:
            new = _given(connection, what, programme, now, language, **options)
            key = new.key
        known = versions(connection, programme_id_of(connection, key))
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


def _given(
    connection: Connection,
    what: str,
    programme: str | None,
    now: datetime,
    language: str,
    **options: Any,
) -> Programme:
    """Return the programme of a file or preset; a preset is that of the programme it is compared with."""
    like, key = None, options["key"]
    if what in preset_names() and key is not None:
        options |= {"language": language}
    elif what in preset_names() and programme is not None:
        known = versions(connection, programme_id_of(connection, programme))
        like = in_force(known, now).programme
    new = parse(chosen_source(what, like=like, **options))
    if programme is not None and new.key != programme:
        raise ConfigError(f"{what} is about the programme {new.key!r}, not {programme!r}")
    if what in preset_names() and key is None and new.key not in programme_keys(connection):
        _ask_which(what, programme_keys(connection))
    return new


def _ask_which(preset: str, keys: Sequence[str]) -> None:
    """Raise ConfigError for a preset of which nobody said what programme it is compared with."""
    if not keys:
        raise ConfigError("there is no programme to compare with. See: stempel programme apply")
    choice = keys[0] if len(keys) == 1 else f"KEY (there are: {', '.join(keys)})"
    raise ConfigError(
        f"no programme is called {preset!r} as the preset is; say which to compare it with: "
        f"--programme {choice}"
    )
