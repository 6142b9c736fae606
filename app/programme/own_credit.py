"""What of an order was paid with gift cards and credit that the programme itself gave.

A gift card is the programme's whoever pays with it. Store credit is one sum per person and shop, so
whose it was is a rule: events are gone through as they happened, the programme's is spent first, of it
what ends soonest, and what goes back to the credit is the programme's first. Of one moment, what is
given comes first, then what comes back, then what is spent. All of it is worked out anew from all of a
person's orders and credits, so the order in which they are told makes no difference.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

import msgspec

from app.programme.events import CreditBack, CreditUse, OrderFacts, Standing
from app.programme.shop_money import GIFT_CARD, STORE_CREDIT

_EVER = datetime.max.replace(tzinfo=UTC)
_NONE = Decimal(0)
_PAID = frozenset({Standing.PAID, Standing.COMPLETED})


class OwnCredit(msgspec.Struct, frozen=True, order=True):
    """From `at` on, an order is paid with so much more of the programme's credit, or less."""

    at: datetime
    amount: Decimal


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Store credit that a person was given as a reward."""

    store_id: int
    at: datetime
    ends_at: datetime | None = None
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


class _What(IntEnum):
    """What happens; of one moment in this sequence."""

    GIVEN = 0
    BACK = 1
    SPENT = 2


class _Part(NamedTuple):
    """Some of the programme's credit, in a purse or in an order."""

    ends_at: datetime
    amount: Decimal


class _Event(NamedTuple):
    """Something that happens to the credit of a person; they sort as they happened."""

    at: datetime
    what: _What
    age: int
    key: Key
    currency: str
    amount: Decimal
    ends_at: datetime = _EVER


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
    events = [
        _Event(
            one.at,
            _What.GIVEN,
            0,
            (one.store_id, ""),
            one.currency or "",
            one.amount,
            one.ends_at or _EVER,
        )
        for one in given
    ]
    for order in orders:
        events += _events_of(order)
    purses: defaultdict[tuple[int, str], list[_Part]] = defaultdict(list)
    ours: defaultdict[Key, list[_Part]] = defaultdict(list)
    found: defaultdict[Key, list[OwnCredit]] = defaultdict(list)
    for event in sorted(events):
        purse = purses[event.key[0], event.currency]
        purse[:] = sorted(part for part in purse if part.ends_at > event.at)
        match event.what:
            case _What.GIVEN:
                purse.append(_Part(event.ends_at, event.amount))
                continue
            case _What.BACK:
                moved = -_move(ours[event.key], purse, event.amount)
            case _What.SPENT:
                moved = _move(purse, ours[event.key], event.amount)
        found[event.key].append(OwnCredit(event.at, moved))
    return {key: joined(several) for key, several in found.items()}


def _events_of(paid: Paid) -> Iterator["_Event"]:
    key, currency = (paid.store_id, paid.key), paid.order.currency
    for use in paid.order.credits:
        if use.kind == STORE_CREDIT and use.amount:
            first, later = _use(use, paid.at)
            # Within one second the shop's numbers tell, which grow, and not what came first.
            age = len(paid.key)
            yield _Event(paid.at, _What.SPENT, age, key, currency, first)
            for one in later:
                yield _Event(_when(one, paid.at), _What.BACK, age, key, currency, one.amount)


def _move(source: list["_Part"], target: list["_Part"], amount: Decimal) -> Decimal:
    """Move up to an amount, of what ends soonest first; returns how much was there."""
    left = amount
    while left and source:
        part = source.pop(0)
        moved = min(part.amount, left)
        left -= moved
        target.append(_Part(part.ends_at, moved))
        if moved < part.amount:
            source.insert(0, _Part(part.ends_at, part.amount - moved))
    return amount - left


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
