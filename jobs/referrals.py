"""Judges the friends that something was heard of, each in a transaction of its own."""

import logging

from sqlalchemy.exc import InterfaceError, OperationalError

from app.db.dialect import is_contention
from app.errors import Conflict
from app.services.referrals import due_referrals, judge, put_off
from jobs.runtime import Runtime

log = logging.getLogger("stempel.referrals")

_ATTEMPTS = 5
_ROUNDS = 10  # judging one may concern another: a loop, a crowd


def judge_referrals(runtime: Runtime, *, limit: int | None = None) -> int:
    """Judge the referrals that are due, `limit` at most in a round; returns how many there were.

    One that meets other writers again and again waits for the next turn; one that fails otherwise is
    tried again in an hour.
    """
    done = 0
    for _ in range(_ROUNDS):
        with runtime.database.snapshot() as connection:
            waiting = due_referrals(connection, runtime.clock(), limit=limit)
        judged = sum(_judge(runtime, referral_id) for referral_id in waiting)
        done += judged
        if not judged:
            break
    return done


def _judge(runtime: Runtime, referral_id: int) -> int:
    for _ in range(_ATTEMPTS):
        try:
            with runtime.database.transaction() as connection:
                judge(connection, runtime.vault, referral_id, runtime.clock())
        except Exception as error:  # the edge of the jobs: recorded, never swallowed
            if isinstance(error, Conflict) or is_contention(error):
                continue
            if isinstance(error, OperationalError | InterfaceError):
                raise  # the database is away: no referral's fault
            log.exception("referral %s cannot be judged; it is tried again later", referral_id)
            with runtime.database.transaction() as connection:
                put_off(connection, referral_id, runtime.clock())
            return 0
        return 1
    log.info("the accounts of referral %s are busy; judged at the next turn", referral_id)
    return 0
