"""A customer of the shop, however it was told → an event."""

from app.errors import Invalid
from app.programme.events import Contact, CustomerFacts, Event
from connectors.shopify import graphql_payloads, payloads, values
from connectors.shopify.friends import contact_of_customer
from connectors.shopify.stated import person_of

KIND = "customer"


def customer_event(customer: payloads.Customer | graphql_payloads.Customer) -> Event:
    """Return what a customer states: every customer of Shopify's is a shopper's own account.

    Whether they have signed in is not told: the account is the shop's record of an e-mail.
    """
    contact = Contact()
    match customer:
        case payloads.Customer():
            number = values.identifier(customer.id, "id")
            contact = contact_of_customer(customer)
        case graphql_payloads.Customer():
            number = values.gid(customer.id, "Customer", "id")
    occurred = values.moment(customer.created_at, "created_at")
    if occurred is None:
        raise Invalid("created_at is missing: without it nobody knows which rules apply.")
    return Event(
        kind=KIND,
        external_id=number,
        modified_at=values.moment(customer.updated_at, "updated_at"),
        occurred_at=occurred,
        person=person_of(number, customer.email, customer.verified_email, ()),
        contact=contact,
        facts=CustomerFacts(registered=True),
    )


def gone_customer(number: str) -> Event:
    """Return the event of a customer that the shop does not know (any more)."""
    return Event(kind=KIND, external_id=number, modified_at=None, occurred_at=None, facts=None)


def merged_customer(deleted: str, kept: str) -> Event:
    """Return the event of a customer that the shop made part of another one."""
    return Event(
        kind=KIND,
        external_id=deleted,
        modified_at=None,
        occurred_at=None,
        facts=None,
        into=kept,
    )
