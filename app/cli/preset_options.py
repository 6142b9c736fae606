"""The options by which a person fills in a ready-made programme, and the document that comes of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from app.cli.programme_file import source_in
from app.errors import ConfigError
from app.programme.document import Programme
from app.programme.presets import preset_names, preset_source

_OPTIONS = (
    click.option(
        "--key", metavar="KEY", help="The programme's key, for a preset (default: its name)."
    ),
    click.option("--currency", metavar="CODE", help="The programme's currency, for a preset."),
    click.option(
        "--language",
        metavar="CODE",
        help="What members are written in, for a preset: en or pl (default: en).",
    ),
    click.option(
        "--timezone",
        metavar="ZONE",
        help="Where its days begin and end, for a preset, as Europe/Warsaw (default: UTC).",
    ),
    click.option(
        "--with",
        "beside",
        metavar="PRESET",
        multiple=True,
        help="Another preset whose rules and rewards it shall have too; can be repeated.",
    ),
    click.option(
        "--set",
        "settings",
        metavar="NAME=VALUE",
        multiple=True,
        help="product.<store key>=ID: which product a free one is in that store; can be repeated.",
    ),
)
_NAMES = ("--key", "--currency", "--language", "--timezone", "--with", "--set")


def preset_options(*without: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options except those named; they arrive as the keyword arguments that `chosen_source` takes."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for name, option in reversed(list(zip(_NAMES, _OPTIONS, strict=True))):
            command = command if name in without else option(command)
        return command

    return add


def chosen_source(
    what: str,
    *,
    like: Programme | None = None,
    beside: Sequence[str] = (),
    settings: Sequence[str] = (),
    **head: str | None,
) -> str:
    """Return the document of a preset or file.

    What the options leave open in a preset is as in the programme `like`. Raises ConfigError for what is
    neither preset nor file, and for options that are given with a file.
    """
    if what in preset_names():
        if like is not None:
            own = {
                name: getattr(like, name) for name in ("key", "currency", "language", "timezone")
            }
            head = own | {name: value for name, value in head.items() if value is not None}
        return preset_source(what, beside=beside, settings=_settings(settings), **head)
    source = source_in(Path(what))
    if beside or settings or any(head.values()):
        raise ConfigError(
            "--key, --currency, --language, --timezone, --with and --set belong to presets; "
            "in a file, write them there."
        )
    return source


def _settings(words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(f"--set takes NAME=VALUE, not {word!r}")
        if found.setdefault(name, value) != value:
            raise ConfigError(f"--set names {name} twice, as {found[name]!r} and {value!r}")
    return found
