"""WooCommerce's JSON as typed structs that name only what we use.

Captured on 11.0.1 and 9.9.5 (tests/connectors/woocommerce/payloads). Names are WooCommerce's. Types are
as wide as PHP: an id or amount may be text or number, an empty object may be [], and a list with a gap
becomes an object. `values` narrows them.
"""

from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from app.errors import Invalid
from connectors.base import Origin
from connectors.woocommerce.values import Number, identifier

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"


class Identified(msgspec.Struct):
    """Anything that has an id."""

    id: Number

    @property
    def key(self) -> str:
        """Return the id as plain digits; raises Invalid if it is none."""
        return identifier(self.id, "id")


class Meta(msgspec.Struct):
    """One entry of `meta_data`; the value can be any JSON."""

    key: str | int | None = None
    value: msgspec.Raw = msgspec.Raw(b"null")


MetaData = list[Meta] | dict[str, Meta] | None


class Link(msgspec.Struct):
    """One hypermedia link."""

    href: str | None = None


class Links(msgspec.Struct):
    """`_links` of a resource; names the shop's own address."""

    own: list[Link] | None = msgspec.field(name="self", default=None)


class Billing(msgspec.Struct):
    """The billing or shipping address of an order or account; only the former has an e-mail."""

    email: str | None = None
    first_name: str | None = None
    phone: Number = None
    address_1: Number = None
    address_2: Number = None
    postcode: Number = None
    city: Number = None
    country: Number = None


class OrderLine(msgspec.Struct):
    """A line of goods, shipping or a fee. `price` is left out: an unrounded float without tax."""

    id: Number
    total: Number
    total_tax: Number = None
    product_id: Number = None
    variation_id: Number = None
    sku: Number = None
    quantity: Number = 1


class Coupon(msgspec.Struct):
    """A coupon used by an order."""

    code: Number = None


class OrderRefund(msgspec.Struct):
    """A refund as the order's own body lists it: without its lines."""

    id: Number
    total: Number


Lines = list[OrderLine] | dict[str, OrderLine] | None


class Order(msgspec.Struct):
    """An order, the same in webhooks and REST answers."""

    id: Number
    status: str
    currency: str
    prices_include_tax: bool | int | str
    total: Number
    line_items: list[OrderLine] | dict[str, OrderLine]
    number: Number = None
    customer_id: Number = None
    billing: Billing | list[msgspec.Raw] | None = None
    shipping: Billing | list[msgspec.Raw] | None = None
    customer_ip_address: Number = None
    created_via: Number = None
    date_created_gmt: Number = None
    date_modified_gmt: Number = None
    date_paid_gmt: Number = None
    date_completed_gmt: Number = None
    shipping_lines: Lines = None
    fee_lines: Lines = None
    coupon_lines: list[Coupon] | dict[str, Coupon] | None = None
    refunds: list[OrderRefund] | dict[str, OrderRefund] | None = None
    meta_data: MetaData = None
    links: Links | list[msgspec.Raw] | None = msgspec.field(name="_links", default=None)


class RefundLine(msgspec.Struct):
    """A line of a refund; amounts are negative, a meta entry names the order's line."""

    total: Number
    total_tax: Number = None
    quantity: Number = None
    meta_data: MetaData = None


RefundLines = list[RefundLine] | dict[str, RefundLine] | None


class Refund(msgspec.Struct):
    """A refund as /orders/N/refunds gives it: a positive amount, and what it was for."""

    id: Number
    amount: Number
    date_created_gmt: Number = None
    line_items: RefundLines = None
    shipping_lines: RefundLines = None
    fee_lines: RefundLines = None


class Customer(msgspec.Struct):
    """An account of the shop, or any WordPress user."""

    id: Number
    email: str | None = None
    role: str | None = None
    date_created_gmt: Number = None
    date_modified_gmt: Number = None
    billing: Billing | list[msgspec.Raw] | None = None
    shipping: Billing | list[msgspec.Raw] | None = None
    meta_data: MetaData = None
    links: Links | list[msgspec.Raw] | None = msgspec.field(name="_links", default=None)


class Term(msgspec.Struct):
    """A category or tag of products."""

    slug: Number = None


Terms = list[Term] | dict[str, Term] | None


class Product(msgspec.Struct):
    """A product, as far as it says what kind of goods it is."""

    id: Number
    status: str = ""
    date_created_gmt: Number = None
    date_modified_gmt: Number = None
    categories: Terms = None
    tags: Terms = None
    on_sale: bool | int | str | None = None
    links: Links | list[msgspec.Raw] | None = msgspec.field(name="_links", default=None)


class Review(msgspec.Struct):
    """A product review; it knows no user and no order."""

    id: Number
    product_id: Number
    status: str
    reviewer_email: str | None = None
    rating: Number = None
    verified: bool | int | str | None = None
    date_created_gmt: Number = None


class RestError(msgspec.Struct):
    """What the REST API says instead of an object. `data` is not always an object."""

    code: str | int
    data: Any = None


class Action(msgspec.Struct):
    """The body of a custom topic: a hook and its first argument, whatever that is."""

    action: str
    arg: Any = None


class CommentArg(msgspec.Struct):
    """A review as the hooks of WordPress hand it over."""

    product: Number = msgspec.field(name="comment_post_ID")


def decode(body: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
    """Decode a body; raises Invalid beginning with `what`, naming the key, never a value."""
    if not isinstance(body, msgspec.Raw):
        body = body.removeprefix(_BOM)  # some themes put it before every answer of the shop
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"{what} is not as WooCommerce documents it: {error}.") from error
    except RecursionError as error:
        raise Invalid(f"{what} is nested too deep to be real.") from error
    except (msgspec.DecodeError, ValueError) as error:
        # ValueError: bytes that are not UTF-8, or a number of thousands of digits.
        raise Invalid(f"{what} is not JSON that can be read.") from error


def scalar(raw: msgspec.Raw, what: str) -> Number:
    """Decode a single text or number."""
    number: Any = Number
    found: Number = decode(raw, number, what)
    return found


def keys_of(body: bytes, what: str) -> dict[str, msgspec.Raw] | None:
    """Return the keys of a JSON object with their undecoded values; None for any other JSON."""
    if bytes(raw(body, what)).lstrip()[:1] != b"{":
        return None
    return decode(body, dict[str, msgspec.Raw], what)


def key_of(item: msgspec.Raw) -> str:
    """Return the id of an undecoded object."""
    return decode(item, Identified, "the shop's answer").key


def raw(body: bytes, what: str = "the shop's answer") -> msgspec.Raw:
    """Return a whole body so that it can be put into another as it is."""
    return decode(body, msgspec.Raw, what)


def items(many: list[T] | dict[str, T] | None) -> list[T]:
    """Return the members of a list, or of the object that PHP made of it."""
    if many is None:
        return []
    return many if isinstance(many, list) else list(many.values())


def origin_of(links: Links | list[msgspec.Raw] | None) -> Origin | None:
    """Return the host of the shop as the body's own link names it."""
    if not isinstance(links, Links) or not links.own:
        return None
    host = host_of(links.own[0].href or "")
    return None if host is None else Origin(host=host)


def host_of(address: str) -> str | None:
    """Return the lower-cased host[:port] of a web address, None if it has none."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or len(host) > 253 or not host.isprintable():
        return None
    if port is None or port == {"http": 80, "https": 443}.get(parts.scheme):
        return host
    return f"{host}:{port}"
