"""Somebody wants the points of a redemption back: its code must be dead first."""

from datetime import datetime

from sqlalchemy import Connection, select

from app.db import tables as t
from app.errors import Conflict, Invalid, NotFound
from app.programme.by_hand import DRAW
from app.programme.events import RedemptionState
from app.programme.redemption import AT_ONCE
from app.programme.shop_money import SHOP_MONEY
from app.services.audit import Act, note_act
from app.services.draws import drawn, keep_open
from app.services.keys import Vault
from app.services.programmes import versions
from app.services.redemptions import (
    commit_change,
    facts_of,
    object_of,
    open_redemptions,
    verdict_of,
)
from app.services.rows import RedemptionRow
from app.services.verdicts import BY_HAND, when_cancelled
from app.services.views import key_of
from app.services.workset import WorkSet


def release(
    connection: Connection,
    vault: Vault,
    *,
    redemption_id: int,
    reason: str,
    actor: str,
    now: datetime,
) -> str:
    """Let a redemption's code end; returns its state then.

    The points are back once the shop has confirmed that nobody used the code or can use it; at once
    if the shop was never asked to make it, or there is no code. Call in a writing transaction. Raises
    NotFound, Invalid without a reason, and Conflict for one that was used.
    """
    if not reason.strip():
        raise Invalid("to release a redemption needs a reason")
    work, row = open_redemption(connection, redemption_id, now)
    if row.state == RedemptionState.USED and row.kind in SHOP_MONEY:
        raise Conflict(
            f"Redemption {redemption_id} was used: the shop says that some of the money was spent."
        )
    if row.state == RedemptionState.USED and row.kind in AT_ONCE:
        raise Conflict(
            f"Redemption {redemption_id} is over: it was used to its end, or handed out."
        )
    if row.kind == DRAW and drawn(connection, row.id) is not None:
        raise Conflict(f"Redemption {redemption_id} is over: the draw with this ticket was held.")
    known, owner = versions(connection, row.programme_id), object_of(work, row)
    facts = facts_of(owner)
    final = when_cancelled(row, known, owner.version, facts.reward) == "none"
    if row.state == RedemptionState.USED:
        back = "come back only" if not final else "do not come back, not even"
        raise Conflict(
            f"Redemption {redemption_id} was used: an order shows its code. Its points {back} if that "
            "order is cancelled in the shop."
        )
    if final and verdict_of(work, known, row, owner, facts).undone:
        raise Conflict(
            f"The order of redemption {redemption_id} was cancelled, and its reward gives nothing back "
            "for that. It can be made up for by points given by hand."
        )
    if row.state == RedemptionState.LAPSED:
        raise Conflict(
            f"Redemption {redemption_id} ran out unused, and its reward gives nothing back for that. "
            "It can be made up for by points given by hand."
        )
    if row.dead_at is not None:
        return row.state
    end_code(connection, row, BY_HAND, now)
    commit_change(connection, vault, work)
    note_act(
        connection,
        Act(
            programme_id=row.programme_id,
            actor=actor,
            action="redemption.release",
            subject=f"redemption {redemption_id}",
            reason=reason,
            detail={},
        ),
        now,
    )
    return row.state


def open_redemption(
    connection: Connection, redemption_id: int, now: datetime
) -> tuple[WorkSet, RedemptionRow]:
    """Load one redemption that staff name, as `open_redemptions` does; raises NotFound."""
    found = connection.execute(
        select(t.redemption.c.programme_id, t.redemption.c.kind, t.redemption.c.reward).where(
            t.redemption.c.id == key_of(redemption_id)
        )
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no redemption {redemption_id}. See: stempel redemption list")
    if found.kind == DRAW:
        keep_open(connection, found.programme_id, found.reward)
    work = open_redemptions(connection, found.programme_id, [redemption_id], now)
    return work, work.redemptions[redemption_id]


def end_code(connection: Connection, row: RedemptionRow, why: str, now: datetime) -> None:
    """Let a loaded redemption's code end: at once if the shop was never asked to make it."""
    row.ending, row.due_at, row.dirty = row.ending or why, now, True
    asked = row.made_at is not None or _was_tried(connection, row.id)
    if row.kind in AT_ONCE or not asked:
        row.dead_at, row.due_at = now, None


def _was_tried(connection: Connection, redemption_id: int) -> bool:
    """Say whether a call that may have made the code has ever begun, as far as is not settled."""
    tried = select(t.redemption.c.tried_at).where(t.redemption.c.id == redemption_id)
    return connection.execute(tried).scalar() is not None
