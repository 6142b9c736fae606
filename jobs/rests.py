"""When a store is left alone: it asked for it, or a person must act first."""

from datetime import datetime

from sqlalchemy import Connection

from app.services import writeback
from app.services.stores import Store
from jobs.policy import Decision


def let_rest(connection: Connection, store: Store, decision: Decision) -> bool:
    """Stop calling a store that asked for it or needs a person; returns whether it was stopped."""
    if decision.blocks_store:
        writeback.block(connection, store.id, decision.reason)
        return True
    if decision.rest_until is not None:
        writeback.pause(connection, store.id, decision.rest_until)
        return True
    return False


def resting(store: Store, now: datetime) -> bool:
    """Say whether a store must not be called now."""
    paused = store.paused_until is not None and store.paused_until > now
    return paused or store.blocked_reason is not None
