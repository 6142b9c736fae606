"""How often a reward was given that costs no points, by what has become of its redemptions: pure.

A redemption and those that replaced it (its order was refunded) are one giving.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from app.programme.events import RedemptionState
from app.programme.redemption import LIVE

REST = timedelta(days=30)
"""How long nobody gets another code for one that the shop did not make, or had no more."""

Gift = tuple[str, str]
"""A rule, and the reward that it gives."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One redemption of a gift. `first` is the one that it stands in for, or itself."""

    id: int
    first: int
    gift: Gift
    state: str
    ended: bool  # or to be ended
    undone: bool  # ended because it was not earned: it counts as never given
    kept: bool  # ended by its own time or by hand: it was given all the same
    uses: int
    dead_at: datetime | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a person was given of one gift."""

    over: int  # used, or gone
    live: tuple[int, ...]  # redemptions that can still be used, oldest first
    rests_until: datetime | None  # one was lost in the shop: then it may be given again


def held(several: Iterable[Given], now: datetime) -> dict[Gift, Held]:
    """Sum up what a person was given, gift by gift."""
    lines: dict[tuple[Gift, int], list[Given]] = defaultdict(list)
    for one in sorted(several, key=lambda one: one.id):
        lines[one.gift, one.first].append(one)
    over: dict[Gift, int] = defaultdict(int)
    live: dict[Gift, list[int]] = defaultdict(list)
    rests: dict[Gift, datetime] = {}
    for (gift, _), line in lines.items():
        usable = [one.id for one in line if one.state in LIVE and not one.ended]
        last = line[-1]
        if any(one.state == RedemptionState.USED for one in line):
            over[gift] += 1
        elif usable:
            live[gift] += usable[-1:]
        elif not last.undone:
            until = _rests_until(last)
            if last.kept or last.dead_at is None or (until is not None and until > now):
                over[gift] += 1
            if until is not None and until > now:
                rests[gift] = min(until, rests.get(gift, until))
    gifts = {gift for gift, _ in lines}
    return {
        gift: Held(over=over[gift], live=tuple(sorted(live[gift])), rests_until=rests.get(gift))
        for gift in gifts
    }


def _rests_until(one: Given) -> datetime | None:
    """Return until when a code that was lost in the shop is as good as given.

    One that was used, for an order that does not count any more, is not given.
    """
    if one.kept or one.dead_at is None or one.uses:
        return None
    return one.dead_at + REST


def due(entitled: int, given: Held) -> tuple[int, tuple[int, ...]]:
    """Return how many more are to be given, and which redemptions are to be ended."""
    missing = entitled - given.over - len(given.live)
    if missing >= 0:
        return missing, ()
    return 0, given.live[missing:]  # the newest
