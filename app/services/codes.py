"""The outbox of discount codes: what is due to be made, looked at or ended at a shop.

A claimed redemption has a lease and a fencing number; what the shop answers is in `code_answers`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, case, literal, not_, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from app.db import tables as t
from app.db.leases import is_free
from app.programme.document import Programme
from app.programme.events import RedemptionFacts, RedemptionState
from app.programme.redemption import AT_ONCE, Use
from app.programme.reward import Reward
from app.programme.shop_money import STORE_CREDIT, MoneyKind
from app.services.facts import decode_facts
from app.services.programmes import Version, version_of, versions
from app.services.verdicts import TIME_OVER, judged, use_of

LEASE = timedelta(minutes=5)

UNSETTLED = timedelta(minutes=10)
"""How long after its begin a call without an answer may still do its work: far beyond every time-out."""

NO_KEYS_WAIT = timedelta(hours=1)

NO_KEYS = "the store has no API keys now"
ERASED = "its person was erased"

CodeKind = Literal["percent", "fixed", "free-delivery", "free-product"]
"""The kinds that are discount codes; `MoneyKind` are the others that shops make."""


class Act(StrEnum):
    """What is to be done about a code."""

    MAKE = "make"
    LOOK = "look"
    END = "end"


class CodeTask(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed redemption. Answers count only while `fence` is still the row's."""

    id: int
    programme_id: int
    fence: int
    tries: int
    first: bool  # no call before this one may have made the code without our knowing
    act: Act
    why: str | None  # of an END that nobody asked for: what the row shall say
    code: str | None  # of all but store credit
    remote_id: str | None
    customer: str | None
    facts: RedemptionFacts
    kind: CodeKind | MoneyKind
    title: str
    currency: str
    reward: Reward
    created_at: datetime
    ends_at: datetime | None
    tried_at: datetime | None  # when a call before this one began that may have done it
    claimed: tuple[str, ...]  # what others of the customer's redemptions hold in the shop
    spent: int


