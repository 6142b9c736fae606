"""What the cells of an imported row say: whose, how many points, until when; or what is wrong with them.

A sentence about a wrong cell shows what is in it only as far as it cannot be a person's name or address.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from app.errors import Invalid
from app.programme.emails import fold
from app.programme.import_columns import Columns
from app.programme.import_csv import Record

T = TypeVar("T")

MOST_POINTS = 1_000_000_000
"""That one row may bring, as by hand."""

Order = Literal["dmy", "mdy"]
"""Which comes first in a date with slashes, the day or the month."""

_WHOLE = re.compile(r"\+?([0-9]{1,12})(?:[.,]0{1,2})?")
_GROUPED = re.compile(r"\+?[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+")
_DECIMAL = re.compile(r"\+?([0-9]{1,12})[.,][0-9]{1,2}|\+?([0-9]{1,12})[.,][0-9]{4,}")
_SHORTENED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
_CUSTOMER = re.compile(r"(?:gid://shopify/Customer/)?([1-9][0-9]{0,19})")
_OTHER_CUSTOMER = re.compile(r"[!-~]{1,100}")
_DOTTED = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_SLASHED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_HARMLESS = re.compile(r"[0-9 .,:/+\-TZeE%]{1,30}")
_NOT_IN_EMAIL = re.compile(r"[\s,;:<>()\[\]\\\"]")  # two cells in one, or a name beside the address
_ESCAPED = re.compile(r"'[=+\-@\t\r\n]")
_NO_DATE = frozenset({"", "-", "0000-00-00", "0000-00-00 00:00:00", "null", "n/a"})
_NEVER = frozenset({"never", "nigdy"})
_LONGEST_TIER = 100


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a cell, and what to do about it. `value` is masked."""

    column: str
    value: str
    what: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Points that end together. `expires_at` is None for those without an end of their own.

    They then live as the programme says, or, if `forever`, without end.
    """

    points: int
    expires_at: datetime | None = None
    forever: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row that can be imported: an e-mail, a customer's id in a store, or both."""

    line: int
    parts: tuple[Part, ...]
    email: str | None = None  # as typed
    customer: str | None = None
    store: str | None = None  # the store's key, if the file names it
    tier: str | None = None
    joined_at: datetime | None = None


class Reading(msgspec.Struct, kw_only=True):
    """How the cells of one file are read."""

    columns: Columns
    zone: ZoneInfo
    now: datetime
    order: Order | None = None
    round_down: bool = False
    numbered: bool = True  # customers of this platform have numbers
    kind: str | None = None  # the kind of points that the first row has


def read_row(record: Record, reading: Reading) -> Row | tuple[Fault, ...]:
    """Return what a row says, or all that is wrong with it."""
    columns, faults = reading.columns, list[Fault]()
    cells = _cells(record, columns)
    if isinstance(cells, str):
        return (Fault(column="", value="", what=cells),)

    def read(index: int | None, how: Callable[[str], T]) -> T | None:
        if index is None:
            return None
        try:
            return how(cells[index])
        except Invalid as error:
            what = str(error)
            if record.last > record.line:
                what += f" (the row goes on to line {record.last}: is a quotation mark not closed?)"
            faults.append(Fault(column=columns.name(index), value=masked(cells[index]), what=what))
            return None

    at = columns.at
    email = read(at.get("email"), read_email)
    customer = read(at.get("customer"), lambda cell: read_customer(cell, numbered=reading.numbered))
    if "user" in at and not (email or customer):
        found = read(at["user"], lambda cell: read_user(cell, numbered=reading.numbered))
        email, customer = found or (None, None)
    if not (email or customer or faults):
        place = next(at[name] for name in ("email", "customer", "user") if name in at)
        what = "nothing says whose these points are: fill it in or leave the row out"
        faults.append(Fault(column=columns.name(place), value="", what=what))
    read(at.get("kind"), lambda cell: _same_kind(cell, reading))
    parts = tuple(part for lot in columns.lots for part in _parts(lot, read, reading))
    row = Row(
        line=record.line,
        parts=parts or (Part(points=0),),
        email=email,
        customer=customer,
        store=read(at.get("store"), _short),
        tier=read(at.get("tier"), _short),
        joined_at=read(at.get("joined"), lambda cell: _joined(cell, reading)),
    )
    return tuple(faults) or row


