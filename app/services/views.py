"""What pages and commands show, part 1: paging, programmes, and which of them is meant.

Read models only: set-based, paged by key, nothing is changed. Deliveries, members and stores have files
of their own beside this one (`view_deliveries`, `view_members`, `view_ledger`, `view_stores`).
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection

from app import clock
from app.errors import Blocked, Invalid, Passing
from app.programme.cost import cost_percent
from app.programme.document import load
from app.services.programmes import all_in_force

T = TypeVar("T")

PAGE_SIZE = 50
MOST_PER_PAGE = 500
LARGEST_ID = 2**63 - 1

_OUR_ERRORS = frozenset(one.__name__ for one in (Passing, Invalid, Blocked))


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some rows, newest first. `older` is the key to ask for the next ones with, None at the end."""

    items: list[T]
    older: int | None = None


class ProgrammeView(msgspec.Struct, frozen=True, kw_only=True):
    """What showing anything of a programme needs."""

    id: int
    key: str
    name: str
    currency: str
    zone: ZoneInfo
    version: int
    cost_percent: Decimal | None  # of a purchase that its points are worth, by the document alone


def programme_views(
    connection: Connection, now: datetime | None = None
) -> dict[int, ProgrammeView]:
    """Return every programme as the version in force at `now` (this moment) has it, by id."""
    found = {}
    for row in connection.execute(all_in_force(now or clock.now())):
        document = load(row.document)
        found[row.programme_id] = ProgrammeView(
            id=row.programme_id,
            key=document.key,
            name=document.name or document.key,
            currency=document.currency,
            zone=ZoneInfo(document.timezone),
            version=row.number,
            cost_percent=cost_percent(document),
        )
    return found


def page_of(items: Sequence[T], keys: Sequence[int], limit: int) -> Page[T]:
    """Cut a page from rows that were asked for with one more than `limit`."""
    more = len(items) > limit
    return Page(list(items[:limit]), keys[limit - 1] if more else None)


def page_size(wanted: int | None) -> int:
    """Return how many rows to show: what is wanted within reason."""
    return min(max(PAGE_SIZE if wanted is None else wanted, 1), MOST_PER_PAGE)


def key_of(number: int) -> int:
    """Return a number that may be asked for as a key: none is larger than 63 bits."""
    return min(max(number, -1), LARGEST_ID)


def storable(text: str) -> bool:
    """Say whether a text can be in the database at all: no NUL, nothing that is not Unicode."""
    return "\0" not in text and text.isprintable()


def error_line(error: str | None) -> str | None:
    """Return an error's sentence; a class of ours before it says nothing to support."""
    if error is None:
        return None
    first = error.partition("\n")[0]
    kind, colon, sentence = first.partition(": ")
    return sentence if colon and kind in _OUR_ERRORS else first
