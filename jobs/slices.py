"""Work in slices, so that others write in between; what fails keeps nothing else waiting."""

import logging
from collections.abc import Callable, Iterator

import msgspec

from app.db.engine import Database

log = logging.getLogger("stempel.slices")


class Size(msgspec.Struct, frozen=True):
    """How many at once: SQLite is written to for a moment only, for some 50 ms."""

    embedded: int
    large: int

    def of(self, database: Database) -> int:
        """Return how many at once in this database."""
        return self.embedded if database.embedded else self.large


MOST_PASSED_OVER = 50
"""If more than so many fail in one run, that is no fault of theirs: better to stop and say so."""

ACCOUNTS = Size(20, 200)
"""Accounts that are posted to."""


def one_by_one(
    run: Callable[[int], int], size: int, pass_over: Callable[[Exception], str]
) -> Iterator[int]:
    """Run slices of things that have nothing to do with each other until none is left.

    `run` deals with up to so many; yields how many each time. Those of a slice that fails are tried
    singly. `pass_over` is told of one that fails alone: it sees to it that it does not come next again,
    and returns what the log calls it, or raises the error again.
    """
    limit = size
    while True:
        try:
            done = run(limit)
        except Exception as error:  # the edge of the jobs: recorded, never swallowed
            if limit > 1:
                limit = 1
                continue
            name = pass_over(error)
            log.exception("%s is passed over", name)
            limit = size  # without it the rest may well work together
            continue
        if not done:
            return
        yield done
