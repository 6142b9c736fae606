"""How long raw bodies live: 30 days, 90 where support may still need them (DESIGN.md, Inbound)."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from app.db import tables as t
from app.services.outcomes import FINAL

KEPT = timedelta(days=30)
KEPT_WHEN_OPEN = timedelta(days=90)
_CHUNK = 2_000


def purge_bodies(connection: Connection, now: datetime) -> int:
    """Delete the bodies of old deliveries; what is queued or dead is kept longer."""
    old = select(t.delivery.c.id).where(t.delivery.c.received_at < now - KEPT_WHEN_OPEN)
    settled = (
        select(t.delivery_outcome.c.delivery_id)
        .where(t.delivery_outcome.c.status.in_(sorted(FINAL - {"dead"})))
        .join(t.delivery, t.delivery.c.id == t.delivery_outcome.c.delivery_id)
        .where(t.delivery.c.received_at < now - KEPT)
    )
    queued = select(t.delivery_queue.c.delivery_id)
    removed = 0
    while True:
        ids = list(
            connection.execute(
                select(t.delivery_body.c.delivery_id)
                .where(
                    t.delivery_body.c.delivery_id.in_(old)
                    | (
                        t.delivery_body.c.delivery_id.in_(settled)
                        & t.delivery_body.c.delivery_id.not_in(queued)
                    )
                )
                .limit(_CHUNK)
            ).scalars()
        )
        if not ids:
            return removed
        connection.execute(delete(t.delivery_body).where(t.delivery_body.c.delivery_id.in_(ids)))
        removed += len(ids)
