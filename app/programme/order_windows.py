"""What several orders of a person are worth together: caps over a time, and milestones.

Both are worked out anew from the person's orders whenever one of them changes, so neither the order
in which they are told nor a refund in between matters. Each order speaks under its own version:

- A cap goes through the orders of its window as they were placed; an order is given what the cap of
  its version leaves after the earlier ones. What is beyond is the cap's award, below 0. An order
  of a version without that cap takes no part: it keeps what it earned. The caps of shorter times go
  first, and what one takes off does not count for the next: nothing is taken off twice. So a
  change of an order matters to its own day, month, year and lifetime, whatever has caps there.
- A milestone belongs to the order that is the n-th that counts, under that order's version. Earlier
  orders count whatever their versions say. If one stops counting, the next one takes its place.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from app.programme.basis import Basis, basis_of
from app.programme.cap_sums import PERIODS, Sums, by_length, period_key
from app.programme.caps import ORDER_COUNT, Cap, Period
from app.programme.document import Programme
from app.programme.events import OrderFacts
from app.programme.explanation import Reason
from app.programme.local_time import local_day
from app.programme.rule import Rule
from app.programme.rules import Award, Context, before_start, points_of, standing_reason
from app.programme.windows import WindowKey, window_award, with_gifts

MILESTONE = "orders"
CARD = "items"
CHALLENGE = "challenge"
TIER_GIFT = "tier"
MEMBERSHIP = "membership"
_LIFETIME = "lifetime"
_CAPS = frozenset({"day", "month", "year", _LIFETIME})
_KINDS = _CAPS | {MILESTONE, CARD, CHALLENGE, TIER_GIFT, MEMBERSHIP}

# How far apart two orders of one window may be, whatever the time zones of their versions.
_REACH: dict[Period, timedelta] = {
    "day": timedelta(days=3),
    "month": timedelta(days=34),
    "year": timedelta(days=369),
}

_ENDS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))

Span = tuple[datetime, datetime]
"""From and to, both included."""


class OrderItem(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its windows see it, with the version and context that judge it for ever."""

    object_id: int
    occurred_at: datetime
    earned_at: datetime | None = None
    programme: Programme
    version: int
    context: Context = Context()
    facts: OrderFacts | None
    store: str | None = None  # its key, as `evaluate` takes it
    shown: Mapping[str, datetime] = {}  # when a body first showed what the shop does not date


def is_order_window(key: str) -> bool:
    """Say whether a window key is one of those made of several orders: here, of cards and challenges."""
    return key.partition(":")[0] in _KINDS


def is_cap_window(key: str) -> bool:
    """Say whether a window key is that of a cap."""
    return key.partition(":")[0] in _CAPS


def has_milestones(programme: Programme) -> bool:
    """Say whether orders are counted."""
    return any(rule.on == ORDER_COUNT for rule in programme.rules)


def order_caps(programme: Programme) -> list[Cap]:
    """Return the caps on what orders give, those of shorter times first."""
    return by_length([cap for cap in programme.caps if cap.of == "orders"])


def longest_cap(programmes: Iterable[Programme]) -> Period | None:
    """Return the longest time that any of these versions has a cap for."""
    periods = {cap.per for programme in programmes for cap in order_caps(programme)}
    return max(periods, key=PERIODS.index, default=None)


def cap_keys(programme: Programme, occurred_at: datetime) -> frozenset[str]:
    """Return the keys of all windows that a change of this order may matter to."""
    day = local_day(occurred_at, programme.timezone)
    return frozenset(period_key(period, day) for period in PERIODS)


def reach(period: Period, occurred_at: datetime) -> Span | None:
    """Return between which moments all orders of the same period lie; None: always."""
    if period == "lifetime":
        return None
    # Orders may be dated to the very ends of the calendar.
    apart, earliest, latest = _REACH[period], *_ENDS
    return (
        max(occurred_at, earliest + apart) - apart,
        min(occurred_at, latest - apart) + apart,
    )