def _cells(record: Record, columns: Columns) -> list[str] | str:
    """Return as many cells as the file has columns, or what is wrong with the row as a whole."""
    if record.problem is not None:
        return record.problem
    cells = [_plain(cell) for cell in record.cells]
    width = len(columns.header)
    if len(cells) > width and any(cells[width:]):
        return (
            f"the row has {len(cells)} cells, the head of the file {width}: "
            "is a quotation mark missing?"
        )
    if len(cells) <= columns.needed:
        what = f"the row has only {len(cells)} of the file's {width} cells"
        if record.last > record.line:
            what += f" and goes on to line {record.last}"
        return f"{what}: is a quotation mark not closed, or one too many?"
    return cells + [""] * (width - len(cells))


def _parts(
    lot: tuple[int, int | None],
    read: Callable[[int | None, Callable[[str], Any]], Any],
    reading: Reading,
) -> list[Part]:
    points = read(lot[0], lambda cell: read_points(cell, round_down=reading.round_down))
    if not points:
        return []
    expiry = read(lot[1], lambda cell: read_expiry(cell, reading))
    ends, forever = expiry or (None, False)
    return [Part(points=points, expires_at=ends, forever=forever)]


def read_email(cell: str) -> str | None:
    """Return the address in a cell, None for an empty one; raises Invalid for one that is none."""
    if not cell:
        return None
    if "\N{REPLACEMENT CHARACTER}" in cell:
        raise Invalid("a letter of it cannot be read: say with --encoding how the file was saved")
    if fold(cell) is None or _NOT_IN_EMAIL.search(cell):
        raise Invalid("this is no e-mail address: mend it or leave the row out")
    return cell


def read_customer(cell: str, *, numbered: bool = True) -> str | None:
    """Return the shop's id of a customer, None for an empty cell."""
    if not cell or cell == "0":  # 0 is nobody: a guest
        return None
    if not numbered:
        if _OTHER_CUSTOMER.fullmatch(cell) is None:
            raise Invalid("this is no customer's id: it has blanks or is too long")
        return cell
    form = _CUSTOMER.fullmatch(cell)
    if form is None:
        raise Invalid("this is no customer's id: it must be the number that the shop gave them")
    return form[1]


def read_user(cell: str, *, numbered: bool = True) -> tuple[str | None, str | None]:
    """Return (e-mail, customer's id) of a cell that holds one of the two."""
    if "@" in cell:
        return read_email(cell), None
    try:
        return None, read_customer(cell, numbered=numbered)
    except Invalid as error:
        raise Invalid(
            "this is neither an e-mail address nor a customer's id; a login name finds nobody here: "
            "export by e-mail or by ID"
        ) from error


def read_points(cell: str, *, round_down: bool = False) -> int:
    """Return a whole number of points, 0 for an empty cell; raises Invalid for anything else."""
    if not cell:
        return 0
    if cell.startswith(("-", "\N{MINUS SIGN}", "(")):
        raise Invalid(
            "an account cannot begin with less than nothing: leave the row out, or take the points "
            "off by hand afterwards"
        )
    if _GROUPED.fullmatch(cell):
        cell = re.sub(r"[ \u00a0\u202f]", "", cell)
    form = _WHOLE.fullmatch(cell)
    if form is None and round_down:
        form = _DECIMAL.fullmatch(cell)
    if form is None:
        raise Invalid(_why_no_points(cell))
    points = int(next(group for group in form.groups() if group is not None))
    if points > MOST_POINTS:
        raise Invalid(f"one row may bring {MOST_POINTS} points at most")
    return points


