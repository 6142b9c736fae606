"""Who recommended the shop, and how a person can be reached, as orders and accounts of WooCommerce say."""

from app.errors import Invalid
from app.programme.events import Address, Contact
from connectors.friends import address_of, code_in_address, first_code, once_each
from connectors.woocommerce import payloads, values

# The meta keys that a shop may use. Of accounts the REST API shows no key that begins with "_".
_CODE_KEYS = ("stempel_ref", "_stempel_ref")

# The page that a visit began with, kept with the order by WooCommerce's own order attribution (8.5 and
# later). https://woocommerce.com/document/order-attribution-tracking/
_FIRST_PAGE = "_wc_order_attribution_session_entry"


def referral_in(meta: payloads.MetaData) -> str | None:
    """Return the code that an order's or account's metadata names, else that of its first page."""
    found = {
        entry.key: entry
        for entry in payloads.items(meta)
        if entry.key in {*_CODE_KEYS, _FIRST_PAGE}
    }
    named = first_code(_text(found.get(key)) for key in _CODE_KEYS)
    return named or code_in_address(_text(found.get(_FIRST_PAGE)))


def contact_of(of: payloads.Order | payloads.Customer) -> Contact:
    """Return how a person can be reached. Goods go to the billing address where no other is given."""
    billing, shipping = (
        one if isinstance(one, payloads.Billing) else payloads.Billing()
        for one in (of.billing, of.shipping)
    )
    phones = (values.text(one.phone, 40) for one in (billing, shipping))
    return Contact(
        phones=once_each(phones),
        address=_address(shipping) or _address(billing),
        ip=values.text(of.customer_ip_address, 64) if isinstance(of, payloads.Order) else None,
    )


def _address(one: payloads.Billing) -> Address | None:
    return address_of(
        (values.text(one.address_1), values.text(one.address_2)),
        postcode=values.text(one.postcode, 40),
        city=values.text(one.city),
        country=values.text(one.country, 40),
    )


def _text(entry: payloads.Meta | None) -> str | None:
    """Return the text of an entry; plugins keep lists and objects under any key."""
    if entry is None:
        return None
    try:
        return values.text(payloads.scalar(entry.value, "meta_data"), 2000)
    except Invalid:
        return None
