"""What members are given, as support sees it: per object and over several things."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from app.db import tables as t
from app.programme.explanation import Explanation, Reason
from app.programme.order_windows import is_cap_window
from app.programme.other_caps import is_other_cap
from app.services.explain import read_explanation
from app.services.explain_multipliers import NO_NAMES, Names
from app.services.names import names_for

MOST_WINDOWS = 100
"""What a member's page shows of rules over several things; a cap of a day makes one a day."""


class AwardView(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule is worth for an object or a window now, 0 with its reason included."""

    rule: str
    points: int
    forgiven: int
    pending: int  # of the points: not available yet
    matures_at: datetime | None
    expired: int  # of the points: gone unused
    window: str
    explanation: Explanation | None
    names: Names = NO_NAMES  # of what the explanation tells by key


def award_views(connection: Connection, rows: Sequence[Row[Any]]) -> list[AwardView]:
    """Return awards as they are shown."""
    told = [(row.programme_id, read_explanation(row.explanation)) for row in rows]
    names = names_for(connection, told)
    return [
        AwardView(
            rule=row.rule,
            points=row.points,
            forgiven=row.forgiven,
            pending=row.pending,
            matures_at=row.matures_at,
            expired=row.expired,
            window=row.window_key,
            explanation=why,
            names=names.get(programme_id, NO_NAMES),
        )
        for row, (programme_id, why) in zip(rows, told, strict=True)
    ]


def decisive(awards: Iterable[Row[Any]]) -> list[Row[Any]]:
    """Leave out, of several awards for one thing, those of joined accounts that give nothing.

    Where none of them gives anything, the one that says why stays, not one that was moved elsewhere.
    """
    found: dict[tuple[int | None, str, str], tuple[int, Row[Any]]] = {}
    for award in awards:
        key = (award.object_id, award.rule, award.window_key)
        told = read_explanation(award.explanation)
        moved = told is not None and told.reason in {Reason.OTHER_OWNER, Reason.SAME_PERSON}
        weight = 2 if award.points else 0 if moved else 1
        if key not in found or weight > found[key][0]:
            found[key] = weight, award
    return [award for _, award in found.values()]


def windows_of(connection: Connection, accounts: Sequence[int]) -> list[AwardView]:
    """Return what several things are worth together, the latest; not where a cap takes nothing."""
    rows = connection.execute(
        select(t.award)
        .where(
            t.award.c.member_id.in_(accounts),
            t.award.c.object_id.is_(None),
        )
        .order_by(t.award.c.id.desc())
        .limit(MOST_WINDOWS)
    ).all()
    given = sorted(rows, key=lambda row: (row.rule, row.window_key))
    return award_views(
        connection,
        [row for row in decisive(given) if row.points or not _is_cap(row.window_key)],
    )


def _is_cap(window: str) -> bool:
    return is_cap_window(window) or is_other_cap(window)
