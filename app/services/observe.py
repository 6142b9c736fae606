"""Records one statement about one source object: whether it is newer, whose it is, what it lacks."""

import msgspec

from app.db import tables as t
from app.programme.actions import NEWSLETTER, speaks_of
from app.programme.events import (
    ActionFacts,
    CustomerFacts,
    Dispute,
    Event,
    Facts,
    OrderFacts,
)
from app.programme.facts import gone as facts_when_gone
from app.programme.facts import is_draft, with_finer_amounts
from app.programme.own_credit import with_known_credits
from app.programme.segments import asks_for_newsletters
from app.programme.states import (
    State,
    Verdict,
    compare,
    has_unread_refunds,
    with_known_disputes,
    with_known_products,
    with_known_referral,
    with_known_refunds,
)
from app.services.accept import accept, freeze, freeze_segments, note_earned, occurred_at, unseen
from app.services.asking import ask_for_credit, ask_for_goods, freeze_goods, why_ask
from app.services.facts import decode_facts, encode_facts
from app.services.people import (
    ended_in_merge,
    note_email,
    note_shop_merge,
)
from app.services.programmes import in_force
from app.services.rows import ObjectKey, ObjectRow
from app.services.told import UNSURE_NO_KEYS, Finding, Observer, Told
from app.services.undated import note_undated
from app.services.whose import find_owner
from app.services.worth import prefers


def observe(here: Observer, told: Told, event: Event) -> Finding:
    """Record what an event states about its object in the working set."""
    key: ObjectKey = (told.store_id, event.kind, event.external_id)
    row = here.work.objects.get(key)
    owned = row is not None and row.owner_id is not None
    known = None if row is None else decode_facts(row.facts)
    about_unknown = row is None or event.dispute is None
    if (
        not told.sure
        and known is None
        and about_unknown
        and not _of_known_customer(here, told, event)
    ):
        finding = _unsure(told, event)
    elif event.dispute is not None:
        finding = _disputed(told, event, event.dispute, row, known)
    elif ended_in_merge(here.work, told.store_id, event):
        finding = _of_merged_customer(here, told, event)
    elif row is None:
        finding = _first_sight(here, told, event)
    else:
        finding = _next_state(here, told, event, row)
    row = here.work.objects.get(key)
    if row is not None:
        if not owned:
            freeze_segments(here, row)
        here.work.insert(t.object_delivery, object_id=row.id, delivery_id=told.delivery_id)
    return finding


def _can_ask(told: Told, event: Event) -> bool:
    """Say whether the shop can be asked about the object: what people did is told, never read."""
    return told.readable and not isinstance(event.facts, ActionFacts)


def _of_known_customer(here: Observer, told: Told, event: Event) -> bool:
    """Say whether an action names a customer of this very store: that is whose it is."""
    known = (told.store_id, event.person.customer or "") in here.work.customers
    return isinstance(event.facts, ActionFacts) and known


def _unsure(told: Told, event: Event) -> Finding:
    name = f"{event.kind} {event.external_id}"
    if _can_ask(told, event):
        return Finding(
            status="reading",
            reason=f"{name}: nothing in it says which shop sent it, so it is read",
            again=event.dispute is not None,  # the answer will not show it
        )
    return Finding(status="ignored", reason=f"{name}: {UNSURE_NO_KEYS}")


def _disputed(
    told: Told, event: Event, dispute: Dispute, row: ObjectRow | None, known: Facts | None
) -> Finding:
    """Keep what the bank says about an order's payment: the order's own body never shows it."""
    name = f"{event.kind} {event.external_id}"
    if row is None and told.readable:
        return Finding(
            status="reading", reason=f"{name} is not known here, so it is read first", again=True
        )
    if row is None or not isinstance(known, OrderFacts):
        return Finding(
            status="ignored", reason=f"{name}: a dispute about an order that was never seen here"
        )
    facts = with_known_disputes(known, msgspec.structs.replace(known, disputes=(dispute,)))
    if facts == known:
        return Finding(status="processed", reason=f"{name}: nothing new about its dispute")
    row.facts, row.dirty = encode_facts(facts), True
    return Finding(
        status="processed", reason=f"{name}: its dispute is {dispute.status}", changed=True
    )


