"""What a discount code of ours is to Shopify: which mutation makes it, and with which input.

Raises Invalid, in words for support, for what Shopify could never make as it is meant.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/discountCodeBasicCreate
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from app.errors import Invalid
from connectors import texts
from connectors.rewards import Discount
from connectors.shopify.gids import global_id

OURS = "stempel"
"""The tag of every discount that we make, for the owner to find them by."""

_CODE = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)
_LONGEST_TITLE = 255


class Creation(msgspec.Struct, frozen=True, kw_only=True):
    """One mutation that makes one discount; `argument` is its only one."""

    field: str
    argument: str
    type: str
    input: dict[str, Any]


def tag_of(reference: str) -> str:
    """Return the tag by which a discount is known to have been made for `reference`."""
    return f"{OURS}-{reference}"


def bears(tags: Sequence[str], reference: str) -> bool:
    """Say whether the tags of a discount say that it is ours; to Shopify their case means nothing."""
    return tag_of(reference).casefold() in {tag.casefold() for tag in tags}


def needs_currency(discount: Discount) -> bool:
    """Say whether the discount holds an amount: Shopify takes it in the shop's currency."""
    return discount.kind == "fixed" or discount.minimum is not None


def product_of(discount: Discount) -> str | None:
    """Return the global id of the product whose price must be known, None for other kinds."""
    if discount.kind != "free-product":
        return None
    return global_id("Product", discount.product or "")


def creation_of(discount: Discount, *, currency: str | None, price: Decimal | None) -> Creation:
    """Return what makes a code.

    `currency` is the shop's, for one that `needs_currency`; `price` what the dearest variant of
    `product_of` costs there, None if there is no such product.
    """
    if needs_currency(discount) and currency != discount.currency:
        raise Invalid(
            f"The amount is in {discount.currency}, but the shop's currency is {currency}: Shopify takes "
            "amounts in the shop's currency only."
        )
    sent = _common(discount)
    match discount.kind:
        case "percent":
            # The value is a JSON number there, a fraction of 1; the shortest text of a float is exact here.
            part = float(_positive(discount.value, "percentage") / 100)
            if part > 1:
                raise Invalid("The percentage is more than 100.")
            return _basic(sent, {"percentage": part}, _items(discount))
        case "fixed":
            amount = _positive(discount.value, "amount")
            return _basic(sent, _off(amount), _items(discount))
        case "free-delivery":
            return _free_shipping(sent)
        case "free-product":
            return _free_product(sent, discount, price)


def _items(discount: Discount) -> dict[str, Any]:
    """Return the goods that a percentage or amount is off."""
    if not discount.products:
        return {"all": True}
    if discount.minimum is not None:
        # "Applies only to selected products", says the form in the shop's admin.
        raise Invalid("Shopify would count the minimum on the products of the reward alone.")
    named = [global_id("Product", one) for one in sorted(set(discount.products), key=int)]
    return {"products": {"productsToAdd": named}}


def _common(discount: Discount) -> dict[str, Any]:
    if discount.customer is None:
        raise Invalid(
            "The member has no customer account in this shop, and a code can be tied to such an account only."
        )
    if not _CODE.fullmatch(discount.code):
        raise Invalid(
            "The code has other characters than letters, digits and hyphens, or too many."
        )
    sent: dict[str, Any] = {
        "title": texts.short(discount.title, _LONGEST_TITLE) or discount.code,
        "code": discount.code,
        "startsAt": _moment(discount.starts_at),
        "context": {"customers": {"add": [global_id("Customer", discount.customer)]}},
        "usageLimit": 1,
        "appliesOncePerCustomer": True,
        "combinesWith": {
            "orderDiscounts": discount.combinable,
            "productDiscounts": discount.combinable,
            "shippingDiscounts": discount.combinable,
        },
        "tags": [OURS, tag_of(discount.reference)],
    }
    if discount.ends_at is not None:
        sent["endsAt"] = _moment(discount.ends_at)
    if discount.minimum is not None:
        least = _plain(_positive(discount.minimum, "minimum"))
        sent["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": least}}
    return sent


def _basic(sent: dict[str, Any], value: dict[str, Any], items: dict[str, Any]) -> Creation:
    return Creation(
        field="discountCodeBasicCreate",
        argument="basicCodeDiscount",
        type="DiscountCodeBasicInput!",
        # No word of subscriptions: a shop that does not sell any refuses it.
        input=sent | {"customerGets": {"value": value, "items": items}},
    )


def _free_shipping(sent: dict[str, Any]) -> Creation:
    # Two free deliveries cannot be combined: the flag itself is refused.
    combines = {
        name: flag for name, flag in sent["combinesWith"].items() if name != "shippingDiscounts"
    }
    return Creation(
        field="discountCodeFreeShippingCreate",
        argument="freeShippingCodeDiscount",
        type="DiscountCodeFreeShippingInput!",
        input=sent | {"combinesWith": combines, "destination": {"all": True}},
    )


def _free_product(sent: dict[str, Any], discount: Discount, price: Decimal | None) -> Creation:
    """Take the price of one piece off the product, once in the order.

    Shopify has three ways, and only this one gives away one piece and asks for nothing else. Buy X get Y
    (`Bxgy`) wants something to be bought first, of named products or collections, never simply anything;
    where X is Y, two pieces must be in the cart. 100 % off one product gives all pieces in the cart away,
    and `discountOnQuantity`, which could say "one", is described for Bxgy only.
    """
    product = product_of(discount)
    if price is None:
        raise Invalid("The shop has no such product.")
    if price <= 0:
        raise Invalid("The product costs nothing already.")
    if discount.minimum is not None:
        # "Applies only to selected products", says the form in the shop's admin.
        raise Invalid("Shopify would count the minimum on the free product alone.")
    return _basic(sent, _off(price), {"products": {"productsToAdd": [product]}})


def _off(amount: Decimal) -> dict[str, Any]:
    # False: once in the order, divided over its items; true would take it off each of them.
    return {"discountAmount": {"amount": _plain(amount), "appliesOnEachItem": False}}


def _positive(value: Decimal | None, what: str) -> Decimal:
    if value is None or not value.is_finite() or value <= 0:
        raise Invalid(f"The {what} of the reward should be above 0.")
    return value


def _plain(amount: Decimal) -> str:
    return format(amount, "f")


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
