"""Discount codes as WooCommerce's coupons: what is asked of the shop, and what it shows of them.

Captured on 11.0.1 and 9.9.5 (tests/connectors/woocommerce/payloads/rest/054 to 083). Pure: no calls here.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from app.errors import Invalid
from connectors import texts
from connectors.rewards import Discount
from connectors.woocommerce import payloads, values
from connectors.woocommerce.orders import ERASED_EMAIL
from connectors.woocommerce.values import Number

REFERENCE = "stempel_redemption"  # without leading underscore: those do not always come back

_LISTED = "publish"
# What WordPress keeps of a code as it is; the rest it rewrites, and the customer holds another code.
_CODE = re.compile(r"[A-Za-z0-9-]{4,60}", re.ASCII)
# What WordPress keeps of an address as it is. It drops other characters, which makes another address, and
# WooCommerce uses a restriction as a pattern, in which * and its like stand for other people.
_EMAIL = re.compile(r"[a-z0-9._+'&=~#!%-]{1,64}@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}")
# The description is for the merchant; angle brackets would be taken for HTML and cut out.
_PLAIN = str.maketrans({"<": "(", ">": ")"})


class Unfit(Exception):
    """This code can never be made in this shop; a sentence that says why."""


class Coupon(msgspec.Struct):
    """A coupon as the REST API shows it."""

    id: Number
    code: Number = None
    status: Number = None
    discount_type: Number = None
    amount: Number = None
    date_expires_gmt: Number = None
    usage_count: Number = None
    usage_limit: Number = None
    limit_usage_to_x_items: Number = None
    individual_use: bool | int | str | None = None
    free_shipping: bool | int | str | None = None
    minimum_amount: Number = None
    product_ids: list[Number] | dict[str, Number] | None = None
    email_restrictions: list[Number] | dict[str, Number] | None = None
    meta_data: payloads.MetaData = None

    @property
    def key(self) -> str:
        """Return the id as plain digits; raises Invalid if it is none."""
        return values.identifier(self.id, "the coupon's id")

    @property
    def uses(self) -> int:
        """Return how often it was used; uses of orders that were cancelled are given back."""
        return values.quantity(self.usage_count, "usage_count")

    def check(self) -> None:
        """Raise Invalid if something that is counted on cannot be read."""
        _ = (self.key, self.uses, self.limit, self.ends_at)

    @property
    def listed(self) -> bool:
        """Say whether it is published: not in the trash, not a draft."""
        return self.status == _LISTED

    def is_called(self, code: str) -> bool:
        """Say whether this is its code; shops compare without case."""
        return str(self.code).lower() == code.lower()

    def refers_to(self, reference: str) -> bool:
        """Say whether this is the code that we made under this reference."""
        return any(
            meta.key == REFERENCE and _word(meta.value) == reference
            for meta in payloads.items(self.meta_data)
        )

    @property
    def limit(self) -> int:
        """Return how often it can be used; 0 is without limit."""
        return values.quantity(self.usage_limit, "usage_limit")

    @property
    def ends_at(self) -> datetime | None:
        """Return the last second in which the shop takes it."""
        return values.moment(self.date_expires_gmt, "date_expires_gmt")

    def usable(self, now: datetime) -> bool:
        """Say whether somebody can use it at `now`."""
        return (
            self.listed
            and (self.limit <= 0 or self.uses < self.limit)
            and (self.ends_at is None or now <= self.ends_at)
        )


class Person(msgspec.Struct):
    """An account, as far as a code is restricted to it."""

    id: Number
    email: str | None = None
    billing: payloads.Billing | list[msgspec.Raw] | None = None

    @property
    def emails(self) -> list[str]:
        """Return the addresses that the shop compares when this person checks out."""
        billing = self.billing.email if isinstance(self.billing, payloads.Billing) else None
        return [address for address in (self.email, billing) if address]


class Product(msgspec.Struct):
    """A product, as far as it can be given away."""

    id: Number
    status: Number = None


def asked(wanted: Discount, emails: Sequence[str]) -> dict[str, Any]:
    """Return the coupon to be made; raises Unfit. Never `date_expires_gmt`: WooCommerce ignores it.

    It begins at once: WooCommerce knows no other beginning.
    """
    if not _CODE.fullmatch(wanted.code):
        raise Unfit("The code has characters that WordPress would change.")
    typed = sorted({address.strip().lower() for address in emails} - {ERASED_EMAIL})
    allowed = [address for address in typed if _EMAIL.fullmatch(address)]
    if not allowed:
        raise Unfit("This customer has no e-mail to which WooCommerce could restrict a code.")
    document: dict[str, Any] = {
        "code": wanted.code.lower(),
        **_worth(wanted),
        "description": (texts.short(wanted.title) or "").translate(_PLAIN),
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        "individual_use": not wanted.combinable,
        "email_restrictions": allowed,
        "meta_data": [{"key": REFERENCE, "value": wanted.reference}],
    }
    if wanted.minimum is not None:
        document["minimum_amount"] = f"{wanted.minimum:f}"
    if wanted.ends_at is not None:
        # With Z and without fractions: anything else counts as the shop's local time.
        document["date_expires"] = f"{wanted.ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
    return document


def _worth(wanted: Discount) -> dict[str, Any]:
    match wanted.kind:
        case "percent":
            if wanted.value is None or not 0 < wanted.value <= 100:
                raise Unfit("A percentage is above 0 and up to 100.")
            document: dict[str, Any] = {"discount_type": "percent", "amount": f"{wanted.value:f}"}
            return document | ({"product_ids": products_of(wanted)} if wanted.products else {})
        case "fixed":
            if wanted.value is None or wanted.value <= 0:
                raise Unfit("An amount off is above 0.")
            if not wanted.products:
                return {"discount_type": "fixed_cart", "amount": f"{wanted.value:f}"}
            # "fixed_cart" is off all goods, whatever products it names; this is off one piece of them.
            return {
                "discount_type": "fixed_product",
                "amount": f"{wanted.value:f}",
                "product_ids": products_of(wanted),
                "limit_usage_to_x_items": 1,
            }
        case "free-delivery":
            return {"discount_type": "fixed_cart", "amount": "0", "free_shipping": True}
        case "free-product":
            return {
                "discount_type": "percent",
                "amount": "100",
                "product_ids": [int(product_of(wanted))],
                "limit_usage_to_x_items": 1,
            }


def products_of(wanted: Discount) -> list[int]:
    """Return the ids of the products that the code is for alone; raises Unfit if one is none."""
    try:
        named = {int(values.identifier(one, "product")) for one in wanted.products}
    except Invalid as error:
        raise Unfit("A product of this reward has no id of WooCommerce.") from error
    return sorted(named)


def product_of(wanted: Discount) -> str:
    """Return the id of the product that is given away; raises Unfit if it is none."""
    try:
        return values.identifier(wanted.product, "product")
    except Invalid as error:
        raise Unfit("The product of this reward has no id of WooCommerce.") from error


def unlike(document: dict[str, Any], shown: Coupon) -> str | None:
    """Return which condition of the shop's coupon is not what was asked for, None if all are.

    WordPress and plugins change what they are sent; a code for anybody is not what the points paid.
    Amounts are compared in the decimals that the shop shows.
    """
    emails = {str(address).lower() for address in payloads.items(shown.email_restrictions)}
    products = {str(number) for number in payloads.items(shown.product_ids)}
    same = {
        "discount_type": shown.discount_type == document["discount_type"],
        "amount": _equal(shown.amount, document["amount"]),
        "minimum_amount": _equal(shown.minimum_amount, document.get("minimum_amount", "0")),
        # One of two addresses may have been dropped, none may have been added.
        "email_restrictions": bool(emails) and emails <= set(document["email_restrictions"]),
        "product_ids": products == {str(number) for number in document.get("product_ids", ())},
        "date_expires": shown.ends_at == _moment(document.get("date_expires")),
        "usage_limit": shown.limit == document["usage_limit"],
        "limit_usage_to_x_items": values.quantity(shown.limit_usage_to_x_items, "the limit")
        == document.get("limit_usage_to_x_items", 0),
        "free_shipping": values.truth(shown.free_shipping) == document.get("free_shipping", False),
        "individual_use": values.truth(shown.individual_use) == document["individual_use"],
    }
    return next((name for name, fits in same.items() if not fits), None)


def _equal(shown: Number, sent: str) -> bool:
    found = values.amount(shown, "an amount of the coupon")
    return Decimal(sent).quantize(found, ROUND_HALF_UP) == found


def _moment(sent: str | None) -> datetime | None:
    return None if sent is None else texts.moment(sent, "date_expires")


def _word(raw: msgspec.Raw) -> str | None:
    try:
        return values.text(payloads.scalar(raw, REFERENCE))
    except Invalid:
        return None
