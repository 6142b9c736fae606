"""What keeps failing: deliveries that are dead or will be tried again, grouped by the fault."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, case, func, select

from app.db import tables as t
from app.services.outcomes import FAILURES
from app.services.view_deliveries import status_of, with_status


class FaultView(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: how many deliveries it keeps from being dealt with now."""

    group: str  # the fingerprint
    dead: int
    failed: int  # that will be tried again by themselves
    stores: int
    first_at: datetime  # of their last attempts
    last_at: datetime
    newest: int  # the newest delivery with it
    reason: str  # what was said of that one
    error: str | None  # and its class and message
    versions: list[str]  # of Stempel, that it happened with


def list_faults(
    connection: Connection,
    *,
    programme_id: int | None = None,
    store_id: int | None = None,
    limit: int = 50,
) -> list[FaultView]:
    """Return the faults that most deliveries wait for, the largest first."""
    outcome, delivery = t.delivery_outcome, t.delivery
    # The index on faults finds the few that failed among all that there ever were.
    ever = select(outcome.c.delivery_id).where(outcome.c.fingerprint.is_not(None))
    query = with_status(
        select(
            outcome.c.fingerprint,
            func.sum(case((status_of == "dead", 1), else_=0)).label("dead"),
            func.count().label("number"),
            func.count(delivery.c.store_id.distinct()).label("stores"),
            func.min(outcome.c.at).label("first_at"),
            func.max(outcome.c.at).label("last_at"),
            func.max(outcome.c.id).label("last_outcome"),
        ).select_from(delivery)
    ).where(
        outcome.c.fingerprint.is_not(None),
        delivery.c.id.in_(ever),
        status_of.in_(sorted(FAILURES)),
    )
    if programme_id is not None:
        query = query.where(delivery.c.programme_id == programme_id)
    if store_id is not None:
        query = query.where(delivery.c.store_id == store_id)
    groups = connection.execute(
        query.group_by(outcome.c.fingerprint)
        .order_by(func.count().desc(), outcome.c.fingerprint)
        .limit(limit)
    ).all()
    last = {
        row.id: row
        for row in connection.execute(
            select(outcome).where(outcome.c.id.in_([one.last_outcome for one in groups]))
        )
    }
    versions: dict[str, set[str]] = {}
    for row in connection.execute(
        select(outcome.c.fingerprint, outcome.c.version)
        .where(
            outcome.c.fingerprint.in_([one.fingerprint for one in groups]),
            outcome.c.version.is_not(None),
        )
        .distinct()
    ):
        versions.setdefault(row.fingerprint, set()).add(row.version)
    return [
        FaultView(
            group=one.fingerprint,
            dead=int(one.dead),
            failed=one.number - int(one.dead),
            stores=one.stores,
            first_at=one.first_at,
            last_at=one.last_at,
            newest=last[one.last_outcome].delivery_id,
            reason=last[one.last_outcome].reason,
            error=(last[one.last_outcome].error or "").partition("\n")[0] or None,
            versions=sorted(versions.get(one.fingerprint, ())),
        )
        for one in groups
    ]
