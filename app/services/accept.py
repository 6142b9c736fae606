"""Takes over a state: what an object is from now on, and what is fixed with it for ever."""

from datetime import datetime

import msgspec

from app.db import tables as t
from app.db.ids import new_id
from app.programme.events import CustomerFacts, Event, Facts, OrderFacts
from app.programme.facts import gone as facts_when_gone
from app.programme.rules import earning_since
from app.services.awards import context_of, encode_context
from app.services.facts import decode_facts, encode_facts
from app.services.order_windows import ORDER
from app.services.programmes import in_force
from app.services.rows import ObjectKey, ObjectRow
from app.services.told import Observer, Told
from app.services.undated import note_undated
from app.services.whose import find_owner, note_account
from app.services.workset import WorkSet


def unseen(here: Observer, told: Told, event: Event) -> ObjectRow:
    """Make an object that nothing is known of yet."""
    row = ObjectRow(
        new=True,
        id=new_id(),
        programme_id=here.work.programme_id,
        store_id=told.store_id,
        kind=event.kind,
        external_id=event.external_id,
        number=event.number,
        facts=encode_facts(None),
        modified_at=None,
        truth_at=None,
        accepted_at=told.accepted_at,
        occurred_at=told.accepted_at,
        earned_at=None,
        version=1,
        context="{}",
        owner_id=None,
        owner_ref=None,
        owner_known_at=None,
        delivery_id=told.delivery_id,
        rev=1,
        seen_at=here.work.now,
    )
    here.work.objects[row.key] = row
    return row


def occurred_at(told: Told, event: Event) -> datetime:
    """Return when it happened, as far as is known: by what version an object is judged."""
    return event.occurred_at or event.modified_at or told.accepted_at


def freeze(here: Observer, told: Told, event: Event, row: ObjectRow, facts: Facts) -> None:
    """Fix by what version and under what circumstances the object is judged for ever."""
    row.occurred_at = occurred_at(told, event)
    version = in_force(here.versions, row.occurred_at)
    row.version = version.number
    row.context = encode_context(here.rates.context_of(version.programme, facts, row.occurred_at))


def freeze_segments(here: Observer, row: ObjectRow) -> None:
    """Fix the segments that an order's first owner was in when it was placed: they are its for ever."""
    if row.kind != ORDER or row.owner_id is None:
        return
    segments = here.memberships.at(here.work.member(row.owner_id).id, row.occurred_at)
    if segments:
        context = msgspec.structs.replace(context_of(row.context), segments=segments)
        row.context, row.dirty = encode_context(context), True


def accept(here: Observer, told: Told, event: Event, row: ObjectRow, facts: Facts | None) -> None:
    """Take over a state, with the person that it names; facts of None say that the object is gone."""
    if facts is None:
        known = facts_when_gone(decode_facts(row.facts))
        row.facts, row.gone = encode_facts(known) if known is not None else row.facts, 1
    else:
        row.facts, row.gone = encode_facts(facts), 0
        row.modified_at = event.modified_at
        row.number = event.number or row.number
    row.truth_at = told.read_at or row.truth_at
    row.accepted_at = told.accepted_at
    row.settled_by_rule = 0
    row.delivery_id = told.delivery_id
    row.dirty = True
    note_earned(here, row, facts, row.modified_at or told.accepted_at)
    note_undated(row, facts, event.modified_at or told.accepted_at)
    _note_parts(here.work, row, facts)
    find_owner(here, told, event, row)
    if isinstance(facts, CustomerFacts) or (event.kind == "customer" and facts is None):
        note_account(here, told, event, facts)


def note_earned(here: Observer, row: ObjectRow, facts: Facts | None, seen_at: datetime) -> bool:
    """Keep the earliest moment the object is known to have reached earning status; say if it moved."""
    version = here.versions[row.version - 1]
    store = version.stores.get(row.store_id)
    moment = earning_since(version.programme, facts, seen_at, store=store)
    if moment is None or (row.earned_at is not None and row.earned_at <= moment):
        return False
    row.earned_at, row.dirty = moment, True
    return True


def _note_parts(work: WorkSet, row: ObjectRow, facts: Facts | None) -> None:
    """Remember which order a refund belongs to: its deletion names only the refund."""
    for refund in facts.refunds if isinstance(facts, OrderFacts) else ():
        key: ObjectKey = (row.store_id, "refund", refund.id)
        if key not in work.parts:
            work.parts[key] = row.id
            work.insert(
                t.object_part,
                store_id=row.store_id,
                kind="refund",
                external_id=refund.id,
                object_id=row.id,
            )