def _of_merged_customer(here: Observer, told: Told, event: Event) -> Finding:
    """Record that the shop made one customer of two, or what is still heard of the one that ended.

    It is gone for good. Late messages only tell when it had signed up, and which e-mail was its own.
    """
    work, name = here.work, f"customer {event.external_id}"
    if event.into == event.external_id:
        return Finding(status="ignored", reason=f"{name} cannot have been merged into itself")
    both = ((told.store_id, one) for one in (event.external_id, event.into))
    if told.read_at is not None and not any(one in work.customers for one in both):
        # The shop has neither (any more): the one that was kept would have been told before this.
        return Finding(status="ignored", reason=f"{name} and {event.into} are not known here")
    if event.into is not None:
        enrol = in_force(here.versions, here.work.now).programme.enrolment == "automatic"
        note_shop_merge(work, told.store_id, event.external_id, event.into, enrol=enrol)
    row = work.objects.get((told.store_id, event.kind, event.external_id))
    row = row or unseen(here, told, event)
    known, row.gone, row.dirty = decode_facts(row.facts), 1, True
    facts = known
    said, had = event.modified_at, row.modified_at
    if event.facts is not None and (said is None or had is None or said > had):
        if known is None:
            freeze(here, told, event, row, event.facts)
        facts, row.modified_at, row.delivery_id = event.facts, said, told.delivery_id
        own = work.customers[told.store_id, event.external_id]
        email = None if event.person.erased else event.person.email
        note_email(here.connection, work, here.vault, own, email)
    facts = facts_when_gone(facts)
    row.facts = encode_facts(facts)
    moved = find_owner(here, told, event, row)
    kept = work.customers[told.store_id, event.external_id].kept_as
    return Finding(
        status="processed" if event.into is not None else "stale",
        reason=f"{name} was merged into customer {kept} in the shop",
        changed=moved or facts != known,
    )


def _first_sight(here: Observer, told: Told, event: Event) -> Finding:
    work, facts = here.work, event.facts
    name = f"{event.kind} {event.external_id}"
    if isinstance(facts, CustomerFacts) and not facts.registered:
        known = (told.store_id, event.external_id) in work.customers
        if not known:
            return Finding(
                status="ignored",
                reason=f"{name} has the role {facts.role!r}: not a shopper's account",
            )
    if isinstance(facts, ActionFacts) and not _is_of_use(here, facts):
        # Whatever begins to pay for it later pays for later ones: nothing is lost.
        return Finding(
            status="ignored", reason=f"{name}: no rule or segment of the programme speaks of it"
        )
    if told.readable and has_unread_refunds(facts):
        return Finding(
            status="reading",
            reason=f"{name} has refunds whose lines only the shop knows",
            alone=True,
        )
    asked = ask_for_credit(here, told, event, None)
    asked = asked or ask_for_goods(here, told, event, facts, occurred_at(told, event))
    if asked is not None:
        return asked
    row = unseen(here, told, event)
    if facts is None:
        # Kept: a message from before that is only dealt with later must not bring it to life.
        row.gone, row.truth_at = 1, told.read_at
        reason = f"{name} is not in the shop and was never seen here"
        return Finding(status="ignored", reason=reason)
    freeze(here, told, event, row, facts)
    freeze_goods(here, row, facts)
    accept(here, told, event, row, facts)
    return _recorded(row, facts, f"{name} recorded")


def _is_of_use(here: Observer, facts: ActionFacts) -> bool:
    return any(
        any(speaks_of(rule, facts) for rule in one.programme.rules)
        or (facts.action == NEWSLETTER and asks_for_newsletters(one.programme.segments))
        for one in here.versions
    )


def _recorded(row: ObjectRow, facts: Facts | None, reason: str) -> Finding:
    if is_draft(facts) and isinstance(facts, OrderFacts) and row.owner_id is None:
        reason = f"{row.kind} {row.external_id} is a {facts.status}, not an order yet"
        return Finding(status="ignored", reason=reason)
    return Finding(status="processed", reason=reason, changed=True)


