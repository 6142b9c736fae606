"""Judges the friends that something was heard of, each in a transaction of its own."""

import logging

from app.services.referrals import due_referrals, judge, put_off
from jobs.attempts import attempt
from jobs.runtime import Runtime

log = logging.getLogger("stempel.referrals")

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
    judged = attempt(
        runtime,
        log,
        f"referral {referral_id}",
        lambda connection: judge(connection, runtime.vault, referral_id, runtime.clock()),
        lambda connection: put_off(connection, referral_id, runtime.clock()),
    )
    return int(judged is not None)
