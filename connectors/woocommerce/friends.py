"""Who recommended the shop, and how a person can be reached, as orders and accounts of WooCommerce say."""

from urllib.parse import parse_qs, urlsplit

from app.errors import Invalid
from app.programme.events import Address, Contact
from app.programme.referral import code_in
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
    for key in _CODE_KEYS:
        code = code_in(_text(found.get(key)))
        if code is not None:
            return code
    return code_in_address(_text(found.get(_FIRST_PAGE)))


def code_in_address(address: str | None) -> str | None:
    """Return the code in `?ref=` of a web address."""
    try:
        asked = parse_qs(urlsplit(address or "").query, max_num_fields=100)
    except ValueError:
        return None
    return next((code for one in asked.get("ref", ()) if (code := code_in(one))), None)


def contact_of(of: payloads.Order | payloads.Customer) -> Contact:
    """Return how a person can be reached. Goods go to the billing address where no other is given."""
    billing, shipping = (
        one if isinstance(one, payloads.Billing) else payloads.Billing()
        for one in (of.billing, of.shipping)
    )
    phones = (values.text(one.phone, 40) for one in (billing, shipping))
    return Contact(
        phones=tuple(dict.fromkeys(phone for phone in phones if phone)),
        address=_address(shipping) or _address(billing),
        ip=values.text(of.customer_ip_address, 64) if isinstance(of, payloads.Order) else None,
    )


def _address(one: payloads.Billing) -> Address | None:
    street = " ".join(filter(None, (values.text(one.address_1), values.text(one.address_2))))
    if not street:
        return None
    return Address(
        street=street,
        postcode=values.text(one.postcode, 40) or "",
        city=values.text(one.city) or "",
        country=values.text(one.country, 40) or "",
    )


def _text(entry: payloads.Meta | None) -> str | None:
    """Return the text of an entry; plugins keep lists and objects under any key."""
    if entry is None:
        return None
    try:
        return values.text(payloads.scalar(entry.value, "meta_data"), 2000)
    except Invalid:
        return None
