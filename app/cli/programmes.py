"""`stempel programme`: presets, publishing a document, showing what is in force."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click
from sqlalchemy import Connection

from app.cli.shared import Context, as_json, pass_context, show, table
from app.errors import ConfigError
from app.programme.presets import preset_names, preset_source
from app.services import programmes, rates

_LONGEST_DOCUMENT = 1_000_000


@click.group()
def programme() -> None:
    """Publish and show loyalty programmes."""


@programme.command()
@as_json
def presets(*, as_json: bool) -> None:
    """List the ready-made programmes.

    Any of them can be a start: `stempel programme show --preset one-per-unit > mine.toml`
    """
    show(preset_names(), as_json, "\n".join(preset_names()))


@programme.command()
@click.argument("what", metavar="PRESET|FILE")
@click.option("--key", metavar="KEY", help="The programme's key, for a preset (default: its name).")
@click.option("--currency", metavar="CODE", help="The programme's currency, for a preset.")
@as_json
@pass_context
def apply(
    context: Context, what: str, *, key: str | None, currency: str | None, as_json: bool
) -> None:
    """Publish a preset or a document as the programme's next version.

    What happened before is still judged by the version that was in force then. The same document
    again changes nothing.

    Example: stempel programme apply one-per-unit --key kawa --json
    """
    if what in preset_names():
        source = preset_source(what, key=key, currency=currency)
    else:
        source = _read(Path(what))
        if key or currency:
            raise ConfigError(
                "--key and --currency belong to presets; in a file, write them there."
            )
    with context.database().transaction() as connection:
        done = programmes.publish(connection, context.vault(), source, context.clock())
    news = "published" if done.changed else "unchanged"
    show(
        {"key": done.key, "version": done.version, "changed": done.changed},
        as_json,
        f"{done.key}: version {done.version} {news}",
    )


@programme.command("show")
@click.argument("key", required=False)
@click.option("--version", "number", type=int, help="Which version (default: the newest).")
@click.option("--preset", metavar="NAME", help="Show a ready-made programme instead.")
@as_json
@pass_context
def show_one(
    context: Context, key: str | None, *, number: int | None, preset: str | None, as_json: bool
) -> None:
    """Print a programme's document; without a key, list the programmes."""
    if preset is not None:
        source = preset_source(preset)
        show({"preset": preset, "source": source}, as_json, source)
        return
    with context.database().snapshot() as connection:
        if key is None:
            rows = [
                [
                    one,
                    str(
                        len(
                            programmes.versions(
                                connection, programmes.programme_id_of(connection, one)
                            )
                        )
                    ),
                ]
                for one in programmes.programme_keys(connection)
            ]
            show(
                [{"key": one, "version": int(count)} for one, count in rows],
                as_json,
                table(rows, ["programme", "version"]),
            )
            return
        programme_id = programmes.programme_id_of(connection, key)
        version, source = programmes.source_of(connection, programme_id, number)
    show({"key": key, "version": version, "source": source}, as_json, source)


@programme.command()
@click.argument("key")
@click.argument("currency")
@click.argument("value", metavar="RATE")
@click.option(
    "--from",
    "since",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The first day (UTC) whose orders it is for.",
)
@as_json
@pass_context
def rate(
    context: Context, key: str, currency: str, value: str, *, since: datetime, as_json: bool
) -> None:
    """Say what one unit of another currency is worth in the programme's.

    Orders that waited for a rate are paid at once; those judged by another one stay as they are.

    Example: stempel programme rate kawa EUR 4.25 --from 2026-01-01
    """
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ConfigError(f"a rate is a number as 4.25, not {value!r}") from error

    def add(connection: Connection) -> int:
        return rates.add_rate(
            connection,
            context.vault(),
            programme_id=programmes.programme_id_of(connection, key),
            currency=currency,
            rate=number,
            since=since.replace(tzinfo=UTC),
            now=context.clock(),
        )

    mended = context.database().run(add)
    show(
        {"currency": currency, "rate": str(number), "mended": mended},
        as_json,
        f"1 {currency} counts as {number}; orders mended: {mended}",
    )


def _read(path: Path) -> str:
    if not path.is_file():
        raise ConfigError(
            f"{str(path)!r} is neither a preset ({', '.join(preset_names())}) nor a file."
        )
    if path.stat().st_size > _LONGEST_DOCUMENT:
        raise ConfigError(f"{path} is larger than any programme document: is it the right file?")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.") from error
