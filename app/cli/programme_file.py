"""Reads a programme document from a preset or file that somebody names on the command line."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from app.errors import ConfigError
from app.programme.presets import preset_names
from app.services.simulate import draft_source

_LONGEST_DOCUMENT = 1_000_000


def draft_in(connection: Connection, programme_id: int, what: str, now: datetime) -> str:
    """Return the document of a preset or file that is set beside a programme; a preset is filled in like it.

    Raises ConfigError for what is neither.
    """
    if what in preset_names():
        return draft_source(connection, programme_id, what, now)
    return source_in(Path(what))


def source_in(path: Path) -> str:
    """Return the document in a file; raises ConfigError for what can be none."""
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
