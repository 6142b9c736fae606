"""An account of the shop → an event."""

from app.programme.events import Contact, CustomerFacts, Event, Person
from connectors import texts
from connectors.woocommerce import payloads, values
from connectors.woocommerce.friends import contact_of, referral_in
from connectors.woocommerce.orders import is_erased

KIND = "customer"

# The webhook of a plain WordPress user is called customer.created too; only this role shops.
_SHOPPER = "customer"


def customer_event(customer: payloads.Customer) -> Event:
    """Return what an account states. WooCommerce proves no e-mail, so none is verified."""
    number = values.identifier(customer.id, "id")
    email = texts.email(customer.email)
    role = values.text(customer.role, 64)
    return Event(
        kind=KIND,
        external_id=number,
        modified_at=values.moment(customer.date_modified_gmt, "date_modified_gmt"),
        occurred_at=values.required_moment(customer.date_created_gmt, "date_created_gmt"),
        person=(
            Person(customer=number, erased=True)
            if is_erased(email)
            else Person(customer=number, email=email)
        ),
        contact=Contact() if is_erased(email) else contact_of(customer),
        facts=CustomerFacts(
            registered=role == _SHOPPER, role=role, referral=referral_in(customer.meta_data)
        ),
    )


def gone_customer(number: str) -> Event:
    """Return the event of an account that the shop does not know (any more)."""
    return Event(kind=KIND, external_id=number, modified_at=None, occurred_at=None, facts=None)
