"""Lets the points of idle members go, and gives back what went although they were not idle.

Looked up without holding anything, done in slices that look again.
"""

from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from sqlalchemy import select

from app.db import tables as t
from app.services.inactivity import idle_members, lapse, lapsed_wrongly, revive
from app.services.programmes import in_force, versions
from jobs.runtime import Runtime

_SLICE_EMBEDDED, _SLICE = 10, 100

_Item = TypeVar("_Item")


def let_idle_points_go(runtime: Runtime) -> None:
    """See to every programme; first what must come back, which may show that nobody is idle."""
    now = runtime.clock()
    with runtime.database.snapshot() as connection:
        programmes = connection.execute(select(t.programme.c.id)).scalars().all()
    for programme_id in programmes:
        with runtime.database.snapshot() as connection:
            known = versions(connection, programme_id)
            if not any(one.programme.life.inactive_months for one in known):
                continue
            wrong = lapsed_wrongly(connection, programme_id)
        for entries in _slices(runtime, wrong):
            runtime.database.run(
                partial(
                    revive,
                    vault=runtime.vault,
                    programme_id=programme_id,
                    entries=entries,
                    now=now,
                )
            )
        programme = in_force(known, now).programme
        with runtime.database.snapshot() as connection:
            idle = [one.member_id for one in idle_members(connection, programme_id, programme, now)]
        for members in _slices(runtime, idle):
            runtime.database.run(
                partial(
                    lapse,
                    vault=runtime.vault,
                    programme_id=programme_id,
                    programme=programme,
                    members=members,
                    now=now,
                )
            )


def _slices(runtime: Runtime, items: Sequence[_Item]) -> list[Sequence[_Item]]:
    size = _SLICE_EMBEDDED if runtime.database.embedded else _SLICE
    return [items[start : start + size] for start in range(0, len(items), size)]
