"""Recalculates the tiers of all members: the calendar moves, graces end, another version is in force.

One pass a day of the programme's time zone (nothing else moves windows), and one after each change of
the version; in slices of accounts, each one set-based statement. The first pass after tiers of a new
measure were published works out the facts of older orders first, person by person.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from app.db import tables as t
from app.programme.document import Programme
from app.programme.local_time import local_day, midnight
from app.services import accounts, workset
from app.services.holdings import load_window_objects
from app.services.order_windows import ORDER
from app.services.programmes import Version, in_force, versions
from app.services.tier_sums import Accounts, retier
from app.services.tier_versions import has_tiers, measures_of
from app.services.tiers import keep_facts, keep_tier, orders_by_owner, stored_facts
from app.services.workset import WorkSet
from app.services.writeback import want_writing

_NEVER = ""
_WORKING = " …"  # behind the measures that facts are being worked out of


class Slices(msgspec.Struct, frozen=True):
    """How many accounts at once: recalculated in one statement, or worked out from their orders."""

    recalculated: int
    worked_out: int


def recalculate(connection: Connection, now: datetime, slices: Slices) -> int:
    """Go through one slice of accounts that are due; returns how many, 0 if no programme's are.

    Call again until there is nothing left.
    """
    ids = connection.execute(select(t.programme.c.id).order_by(t.programme.c.id)).scalars().all()
    for programme_id in ids:
        known = versions(connection, programme_id)
        if has_tiers(known) and (done := _go_on(connection, programme_id, known, now, slices)):
            return done
    return 0


def _go_on(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    now: datetime,
    slices: Slices,
) -> int:
    version = in_force(known, now)
    measures = " ".join(measures_of(known))
    day = local_day(now, version.programme.timezone)
    run = _run_of(connection, programme_id, now)
    since = midnight(day, version.programme.timezone)
    if version.effective_at is not None:
        since = max(since, version.effective_at)
    if run.after is None and (run.day, run.version, run.measures) == (
        day.isoformat(),
        version.number,
        measures,
    ):
        return 0
    working = f"{measures}{_WORKING}"
    if run.after is None or run.measures not in {measures, working}:
        # Another measure in the middle: those gone through have no facts of it yet.
        begun = measures if run.measures == measures else working
        _note(
            connection,
            programme_id,
            day=day.isoformat(),
            version=version.number,
            measures=begun,
            after=-1,
        )
        run = _run_of(connection, programme_id, now)
    complete = run.measures == measures
    after = run.after or -1
    size = slices.recalculated if complete else slices.worked_out
    last = connection.execute(
        select(t.member.c.id)
        .where(t.member.c.programme_id == programme_id, t.member.c.id > after)
        .order_by(t.member.c.id)
        .offset(size - 1)
        .limit(1)
    ).scalar()
    some = Accounts(programme_id, after, last)
    if complete:
        _recalculate(connection, some, version.programme, now, since)
    else:
        _work_out(connection, some, known, now)
    if last is None:
        _note(connection, programme_id, after=None, measures=measures, at=now)
    else:
        _note(connection, programme_id, after=last)
    return size


def _recalculate(
    connection: Connection, some: Accounts, programme: Programme, now: datetime, since: datetime
) -> None:
    if not connection.execute(retier(some, programme, now, since)).rowcount:
        return
    moved = select(t.member.c.id).where(some.of(t.member, "id"), t.member.c.tier_at == now)
    theirs = (t.store_customer.c.member_id.in_(moved), t.store_customer.c.gone == 0)
    # Locked in id order, as the pusher takes them.
    in_order = select(t.store_customer.c.id).where(*theirs).order_by(t.store_customer.c.id)
    locked = in_order.with_for_update().subquery()
    connection.execute(select(func.count()).select_from(locked))
    connection.execute(
        update(t.store_customer)
        .where(*theirs)
        .values(wanted_rev=t.store_customer.c.wanted_rev + 1, due_at=now)
    )


def _work_out(
    connection: Connection, some: Accounts, known: Sequence[Version], now: datetime
) -> None:
    """Bring facts and tier of some accounts up to date from their orders, whatever is stored."""
    ids = connection.execute(
        select(t.member.c.id)
        .where(some.of(t.member, "id"), t.member.c.state.in_(("guest", "member")))
        .order_by(t.member.c.id)
    )
    work = WorkSet(some.programme_id, now)
    mine = list(ids.scalars())
    accounts.load_members(connection, work, mine, lock=connection.dialect.name != "sqlite")
    # Somebody may have joined some of them meanwhile.
    mine = [one for one in mine if work.members[one].merged_into is None]
    load_window_objects(connection, work, mine, {ORDER})
    orders = orders_by_owner(work)
    stored = stored_facts(connection, some.programme_id, mine)
    for member_id in mine:
        facts = keep_facts(work, known, member_id, orders[member_id], stored)
        keep_tier(work, known, work.members[member_id], facts)
    moved = sorted(work.moved)
    workset.flush(connection, work)
    want_writing(connection, moved, now)


def _run_of(connection: Connection, programme_id: int, now: datetime) -> Row[Any]:
    query = select(t.tier_run).where(t.tier_run.c.programme_id == programme_id)
    row = connection.execute(query.with_for_update()).one_or_none()
    if row is None:
        connection.execute(
            insert(t.tier_run).values(
                programme_id=programme_id, day=_NEVER, version=0, measures=_NEVER, at=now
            )
        )
        row = connection.execute(query).one()
    return row


def _note(connection: Connection, programme_id: int, **values: object) -> None:
    connection.execute(
        update(t.tier_run).where(t.tier_run.c.programme_id == programme_id).values(**values)
    )
