"""Periodic work: one row here per job. Missed runs catch up, two clocks never run one twice."""

import logging
import time
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, or_, select, update

from app.db import tables as t
from app.db.upsert import insert_missing
from app.services import life
from app.services.batches import purge_staged
from app.services.celebrate import celebrate
from app.services.code_answers import give_up_unreachable
from app.services.memberships import end_memberships
from app.services.perks import end_perks
from app.services.reminders import remind, remind_idle
from app.services.retention import purge_bodies
from app.services.seal import seal_heads
from jobs.draws import hold_draws
from jobs.inactivity import let_idle_points_go
from jobs.policy import describe
from jobs.runtime import Runtime
from jobs.segments import count_segments
from jobs.shadows import follow_shadows
from jobs.slices import ACCOUNTS, MOST_PASSED_OVER, one_by_one
from jobs.tiers import recalculate_tiers

log = logging.getLogger("stempel.schedule")

_LEASE = timedelta(minutes=30)
_LONGEST = 5.0  # seconds that a job with slices keeps others waiting


class Periodic(msgspec.Struct, frozen=True):
    """A job and how often it runs.

    One that returns how much it did works in slices: it is run again, each time in a transaction of
    its own, until there is nothing left.
    """

    name: str
    every: timedelta
    run: Callable[[Runtime, Connection], int | None]


class OneByOne(msgspec.Struct, frozen=True):
    """A job in slices of things that have nothing to do with each other.

    If a slice fails its things are tried singly, and one that fails alone is passed over: the others
    go on. `due` chooses what there is to do, `run` deals with so many of it (at most `limit`).
    """

    name: str
    every: timedelta
    due: Callable[[datetime, Collection[int]], Select[Any]]
    run: Callable[..., int]


def _free_unreachable(runtime: Runtime, connection: Connection) -> None:
    give_up_unreachable(connection, runtime.vault, runtime.clock())


def _end_perks(runtime: Runtime, connection: Connection) -> None:
    end_perks(connection, runtime.vault, runtime.clock())


def _end_memberships(runtime: Runtime, connection: Connection) -> int:
    return end_memberships(connection, runtime.clock(), limit=_slice(runtime))


def _seal(runtime: Runtime, connection: Connection) -> None:
    seal_heads(connection, runtime.settings.keyring, runtime.clock())


def _purge(runtime: Runtime, connection: Connection) -> None:
    purge_bodies(connection, runtime.clock())
    purge_staged(connection, runtime.clock())


def _remind(runtime: Runtime, connection: Connection) -> int:
    return remind(connection, runtime.clock(), limit=_slice(runtime))


def _celebrate(runtime: Runtime, connection: Connection) -> int:
    return celebrate(connection, runtime.vault, runtime.clock(), limit=_slice(runtime))


def _remind_idle(runtime: Runtime, connection: Connection) -> None:
    remind_idle(connection, runtime.clock())


def _slice(runtime: Runtime) -> int:
    return ACCOUNTS.of(runtime.database)


class Alone(msgspec.Struct, frozen=True):
    """A job that sees to its own transactions. One that returns False goes on in the next turn."""

    name: str
    every: timedelta
    run: Callable[[Runtime], bool | None]


SCHEDULE: tuple[Periodic | OneByOne | Alone, ...] = (
    OneByOne("mature-points", timedelta(minutes=1), life.ripe, life.mature),
    OneByOne("expire-points", timedelta(minutes=1), life.over, life.expire),
    Alone("let-idle-points-go", timedelta(days=1), let_idle_points_go),
    Periodic("remind-of-inactivity", timedelta(days=1), _remind_idle),
    Periodic("remind-of-expiry", timedelta(hours=1), _remind),
    Periodic("recalculate-tiers", timedelta(minutes=1), recalculate_tiers),
    Periodic("free-unreachable-codes", timedelta(hours=1), _free_unreachable),
    Periodic("end-perks", timedelta(minutes=1), _end_perks),
    Periodic("end-memberships", timedelta(minutes=1), _end_memberships),
    # A day begins at another hour in each programme's zone.
    Periodic("celebrate-days", timedelta(hours=1), _celebrate),
    Alone("follow-shadows", timedelta(minutes=1), follow_shadows),
    Alone("hold-draws", timedelta(minutes=1), hold_draws),
    Alone("count-segments", timedelta(minutes=1), count_segments),
    Periodic("seal-heads", timedelta(days=1), _seal),
    Periodic("purge-bodies", timedelta(days=1), _purge),
)


def run_due(runtime: Runtime) -> int:
    """Run what is due; returns how many jobs ran. A job that fails is tried again within an hour."""
    return sum(_run(runtime, job) for job in SCHEDULE)


def _run(runtime: Runtime, job: Periodic | OneByOne | Alone) -> int:
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
    try:
        match job:
            case OneByOne():
                done, error = _one_by_one(runtime, job)
            case Periodic():
                done = _in_slices(runtime, job)
            case Alone():
                done = job.run(runtime) is not False
        if not done:
            after = timedelta()  # the rest in the next turn
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


def _in_slices(runtime: Runtime, job: Periodic) -> bool:
    """Run a job until nothing is left, or for as long as others can wait; say if it is done."""
    began = time.monotonic()
    while runtime.database.run(lambda connection: job.run(runtime, connection)):
        if time.monotonic() - began > _LONGEST:
            return False
    return True


def _one_by_one(runtime: Runtime, job: OneByOne) -> tuple[bool, str | None]:
    """Do the same; returns also what was wrong with the last thing that had to be passed over."""
    began, error = time.monotonic(), None
    passed_over: set[int] = set()

    def some(limit: int) -> int:
        return runtime.database.run(
            partial(_slice_of, runtime, job, runtime.clock(), limit, frozenset(passed_over))
        )

    def pass_over(failure: Exception) -> str:
        nonlocal error
        with runtime.database.snapshot() as connection:
            first = connection.execute(job.due(runtime.clock(), passed_over).limit(1)).first()
        if first is None or len(passed_over) >= MOST_PASSED_OVER:
            raise failure
        passed_over.add(first.id)
        error = f"passed over {len(passed_over)}, the last was {first.id}: {describe(failure)}"
        return f"{job.name} {first.id}"

    for _ in one_by_one(some, _slice(runtime), pass_over):
        if time.monotonic() - began > _LONGEST:
            return False, error
    return True, error


def _slice_of(
    runtime: Runtime,
    job: OneByOne,
    now: datetime,
    limit: int,
    passed_over: frozenset[int],
    connection: Connection,
) -> int:
    return job.run(connection, runtime.vault, now, limit=limit, skip=passed_over)
