"""What Shopify answers about discounts."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

# What is wrong with the input itself: the same input is refused for ever.
# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/DiscountErrorCode
FOR_EVER = frozenset(
    {
        "APPLIES_ON_NOTHING",
        "BLANK",
        "CONFLICT",
        "DISCOUNT_NOT_COMPATIBLE_WITH_CONDITION_TYPES",
        "DUPLICATE",
        "END_DATE_BEFORE_START_DATE",
        "EQUAL_TO",
        "EXCEEDED_MAX",
        "GREATER_THAN",
        "GREATER_THAN_OR_EQUAL_TO",
        "IMPLICIT_DUPLICATE",
        "INCLUSION",
        "INVALID",  # also a customer or a product that is not there
        "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS",
        "INVALID_DISCOUNT_CLASS_FOR_PRICE_RULE",
        "INVALID_TAG_LENGTH",
        "LESS_THAN",
        "LESS_THAN_OR_EQUAL_TO",
        "MINIMUM_SUBTOTAL_AND_QUANTITY_RANGE_BOTH_PRESENT",
        "MISSING_ARGUMENT",
        "PRESENT",
        "TOO_LONG",
        "TOO_MANY_ARGUMENTS",
        "TOO_MANY_TAGS",
        "TOO_SHORT",
        "VALUE_OUTSIDE_RANGE",
    }
)


class UserError(msgspec.Struct):
    """Why a mutation was refused. Its message is not read: it can hold what a person typed."""

    field: list[str] | None = None
    code: str | None = None


class Payload(msgspec.Struct, rename="camel"):
    """What any mutation of discounts answers."""

    user_errors: list[UserError]


class _Id(msgspec.Struct):
    id: str


class Created(Payload, rename="camel"):
    """What a mutation that makes one answers."""

    code_discount_node: _Id | None = None


class _State(msgspec.Struct, rename="camel"):
    """A discount; without tags one of a kind that we do not make."""

    tags: list[str] = []
    status: str = ""
    async_usage_count: int = 0
    usage_limit: int | None = None


class Node(msgspec.Struct, rename="camel"):
    """A discount with its id, as LookAtCodes asks for it."""

    id: str
    code_discount: _State

    @property
    def usable(self) -> bool:
        """Say whether somebody can use it, now or later."""
        left = (
            self.code_discount.usage_limit is None
            or self.code_discount.async_usage_count < self.code_discount.usage_limit
        )
        return left and self.code_discount.status in {"ACTIVE", "SCHEDULED"}


class _Money(msgspec.Struct):
    amount: Decimal


class _Range(msgspec.Struct, rename="camel"):
    max_variant_price: _Money


class Product(msgspec.Struct, rename="camel"):
    """A product, as product_prices.graphql asks for it."""

    id: str
    price_range_v2: _Range = msgspec.field(name="priceRangeV2")

    @property
    def dearest(self) -> Decimal:
        """Return what its dearest variant costs."""
        return self.price_range_v2.max_variant_price.amount


class Currency(msgspec.Struct, rename="camel"):
    """The shop, as shop_currency.graphql asks for it."""

    currency_code: str


def said(field: str, errors: Sequence[UserError]) -> str:
    """Return what was refused as codes and names of inputs; messages can hold what a person typed."""
    parts = [
        " ".join(filter(None, (error.code, ".".join((error.field or [])[1:])))) or "refused"
        for error in errors[:3]
    ]
    return f"{field}: {', '.join(parts) or 'no discount and no error'}"
