"""Joins the accounts that a shop proved to be one person's, each pair in a transaction of its own."""

import logging

from app.services.merge import leave_to_manager, proved_claims, settle_proved
from jobs.attempts import attempt
from jobs.runtime import Runtime

log = logging.getLogger("stempel.joins")


def join_proved(runtime: Runtime, *, limit: int | None = None) -> int:
    """Settle the claims that wait, `limit` at most; returns how many led to a join.

    One that meets other writers again and again waits for the next turn; one that fails otherwise
    waits for a manager, who sees why when confirming it.
    """
    with runtime.database.snapshot() as connection:
        waiting = proved_claims(connection, limit=limit)
    return sum(_settle(runtime, claim_id) for claim_id in waiting)


def _settle(runtime: Runtime, claim_id: int) -> int:
    staying = attempt(
        runtime,
        log,
        f"claim {claim_id}",
        lambda connection: settle_proved(connection, runtime.vault, claim_id, runtime.clock()),
        lambda connection: leave_to_manager(connection, claim_id),
    )
    return int(staying is not None)
