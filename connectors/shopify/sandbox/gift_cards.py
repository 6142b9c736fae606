"""The gift cards of a shop: made, paid with, filled up again by refunds, deactivated for good.

A code in another case is the same code. A card can be used up to the end of the day on which it expires,
by the shop's clocks; Shopify does not say at which hour it ends.
"""

from datetime import date
from decimal import Decimal

from connectors.shopify.sandbox.given import GiftCard
from connectors.shopify.sandbox.money import ZERO
from connectors.shopify.sandbox.state import Row, SandboxError, State, gid


def by_code(shop: State, code: str) -> GiftCard | None:
    """Return the card with this code, deactivated or not: its code is never free again."""
    cards = shop.tables.gift_cards.values()
    return next((one for one in cards if one.code.lower() == code.lower()), None)


def add(
    shop: State,
    code: str,
    value: Decimal,
    *,
    customer: int | None = None,
    note: str | None = None,
    expires_on: date | None = None,
) -> GiftCard:
    """Keep a new card; its code must be free."""
    if by_code(shop, code) is not None:
        raise SandboxError("The code of a gift card is taken.")
    made = GiftCard(
        id=shop.next_id("gift card"),
        code=code,
        value=value,
        balance=value,
        created_at=shop.now(),
        customer=customer,
        note=note,
        expires_on=expires_on,
    )
    shop.tables.gift_cards[made.id] = made
    return made


def deactivate(shop: State, card: GiftCard) -> None:
    """Deactivate a card; there is no way back, and no second time."""
    if card.enabled:
        card.deactivated_at = shop.now()


def pay(shop: State, code: str, order_id: int, outstanding: Decimal) -> tuple[Decimal, Row]:
    """Pay an order with what is on a card; returns how much that was, and the receipt."""
    card = by_code(shop, code)
    if card is None:
        raise SandboxError("There is no gift card with this code.")
    if not card.enabled:
        raise SandboxError("The gift card is not active.")
    today = shop.now().astimezone(shop.settings.zone).date()
    if card.expires_on is not None and card.expires_on < today:
        raise SandboxError("The gift card has expired.")
    amount = min(card.balance, outstanding)
    if amount <= ZERO:
        raise SandboxError("There is nothing on the gift card, or nothing to pay.")
    card.balance -= amount
    card.paid.append((order_id, amount))
    return amount, _receipt(card)


def take_back(shop: State, code: str, order_id: int, amount: Decimal) -> Row:
    """Put money that an order was paid with back on a card; returns the receipt."""
    card = by_code(shop, code)
    paid = sum((part for order, part in card.paid if order == order_id), ZERO) if card else ZERO
    if card is None or amount > paid:
        raise SandboxError("The gift card did not pay so much of the order.")
    card.balance += amount
    card.paid.append((order_id, -amount))
    return _receipt(card)


def _receipt(card: GiftCard) -> Row:
    return {"gift_card_id": card.id, "gift_card_last_characters": card.code[-4:].lower()}


def revert(shop: State, order_id: int) -> None:
    """Give back what a cancelled order was paid with."""
    for card in shop.tables.gift_cards.values():
        card.balance += sum((amount for order, amount in card.paid if order == order_id), ZERO)
        card.paid = [one for one in card.paid if one[0] != order_id]


def hand_over(shop: State, kept: int, gone: int) -> None:
    """Give the cards of one of two merged customers to the other."""
    for one in shop.tables.gift_cards.values():
        if one.customer == gone:
            one.customer = kept


def told(card: GiftCard) -> Row:
    """Describe a card for whoever counts, with its code."""
    return {
        "id": card.id,
        "admin_graphql_api_id": gid("GiftCard", card.id),
        "code": card.code,
        "value": str(card.value),
        "balance": str(card.balance),
        "customer": card.customer,
        "note": card.note,
        "expires_on": None if card.expires_on is None else card.expires_on.isoformat(),
        "enabled": card.enabled,
        "orders": [order for order, _ in card.paid],
    }