def _why_no_points(cell: str) -> str:
    if _SHORTENED.fullmatch(cell):
        return "a spreadsheet has shortened this number: format the column as whole numbers, save again"
    if _DECIMAL.fullmatch(cell):
        return "points are whole numbers: round them in the file, or say --round-down"
    if cell.startswith(("=", "@")):
        return "this is a formula, not a number: save the file with values only"
    if re.fullmatch(r"[0-9]{1,3}(?:[.,][0-9]{3})+", cell):
        return "is this a thousand or a decimal? Write points without dots and commas"
    return "this is no whole number of points"


def read_expiry(cell: str, reading: Reading) -> tuple[datetime | None, bool]:
    """Return (when points are gone, whether they live for ever) from a cell with their last day.

    They live through the whole of a day that has no time beside it.
    """
    if cell.casefold() in _NEVER:
        return None, True
    ends = _moment(cell, reading, through_the_day=True)
    if ends is not None and ends <= reading.now:
        raise Invalid("these points have expired already: leave the row out or give a later day")
    return ends, False


def _joined(cell: str, reading: Reading) -> datetime | None:
    joined = _moment(cell, reading, through_the_day=False)
    if joined is not None and not datetime(1970, 1, 1, tzinfo=UTC) <= joined <= reading.now:
        raise Invalid(
            'nobody joined then: mend it, or leave the column out with --column joined=""'
        )
    return joined


def _moment(cell: str, reading: Reading, *, through_the_day: bool) -> datetime | None:
    """Return the time in a cell, None if there is none. A time without a zone is the programme's."""
    if cell.casefold() in _NO_DATE:
        return None
    try:
        day = _day(cell, reading.order)
        if day is None:
            moment = datetime.fromisoformat(cell)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=reading.zone)
            return moment.astimezone(UTC)
        if through_the_day:
            if day >= date.max - timedelta(days=1):
                return None  # the last days of the calendar stand for no end
            day += timedelta(days=1)
        return datetime.combine(day, time.min, reading.zone).astimezone(UTC)
    except Invalid:
        raise
    except (ValueError, OverflowError) as error:
        raise Invalid("there is no such day; write days as 2027-03-31") from error


def _day(cell: str, order: Order | None) -> date | None:
    """Return the day in a cell that holds no time; None if it may hold one. Raises ValueError."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        return date.fromisoformat(cell)
    if form := _DOTTED.fullmatch(cell):
        return date(int(form[3]), int(form[2]), int(form[1]))
    if form := _SLASHED.fullmatch(cell):
        if order is None:
            raise Invalid("which is the day and which the month? Say --dates dmy or --dates mdy")
        first, second = int(form[1]), int(form[2])
        day, month = (first, second) if order == "dmy" else (second, first)
        return date(int(form[3]), month, day)
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+", cell):
        return None
    raise ValueError(cell)


def _short(cell: str) -> str | None:
    if len(cell) > _LONGEST_TIER or not cell.isprintable():
        raise Invalid(f"this must be a word of at most {_LONGEST_TIER} letters")
    return cell or None


def _same_kind(cell: str, reading: Reading) -> None:
    if reading.kind is None:
        reading.kind = cell
    if cell != reading.kind:
        raise Invalid("the file holds several kinds of points: export one kind at a time")


def _plain(cell: str) -> str:
    """Return a cell without blanks around it, and without what keeps a spreadsheet from running it."""
    cell = cell.strip()
    return cell[1:] if _ESCAPED.match(cell) else cell


def masked(cell: str) -> str:
    """Return so much of a cell that its owner can find it, and nobody else learns who it is about."""
    if not cell:
        return ""
    local, at, domain = cell.rpartition("@")
    if at and local and domain:
        return f"{_first(local)}…@{_first(domain)}…"
    if _HARMLESS.fullmatch(cell):
        return cell
    return f"{_first(cell)}… ({len(cell)} characters)"


def _first(text: str) -> str:
    return text[0] if text[0].isprintable() else "?"
