"""Who recommended the shop, and how a person can be reached, as orders and customers of Shopify say."""

from collections.abc import Iterable

from app.errors import Invalid
from app.programme.events import Address, Contact
from connectors import texts
from connectors.friends import address_of, code_in_address, first_code, once_each
from connectors.shopify import graphql_payloads, payloads

_ATTRIBUTE = "stempel_ref"


def referral_of(order: payloads.Order) -> str | None:
    """Return the code that the cart was given, else that of the page which the visit began with."""
    given = ((one.name, _text(one)) for one in order.note_attributes or ())
    return _given(given) or code_in_address(order.landing_site)


def read_referral_of(order: graphql_payloads.Order) -> str | None:
    """Return the code that the cart was given; a read does not tell where the visit began."""
    return _given((one.key, one.value) for one in order.custom_attributes)


def contact_of(order: payloads.Order) -> Contact:
    """Return how a buyer can be reached. Goods go to the billing address where no other is given."""
    addresses = (order.shipping_address, order.billing_address)
    phones = [order.phone, *(one.phone for one in addresses if one is not None)]
    if order.customer is not None:
        phones.append(order.customer.phone)
    details = order.client_details
    found = (_address(one) for one in addresses)
    return Contact(
        phones=_phones(phones),
        address=next((one for one in found if one is not None), None),
        ip=texts.short(order.browser_ip or (details and details.browser_ip), 64),
    )


def contact_of_customer(customer: payloads.Customer) -> Contact:
    """Return how a customer can be reached."""
    address = customer.default_address
    phones = [customer.phone] if address is None else [customer.phone, address.phone]
    return Contact(phones=_phones(phones), address=_address(address))


def _given(attributes: Iterable[tuple[str | None, str | None]]) -> str | None:
    return first_code(value for name, value in attributes if name == _ATTRIBUTE)


def _phones(several: Iterable[str | None]) -> tuple[str, ...]:
    return once_each(texts.short(one, 40) for one in several)


def _address(one: payloads.MailingAddress | None) -> Address | None:
    if one is None:
        return None
    return address_of(
        (texts.short(one.address1), texts.short(one.address2)),
        postcode=texts.short(one.zip, 40),
        city=texts.short(one.city),
        country=texts.short(one.country_code, 40),
    )


def _text(one: payloads.NoteAttribute) -> str | None:
    """Return an attribute's text; apps put numbers and lists there too."""
    try:
        return payloads.decode(one.value, str, "note_attributes")
    except Invalid:
        return None
