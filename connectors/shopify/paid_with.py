"""What an order was paid with besides money: gift cards and store credit.

Webhooks name the ways of paying only; how much was paid in which way, a read tells from the order's
transactions. Which card it was stands in the receipt that Shopify keeps for it, a JSON text.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import msgspec

from app.programme.events import CreditBack, CreditUse
from app.programme.shop_money import GIFT_CARD, STORE_CREDIT, MoneyKind
from connectors.shopify import values
from connectors.shopify.graphql_payloads import Transaction

# The gateways that are no money, as payment_gateway_names and the transactions name them.
_KINDS: Mapping[str, MoneyKind] = {
    "gift_card": GIFT_CARD,
    "shopify_store_credit": STORE_CREDIT,
}
_PAYS = frozenset({"SALE", "CAPTURE"})
_LAST = re.compile(r"[a-z0-9]{1,20}\Z")


class _Receipt(msgspec.Struct):
    """What Shopify keeps of a payment by gift card."""

    gift_card_id: int | str | None = None
    gift_card_last_characters: str | None = None


class _Card(NamedTuple):
    """A gift card by its number and its last characters, as far as they are known."""

    number: str = ""
    last: str = ""


_NO_CARD = _Card()


def names_credit(gateways: Iterable[str | None]) -> bool:
    """Say whether any of these ways of paying is a gift card or store credit."""
    return any(_kind_of(name) for name in gateways)


def named_credits(gateways: Iterable[str | None]) -> tuple[CreditUse, ...]:
    """Return what a body that names the ways of paying tells: how much it was is not known."""
    kinds = {kind for name in gateways if (kind := _kind_of(name))}
    return tuple(CreditUse(kind=kind) for kind in sorted(kinds))


def read_credits(
    gateways: Iterable[str | None], transactions: Sequence[Transaction], currency: str
) -> tuple[CreditUse, ...]:
    """Return how much was paid by which gift card and with store credit, and what went back to them.

    `currency` is the shop's: store credit in another one is not compared with any, and left out.
    """
    done = [one for one in transactions if one.status == "SUCCESS"]
    cards = {one.id: _card(one) for one in done}
    paid: defaultdict[tuple[MoneyKind, _Card], Fraction] = defaultdict(Fraction)
    back: defaultdict[tuple[MoneyKind, _Card], list[CreditBack]] = defaultdict(list)
    for one in done:
        kind = _kind_of(one.gateway)
        if kind is None or (kind == STORE_CREDIT and _seen_in(one, currency) != currency):
            continue
        card = _NO_CARD
        if kind == GIFT_CARD:
            parent = "" if one.parent_transaction is None else one.parent_transaction.id
            card = cards[one.id] if cards[one.id] != _NO_CARD else cards.get(parent, _NO_CARD)
        amount = abs(values.amount(one.amount_set.shop_money.amount, "transactions.amountSet"))
        if one.kind in _PAYS:
            paid[kind, card] += Fraction(amount)
        elif one.kind == "REFUND" and amount:
            at = values.moment(one.processed_at or one.created_at, "transactions.processedAt")
            written = values.written(Fraction(amount), currency)
            back[kind, card].append(CreditBack(amount=written, at=at))
    found = [
        CreditUse(
            kind=kind,
            card=card.number,
            last=card.last,
            amount=values.written(amount, currency),
            back=tuple(sorted(back[kind, card], key=lambda one: (str(one.at), one.amount))),
        )
        for (kind, card), amount in sorted(paid.items())
        if amount
    ]
    # What is named and was paid nothing with is known as well.
    without = {use.kind for use in named_credits(gateways)} - {use.kind for use in found}
    found += [CreditUse(kind=kind, amount=Decimal(0)) for kind in without]
    return tuple(sorted(found, key=lambda use: (use.kind, use.card, use.last)))


def _kind_of(gateway: str | None) -> MoneyKind | None:
    return _KINDS.get((gateway or "").strip().casefold().replace(" ", "_"))


def _seen_in(one: Transaction, currency: str) -> str:
    """Return the currency that the buyer paid in."""
    seen = one.amount_set.presentment_money
    return currency if seen is None else seen.currency_code


def _card(one: Transaction) -> _Card:
    text = bytes(one.receipt_json)
    try:
        if text.startswith(b'"'):
            text = msgspec.json.decode(text, type=str).encode()
        receipt = msgspec.json.decode(text, type=_Receipt | None)
    except msgspec.DecodeError:  # of other gateways anything may stand there
        return _NO_CARD
    if receipt is None:
        return _NO_CARD
    number = str(receipt.gift_card_id or "")
    last = (receipt.gift_card_last_characters or "").lower()
    return _Card(
        number if number.isascii() and number.isdigit() else "", last if _LAST.match(last) else ""
    )
