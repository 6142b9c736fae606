"""Work that waits in rows: due at a time, taken by one worker for a while."""

from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, or_


def is_free(table: Table, now: datetime) -> ColumnElement[bool]:
    """Choose the rows whose work is due and that nobody has taken, or whose taker let the lease run out.

    The table has `due_at` (NULL: nothing is to be done) and `lease_until`.
    """
    return and_(
        table.c.due_at <= now, or_(table.c.lease_until.is_(None), table.c.lease_until < now)
    )
