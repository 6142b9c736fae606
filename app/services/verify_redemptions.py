"""Proves that every redemption stands where its code and the orders that show it put it.

What cannot be found: changes of what only the shop knows (its id and count of a code, whose account there
it is for) and of when a code begins, ends or is looked at; nothing follows from them without the shop.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, or_, select

from app.db import tables as t
from app.errors import NotFound
from app.programme.events import RedemptionFacts, RedemptionState
from app.programme.redemption import AT_ONCE, LIVE, NO_CODES, Verdict
from app.programme.shop_money import SHOP_MONEY
from app.services.codes import uses_shown
from app.services.facts import decode_facts
from app.services.problems import Problem
from app.services.programmes import Version, version_of
from app.services.rows import REDEMPTION
from app.services.verdicts import judged
from app.services.workset import chunks

_DEAD = frozenset({RedemptionState.RELEASED, RedemptionState.LAPSED})


def check_redemptions(
    connection: Connection,
    programme_id: int,
    known: Sequence[Version],
    joined: Mapping[int, int],
    problems: list[Problem],
) -> None:
    """Judge each redemption anew: its state, and what its object says, must be what follows."""
    rows = connection.execute(
        select(
            t.redemption,
            t.source_object.c.facts,
            t.source_object.c.version,
            t.source_object.c.owner_id,
            t.source_object.c.kind.label("object_kind"),
            t.source_object.c.external_id,
            t.source_object.c.store_id.label("object_store"),
        )
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .where(t.redemption.c.programme_id == programme_id)
        .order_by(t.redemption.c.id)
    ).all()
    for chunk in chunks(rows):
        shown = uses_shown(connection, [row.id for row in chunk])
        for row in chunk:
            facts = decode_facts(row.facts)
            try:
                reward = facts.reward if isinstance(facts, RedemptionFacts) else ""
                verdict = judged(row, shown[row.id], known, row.version, reward)
                wrong = list(_wrong(row, facts, verdict, known, joined))
            except NotFound:
                continue  # its version was altered: named with its object
            problems += [
                Problem(
                    what=f"redemption {row.id} {what}", object=row.object_id, member=row.owner_id
                )
                for what in wrong
            ]
    problems += _loose_ends(connection, programme_id)


def _wrong(
    row: Row[Any],
    facts: object,
    verdict: Verdict,
    known: Sequence[Version],
    joined: Mapping[int, int],
) -> Iterator[str]:
    told = facts if isinstance(facts, RedemptionFacts) else None
    stands = (row.state, row.used_by) == (verdict.state, verdict.used_by)
    dead = row.dead_at is not None and row.used_by is None
    if told is None or not stands or told.state != row.state or (row.state in _DEAD) != dead:
        yield f"is {row.state}, its code and orders say {verdict.state}"
    elif told.given_back != verdict.given_back:
        yield "says something else about a refund than its order"
    if told is not None and told.cost not in _costs(row, told, known):
        yield f"costs {told.cost} points, its reward does not"
    if told is not None and (row.code is None) != (told.kind in NO_CODES):
        yield "has a code that it cannot have, or lacks its own"
    if told is not None and (row.reward, row.kind) != (told.reward, told.kind):
        yield "is counted as another reward"
    if row.code_key != (None if row.code is None else row.code.lower()):
        yield "is looked for under another code"
    if (row.object_kind, row.external_id, row.object_store) != (
        REDEMPTION,
        str(row.id),
        row.store_id,
    ):
        yield "belongs to another object"
    if joined.get(row.member_id, row.member_id) != joined.get(row.owner_id, row.owner_id):
        yield "is another member's than its points"
    lasting = row.kind in AT_ONCE and row.ends_at is None
    if row.state in LIVE and row.due_at is None and not lasting:
        yield "has a code that nobody would ever end"


def _costs(row: Row[Any], facts: RedemptionFacts, known: Sequence[Version]) -> set[int]:
    """Return what a redemption may cost; one that was given for another costs only once it is used."""
    offered = version_of(known, row.version).programme.rewards
    full = {one.cost for one in offered if one.key == facts.reward}
    if row.granted_by is not None:
        return {0}
    if row.replaces_id is None:
        return full
    return {0, *full} if row.state == RedemptionState.USED else {0}


def _loose_ends(connection: Connection, programme_id: int) -> Iterator[Problem]:
    for query, what in (
        (_without_row(programme_id), "has points and no code"),
        (_used_elsewhere(programme_id), "counts what is no order of its store"),
        (_for_somebody_else(programme_id), "is a seat of somebody who waited for another one"),
        (_wrongly_replacing(programme_id), "is given for one that it cannot be given for"),
        (_given_for_two(programme_id), "has the money that is another redemption's"),
    ):
        for row in connection.execute(query):
            yield Problem(what=f"redemption {row.id} {what}", object=row.object_id)


def _without_row(programme_id: int) -> Select[Any]:
    return (
        select(t.source_object.c.external_id.label("id"), t.source_object.c.id.label("object_id"))
        .outerjoin(t.redemption, t.redemption.c.object_id == t.source_object.c.id)
        .where(
            t.source_object.c.programme_id == programme_id,
            t.source_object.c.kind == REDEMPTION,
            or_(t.redemption.c.id.is_(None), t.redemption.c.programme_id != programme_id),
        )
    )


def _used_elsewhere(programme_id: int) -> Select[Any]:
    return (
        select(t.redemption.c.id, t.redemption_use.c.object_id)
        .join(t.redemption_use, t.redemption_use.c.redemption_id == t.redemption.c.id)
        .join(t.source_object, t.source_object.c.id == t.redemption_use.c.object_id)
        .where(
            t.redemption.c.programme_id == programme_id,
            or_(
                t.source_object.c.store_id != t.redemption.c.store_id,
                t.source_object.c.kind != "order",
            ),
        )
    )


def _for_somebody_else(programme_id: int) -> Select[Any]:
    return (
        select(t.redemption.c.id, t.redemption.c.object_id)
        .join(t.waiting, t.waiting.c.redemption_id == t.redemption.c.id)
        .where(
            t.waiting.c.programme_id == programme_id,
            or_(
                t.redemption.c.programme_id != programme_id,
                t.redemption.c.reward != t.waiting.c.reward,
                t.waiting.c.due_at.is_not(None),
            ),
        )
    )


def _wrongly_replacing(programme_id: int) -> Select[Any]:
    first = t.redemption.alias("first")
    return (
        select(t.redemption.c.id, t.redemption.c.object_id)
        .join(first, first.c.id == t.redemption.c.replaces_id)
        .where(
            t.redemption.c.programme_id == programme_id,
            or_(first.c.store_id != t.redemption.c.store_id, first.c.id >= t.redemption.c.id),
        )
    )


def _given_for_two(programme_id: int) -> Select[Any]:
    return (
        select(
            func.max(t.redemption.c.id).label("id"),
            func.max(t.redemption.c.object_id).label("object_id"),
        )
        .where(
            t.redemption.c.programme_id == programme_id,
            t.redemption.c.kind.in_(sorted(SHOP_MONEY)),
            t.redemption.c.remote_id.is_not(None),
        )
        .group_by(t.redemption.c.store_id, t.redemption.c.kind, t.redemption.c.remote_id)
        .having(func.count() > 1)
    )
