"""What a draft would have given for the events of a period: pure, no database, clock or network.

The draft judges all of them as if it had always been in force (its `earns_from` is obeyed), the live
programme by the versions and contexts that were frozen with them; both by the functions of the
live system (`person`). Orders count as they are known now, refunds included, in the month they were placed.
"""

import heapq
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain

import msgspec

from app.errors import Invalid
from app.programme.basis import Basis, basis_of
from app.programme.document import Programme
from app.programme.goods import Asked, asked_of, lacks_goods, with_goods
from app.programme.local_time import midnight
from app.programme.order_windows import OrderItem, order_points
from app.programme.outcome import (
    MOST_MOVING,
    MOST_NAMED,
    Change,
    Month,
    Move,
    Outcome,
    Period,
)
from app.programme.person import Given, History, points_by_span, windows_by_span
from app.programme.ratio import half_up, times
from app.programme.rules import Context, before_start, standing_reason
from app.programme.tier_facts import facts_of
from app.programme.tier_history import contexts, standing_at

_PLAIN = Context()
_MOMENT = timedelta(microseconds=1)

DRAFT = 0
"""The version number of a draft."""


class Case(msgspec.Struct, frozen=True):
    """One person: everything they did as the live programme judges it, and what they redeemed when.

    `friends` is what the live programme and the draft give them as one of two who brought a friend.
    """

    history: History
    spent: tuple[tuple[datetime, int], ...] = ()
    friends: tuple[tuple[datetime, int, int], ...] = ()


class _Moves:
    """Who moves from one tier to another."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._members = Counter[tuple[str | None, str | None]]()
        self._named: defaultdict[tuple[str | None, str | None], list[int]] = defaultdict(list)

    def add(self, member: int, before: str | None, after: str | None) -> None:
        if before == after:
            return
        self._members[before, after] += 1
        named = self._named[before, after]
        if len(named) < self._most:
            heapq.heappush(named, -member)
        elif named:
            heapq.heappushpop(named, -member)

    def all(self) -> list[Move]:
        """Return them, the most first."""
        several = (
            Move(before, after, members, tuple(sorted(-one for one in self._named[before, after])))
            for (before, after), members in self._members.items()
        )
        return sorted(several, key=lambda one: (-one.members, str(one.before), str(one.after)))


def simulate(
    draft: Programme,
    period: Period,
    cases: Iterable[Case],
    live: Programme | None = None,
    *,
    most_moving: int = MOST_MOVING,
) -> Outcome:
    """Judge the events of a period by the draft and by the live programme. `cases` may come lazily.

    `live` is the version whose tiers hold as the period ends: without it nobody moves. Of those who
    move from one tier to another so many are named.

    A case has all that its person ever did up to the end of the period where several events together
    are worth something (the first order is not the first of the period).
    """
    starts = [midnight(day, period.timezone) for day in period.months()]
    outcome = Outcome(period, [Month() for _ in starts])
    counter: Counter[str] = Counter()
    best: list[tuple[int, int, Change]] = []
    worst: list[tuple[int, int, Change]] = []
    moves = _Moves(most_moving)
    asked = asked_of(draft)
    for case in cases:
        if asked:
            outcome.unknown_goods += sum(
                _lacks_goods(draft, asked, order)
                for order in case.history.orders
                if order.occurred_at >= starts[0]
            )
        judged = _case(draft, starts, case, outcome, counter)
        if judged is None:
            continue
        change, was, would = judged
        if live is not None and (live.tiers or draft.tiers):
            before = _tier_at_the_end(live, was, period.end)
            moves.add(change.member, before, _tier_at_the_end(draft, would, period.end))
        outcome.gain += change.difference > 0
        outcome.lose += change.difference < 0
        if change.difference > 0:
            _keep(best, change)
        elif change.difference < 0:
            _keep(worst, change)
    outcome.moves = moves.all()
    outcome.no_rate = dict(sorted(counter.items()))
    outcome.winners = [change for _, _, change in sorted(best, reverse=True)]
    outcome.losers = [change for _, _, change in sorted(worst, reverse=True)]
    return outcome


def _keep(kept: list[tuple[int, int, Change]], change: Change) -> None:
    entry = (abs(change.difference), -change.member, change)
    if len(kept) < MOST_NAMED:
        heapq.heappush(kept, entry)
    elif entry[:2] > kept[0][:2]:
        heapq.heapreplace(kept, entry)


def _case(
    draft: Programme,
    starts: Sequence[datetime],
    case: Case,
    outcome: Outcome,
    no_rate: Counter[str],
) -> tuple[Change, History, History] | None:
    """Count one person; returns what changes for them, with both histories. None for nobody."""
    history = case.history
    readable: list[tuple[OrderItem, Basis | None]] = []
    active = False
    for order in history.orders:
        span = bisect_right(starts, order.occurred_at) - 1
        month = outcome.months[span] if span >= 0 else None
        active = active or month is not None
        try:
            basis = _counted(draft, order)
        except Invalid:
            outcome.unreadable += month is not None
            continue
        readable.append((order, basis))
        if month is not None:
            outcome.of_nobody += history.member is None
            _count_order(draft, order, basis, month, outcome, no_rate)
    if history.member is None:
        return None
    live = msgspec.structs.replace(history, orders=tuple(order for order, _ in readable))
    would = as_if(draft, live)
    bases = {order.object_id: basis for order, basis in readable}
    live_points, live_gifts = _judged(
        live,
        starts,
        {
            one.object_id: order_points(
                one, bases[one.object_id] if one.programme.basis == draft.basis else None
            )
            for one in live.orders
        },
    )
    draft_points, draft_gifts = _judged(
        would,
        starts,
        {one.object_id: order_points(one, bases[one.object_id]) for one in would.orders},
    )
    _count_gifts(outcome.months, live_gifts, draft_gifts)
    for moment, was, given in case.friends:
        span = bisect_right(starts, moment) - 1
        if span >= 0:
            live_points[span] += was
            draft_points[span] += given
            outcome.months[span].friends_live += was
            outcome.months[span].friends += given
    for month, given, was in zip(outcome.months, draft_points, live_points, strict=True):
        month.draft += given
        month.live += was
    for moment, points in case.spent:
        span = bisect_right(starts, moment) - 1
        if span >= 0:
            outcome.months[span].spent += points
            active = True
    active = active or any(one.occurred_at >= starts[0] for one in history.others)
    outcome.members += active
    return Change(history.member, tuple(draft_points), tuple(live_points)), live, would


def _judged(
    history: History, starts: Sequence[datetime], given: Given
) -> tuple[list[int], Mapping[tuple[int, str], int]]:
    """Return the points that each month brought, and how often a reward was given: (span, reward)."""
    windows = windows_by_span(history, starts, given)
    return points_by_span(history, starts, given, windows)[1:], windows.gifts


def _count_gifts(
    months: Sequence[Month],
    live: Mapping[tuple[int, str], int],
    draft: Mapping[tuple[int, str], int],
) -> None:
    for (span, _), count in live.items():
        if span:  # 0: before the period
            months[span - 1].gifts_live += count
    for (span, reward), count in draft.items():
        if span:
            months[span - 1].give(reward, count)


def _count_order(
    draft: Programme,
    order: OrderItem,
    basis: Basis | None,
    month: Month,
    outcome: Outcome,
    no_rate: Counter[str],
) -> None:
    outcome.orders += 1
    if before_start(draft, order.occurred_at):
        outcome.before_start += 1
        return
    if basis is None:
        return
    if basis.currency == draft.currency:
        month.turnover += basis.units
    elif order.context.rate is None:
        no_rate[basis.currency] += 1
        return
    else:
        month.turnover += half_up(times((basis.units, 1), order.context.rate))
    month.orders += 1


def _lacks_goods(draft: Programme, asked: Asked, order: OrderItem) -> bool:
    """Say whether an order counts that was seen when nobody asked of its goods what the draft asks."""
    if order.facts is None or before_start(draft, order.occurred_at):
        return False
    if standing_reason(order.facts, completed=False) is not None:
        return False
    then, goods = asked_of(order.programme), order.context.products
    return lacks_goods(asked, then, order.facts, goods)


def _counted(draft: Programme, order: OrderItem) -> Basis | None:
    """Return what counts of an order that brings money, None for one that doesn't (yet)."""
    if order.facts is None or standing_reason(order.facts, completed=False) is not None:
        return None
    facts = with_goods(order.facts, order.context.products)
    return basis_of(facts, draft.basis, order.context.own_credit)


