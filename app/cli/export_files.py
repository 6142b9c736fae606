"""Writes files of members and their points: for the owner's eyes alone, and never half of one.

A cell that a spreadsheet would take for a formula gets an apostrophe in front.
"""

import csv
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from app.cli.spreadsheets import as_text
from app.errors import Conflict

_MINE = 0o600


def safe(value: Any) -> str:
    """Return a cell that no spreadsheet runs; a number stays a number."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    text = str(value)
    harmless = text.lstrip("-").isdecimal() and text.isascii()
    return text if harmless else as_text(text)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as a CSV file; returns how many there were. Raises Conflict if the file is there."""
    with new_file(path) as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        count = 0
        for row in rows:
            writer.writerow([safe(row[name]) for name in columns])
            count += 1
    return count


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows as lines of JSON; returns how many there were. Raises Conflict if the file is there."""
    with new_file(path) as file:
        count = 0
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def write_text(path: Path, text: str) -> None:
    """Write a small file. Raises Conflict if it is there."""
    with new_file(path) as file:
        file.write(text)


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """Open a file that only its owner can read; it has its name once it is whole."""
    if path.exists():
        raise Conflict(f"{path} is there already: remove it, or name another file.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MINE)
    try:
        with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
            yield file
        part.rename(path)
    except BaseException:
        with suppress(FileNotFoundError):
            part.unlink()
        raise
