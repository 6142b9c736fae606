"""Reads one thing from its shop because a person names it: what was never told of, or is not believed.

What the shop answers takes the way of any delivery, so nothing is credited twice (facts/woocommerce.md:
nothing is sent again that was missed).
"""

from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import Connection, select

from app.db import tables as t
from app.db.types import holds
from app.errors import Conflict, Invalid
from app.services.audit import LONGEST_REASON, Act, note_act
from app.services.outbox import ReadRequest, request_reads
from app.services.stores import Store

Kind = Literal["order", "customer"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_LONGEST_ID = 40


def read_now(
    connection: Connection,
    store: Store,
    kind: Kind,
    which: str,
    *,
    readable: bool,
    actor: str,
    reason: str,
    now: datetime,
) -> str:
    """Ask for a read of an order or customer; returns the shop's id of it. Workers do it at once.

    An order that is known can be named by its number, with or without "#"; else it is the shop's own id
    (in WooCommerce mostly the number). Raises Invalid for what can be no id or without a reason, Conflict
    for a store that cannot be asked (`readable`).
    """
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid(f"this needs a reason, of at most {LONGEST_REASON} characters")
    if not readable:
        raise Conflict(f"The store {store.key!r} cannot be asked: it has no API keys here.")
    if store.blocked_reason is not None:
        raise Conflict(
            f"The store {store.key!r} is stopped ({store.blocked_reason}). "
            f"Then: stempel store resume {store.key}"
        )
    name = which.strip().removeprefix("#")
    if not name or len(name) > _LONGEST_ID or not holds(name):
        raise Invalid(f"{which[:_LONGEST_ID]!r} can be no {kind} of a shop")
    known = connection.execute(
        select(t.source_object.c.external_id).where(
            t.source_object.c.store_id == store.id,
            t.source_object.c.kind == kind,
            t.source_object.c.number.in_((name, f"#{name}")),
        )
    ).scalar()
    external_id = known or name
    if not (external_id.isascii() and external_id.isdecimal()):
        raise Invalid(
            f"No {kind} {which!r} is known here; name it by the shop's own id, which is a number"
        )
    request_reads(connection, store.programme_id, [ReadRequest(store.id, kind, external_id)], now)
    note_act(
        connection,
        Act(
            programme_id=store.programme_id,
            actor=actor,
            action="store.read",
            subject=f"{kind} {external_id}",
            reason=reason,
            detail={"store": store.key},
        ),
        now,
    )
    return str(external_id)
