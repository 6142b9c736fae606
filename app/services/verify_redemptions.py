"""Proves that every redemption stands where its code and the orders that show it put it."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from app.db import tables as t
from app.errors import NotFound
from app.programme.events import RedemptionFacts, RedemptionState
from app.programme.redemption import judge
from app.services.codes import uses_shown
from app.services.facts import decode_facts
from app.services.problems import Problem
from app.services.programmes import Version
from app.services.redemptions import refund_policy
from app.services.workset import chunks


def check_redemptions(
    connection: Connection, programme_id: int, known: Sequence[Version], problems: list[Problem]
) -> None:
    """Judge each redemption anew: its state, and what its object says, must be what follows."""
    rows = connection.execute(
        select(
            t.redemption,
            t.source_object.c.facts,
            t.source_object.c.version,
            t.source_object.c.owner_id,
        )
        .join(t.source_object, t.source_object.c.id == t.redemption.c.object_id)
        .where(t.redemption.c.programme_id == programme_id)
        .order_by(t.redemption.c.id)
    ).all()
    for chunk in chunks(rows):
        shown = uses_shown(connection, [row.id for row in chunk])
        for row in chunk:
            facts = decode_facts(row.facts)
            fits = isinstance(facts, RedemptionFacts) and facts.state == row.state
            try:
                verdict = judge(
                    row.code_key,
                    shown[row.id],
                    made=row.made_at is not None,
                    dead=row.dead_at is not None,
                    refunded=refund_policy(
                        known,
                        row.version,
                        facts.reward if isinstance(facts, RedemptionFacts) else "",
                    ),
                )
            except NotFound:
                continue  # its version was altered: named with its object
            fits = fits and verdict.state == row.state and verdict.used_by == row.used_by
            if not fits or (row.state == RedemptionState.RELEASED) != (
                row.dead_at is not None and row.used_by is None
            ):
                problems.append(
                    Problem(
                        what=f"redemption {row.id} is {row.state}, its code and orders say "
                        f"{verdict.state}",
                        object=row.object_id,
                        member=row.owner_id,
                    )
                )
