"""Reads a programme document from a file that somebody names on the command line."""

from pathlib import Path

from app.errors import ConfigError
from app.programme.presets import preset_names

_LONGEST_DOCUMENT = 1_000_000


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
