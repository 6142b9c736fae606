"""Measures on the ledger's lots how many points are never spent. Read in sums, never lot by lot."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    case,
    func,
    literal,
    select,
    type_coerce,
)

from app.clock import to_micros
from app.db import tables as t
from app.programme.breakage import Breakage, Ended, measure

_MONTH = 2_629_746_000_000  # microseconds: a twelfth of 365.2425 days
_YEAR = timedelta(days=365)

_SPENDING = ("spend", "restore")


def ledger_breakage(connection: Connection, programme_id: int, now: datetime) -> Breakage:
    """Return which share of a programme's open points is never spent, as its lots show it."""
    rows = connection.execute(
        select(
            _months(t.lot.c.available_at, t.entry.c.recorded_at).label("age"),
            case((t.entry.c.kind.in_(_SPENDING), 1), else_=0).label("spending"),
            func.sum(-t.lot_use.c.points).label("points"),
        )
        .join(t.lot_use, t.lot_use.c.entry_id == t.entry.c.id)
        .join(t.lot, t.lot.c.id == t.lot_use.c.lot_id)
        .where(
            t.entry.c.programme_id == programme_id,
            t.entry.c.kind.in_((*_SPENDING, "expire")),
            t.entry.c.recorded_at > now - _YEAR,
            t.entry.c.recorded_at <= now,
        )
        .group_by("age", "spending")
    )
    sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        sums[row.age][row.spending] += int(row.points)
    return measure(
        _open(connection, programme_id, now),
        {age: Ended(spent=spent, expired=expired) for age, (expired, spent) in sums.items()},
    )


def _open(connection: Connection, programme_id: int, now: datetime) -> dict[int, int]:
    age = _months(t.lot.c.available_at, literal(to_micros(now), BigInteger()))
    rows = connection.execute(
        select(age.label("age"), func.sum(t.lot.c.remaining).label("points"))
        .join(t.member, t.member.c.id == t.lot.c.member_id)
        .where(t.member.c.programme_id == programme_id, t.lot.c.remaining > 0)
        .group_by("age")
    )
    return {row.age: int(row.points) for row in rows}


def _months(since: ColumnElement[datetime], until: ColumnElement[Any]) -> ColumnElement[int]:
    return (type_coerce(until, BigInteger) - type_coerce(since, BigInteger)) // _MONTH
