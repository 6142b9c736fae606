"""Punch cards: each n-th piece of what a card is for fills it, and the next piece begins another one.

A card is worked out anew from all orders of a person, as they were placed. Each order punches the cards
of its own version, with the pieces that are left of it; orders of versions without the card punch
nothing. A returned piece takes its punch with it, so what filled a card may fill it no more.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from app.programme.basis import basis_of
from app.programme.cap_sums import MOST_NAMED
from app.programme.caps import ITEM_COUNT
from app.programme.counting import pieces_counted
from app.programme.document import Programme
from app.programme.explanation import Reason
from app.programme.goods import with_goods
from app.programme.order_windows import CARD, OrderItem, as_placed, counts
from app.programme.rule import Rule
from app.programme.rules import Award
from app.programme.windows import WindowKey, window_award, with_gifts

MOST_FILLED = 1000
"""Cards that one order can fill. Shops count grams as pieces, and let anybody ask for any number of them."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """How far a person's card is: `punched` of `every` pieces; `full` cards were filled before."""

    rule: str
    punched: int
    every: int
    full: int


@dataclass
class _Punched:
    """What was punched so far."""

    pieces: int = 0
    full: int = 0
    orders: list[int] = field(default_factory=list)  # that punched the card in hand


def has_cards(programme: Programme) -> bool:
    """Say whether pieces are counted."""
    return any(rule.on == ITEM_COUNT for rule in programme.rules)


def evaluate_cards(items: Iterable[OrderItem]) -> list[tuple[WindowKey, Award]]:
    """Return every card that a person has filled. `items` are all their orders."""
    return _punch(items)[1]


def card_states(items: Iterable[OrderItem], programme: Programme) -> tuple[Card, ...]:
    """Return how far a person's cards are, those of this version, however little was punched."""
    punched = _punch(items)[0]
    states = []
    for rule in programme.rules:
        if rule.on == ITEM_COUNT and rule.every is not None:
            one = punched.get(rule.key, _Punched())
            # A card that became shorter is full with the next piece.
            have = min(one.pieces, rule.every - 1)
            states.append(Card(rule=rule.key, punched=have, every=rule.every, full=one.full))
    return tuple(states)


def _punch(
    items: Iterable[OrderItem],
) -> tuple[dict[str, _Punched], list[tuple[WindowKey, Award]]]:
    punched: dict[str, _Punched] = {}
    filled: list[tuple[WindowKey, Award]] = []
    with_cards = (item for item in items if has_cards(item.programme))
    for item in as_placed(with_cards):
        if item.facts is None or not counts(item):
            continue
        order = with_goods(item.facts, item.context.products)
        basis = basis_of(order, item.programme.basis, item.context.own_credit)
        for rule in item.programme.rules:
            pieces = pieces_counted(rule, basis, item.store) if rule.on == ITEM_COUNT else 0
            if pieces and rule.every is not None:
                one = punched.setdefault(rule.key, _Punched())
                one.pieces += min(pieces, MOST_FILLED * rule.every)
                one.orders.append(item.object_id)
                while one.pieces >= rule.every:
                    one.pieces -= rule.every
                    one.full += 1
                    filled.append(_filled(rule, rule.every, item, one))
                    one.orders = [item.object_id] if one.pieces else []
    return punched, filled


def _filled(rule: Rule, every: int, item: OrderItem, one: _Punched) -> tuple[WindowKey, Award]:
    # The order that filled it first: it decides from when on points live.
    objects = tuple(reversed(one.orders[-MOST_NAMED:]))
    award = window_award(
        rule.key, item.version, Reason.EARNED, rule.points, goal=every, objects=objects
    )
    return WindowKey(rule.key, f"{CARD}:{one.full}"), with_gifts(award, rule)
