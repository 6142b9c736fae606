"""Gives gift cards, looks at them and deactivates them.

Shopify has no idempotency key for gift cards: a code that is TAKEN is looked up, and its card known as
ours by the mark in its note. The code is ours, so it does not matter that Shopify shows it only once.
"""

import logging
from collections.abc import Sequence
from typing import Any

from app.errors import Invalid, Passing
from connectors.rewards import CodeShown, Credit, Made
from connectors.shopify.client import WRITE_SECONDS, Session, shaped
from connectors.shopify.credit_answers import (
    CARD_REFUSALS,
    CardCreated,
    CardDeactivated,
    CardFound,
    GiftCard,
    ShopMoney,
    refusal,
)
from connectors.shopify.credit_inputs import card_input, is_marked
from connectors.shopify.documents import document
from connectors.shopify.gids import global_id
from connectors.shopify.values import gid

log = logging.getLogger("stempel.shopify")

_NODE = "GiftCard"
_TAKEN = "TAKEN"
_POINTS = 10.0


def give(session: Session, wanted: Credit, shop: ShopMoney) -> Made:
    """Make one gift card; one that is there with our mark counts as made."""
    try:
        sent = card_input(wanted, shop)
    except Invalid as error:
        return Made(reference=wanted.reference, error=str(error), never=True)
    payload = shaped(
        _run(session, "gift_card_create", {"input": sent}).get("giftCardCreate"), CardCreated
    )
    if payload.gift_card is not None:
        return Made(reference=wanted.reference, id=_number(payload.gift_card.id))
    if _TAKEN in {error.code for error in payload.user_errors}:
        return _taken(session, wanted)
    why = refusal("giftCardCreate", payload.user_errors, CARD_REFUSALS)
    return Made(reference=wanted.reference, error=why.reason, never=why.never)


def look(session: Session, given: Sequence[Credit]) -> list[CodeShown]:
    """Say how gift cards are now."""
    return [_shown(one, card) for one, card in zip(given, _found(session, given), strict=True)]


def end(session: Session, given: Sequence[Credit]) -> list[CodeShown]:
    """Deactivate what is whole, for good; a card that was spent from is left as it is."""
    found = _found(session, given)
    return [_end(session, one, card) for one, card in zip(given, found, strict=True)]


def _end(session: Session, one: Credit, card: GiftCard | None) -> CodeShown:
    if card is None or not (card.whole and card.enabled):
        return _shown(one, card)
    payload = shaped(
        _run(session, "gift_card_deactivate", {"id": card.id}).get("giftCardDeactivate"),
        CardDeactivated,
    )
    if payload.gift_card is None:
        why = refusal("giftCardDeactivate", payload.user_errors, {})
        return CodeShown(reference=one.reference, id=_number(card.id), error=why.reason)
    if not payload.gift_card.whole:
        log.warning("gift card %s was spent from while it was ended", _number(card.id))
    return _shown(one, payload.gift_card)


def _taken(session: Session, wanted: Credit) -> Made:
    """Say whose the card is that has this code already."""
    cards = _search(session, wanted)
    ours = next((card for card in cards if is_marked(card.note, wanted.reference)), None)
    if ours is not None:
        return Made(reference=wanted.reference, id=_number(ours.id))
    if cards and wanted.tried_at is None:
        return Made(reference=wanted.reference, error="the code is taken", taken=True)
    # One that we may have made ourselves: a second one would be given twice.
    error = (
        "the shop has a gift card with this code, without our mark in its note"
        if cards
        else "the shop has a gift card with this code and does not show it"
    )
    return Made(reference=wanted.reference, error=error)


def _found(session: Session, given: Sequence[Credit]) -> list[GiftCard | None]:
    """Return the card of each: the one we know, else the one with its code and our mark."""
    known = [global_id(_NODE, one.id) for one in given if one.id is not None]
    nodes: list[Any] = []
    if known:
        data = session.ask("gift_cards", {"ids": known})
        nodes = shaped(data.get("nodes"), list[GiftCard | None])
        if len(nodes) != len(known) or any(
            node is not None and node.id != asked for node, asked in zip(nodes, known, strict=True)
        ):
            raise Passing("The shop's answer speaks of other gift cards than were asked for.")
    by_id = dict(zip(known, nodes, strict=True))
    found: list[GiftCard | None] = []
    for one in given:
        if one.id is not None:
            found.append(by_id[global_id(_NODE, one.id)])
        else:
            cards = _search(session, one)
            found.append(next((it for it in cards if is_marked(it.note, one.reference)), None))
    return found


def _search(session: Session, one: Credit) -> list[GiftCard]:
    """Return the cards that a search for the code finds and that may have it."""
    code = one.code or ""
    data = session.ask("gift_card_search", {"code": code})
    cards = shaped(data.get("giftCards"), CardFound).nodes
    return [card for card in cards if card.last_characters.lower() == code[-4:].lower()]


def _shown(one: Credit, card: GiftCard | None) -> CodeShown:
    if card is None:
        return CodeShown(reference=one.reference, id=one.id, uses=0)
    return CodeShown(
        reference=one.reference,
        id=_number(card.id),
        exists=True,
        usable=card.usable,
        uses=0 if card.whole else 1,
    )


def _run(session: Session, name: str, variables: dict[str, Any]) -> dict[str, Any]:
    return session.run(document(name), variables, points=_POINTS, seconds=WRITE_SECONDS)


def _number(known: str) -> str:
    return gid(known, _NODE, "id of the gift card")