def claim_codes(
    connection: Connection, store_id: int, now: datetime, *, limit: int
) -> list[CodeTask]:
    """Lease the redemptions of a store whose code is due; call in a short transaction."""
    query = (
        select(t.redemption)
        .where(
            t.redemption.c.store_id == store_id,
            t.redemption.c.kind.not_in(sorted(AT_ONCE)),
            is_free(t.redemption, now),
            _in_turn(),
        )
        .order_by(t.redemption.c.due_at, t.redemption.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    if not rows:
        return []
    owned = _objects(connection, [row.object_id for row in rows])
    shown = uses_shown(connection, [row.id for row in rows])
    customers = _customers(connection, store_id, [row.customer for row in rows if row.customer])
    held = _held(connection, store_id, rows, customers)
    known: dict[int, list[Version]] = {}
    tasks = []
    for row in rows:
        if row.programme_id not in known:
            known[row.programme_id] = versions(connection, row.programme_id)
        task = _task(row, owned[row.object_id], shown[row.id], known[row.programme_id], now)
        customer = customers.get(row.customer, row.customer)
        claimed = held.get(row.id, ())
        tasks.append(msgspec.structs.replace(task, customer=customer, claimed=claimed))
    # What no shop can be asked twice about without harm is noted before each call, also before it ends.
    making = [
        task.id
        for task in tasks
        if task.act is Act.MAKE or (task.act is Act.END and task.kind == STORE_CREDIT)
    ]
    connection.execute(
        update(t.redemption)
        .where(t.redemption.c.id.in_([task.id for task in tasks]))
        .values(
            lease_until=now + LEASE,
            fence=t.redemption.c.fence + 1,
            tried_at=case(
                (t.redemption.c.id.in_(making), literal(now, t.redemption.c.tried_at.type)),
                else_=t.redemption.c.tried_at,
            ),
        )
    )
    return tasks


def _in_turn() -> ColumnElement[bool]:
    """Say whether it is a redemption's turn: store credit is given to each customer one after the other.

    So of two that look alike it is known which call has given which.
    """
    earlier = t.redemption.alias("earlier")
    waiting = select(earlier.c.id).where(
        earlier.c.store_id == t.redemption.c.store_id,
        earlier.c.kind == STORE_CREDIT,
        earlier.c.customer == t.redemption.c.customer,
        earlier.c.id < t.redemption.c.id,
        earlier.c.state == RedemptionState.RESERVED,
    )
    return or_(
        t.redemption.c.kind != STORE_CREDIT,
        t.redemption.c.state != RedemptionState.RESERVED,
        not_(waiting.exists()),
    )


def _held(
    connection: Connection, store_id: int, rows: Sequence[Row[Any]], customers: Mapping[str, str]
) -> Mapping[int, tuple[str, ...]]:
    """Return, per store credit, what others of its customer hold in the shop.

    Of one that was given: of those only that stand, nothing of which was spent.
    """
    theirs = [row for row in rows if row.kind == STORE_CREDIT and row.customer is not None]
    if not theirs:
        return {}
    homes = _joined_to(connection, store_id, {customers[row.customer] for row in theirs})
    found = connection.execute(
        select(
            t.redemption.c.id,
            t.redemption.c.customer,
            t.redemption.c.state,
            t.redemption.c.remote_id,
        )
        .where(
            t.redemption.c.store_id == store_id,
            t.redemption.c.kind == STORE_CREDIT,
            t.redemption.c.customer.in_(sorted(homes)),
            t.redemption.c.remote_id.is_not(None),
        )
        .order_by(t.redemption.c.id)
    ).all()
    return {
        row.id: tuple(
            one.remote_id
            for one in found
            if one.id != row.id
            and homes[one.customer] == customers[row.customer]
            and (row.remote_id is None or one.state == RedemptionState.ISSUED)
        )
        for row in theirs
    }


def postpone(
    connection: Connection, tasks: Sequence[CodeTask], *, due_at: datetime, error: str
) -> None:
    """Put codes back for later that a shop gave no answer about; nothing is due of those used by now."""
    _put_back(connection, tasks, due_at, tries=t.redemption.c.tries + 1, error=error)


def give_back(connection: Connection, tasks: Sequence[CodeTask], *, due_at: datetime) -> None:
    """Put codes back that the shop was not asked about after all: that is no try of theirs."""
    _put_back(connection, tasks, due_at)


def _put_back(
    connection: Connection, tasks: Sequence[CodeTask], due_at: datetime, **values: Any
) -> None:
    later = case((t.redemption.c.due_at.is_not(None), literal(due_at, t.redemption.c.due_at.type)))
    for task in sorted(tasks, key=lambda task: task.id):  # as everybody locks them
        connection.execute(
            update(t.redemption)
            .where(t.redemption.c.id == task.id, t.redemption.c.fence == task.fence)
            .values(due_at=later, lease_until=None, **values)
        )


def await_keys(connection: Connection, store_id: int, now: datetime) -> None:
    """Let what is due of a store that cannot be called wait, and say why."""
    connection.execute(
        update(t.redemption)
        .where(
            t.redemption.c.store_id == store_id,
            t.redemption.c.kind.not_in(sorted(AT_ONCE)),
            is_free(t.redemption, now),
        )
        .values(due_at=now + NO_KEYS_WAIT, error=NO_KEYS)
    )


def uses_shown(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[Use]]:
    """Return, per redemption, the orders that showed its code at any time."""
    rows = connection.execute(
        select(
            t.redemption_use.c.redemption_id,
            t.source_object.c.id,
            t.source_object.c.external_id,
            t.source_object.c.occurred_at,
            t.source_object.c.facts,
            t.source_object.c.gone,
        )
        .join(t.source_object, t.source_object.c.id == t.redemption_use.c.object_id)
        .where(t.redemption_use.c.redemption_id.in_(ids))
    )
    shown: dict[int, list[Use]] = defaultdict(list)
    for row in rows:
        shown[row.redemption_id].append(use_of(row))
    return shown


def _task(
    row: Row[Any],
    owner: Row[Any],
    uses: Sequence[Use],
    known: Sequence[Version],
    now: datetime,
) -> CodeTask:
    facts = decode_facts(owner.facts)
    if not isinstance(facts, RedemptionFacts):
        raise TypeError(f"object {owner.id} is no redemption")
    programme = version_of(known, owner.version).programme
    reward = next(one for one in programme.rewards if one.key == facts.reward)
    act, why = act_at(row, now)
    if row.ending is None and owner.member_state == "erased" and not in_doubt(row, now):
        act, why = Act.END, ERASED
    match reward.kind:
        case "percent" | "fixed" | "free-delivery" | "free-product" as kind:
            pass
        case "gift-card" | "store-credit" as kind:
            pass
        case _:
            raise TypeError(f"redemption {row.id} is of a reward that no shop makes")
    return CodeTask(
        id=row.id,
        programme_id=row.programme_id,
        fence=row.fence + 1,
        tries=row.tries,
        first=row.tried_at is None,
        act=act,
        why=why,
        code=row.code,
        remote_id=row.remote_id,
        customer=row.customer,
        facts=facts,
        kind=kind,
        title=_title(programme, reward),
        currency=programme.currency,
        reward=reward,
        created_at=row.created_at,
        ends_at=row.ends_at,
        tried_at=row.tried_at,
        claimed=(),
        spent=judged(row, uses, known, owner.version, facts.reward).spent,
    )


def act_at(row: Row[Any], moment: datetime) -> tuple[Act, str | None]:
    """Return what is to be done about a code at a moment, and why it ends if nobody asked for that."""
    if in_doubt(row, moment):
        return Act.LOOK, None
    if row.ending is not None:
        return Act.END, None
    if row.ends_at is not None and row.ends_at <= moment:
        return Act.END, TIME_OVER
    return (Act.MAKE, None) if row.state == RedemptionState.RESERVED else (Act.LOOK, None)


def in_doubt(row: Row[Any] | CodeTask, moment: datetime) -> bool:
    """Say whether a call may still be on its way that must not be made a second time before it arrives."""
    return (
        row.kind == STORE_CREDIT and row.tried_at is not None and moment < row.tried_at + UNSETTLED
    )


def _title(programme: Programme, reward: Reward) -> str:
    return f"{programme.name or programme.key}: {reward.name or reward.key}"[:200]


def _objects(connection: Connection, ids: Sequence[int]) -> Mapping[int, Row[Any]]:
    rows = connection.execute(
        select(t.source_object, t.member.c.state.label("member_state"))
        .outerjoin(t.member, t.member.c.id == t.source_object.c.owner_id)
        .where(t.source_object.c.id.in_(ids))
    )
    return {row.id: row for row in rows}


def _customers(connection: Connection, store_id: int, names: Sequence[str]) -> dict[str, str]:
    """Return, for customers that the shop merged into others, those that were kept."""
    kept: dict[str, str] = {}
    asked = set(names)
    while asked:
        rows = connection.execute(
            select(t.store_customer.c.external_id, t.store_customer.c.kept_as).where(
                t.store_customer.c.store_id == store_id,
                t.store_customer.c.external_id.in_(sorted(asked)),
                t.store_customer.c.kept_as.is_not(None),
            )
        ).all()
        kept |= {row.external_id: row.kept_as for row in rows}
        asked = {row.kept_as for row in rows} - kept.keys()
    return {name: _last(kept, name) for name in names}


def _joined_to(connection: Connection, store_id: int, names: Iterable[str]) -> dict[str, str]:
    """Return which of these customers each is now, of them and all that the shop merged into them."""
    homes = {name: name for name in names}
    ends = set(homes)
    while ends:
        rows = connection.execute(
            select(t.store_customer.c.external_id, t.store_customer.c.kept_as).where(
                t.store_customer.c.store_id == store_id,
                t.store_customer.c.kept_as.in_(sorted(ends)),
            )
        ).all()
        fresh = {
            row.external_id: homes[row.kept_as] for row in rows if row.external_id not in homes
        }
        homes |= fresh
        ends = set(fresh)
    return homes


def _last(kept: Mapping[str, str], name: str) -> str:
    seen = {name}
    while name in kept and kept[name] not in seen:
        name = kept[name]
        seen.add(name)
    return name
