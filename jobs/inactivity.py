"""Lets the points of idle members go, and gives back what went although they were not idle.

Looked up without holding anything, done in slices that look again. What fails keeps nobody else waiting.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from sqlalchemy import Connection, select

from app.db import tables as t
from app.services.inactivity import idle_members, lapse, lapsed_wrongly, revive
from app.services.programmes import versions
from jobs.policy import is_databases
from jobs.runtime import Runtime
from jobs.slices import Size, one_by_one

_LAPSING = Size(10, 100)  # all lots of an account go at once


def let_idle_points_go(runtime: Runtime) -> None:
    """See to every programme; first what must come back, which may show that nobody is idle.

    Raises at its end what was wrong with the last thing that could not be done.
    """
    with runtime.database.snapshot() as connection:
        programmes = connection.execute(select(t.programme.c.id)).scalars().all()
    failures = [one for programme_id in programmes for one in _in(runtime, programme_id)]
    if failures:
        raise failures[-1]


def _in(runtime: Runtime, programme_id: int) -> Iterator[Exception]:
    """See to one programme; yields what failed."""
    now = runtime.clock()
    with runtime.database.snapshot() as connection:
        known = versions(connection, programme_id)
        if not any(one.programme.life.inactive_months for one in known):
            return
        wrong = lapsed_wrongly(connection, programme_id)

    def back(entries: Sequence[int], connection: Connection) -> None:
        revive(connection, runtime.vault, programme_id, entries, now)

    def gone(members: Sequence[int], connection: Connection) -> None:
        lapse(connection, runtime.vault, programme_id, known, members, now)

    yield from _each(runtime, wrong, back)
    with runtime.database.snapshot() as connection:
        idle = [one.member_id for one in idle_members(connection, programme_id, known, now)]
    yield from _each(runtime, idle, gone)


def _each(
    runtime: Runtime, items: Sequence[int], act: Callable[[Sequence[int], Connection], None]
) -> list[Exception]:
    """Deal with all of them; returns what failed."""
    left, failed = deque(items), list[Exception]()

    def some(limit: int) -> int:
        part = list(islice(left, limit))
        if part:
            runtime.database.run(partial(act, part))
        for _ in part:
            left.popleft()
        return len(part)

    def pass_over(error: Exception) -> str:
        if is_databases(error):
            raise error
        failed.append(error)
        return f"the points of {left.popleft()}"

    deque(one_by_one(some, _LAPSING.of(runtime.database), pass_over), maxlen=0)
    return failed
