"""What shops say about codes, and what follows: made, alive, dead, used before its order came.

Noted with the redemption's object locked, so that an order that arrives in the same moment is seen, or
sees it.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, or_, select, update

from app.db import tables as t
from app.programme.events import RedemptionState
from app.programme.redemption import AT_ONCE
from app.programme.shop_money import SHOP_MONEY, STORE_CREDIT
from app.services.codes import UNSETTLED, Act, CodeTask
from app.services.keys import Vault
from app.services.programmes import Version, versions
from app.services.redemptions import (
    LOOK_AGAIN,
    REFUND_UNDONE,
    commit_change,
    facts_of,
    next_due,
    object_of,
    open_redemptions,
    verdict_of,
)
from app.services.reserve import draw_code
from app.services.rows import RedemptionRow
from app.services.verdicts import TIME_OVER
from app.services.workset import WorkSet

UNREACHABLE = timedelta(hours=48)
"""How long after its own end a code counts as dead although its shop could not be asked."""

TRIED_LATELY = timedelta(hours=12)
"""What has been due for longer nobody has tried, however its last try ended: we were away ourselves."""

HELD = "a person must say whether the shop has given it"
GONE = "it is not in the shop any more"
WITHDRAWN = "the shop does not accept it any more"
REFUSED = "the shop refuses to make it"
ALIVE = "the shop did not end it"
ANOTHERS = "the credit that was found is another redemption's"
USED_UNSEEN = "it was used in the shop, but its order has not come here yet"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop said about one code; with an `error` nothing else is known.

    `taken`: another one's code, draw anew. `never`: trying again cannot help. `undone`: no call has given
    it. `held`: only a person can tell whether one has. `retry_at` is when
    to try again if there was an error or the code is still alive though it should not be.
    """

    task: CodeTask
    remote_id: str | None = None
    exists: bool = False
    usable: bool = False
    uses: int | None = None
    error: str | None = None
    taken: bool = False
    never: bool = False
    undone: bool = False
    held: bool = False
    retry_at: datetime


def note_answers(
    connection: Connection, vault: Vault, answers: Sequence[Answer], now: datetime
) -> None:
    """Note what a shop said about codes of one programme, and what follows for the points.

    Call in a writing transaction; the same answers twice change nothing more.
    """
    if not answers:
        return
    by_id = {answer.task.id: answer for answer in answers}
    work = open_redemptions(connection, answers[0].task.programme_id, by_id, now)
    known = versions(connection, work.programme_id)
    outbox = connection.execute(
        select(t.redemption.c.id, t.redemption.c.fence).where(t.redemption.c.id.in_(sorted(by_id)))
    ).all()
    for row in outbox:
        answer = by_id[row.id]
        if row.fence != answer.task.fence:
            continue  # somebody else has taken it over
        redemption = work.redemptions[row.id]
        if _is_anothers(connection, work, redemption, answer):
            answer = msgspec.structs.replace(
                answer, remote_id=None, exists=False, error=ANOTHERS, retry_at=now
            )
        error = _apply(work, known, redemption, answer)
        if redemption.state == RedemptionState.USED:
            redemption.due_at, error = None, None  # it became so meanwhile: nothing is to be done
        values: dict[str, Any] = {"lease_until": None, "error": error, "tries": 0}
        if error is not None:
            values["tries"] = t.redemption.c.tries + 1
        if _settled(answer):
            values["tried_at"] = None  # no call is on its way that nobody has heard of
        connection.execute(update(t.redemption).where(t.redemption.c.id == row.id).values(**values))
    commit_change(connection, vault, work)


def _is_anothers(connection: Connection, work: WorkSet, row: RedemptionRow, answer: Answer) -> bool:
    """Say whether a store credit that was found is another redemption's.

    Two are looked for at once where the shop has merged their customers meanwhile.
    """
    number = answer.remote_id
    if row.kind != STORE_CREDIT or number is None or number == row.remote_id:
        return False
    if any(
        one.id != row.id
        and (one.store_id, one.kind, one.remote_id) == (row.store_id, row.kind, number)
        for one in work.redemptions.values()
    ):
        return True
    other = select(t.redemption.c.id).where(
        t.redemption.c.store_id == row.store_id,
        t.redemption.c.kind == STORE_CREDIT,
        t.redemption.c.remote_id == number,
        t.redemption.c.id != row.id,
    )
    return connection.execute(other.limit(1)).first() is not None


_AT_ONCE = 200


