"""What a gift card of ours is to Shopify, and how it is known again.

Raises Invalid, in words for support, for what Shopify could never give as it is meant.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.errors import Invalid, Passing
from connectors import texts
from connectors.rewards import Credit
from connectors.shopify.code_inputs import tag_of
from connectors.shopify.credit_answers import ShopMoney
from connectors.shopify.gids import global_id
from connectors.shopify.values import places_of

_CODE = re.compile(r"[A-Za-z0-9]{8,20}", re.ASCII)
_LONGEST_TITLE = 200


def money(credit: Credit, shop: ShopMoney) -> dict[str, str]:
    """Return the amount as Shopify takes it: in the shop's currency only."""
    if credit.currency != shop.currency_code:
        raise Invalid(
            f"The amount is in {credit.currency}, but the shop's currency is {shop.currency_code}: money "
            "to pay with is given in the shop's currency only."
        )
    if not credit.value.is_finite() or credit.value <= 0:
        raise Invalid("The value of the reward should be above 0.")
    places = places_of(credit.currency)
    if (credit.value.scaleb(places) % 1) != 0:
        # The shop would round it, and what it has given would not be known again by its amount.
        raise Invalid(f"The value of the reward should have at most {places} decimals.")
    return {"amount": plain(credit.value), "currencyCode": credit.currency}


def card_input(credit: Credit, shop: ShopMoney) -> dict[str, Any]:
    """Return what makes a gift card, with our code and, in its note, our mark."""
    if not _CODE.fullmatch(credit.code or ""):
        raise Invalid("A gift card's code has 8 to 20 letters and digits.")
    sent: dict[str, Any] = {
        "code": credit.code,
        "initialAmount": money(credit, shop),
        # The customer never sees it. First our mark, then what a person in the shop can read.
        "note": f"{tag_of(credit.reference)} {texts.short(credit.title, _LONGEST_TITLE)}".strip(),
    }
    if credit.customer is not None:
        sent["customerId"] = global_id("Customer", credit.customer)
    if credit.ends_at is not None:
        sent["expiresOn"] = last_day(credit.ends_at, shop).isoformat()
    return sent


def is_marked(note: str | None, reference: str) -> bool:
    """Say whether a gift card's note says that it was made for `reference`."""
    return tag_of(reference) in (note or "").split()


def last_day(ends_at: datetime, shop: ShopMoney) -> date:
    """Return the day of the shop's own time zone on which a time ends: never sooner than promised."""
    try:
        return ends_at.astimezone(ZoneInfo(shop.iana_timezone)).date()
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Passing("The shop names a time zone that is none.") from error


def plain(amount: Decimal) -> str:
    """Return an amount as GraphQL takes it."""
    return format(amount, "f")
