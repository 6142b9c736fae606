"""What Shopify answers about gift cards and store credit."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from connectors.shopify.code_answers import UserError, said


class ShopMoney(msgspec.Struct, rename="camel"):
    """The shop, as shop_money.graphql asks for it."""

    currency_code: str
    iana_timezone: str


class Amount(msgspec.Struct, rename="camel"):
    """An amount with its currency."""

    amount: Decimal
    currency_code: str


class GiftCard(msgspec.Struct, rename="camel"):
    """A gift card, as the fragment asks for it."""

    id: str
    last_characters: str
    enabled: bool
    balance: Amount
    initial_value: Amount
    note: str | None = None

    @property
    def whole(self) -> bool:
        """Say whether nothing of it was spent, and nothing added by hand."""
        return self.balance.amount == self.initial_value.amount

    @property
    def usable(self) -> bool:
        """Say whether somebody can pay with it; its own end is left to us."""
        return self.enabled and self.balance.amount > 0


class CardFound(msgspec.Struct):
    """A list of gift cards."""

    nodes: list[GiftCard]


class _Id(msgspec.Struct):
    id: str


class CardCreated(msgspec.Struct, rename="camel"):
    """What giftCardCreate answers."""

    user_errors: list[UserError]
    gift_card: _Id | None = None


class CardDeactivated(msgspec.Struct, rename="camel"):
    """What giftCardDeactivate answers."""

    user_errors: list[UserError]
    gift_card: GiftCard | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why money was not given; `never`: the same will be refused for ever."""

    reason: str
    never: bool


NOBODY = "The shop does not know this customer (any more)."

# https://shopify.dev/docs/api/admin-graphql/2026-10/enums/GiftCardErrorCode
CARD_REFUSALS: Mapping[str, Refusal] = {
    "CUSTOMER_NOT_FOUND": Refusal(NOBODY, never=True),
    "RECIPIENT_NOT_FOUND": Refusal(NOBODY, never=True),
    "GIFT_CARD_LIMIT_EXCEEDED": Refusal(
        "The value is more than one gift card may have in the shop.", never=True
    ),
    "GREATER_THAN": Refusal("The value should be above 0.", never=True),
    "INTERNAL_ERROR": Refusal("The shop has trouble with gift cards.", never=False),
    "INVALID": Refusal("The shop finds something wrong with the gift card.", never=True),
    "MISSING_ARGUMENT": Refusal("The shop misses something of the gift card.", never=True),
    "TOO_LONG": Refusal("The shop finds something of the gift card too long.", never=True),
    "TOO_SHORT": Refusal("The shop finds something of the gift card too short.", never=True),
}


def refusal(
    field: str, errors: Sequence[UserError], known: Mapping[str, Refusal], *, unknown: bool = False
) -> Refusal:
    """Return why a mutation refused; a code that is not `known` may be about this moment only."""
    for error in errors:
        found = known.get(error.code or "")
        if found is not None:
            return Refusal(f"{found.reason} ({said(field, errors)})", found.never)
    return Refusal(said(field, errors), unknown)
