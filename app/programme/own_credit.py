"""What of an order was paid with gift cards and credit that the programme itself gave.

A gift card is the programme's whoever pays with it. Store credit is one sum per person and shop, so
whose it was is a rule: events are gone through as they happened, the programme's is spent first, and
what goes back to the credit is the programme's first. Of one moment, what is given comes first, then
what comes back, then what is spent. All of it is worked out anew from all of a person's orders and
credits, so the order in which they are told makes no difference.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from app.programme.events import CreditBack, CreditUse, OrderFacts, Standing

GIFT_CARD: Final = "gift-card"
STORE_CREDIT: Final = "store-credit"

CREDIT_KINDS = frozenset({GIFT_CARD, STORE_CREDIT})
"""The kinds of rewards that orders are paid with."""

_NONE = Decimal(0)
_PAID = frozenset({Standing.PAID, Standing.COMPLETED})
_GIVEN, _BACK, _SPENT = range(3)


class OwnCredit(msgspec.Struct, frozen=True, order=True):
    """From `at` on, an order is paid with so much more of the programme's credit, or less."""

    at: datetime
    amount: Decimal


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Store credit that a person was given as a reward."""

    store_id: int
    at: datetime
    currency: str | None
    amount: Decimal


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """An order of that person, as far as paying for it goes. `key` is the shop's own, no two are equal."""

    store_id: int
    key: str
    at: datetime  # placed
    order: OrderFacts


Key = tuple[int, str]
"""Of an order: its shop, and its key there."""


def with_cards(
    order: OrderFacts, placed_at: datetime, is_own: Callable[[CreditUse], bool]
) -> tuple[OwnCredit, ...]:
    """Return what an order was paid with of the programme's gift cards."""
    found: list[OwnCredit] = []
    for use in order.credits:
        if use.kind == GIFT_CARD and use.amount and is_own(use):
            first, later = _use(use, placed_at)
            changes = [OwnCredit(placed_at, first)]
            for one in later:
                back = min(one.amount, first)
                first -= back
                changes.append(OwnCredit(_when(one, placed_at), -back))
            found += changes
    return joined(found)


def with_store_credit(
    given: Iterable[Given], orders: Iterable[Paid]
) -> Mapping[Key, tuple[OwnCredit, ...]]:
    """Return what each order of a person was paid with of the programme's store credit."""
    events: list[tuple[datetime, int, int, Key, str, Decimal]] = [
        (one.at, _GIVEN, 0, (one.store_id, ""), one.currency or "", one.amount) for one in given
    ]
    for paid in orders:
        key, currency = (paid.store_id, paid.key), paid.order.currency
        for use in paid.order.credits:
            if use.kind != STORE_CREDIT or not use.amount:
                continue
            first, later = _use(use, paid.at)
            # Within one second the shop's numbers tell, which grow, and not what came first.
            age = len(paid.key)
            events.append((paid.at, _SPENT, age, key, currency, first))
            events += [
                (_when(one, paid.at), _BACK, age, key, currency, one.amount) for one in later
            ]
    pool: defaultdict[tuple[int, str], Decimal] = defaultdict(Decimal)
    ours: defaultdict[Key, Decimal] = defaultdict(Decimal)
    found: defaultdict[Key, list[OwnCredit]] = defaultdict(list)
    for at, what, _, key, currency, amount in sorted(events):
        purse = (key[0], currency)
        if what == _GIVEN:
            pool[purse] += amount
            continue
        moved = min(amount, pool[purse]) if what == _SPENT else -min(amount, ours[key])
        pool[purse] -= moved
        ours[key] += moved
        found[key].append(OwnCredit(at, moved))
    return {key: joined(several) for key, several in found.items()}


def joined(several: Iterable[OwnCredit]) -> tuple[OwnCredit, ...]:
    """Return changes of one order, the earliest first, one for each moment that changes anything."""
    sums: defaultdict[datetime, Decimal] = defaultdict(Decimal)
    for one in several:
        sums[one.at] += one.amount
    return tuple(OwnCredit(at, sums[at]) for at in sorted(sums) if sums[at])


def unread_kinds(order: OrderFacts) -> frozenset[str]:
    """Return the ways that a paid order was paid in of which nobody has read how much."""
    if not order.credits or order.standing not in _PAID:
        return frozenset()
    return frozenset(use.kind for use in order.credits if use.amount is None)


def with_known_credits(known: OrderFacts, order: OrderFacts) -> OrderFacts:
    """Fill in how much was paid in which way, as an earlier read of the same order told."""
    asked = {use.kind for use in order.credits if use.amount is None}
    told = {use.kind for use in known.credits if use.amount is not None}
    if not asked or not asked <= told:
        return order
    return msgspec.structs.replace(order, credits=known.credits)


def paid_alike(known: OrderFacts, order: OrderFacts) -> bool:
    """Say whether nothing has happened to an order that changes what it was paid with."""
    return (
        known.standing in _PAID
        and order.standing in _PAID
        and known.total == order.total
        and _money_back(known) == _money_back(order)
    )


def _money_back(order: OrderFacts) -> dict[str, Decimal]:
    return {refund.id: refund.amount for refund in order.refunds}


def _use(use: CreditUse, placed_at: datetime) -> tuple[Decimal, list[CreditBack]]:
    """Return what was paid when the order was placed, and what came back later."""
    first, later = use.amount or _NONE, []
    for one in use.back:
        if _when(one, placed_at) == placed_at:
            first -= min(one.amount, first)
        else:
            later.append(one)
    return first, sorted(later, key=lambda one: (_when(one, placed_at), one.amount))


def _when(back: CreditBack, placed_at: datetime) -> datetime:
    return placed_at if back.at is None else max(back.at, placed_at)
