"""One thing in a transaction of its own: again while others are in the way, left aside if it fails."""

from collections.abc import Callable
from logging import Logger
from typing import TypeVar

from sqlalchemy import Connection

from app.db.dialect import is_contention
from app.errors import Conflict
from jobs.policy import is_databases
from jobs.runtime import Runtime

T = TypeVar("T")

_ATTEMPTS = 5


def attempt(
    runtime: Runtime,
    log: Logger,
    what: str,
    act: Callable[[Connection], T],
    give_up: Callable[[Connection], None],
) -> T | None:
    """Do `act`; returns None if it has to wait: `what` names it in the log.

    What meets other writers again and again waits for the next turn. What fails otherwise is logged, and
    `give_up` notes what becomes of it.
    """
    for _ in range(_ATTEMPTS):
        try:
            with runtime.database.transaction() as connection:
                return act(connection)
        except Exception as error:  # the edge of the jobs: recorded, never swallowed
            runtime.vault.data_keys.forget()
            if isinstance(error, Conflict) or is_contention(error):
                continue
            if is_databases(error):
                raise
            log.exception("%s cannot be settled; it is left aside", what)
            with runtime.database.transaction() as connection:
                give_up(connection)
            return None
    log.info("the accounts of %s are busy; it waits for the next turn", what)
    return None