def evaluate_caps(
    items: Iterable[OrderItem],
    keys: Collection[str] | None = None,
    given: Mapping[int, Mapping[str, int]] | None = None,
) -> tuple[tuple[WindowKey, Award], ...]:
    """Return the windows of caps with these keys (None: all), also those that nothing is beyond.

    `items` are all orders of the person that may be in one of them, in any order. `given` has what
    `order_points` says of each by its id, if that is known already.
    """
    inside: dict[WindowKey, Sums] = {}
    capped = (item for item in items if item.programme.caps)
    for item in _in_turn(capped, given or {}):
        caps = order_caps(item.programme)
        day = local_day(item.occurred_at, item.programme.timezone)
        windows = [WindowKey(cap.key, period_key(cap.per, day)) for cap in caps]
        if keys is None or any(window.key in keys for window in windows):
            left = order_points(item) if given is None else dict(given[item.object_id])
            for cap, window in zip(caps, windows, strict=True):
                sums = inside.setdefault(window, Sums())
                sums.add(item.object_id, item.version, cap, left)
    return tuple(
        (window, inside[window].award(window))
        for window in sorted(inside)
        if keys is None or window.key in keys
    )


def _in_turn(items: Iterable[OrderItem], given: Mapping[int, Mapping[str, int]]) -> list[OrderItem]:
    """Return orders as they were placed, of one moment first those that give more.

    So it makes no difference which of them was told first.
    """
    placed = as_placed(items)
    moments = Counter(item.occurred_at for item in placed)
    if len(moments) == len(placed):
        return placed

    def weight(item: OrderItem) -> tuple[int, list[tuple[str, int]]]:
        if moments[item.occurred_at] == 1:
            return 0, []
        points = given[item.object_id] if item.object_id in given else order_points(item)
        return -sum(points.values()), sorted(points.items())

    return sorted(placed, key=lambda item: (item.occurred_at, weight(item)))


def order_points(item: OrderItem, basis: Basis | None = None) -> dict[str, int]:
    """Return what each rule gives for an order on its own; `basis` if it was worked out already."""
    return points_of(
        item.programme,
        item.context,
        item.facts,
        item.occurred_at,
        store=item.store,
        basis=basis,
    )


def evaluate_milestones(items: Iterable[OrderItem]) -> tuple[tuple[WindowKey, Award], ...]:
    """Return every milestone that a person has reached. `items` are all their orders."""
    reached = []
    counting = (item for item in as_placed(items) if counts(item))
    for number, item in enumerate(counting, start=1):
        for rule in item.programme.rules:
            if rule.on == ORDER_COUNT and _is_reached(rule, number):
                window = WindowKey(rule.key, f"{MILESTONE}:{number}")
                award = window_award(
                    rule.key, item.version, Reason.EARNED, rule.points, objects=(item.object_id,)
                )
                reached.append((window, with_gifts(award, rule)))
    return tuple(sorted(reached, key=lambda pair: pair[0]))


def counts(item: OrderItem) -> bool:
    """Say whether an order counts towards milestones now.

    It does once it has reached earning status, until it is cancelled, removed or disputed, or
    everything in it that counts was given back. One that cost nothing from the start counts.
    """
    order = item.facts
    if order is None or before_start(item.programme, item.occurred_at):
        return False
    if standing_reason(order, completed=item.programme.earns_completed(item.store)) is not None:
        return False
    if not order.refunds and not order.disputes:
        return True
    basis = basis_of(order, item.programme.basis)
    return not basis.refunded or bool(basis.total)


def _is_reached(rule: Rule, number: int) -> bool:
    if rule.every is not None:
        return number % rule.every == 0
    return number == rule.orders


def as_placed(items: Iterable[OrderItem]) -> list[OrderItem]:
    """Return orders as they were placed."""
    return sorted(items, key=lambda item: (item.occurred_at, item.object_id))
