"""Joins the accounts that a shop proved to be one person's, each pair in a transaction of its own."""

import logging

from sqlalchemy.exc import InterfaceError, OperationalError

from app.db.dialect import is_contention
from app.errors import Conflict
from app.services.merge import leave_to_manager, proved_claims, settle_proved
from jobs.runtime import Runtime

log = logging.getLogger("stempel.joins")

_ATTEMPTS = 5


def join_proved(runtime: Runtime, *, limit: int | None = None) -> int:
    """Settle the claims that wait, `limit` at most; returns how many led to a join.

    One that meets other writers again and again waits for the next turn; one that fails otherwise
    waits for a manager, who sees why when confirming it.
    """
    with runtime.database.snapshot() as connection:
        waiting = proved_claims(connection, limit=limit)
    return sum(_settle(runtime, claim_id) for claim_id in waiting)


def _settle(runtime: Runtime, claim_id: int) -> int:
    for _ in range(_ATTEMPTS):
        try:
            with runtime.database.transaction() as connection:
                staying = settle_proved(connection, runtime.vault, claim_id, runtime.clock())
        except Exception as error:  # the edge of the jobs: recorded, never swallowed
            runtime.vault.data_keys.forget()
            if isinstance(error, Conflict) or is_contention(error):
                continue
            if isinstance(error, OperationalError | InterfaceError):
                raise  # the database is away: no claim's fault
            log.exception("claim %s cannot be settled; it waits for a manager", claim_id)
            with runtime.database.transaction() as connection:
                leave_to_manager(connection, claim_id)
            return 0
        return int(staying is not None)
    log.info("the accounts of claim %s are busy; joined at the next turn", claim_id)
    return 0