def _next_state(here: Observer, told: Told, event: Event, row: ObjectRow) -> Finding:
    name = f"{event.kind} {event.external_id}"
    known = decode_facts(row.facts)
    facts = _completed(known, event.facts)
    current = State(
        facts=None if row.gone else known,
        modified_at=row.modified_at,
        accepted_at=row.accepted_at,
        read_at=row.truth_at,
    )
    incoming = State(
        facts=facts,
        modified_at=event.modified_at,
        accepted_at=told.accepted_at,
        read_at=told.read_at,
    )
    verdict = compare(current, incoming)
    if verdict in {Verdict.STALE, Verdict.SAME}:
        return _nothing_new(here, told, event, row, verdict)
    why = why_ask(here, told, row, current, incoming, verdict)
    if _can_ask(told, event) and why is not None:
        return Finding(status="reading", reason=f"{name} {why}", alone=True)
    asked = ask_for_credit(here, told, event, known) or ask_for_goods(
        here, told, event, facts, occurred_at(told, event), None if known is None else row
    )
    if asked is not None:
        return asked
    first = known is None
    if first and facts is not None:
        freeze(here, told, event, row, facts)
    freeze_goods(here, row, facts)
    if verdict is Verdict.CONFLICT and (facts is None or not first):
        return _settle_by_rule(here, told, event, row, known, facts)
    accept(here, told, event, row, facts)
    return _recorded(row, facts, f"{name} updated")


def _completed(known: Facts | None, facts: Facts | None) -> Facts | None:
    """Return a state with what another one of the same order tells more exactly."""
    completed = with_known_products(known, with_known_refunds(known, facts))
    completed = with_known_referral(known, with_known_disputes(known, completed))
    if isinstance(known, OrderFacts) and isinstance(completed, OrderFacts):
        return with_finer_amounts(known, with_known_credits(known, completed))
    return completed


def _nothing_new(
    here: Observer, told: Told, event: Event, row: ObjectRow, verdict: Verdict
) -> Finding:
    name = f"{event.kind} {event.external_id}"
    # An old state may still be the only one that names the customer: see adopt_owner.
    changed = find_owner(here, told, event, row)
    if told.read_at is not None and (row.truth_at is None or row.truth_at < told.read_at):
        row.truth_at, row.dirty = told.read_at, True
    if verdict is Verdict.SAME:
        if row.accepted_at < told.accepted_at:
            row.accepted_at, row.dirty = told.accepted_at, True
        return Finding(status="processed", reason=f"{name}: nothing new", changed=changed)
    # What was earned earlier is available, and gone, earlier.
    dated = event.modified_at or told.accepted_at
    changed |= note_earned(here, row, event.facts, dated)
    changed |= note_undated(row, event.facts, dated)
    known = decode_facts(row.facts)
    completed = _completed(event.facts, known)
    if completed != known and not row.gone:
        row.facts, row.dirty, changed = encode_facts(completed), True, True
        freeze_goods(here, row, completed)
    return Finding(
        status="stale", reason=f"{name}: a newer state is known already", changed=changed
    )


def _settle_by_rule(
    here: Observer,
    told: Told,
    event: Event,
    row: ObjectRow,
    known: Facts | None,
    facts: Facts | None,
) -> Finding:
    """Choose between two equally dated states without a read: never by order of receipt."""
    name = f"{event.kind} {event.external_id}"
    if prefers(here.versions, row, known, facts):
        accept(here, told, event, row, facts)
        row.settled_by_rule = 1
        return Finding(
            status="processed",
            reason=f"{name}: two states of equal date, settled by rule for this one",
            changed=True,
        )
    row.settled_by_rule, row.dirty = 1, True
    noted = note_undated(row, facts, event.modified_at or told.accepted_at)
    # It may be the only one that names the customer, as an old state may.
    moved = find_owner(here, told, event, row)
    return Finding(
        status="stale",
        reason=f"{name}: two states of equal date, settled by rule for the other one",
        changed=moved or noted,
    )
