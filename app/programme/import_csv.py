"""Reads comma-separated files as shops and spreadsheets write them: in pieces, whatever their size.

UTF-8 (with or without its mark), UTF-16 with one, else one of the two old Windows code pages; separated
by commas, semicolons or tabs; lines may end in any way, cells in quotation marks may hold line breaks.
"""

import codecs
import csv
import hashlib
import io
from collections.abc import Generator, Iterator
from typing import BinaryIO

import msgspec

from app.errors import Invalid

LONGEST_CELL = 131_072
"""Characters in one cell, as the csv module has it; a longer one is a quotation mark that never ends."""

_LONGEST_LINE = 1 << 20
_PIECE = 1 << 20
_HEAD = 1 << 16
_DELIMITERS = ",;\t"
_QUOTE = '"'
_MOST_CELLS = 500

# Polish letters where they are in Windows-1250 and Windows-1252 has rare signs: ą ł ż ś ź and capitals.
_OF_1250 = b"\xb9\xb3\xbf\x9c\x9f\xa5\xa3\xaf\x8c\x8f"
# Western letters where Windows-1250 has none of Polish: à è ù û ï ã õ å ø. Not ñ and æ: those are ń, ć.
_OF_1252 = b"\xe0\xe8\xf9\xfb\xef\xe3\xf5\xe5\xf8"


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """How a file is to be read. `notes` say what had to be guessed."""

    digest: bytes  # SHA-256 of the whole file
    size: int  # bytes
    encoding: str
    delimiter: str
    notes: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a file, from line `line` to line `last`. With a `problem` it has no cells."""

    line: int
    last: int
    cells: tuple[str, ...] = ()
    problem: str | None = None


def survey(
    stream: BinaryIO, *, encoding: str | None = None, delimiter: str | None = None
) -> Survey:
    """Read a file from its start to its end, in pieces, and say how it is to be read.

    `encoding` and `delimiter` are what a person says it has. Raises Invalid for an empty file, and for
    an encoding that Python does not know.
    """
    stream.seek(0)
    digest, size, head = hashlib.sha256(), 0, b""
    strict: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")("strict")
    polish = western = 0
    while piece := stream.read(_PIECE):
        digest.update(piece)
        head = head or piece[:_HEAD]
        size += len(piece)
        polish += sum(piece.count(byte) for byte in _OF_1250)
        western += sum(piece.count(byte) for byte in _OF_1252)
        strict = _still_fits(strict, piece)
    if strict is not None:
        strict = _still_fits(strict, b"", final=True)
    notes: list[str] = []
    if encoding is not None:
        chosen = _known(encoding)
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        chosen = "utf-16"
    elif strict is not None:
        chosen = "utf-8-sig"
    else:
        chosen = "cp1252" if western > polish else "cp1250"
        name = {"cp1250": "Windows-1250", "cp1252": "Windows-1252"}[chosen]
        notes.append(
            f"The file is not UTF-8. It was read as {name}; if letters look wrong, "
            "save it as UTF-8 or say --encoding."
        )
    first = _first_line(head, chosen)
    if not first:
        raise Invalid("The file is empty.")
    return Survey(
        digest=digest.digest(),
        size=size,
        encoding=chosen,
        delimiter=delimiter or _likely_delimiter(first),
        notes=tuple(notes),
    )


def records(stream: BinaryIO, how: Survey) -> Generator[Record, None, None]:
    """Yield the rows of a file, its head first; empty ones are left out.

    A row that cannot be read is one with a `problem`; reading goes on behind it. Who stops before the
    end closes this before the file.
    """
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=how.encoding, errors="replace", newline="")
    try:
        yield from _records(_Lines(text), how.delimiter)
    finally:
        text.detach()  # the caller opened the file and closes it


class _Lines:
    """Lines of a file, none of which fills the memory."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.cut = False  # since it was last set to False, a line was too long and cut off

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_LONGEST_LINE)
        if not line:
            raise StopIteration
        if len(line) == _LONGEST_LINE and line[-1] not in "\r\n":
            self.cut = True
            while (rest := self._text.readline(_LONGEST_LINE)) and rest[-1] not in "\r\n":
                pass
        return line


def _records(lines: _Lines, delimiter: str) -> Iterator[Record]:
    reader = csv.reader(lines, delimiter=delimiter)
    began = True
    while True:
        line, lines.cut = reader.line_num + 1, False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Record(
                line=line,
                last=reader.line_num,
                problem="a cell is longer than any can be: a quotation mark in this line is "
                "probably never closed",
            )
            continue
        if began and len(cells) <= 2 and cells and cells[0].lower().startswith("sep="):
            continue  # a spreadsheet's own word about the delimiter
        began = False
        if not any(cell.strip() for cell in cells):
            continue
        problem = None
        if lines.cut:
            problem = f"the line is longer than {_LONGEST_LINE} characters"
        elif len(cells) > _MOST_CELLS or max(map(len, cells)) > LONGEST_CELL:
            problem = "the row is longer than any can be"
        yield Record(
            line=line,
            last=reader.line_num,
            cells=() if problem else tuple(cells),
            problem=problem,
        )


def _still_fits(
    decoder: codecs.IncrementalDecoder | None, piece: bytes, *, final: bool = False
) -> codecs.IncrementalDecoder | None:
    """Return the decoder if all that it was given so far can be read with it, else None."""
    try:
        if decoder is not None:
            decoder.decode(piece, final)
    except UnicodeDecodeError:
        return None
    return decoder


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        known = "utf-8, windows-1250, windows-1252, iso-8859-2"
        raise Invalid(f"{encoding!r} is no encoding known here; {known} are some.") from error


def _first_line(head: bytes, encoding: str) -> str:
    """Return the first line that is not empty."""
    for line in head.decode(encoding, errors="replace").lstrip("\ufeff").splitlines():
        if line.strip():
            return line
    return ""


def _likely_delimiter(line: str) -> str:
    """Return what the head of a file is separated by: the sign that is most often outside of quotes."""
    if line.lower().startswith("sep=") and len(line) > 4:
        return line[4]
    outside = "".join(line.split(_QUOTE)[::2])
    return max(_DELIMITERS, key=outside.count)
