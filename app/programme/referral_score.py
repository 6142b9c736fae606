"""How much speaks for a referral that one person made up: signals, and their sum.

Nobody is refused by a sum: from `HELD_FROM` on a person looks at it first (PRODUCT.md, Referral score).
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

HELD_FROM = 60

SIGNAL_DAYS = 14
"""How long after the friend's first order things still speak for or against it."""

CROWD = 5
"""More friends than that, in `CROWD_DAYS` from one block of addresses, are a signal."""

CROWD_DAYS = 7


class Signal(StrEnum):
    """Something that speaks for one person behind both accounts."""

    SAME_EMAIL = "same-email"  # after folding case, dots and +tags
    SAME_PHONE = "same-phone"
    SAME_ADDRESS = "same-address"
    SAME_ACCOUNT = "same-account"  # one e-mail has an account in two shops of the programme
    LOOP = "loop"  # A brought B, who brought A
    CROWD = "crowd"
    REFUNDED = "refunded"  # the friend's first order, within `SIGNAL_DAYS`
    THROWAWAY = "throwaway"  # a mailbox that anybody gets for ten minutes


_WEIGHTS: tuple[tuple[frozenset[Signal], int], ...] = (
    (frozenset({Signal.SAME_EMAIL}), 60),
    # One signal: a household has one address, and often one telephone.
    (frozenset({Signal.SAME_PHONE, Signal.SAME_ADDRESS}), 50),
    (frozenset({Signal.SAME_ACCOUNT}), 60),
    (frozenset({Signal.LOOP}), 60),
    (frozenset({Signal.CROWD}), 30),
    (frozenset({Signal.REFUNDED}), 40),
    (frozenset({Signal.THROWAWAY}), 20),
)


class TraitKind(StrEnum):
    """What of a person is compared, each as a keyed hash."""

    EMAIL = "email"  # folded as `traits.mailbox` does
    ACCOUNT = "account"  # the e-mail of an account in a shop, as it is
    PHONE = "phone"
    ADDRESS = "address"
    BLOCK = "block"  # of the internet address that an order came from
    THROWAWAY = "throwaway"  # there is one; the hash says nothing


class Trait(msgspec.Struct, frozen=True, order=True):
    """One trait of a person and when the shop first saw it."""

    kind: TraitKind
    hash: bytes
    seen_at: datetime


_SHARED = (
    (TraitKind.EMAIL, Signal.SAME_EMAIL),
    (TraitKind.PHONE, Signal.SAME_PHONE),
    (TraitKind.ADDRESS, Signal.SAME_ADDRESS),
    (TraitKind.ACCOUNT, Signal.SAME_ACCOUNT),
)


def score(signals: Collection[Signal]) -> int:
    """Return the sum of signals; each speaks once."""
    return sum(weight for group, weight in _WEIGHTS if group & set(signals))


def weight_of(signal: Signal) -> int:
    """Return what a signal adds to the score by itself."""
    return next(weight for group, weight in _WEIGHTS if signal in group)


def is_held(signals: Collection[Signal]) -> bool:
    """Say whether a person must look at a referral with these signals."""
    return score(signals) >= HELD_FROM


def signals_of(
    friend: Iterable[Trait],
    referrer: Iterable[Trait],
    *,
    until: datetime,
    loop: bool = False,
    neighbours: int = 0,
    refunded: bool = False,
) -> tuple[Signal, ...]:
    """Return what speaks against a referral, in the sequence of `Signal`.

    What was seen after `until` (see `judged_until`) says nothing of the day they met. `neighbours` is
    how many friends of the same person came from one block with this one, itself included, in the
    `CROWD_DAYS` before; `refunded` that its first order was, soon.
    """
    theirs = {(one.kind, one.hash) for one in friend if one.seen_at <= until}
    both = theirs & {(one.kind, one.hash) for one in referrer if one.seen_at <= until}
    shared = {kind for kind, _ in both}
    found = {signal for kind, signal in _SHARED if kind in shared}
    if any(kind is TraitKind.THROWAWAY for kind, _ in theirs):
        found.add(Signal.THROWAWAY)
    for signal, given in (
        (Signal.LOOP, loop),
        (Signal.CROWD, neighbours > CROWD),
        (Signal.REFUNDED, refunded),
    ):
        if given:
            found.add(signal)
    return tuple(signal for signal in Signal if signal in found)


def judged_until(placed_at: datetime, return_days: int) -> datetime:
    """Return up to when traits are compared: through the return time, two weeks at least."""
    span = timedelta(days=max(return_days, SIGNAL_DAYS))
    latest = datetime.max.replace(tzinfo=placed_at.tzinfo)
    return placed_at + span if latest - placed_at > span else latest
