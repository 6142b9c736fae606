"""Proves that imports and bonuses gave and took back what their rows say, once each."""

from sqlalchemy import Connection, String, and_, case, cast, func, or_, select

from app.db import tables as t
from app.services.problems import Problem

_GIVEN = ("applied", "stuck")
_PREFIXES = ("import:", "bonus:")


def check_imports(connection: Connection, programme_id: int, problems: list[Problem]) -> None:
    """Check each row that was applied or undone against its entries, and each such entry for its row."""
    batch = t.import_batch
    key = (
        batch.c.kind
        + ":"
        + cast(t.import_row.c.batch_id, String)
        + ":"
        + case(
            (batch.c.kind == "bonus", cast(t.import_row.c.member_id, String)),
            else_=cast(t.import_row.c.number, String),
        )
    )
    back = t.entry.alias("back")
    rows = connection.execute(
        select(
            batch.c.kind,
            t.import_row.c.number,
            t.import_row.c.batch_id,
            t.import_row.c.member_id,
            t.import_row.c.entry_id,
        )
        .join(t.import_batch, t.import_batch.c.id == t.import_row.c.batch_id)
        .outerjoin(t.entry, t.entry.c.id == t.import_row.c.entry_id)
        .outerjoin(back, back.c.key == key + ":undo")
        .where(
            t.import_batch.c.programme_id == programme_id,
            t.import_row.c.state.in_((*_GIVEN, "undone")),
            t.import_row.c.points != 0,
            or_(
                t.entry.c.key.is_distinct_from(key),
                t.entry.c.points.is_distinct_from(t.import_row.c.points),
                t.entry.c.member_id.is_distinct_from(t.import_row.c.member_id),
                and_(t.import_row.c.state.in_(_GIVEN), back.c.id.is_not(None)),
                and_(
                    t.import_row.c.state == "undone",
                    back.c.points.is_distinct_from(-t.import_row.c.points),
                ),
            ),
        )
    )
    problems.extend(
        Problem(
            what=f"row {row.number} of {row.kind} {row.batch_id} is not as the ledger has it",
            member=row.member_id,
            entry=row.entry_id,
        )
        for row in rows
    )
    strangers = connection.execute(
        select(t.entry.c.id, t.entry.c.member_id)
        .outerjoin(t.import_row, t.import_row.c.entry_id == t.entry.c.id)
        .where(
            t.entry.c.programme_id == programme_id,
            t.entry.c.kind == "adjust",
            t.entry.c.points > 0,
            or_(*(func.substr(t.entry.c.key, 1, len(one)) == one for one in _PREFIXES)),
            t.import_row.c.id.is_(None),
        )
    )
    problems.extend(
        Problem(what="no row of an import or bonus explains it", member=row.member_id, entry=row.id)
        for row in strangers
    )