def as_if(draft: Programme, history: History, since: datetime | None = None) -> History:
    """Return what a person did as the draft would have judged it, had it always been in force.

    Or had it begun at `since`: what occurred earlier stays as it is. The rates of currencies, the
    segments that somebody was in and what was known of the goods are facts; the tier at each order is
    what the draft itself makes it.
    """
    orders = tuple(
        one
        if since is not None and one.occurred_at < since
        else OrderItem(
            object_id=one.object_id,
            occurred_at=one.occurred_at,
            earned_at=one.earned_at,
            programme=draft,
            version=DRAFT,
            context=_around(one.context),
            facts=one.facts,
            store=one.store,
            shown=one.shown,
        )
        for one in history.orders
    )
    if draft.tiers:
        judged = contexts(orders)
        orders = tuple(
            msgspec.structs.replace(one, context=judged[one.object_id]) for one in orders
        )
    others = tuple(
        one
        if since is not None and one.occurred_at < since
        else msgspec.structs.replace(
            one, programme=draft, version=DRAFT, context=_around(one.context)
        )
        for one in history.others
    )
    return History(history.member, orders, others)


def _around(context: Context) -> Context:
    if not (context.rate or context.segments or context.products or context.credit):
        return _PLAIN
    return msgspec.structs.replace(context, tier=None, ordinal=None)


def _tier_at_the_end(programme: Programme, history: History, end: datetime) -> str | None:
    """Return the key of the tier that a person is in as a period ends."""
    if not programme.tiers:
        return None
    facts = chain.from_iterable(facts_of(one, programme.tiering.by) for one in history.orders)
    tier = standing_at(programme, facts, end - _MOMENT).tier
    return None if tier is None else tier.key