def give_up_unreachable(connection: Connection, vault: Vault, now: datetime) -> None:
    """Count codes as dead that ended two days ago in shops that could not be asked since.

    Their own end is proof enough, unless the shop had said that they were used.
    """
    rows = connection.execute(
        select(t.redemption.c.programme_id, t.redemption.c.id)
        .join(t.store, t.store.c.id == t.redemption.c.store_id)
        .where(
            t.redemption.c.due_at.is_not(None),
            # Of money no order tells whether it was spent: only the shop can say that it was not.
            t.redemption.c.kind.not_in(sorted(AT_ONCE | SHOP_MONEY)),
            t.redemption.c.dead_at.is_(None),
            t.redemption.c.ends_at < now - UNREACHABLE,
            or_(
                and_(t.redemption.c.error.is_not(None), t.redemption.c.due_at > now - TRIED_LATELY),
                t.store.c.blocked_reason.is_not(None),
            ),
            # Those that were used in orders unknown here wait for these, and must not stand in the way.
            or_(
                t.redemption.c.uses == 0,
                t.redemption.c.id.in_(select(t.redemption_use.c.redemption_id)),
            ),
        )
        .order_by(t.redemption.c.programme_id, t.redemption.c.id)
        .limit(_AT_ONCE)
    )
    overdue: dict[int, list[int]] = defaultdict(list)
    for row in rows.all():
        overdue[row.programme_id].append(row.id)
    for programme_id, ids in overdue.items():
        work = open_redemptions(connection, programme_id, ids, now)
        known = versions(connection, programme_id)
        for one in (work.redemptions[redemption_id] for redemption_id in ids):
            if one.dead_at is None and one.uses <= _spent(work, known, one):
                one.ending, one.dead_at, one.due_at = one.ending or TIME_OVER, now, None
                one.dirty = True
        commit_change(connection, vault, work)


def _apply(
    work: WorkSet,
    known: Sequence[Version],
    row: RedemptionRow,
    answer: Answer,
) -> str | None:
    """Change a redemption by what the shop said; returns the error to be shown, if there is one."""
    row.dirty = True
    if answer.task.act is Act.MAKE:
        return _made(row, answer, work.now)
    if answer.error is not None:
        row.due_at = answer.retry_at
        return f"{HELD}: {answer.error}" if answer.held else answer.error
    row.uses = row.uses if answer.uses is None else answer.uses
    row.remote_id = answer.remote_id or row.remote_id
    if answer.exists and row.made_at is None:
        row.made_at = work.now
    if row.kind in SHOP_MONEY and row.uses:
        row.due_at = None  # part of it at least was spent
        return None
    in_doubt = answer.task.tried_at if row.kind == STORE_CREDIT else None
    if in_doubt is not None and answer.task.act is Act.LOOK and _undecided(row, answer):
        row.due_at = max(work.now, in_doubt + UNSETTLED)  # what is on its way may arrive until then
        return None
    if answer.usable and answer.task.act is Act.LOOK:
        row.due_at = next_due(row, work.now)
        return None
    if row.uses > _spent(work, known, row):
        row.due_at = work.now + LOOK_AGAIN
        return USED_UNSEEN
    if answer.usable:
        row.due_at = answer.retry_at
        return ALIVE
    _over(row, answer, work.now)
    return None


def _undecided(row: RedemptionRow, answer: Answer) -> bool:
    """Say whether a look does not tell what is to be done: credit is still to be given, or to be ended."""
    return answer.usable if row.ending is not None else not answer.exists and row.made_at is None


def _over(row: RedemptionRow, answer: Answer, now: datetime) -> None:
    """Note that nobody can use a code, and end for good what the shop still has of it."""
    if row.ending is None:
        row.ending = answer.task.why or _why_over(answer)
    # Also of a code that was made since: once it is deleted, the lost call could make it again.
    tried_at = answer.task.tried_at
    settled = now if tried_at is None else tried_at + UNSETTLED
    if answer.exists and answer.task.act is Act.LOOK and row.kind != STORE_CREDIT:
        row.due_at = now  # so that nobody can bring it to life again
    elif settled > now:
        row.due_at = settled  # a call that nobody has heard of may still make it
    else:
        row.dead_at, row.due_at = now, None


def _why_over(answer: Answer) -> str:
    if answer.task.act is Act.END:
        return REFUND_UNDONE  # the only wish that is ever taken back; too late
    return WITHDRAWN if answer.exists else GONE


def _made(row: RedemptionRow, answer: Answer, now: datetime) -> str | None:
    if answer.remote_id is not None:
        row.remote_id, row.made_at = answer.remote_id, row.made_at or now
        row.due_at = next_due(row, now)
        return None
    if answer.taken and not answer.never:
        fresh = draw_code(row.kind)
        row.code, row.code_key = fresh, fresh.lower()
        # By chance it happens never: a shop that says so of every code is not asked without a pause.
        row.due_at = answer.retry_at if answer.task.tries else now
        return answer.error or "the shop has another code of this name"
    if answer.held:
        row.due_at = answer.retry_at
        return f"{HELD}: {answer.error}"
    if answer.never:
        row.ending, row.due_at = row.ending or f"{REFUSED}: {answer.error}", now
        return None
    row.due_at = answer.retry_at
    return answer.error or "the shop's answer does not name the code"


def _settled(answer: Answer) -> bool:
    """Say whether nothing is unknown any more about any call."""
    task = answer.task
    if task.kind == STORE_CREDIT:
        return _settled_credit(answer)
    final = answer.remote_id is not None or answer.never or answer.taken
    return task.act is Act.MAKE and task.first and final


def _settled_credit(answer: Answer) -> bool:
    """Say the same of store credit, where no call is repeated before the last one can do nothing more."""
    task = answer.task
    if task.act is Act.MAKE:
        return answer.remote_id is not None or answer.undone
    if answer.error is not None or task.act is Act.END:
        return answer.error is None
    if task.remote_id is None:
        return answer.remote_id is not None  # what was in doubt was whether it was given
    return not answer.usable


def _spent(work: WorkSet, known: Sequence[Version], row: RedemptionRow) -> int:
    owner = object_of(work, row)
    return verdict_of(work, known, row, owner, facts_of(owner)).spent
