"""Whose an object is, as one statement says: its owner, its writer, the account itself."""

from app.programme.events import CustomerFacts, Event, ProductFacts
from app.programme.facts import is_draft
from app.services.people import (
    GUEST_REF,
    adopt_owner,
    customer_account,
    email_hash_of,
    note_email,
    note_proof,
    owner_of,
)
from app.services.programmes import in_force
from app.services.rows import ObjectRow
from app.services.told import Observer, Told


def find_owner(here: Observer, told: Told, event: Event, row: ObjectRow) -> bool:
    """Give the object to the person that a statement names; returns whether its owner changed."""
    if event.facts is None or is_draft(event.facts) or isinstance(event.facts, ProductFacts):
        return False
    dated = event.modified_at or told.accepted_at
    if event.kind == "review":
        return _note_writer(here, event, row)
    if event.person.customer is None and row.owner_ref not in {None, GUEST_REF}:
        return False  # an account's order stays its own: no guest is made out of a deleted customer
    enrol = in_force(here.versions, here.work.now).programme.enrolment == "automatic"
    owner = owner_of(here.work, here.vault, told.store_id, event.person, enrol=enrol)
    note_proof(here.work, here.vault, told.store_id, event.person)
    return adopt_owner(here.work, row, owner, dated)


def _note_writer(here: Observer, event: Event, row: ObjectRow) -> bool:
    """Remember who wrote a review, as a hash; `give_reviews` finds the account when all is known."""
    hashed = email_hash_of(here.vault, here.work.programme_id, event.person.email)
    if hashed is not None and not event.person.erased and row.writer_hash != hashed:
        row.writer_hash, row.dirty = hashed, True
    return False


def note_account(here: Observer, told: Told, event: Event, facts: CustomerFacts | None) -> None:
    """Keep the shop account's own e-mail as contact, and whether it still exists."""
    work = here.work
    customer = work.customers.get((told.store_id, event.external_id))
    if facts is None:
        if customer is not None and not customer.gone:
            customer.gone, customer.due_at, customer.dirty = 1, None, True
        return
    automatic = in_force(here.versions, here.work.now).programme.enrolment == "automatic"
    customer = customer_account(
        work, told.store_id, event.external_id, enrol=automatic and facts.registered
    )
    if customer.gone:
        customer.gone, customer.dirty = 0, True
        work.moved.add(customer.member_id)  # shown again
    email = None if event.person.erased else event.person.email
    note_email(here.connection, work, here.vault, customer, email)
