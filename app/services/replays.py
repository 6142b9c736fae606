"""Wishes about many deliveries: begun, worked off in slices, paused, gone on with, cancelled.

Which deliveries are meant is fixed by the choice and the newest delivery at the beginning. The row is the
lock: whoever deals with a slice holds it, and moves its cursor in the transaction that does the work.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from app.db import tables as t
from app.db.ids import new_id
from app.db.types import holds
from app.errors import Conflict, Invalid, NotFound
from app.services.audit import LONGEST_REASON, Act, note_act
from app.services.chosen import Choice, check_choice, count, next_of
from app.services.replay import Dealt, discard, read_anew, replay
from app.services.views import key_of

ActName = Literal["replay", "fresh", "discard"]
ACTS: tuple[ActName, ...] = ("replay", "fresh", "discard")

RUNNING, PAUSED, DONE, CANCELLED = "running", "paused", "done", "cancelled"

MOST_PER_SECOND = 10_000
MOST_WAITING = 2_000
"""How many deliveries may wait in the queue before the next slice joins them: what comes in live is not
to stand behind a million old ones."""

_LOOK_AGAIN = timedelta(seconds=1)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What shall be done with which deliveries, who wants it and why."""

    programme_id: int
    act: ActName
    choice: Choice
    actor: str
    reason: str
    per_second: int | None = None


class ReplayView(msgspec.Struct, frozen=True, kw_only=True):
    """One wish and how far it has come. `done + left_out` of about `total` are dealt with."""

    id: int
    programme: str
    act: ActName
    choice: Choice
    state: str
    total: int
    done: int
    left_out: int
    per_second: int | None
    actor: str
    reason: str
    created_at: datetime
    ended_at: datetime | None


def begin(connection: Connection, wish: Wish, now: datetime) -> int:
    """Write a wish down for the workers; returns its id.

    Raises Invalid for a reason, a rate or a choice that makes no sense, NotFound for deliveries or stores
    that there are not, Conflict if nothing is meant.
    """
    if not wish.reason.strip():
        raise Invalid("a reason is needed: who looks at it later must understand why")
    if len(wish.reason) > LONGEST_REASON:
        raise Invalid(f"the reason is longer than {LONGEST_REASON} characters")
    if not (holds(wish.reason) and holds(wish.actor)):
        raise Invalid("the reason and the name of who does it cannot hold such characters")
    if wish.per_second is not None and not 1 <= wish.per_second <= MOST_PER_SECOND:
        raise Invalid(f"a rate is between 1 and {MOST_PER_SECOND} a second, not {wish.per_second}")
    check_choice(connection, wish.choice)
    counted = count(connection, wish.programme_id, wish.choice)
    if not counted.total:
        raise Conflict("No delivery is like that: nothing was done.")
    replay_id = new_id()
    connection.execute(
        insert(t.replay).values(
            id=replay_id,
            programme_id=wish.programme_id,
            act=wish.act,
            choice=msgspec.json.encode(wish.choice).decode(),
            state=RUNNING,
            total=counted.total,
            newest_id=counted.newest_id,
            per_second=wish.per_second,
            due_at=now,
            actor=wish.actor,
            reason=wish.reason,
            created_at=now,
        )
    )
    _note(connection, wish.programme_id, replay_id, wish.act, wish.actor, wish.reason, now)
    return replay_id


def due(connection: Connection, now: datetime) -> list[int]:
    """Return the programmes' wishes that a slice can be done of now, the oldest first."""
    query = (
        select(t.replay.c.id)
        .where(t.replay.c.state == RUNNING, t.replay.c.due_at <= now)
        .order_by(t.replay.c.id)
    )
    return list(connection.execute(query).scalars())


