"""Whether the shop must be asked before a statement can be recorded, and what."""

from datetime import datetime

from sqlalchemy import func, select

from app.db import tables as t
from app.programme.events import Event, Facts, OrderFacts
from app.programme.own_credit import paid_alike, unread_kinds, with_known_credits
from app.programme.states import State, Verdict, has_unread_refunds, turns_back
from app.services.goods import freeze, to_be_read
from app.services.programmes import in_force
from app.services.rows import ObjectRow
from app.services.told import Finding, Observer, Told


def why_ask(
    here: Observer,
    told: Told,
    row: ObjectRow,
    current: State,
    incoming: State,
    verdict: Verdict,
) -> str | None:
    """Return why only the shop can tell what is true of an object now, None if we can."""
    if has_unread_refunds(incoming.facts):
        return "has refunds whose lines only the shop knows"
    if verdict is Verdict.CONFLICT:
        return "has two states of equal date"
    if turns_back(current, incoming) and _spoken_of_since(here, told, row):
        return "was spoken of after a read began that finds an older state"
    return None


def _spoken_of_since(here: Observer, told: Told, row: ObjectRow) -> bool:
    """Say whether a message about the object was received after the read began."""
    spoken = select(t.object_delivery.c.delivery_id).where(t.object_delivery.c.object_id == row.id)
    in_batch = [
        link["delivery_id"]
        for link in here.work.inserts.get(t.object_delivery, ())
        if link["object_id"] == row.id
    ]
    query = select(t.delivery.c.id).where(
        t.delivery.c.id.in_(spoken) | t.delivery.c.id.in_(in_batch),
        t.delivery.c.began_at.is_(None),
        func.coalesce(t.delivery.c.repeated_at, t.delivery.c.received_at) > told.read_at,
    )
    return here.connection.execute(query.limit(1)).first() is not None


def ask_for_goods(
    here: Observer,
    told: Told,
    event: Event,
    facts: Facts | None,
    occurred_at: datetime,
    row: ObjectRow | None = None,
) -> Finding | None:
    """Return what products to read before an order can be judged, None if it can be.

    `row` is the order as it is known, if its version and context are frozen already.
    """
    if not told.readable or not here.shelf.asked:
        return None
    version = (
        in_force(here.versions, occurred_at) if row is None else here.versions[row.version - 1]
    )
    context = "{}" if row is None else row.context
    products = to_be_read(here.work, here.shelf, version, told.store_id, facts, context)
    if not products:
        return None
    return Finding(
        status="reading",
        reason=f"{event.kind} {event.external_id}: only the shop knows what kind of goods it is of",
        again=True,
        alone=True,
        products=products,
    )


def ask_for_credit(here: Observer, told: Told, event: Event, known: Facts | None) -> Finding | None:
    """Ask how much of an order was paid with gift cards or credit, where some may be the programme's.

    Not if a read told that of this very state of its payment.
    """
    facts = event.facts
    if not told.readable or not here.issuers or not isinstance(facts, OrderFacts):
        return None
    if not any((told.store_id, kind) in here.issuers for kind in unread_kinds(facts)):
        return None
    if isinstance(known, OrderFacts) and paid_alike(known, facts):
        facts = with_known_credits(known, facts)
    if not unread_kinds(facts):
        return None
    return Finding(
        status="reading",
        reason=f"{event.kind} {event.external_id}: only the shop knows how much of it was paid with "
        "gift cards or store credit",
        again=True,  # the answer shows less of who recommended the shop
        alone=True,
    )


def freeze_goods(here: Observer, row: ObjectRow, facts: Facts | None) -> None:
    """Freeze with an order what its products are like, of those that it is first seen with."""
    freeze(here.work, here.shelf, here.versions[row.version - 1], row, facts)
