"""The actions that were recorded, newest first."""

from datetime import datetime

import msgspec
from sqlalchemy import Connection, select

from app.db import tables as t
from app.programme.events import ActionFacts
from app.services.actions import KIND
from app.services.facts import decode_facts
from app.services.views import Page, key_of, page_of, page_size


class ActionView(msgspec.Struct, frozen=True, kw_only=True):
    """One action. `ended` is one that was so and is no more, as a subscription."""

    id: int
    member_id: int | None
    action: str
    key: str
    store: str
    occurred_at: datetime
    withdrawn: bool
    ended: bool


def list_actions(
    connection: Connection,
    *,
    programme_id: int,
    member_id: int | None = None,
    before: int | None = None,
    limit: int | None = None,
) -> Page[ActionView]:
    """Return a page of actions of a programme, or of one member's own."""
    size = page_size(limit)
    query = (
        select(t.source_object, t.store.c.key.label("store"))
        .join(t.store, t.store.c.id == t.source_object.c.store_id)
        .where(t.source_object.c.programme_id == programme_id, t.source_object.c.kind == KIND)
        .order_by(t.source_object.c.id.desc())
        .limit(size + 1)
    )
    if member_id is not None:
        query = query.where(t.source_object.c.owner_id == key_of(member_id))
    if before is not None:
        query = query.where(t.source_object.c.id < key_of(before))
    items = []
    for row in connection.execute(query):
        facts = decode_facts(row.facts)
        told = facts if isinstance(facts, ActionFacts) else ActionFacts(action="?")
        items.append(
            ActionView(
                id=row.id,
                member_id=row.owner_id,
                action=told.action,
                key=row.external_id,
                store=row.store,
                occurred_at=row.occurred_at,
                withdrawn=told.removed,
                ended=told.ended,
            )
        )
    return page_of(items, [item.id for item in items], size)