def work_off(
    connection: Connection,
    replay_id: int,
    now: datetime,
    *,
    limit: int,
    readable: Collection[int],
) -> int:
    """Do a slice of a wish, at most `limit` deliveries; returns how many were looked at.

    0 means: done, not to be done now, or somebody else is at it. `readable` are the stores that can be
    asked.
    """
    row = connection.execute(
        select(t.replay)
        .where(t.replay.c.id == replay_id, t.replay.c.state == RUNNING, t.replay.c.due_at <= now)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return 0
    if row.act != "discard":
        limit = min(limit, MOST_WAITING - _waiting(connection, row.programme_id))
    if row.per_second is not None:
        limit = min(limit, row.per_second)
    if limit <= 0:
        _write(connection, replay_id, due_at=now + _LOOK_AGAIN)
        return 0
    ids = next_of(
        connection,
        row.programme_id,
        msgspec.json.decode(row.choice, type=Choice),
        after=row.cursor,
        newest_id=row.newest_id,
        limit=limit,
    )
    if not ids:
        _write(connection, replay_id, state=DONE, ended_at=now)
        return 0
    dealt = _deal(connection, row, ids, now, readable)
    wait = timedelta() if row.per_second is None else timedelta(seconds=len(ids) / row.per_second)
    _write(
        connection,
        replay_id,
        cursor=ids[-1],
        done=row.done + dealt.done,
        left_out=row.left_out + dealt.left_out,
        due_at=now + wait,
    )
    return len(ids)


def change(
    connection: Connection,
    replay_id: int,
    to: Literal["paused", "running", "cancelled"],
    *,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    """Pause a wish, go on with it or end it. What was done of it stays done.

    Raises NotFound, or Conflict if it is not in a state to be changed so.
    """
    row = connection.execute(
        select(t.replay).where(t.replay.c.id == key_of(replay_id)).with_for_update()
    ).one_or_none()
    if row is None:
        raise _no_such(replay_id)
    before = {PAUSED: (RUNNING,), RUNNING: (PAUSED,), CANCELLED: (RUNNING, PAUSED)}[to]
    if row.state not in before:
        raise Conflict(f"Replay {replay_id} is {row.state}: it cannot be {to} now.")
    ended_at = now if to == CANCELLED else None
    _write(connection, replay_id, state=to, due_at=now, ended_at=ended_at)
    act = {PAUSED: "pause", RUNNING: "resume", CANCELLED: "cancel"}[to]
    _note(connection, row.programme_id, replay_id, act, actor, reason, now)


def list_replays(
    connection: Connection, *, programme_id: int | None = None, limit: int = 50
) -> list[ReplayView]:
    """Return the newest wishes first."""
    query = _query().order_by(t.replay.c.id.desc()).limit(limit)
    if programme_id is not None:
        query = query.where(t.replay.c.programme_id == programme_id)
    return [_view(row) for row in connection.execute(query).all()]


def show_replay(connection: Connection, replay_id: int) -> ReplayView:
    """Return one wish; raises NotFound."""
    row = connection.execute(_query().where(t.replay.c.id == key_of(replay_id))).one_or_none()
    if row is None:
        raise _no_such(replay_id)
    return _view(row)


def _deal(
    connection: Connection,
    row: Row[Any],
    ids: Sequence[int],
    now: datetime,
    readable: Collection[int],
) -> Dealt:
    why = f"by {row.actor} (replay {row.id})"
    match row.act:
        case "replay":
            return replay(connection, ids, now, why=f"asked for again {why}", readable=readable)
        case "fresh":
            return read_anew(connection, ids, now, why=f"asked for {why}", readable=readable)
        case _:
            return discard(connection, ids, now, why=why)


def _waiting(connection: Connection, programme_id: int) -> int:
    """Count what waits to be dealt with, as far as it matters."""
    some = (
        select(t.delivery_queue.c.delivery_id)
        .where(t.delivery_queue.c.programme_id == programme_id, t.delivery_queue.c.tries == 0)
        .limit(MOST_WAITING)
        .subquery()
    )
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _write(connection: Connection, replay_id: int, **values: Any) -> None:
    connection.execute(update(t.replay).where(t.replay.c.id == replay_id).values(**values))


def _note(
    connection: Connection,
    programme_id: int,
    replay_id: int,
    act: str,
    actor: str,
    reason: str,
    now: datetime,
) -> None:
    note_act(
        connection,
        Act(
            programme_id=programme_id,
            actor=actor,
            action=f"replay.{act}",
            subject=f"replay {replay_id}",
            reason=reason,
            detail={"replay": str(replay_id)},
        ),
        now,
    )


def _no_such(replay_id: int) -> NotFound:
    return NotFound(f"There is no replay {replay_id}. See: stempel replay list")


def _query() -> Any:
    return select(t.replay, t.programme.c.key.label("programme")).join(
        t.programme, t.programme.c.id == t.replay.c.programme_id
    )


def _view(row: Row[Any]) -> ReplayView:
    values = {name: getattr(row, name) for name in ReplayView.__struct_fields__}
    return ReplayView(**(values | {"choice": msgspec.json.decode(row.choice, type=Choice)}))
