"""Periodic work: one row here per job. Missed runs catch up, two clocks never run one twice."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

import msgspec
from sqlalchemy import Connection, or_, select, update

from app.db import tables as t
from app.db.upsert import insert_missing
from app.services import life
from app.services.code_answers import give_up_unreachable
from app.services.import_stage import purge_staged
from app.services.perks import end_perks
from app.services.reminders import remind
from app.services.retention import purge_bodies
from app.services.seal import seal_heads
from jobs.policy import describe
from jobs.runtime import Runtime

log = logging.getLogger("stempel.schedule")

_LEASE = timedelta(minutes=30)


_LONGEST = 5.0  # seconds that a job with slices keeps others waiting

# How many at once: SQLite is written to for a moment only.
_SLICE_EMBEDDED, _SLICE = 20, 200


class Periodic(msgspec.Struct, frozen=True):
    """A job and how often it runs.

    One that returns how much it did works in slices: it is run again, each time in a transaction of
    its own, until there is nothing left.
    """

    name: str
    every: timedelta
    run: Callable[[Runtime, Connection], int | None]


def _free_unreachable(runtime: Runtime, connection: Connection) -> None:
    give_up_unreachable(connection, runtime.vault, runtime.clock())


def _end_perks(runtime: Runtime, connection: Connection) -> None:
    end_perks(connection, runtime.vault, runtime.clock())


def _seal(runtime: Runtime, connection: Connection) -> None:
    seal_heads(connection, runtime.settings.keyring, runtime.clock())


def _purge(runtime: Runtime, connection: Connection) -> None:
    purge_bodies(connection, runtime.clock())
    purge_staged(connection, runtime.clock())


def _let_points_mature(runtime: Runtime, connection: Connection) -> int:
    return life.mature(connection, runtime.vault, runtime.clock(), limit=_slice(runtime))


def _let_points_expire(runtime: Runtime, connection: Connection) -> int:
    return life.expire(connection, runtime.vault, runtime.clock(), limit=_slice(runtime))


def _remind(runtime: Runtime, connection: Connection) -> int:
    return remind(connection, runtime.clock(), limit=_slice(runtime))


def _slice(runtime: Runtime) -> int:
    return _SLICE_EMBEDDED if runtime.database.embedded else _SLICE


SCHEDULE = (
    Periodic("mature-points", timedelta(minutes=1), _let_points_mature),
    Periodic("expire-points", timedelta(minutes=1), _let_points_expire),
    Periodic("remind-of-expiry", timedelta(hours=1), _remind),
    Periodic("free-unreachable-codes", timedelta(hours=1), _free_unreachable),
    Periodic("end-perks", timedelta(minutes=1), _end_perks),
    Periodic("seal-heads", timedelta(days=1), _seal),
    Periodic("purge-bodies", timedelta(days=1), _purge),
)


def run_due(runtime: Runtime) -> int:
    """Run what is due; returns how many jobs ran. A job that fails is tried again within an hour."""
    return sum(_run(runtime, job) for job in SCHEDULE)


def _run(runtime: Runtime, job: Periodic) -> int:
    now = runtime.clock()
    with runtime.database.snapshot() as connection:
        due_at = connection.execute(
            select(t.schedule_run.c.due_at).where(t.schedule_run.c.job == job.name)
        ).scalar()
    if due_at is not None and due_at > now:
        return 0
    with runtime.database.transaction() as connection:
        insert_missing(
            connection, t.schedule_run, [{"job": job.name, "due_at": now}], keys=("job",)
        )
        taken = connection.execute(
            update(t.schedule_run)
            .where(
                t.schedule_run.c.job == job.name,
                t.schedule_run.c.due_at <= now,
                or_(t.schedule_run.c.lease_until.is_(None), t.schedule_run.c.lease_until < now),
            )
            .values(lease_until=now + _LEASE)
        )
    if taken.rowcount != 1:
        return 0
    error: str | None = None
    after = job.every
    began = time.monotonic()
    try:
        while runtime.database.run(lambda connection: job.run(runtime, connection)):
            if time.monotonic() - began > _LONGEST:
                after = timedelta()  # the rest in the next turn
                break
    except Exception as failure:  # the edge of the jobs: recorded, never swallowed
        log.exception("the job %s failed", job.name)
        error, after = describe(failure), min(5 * job.every, timedelta(hours=1))
    with runtime.database.transaction() as connection:
        connection.execute(
            update(t.schedule_run)
            .where(t.schedule_run.c.job == job.name)
            .values(due_at=now + after, lease_until=None, ran_at=now, error=error)
        )
    return 1
