"""What a person's orders make of their tiers: at each order, now, and the gifts for reaching them.

All is worked out anew from all orders of the person, so neither the order in which they are told nor a
refund in between matters. An order is judged by what was true just before it was placed: whatever
happened in that very moment counts only afterwards, of two orders of one moment neither for the other.
"""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date, datetime

import msgspec

from app.programme.document import Programme
from app.programme.explanation import Reason
from app.programme.local_time import local_day, within
from app.programme.order_windows import TIER_GIFT, OrderItem, as_placed
from app.programme.rules import Award, Context
from app.programme.tier import Tier, TierBy
from app.programme.tier_facts import Fact, began, facts_of, total
from app.programme.tiers import UNIT, Span, Standing, spans, stand, units_of
from app.programme.windows import WindowKey, window_award


def contexts(items: Iterable[OrderItem]) -> dict[int, Context]:
    """Return the context that each order of one person is judged in, by object id.

    `items` are all orders of the person; tier and ordinal are set, nothing else of a context changes.
    An order of a version without tiers has neither.
    """
    placed = as_placed(items)
    measures: set[TierBy] = {one.programme.tiering.by for one in placed if one.programme.tiers}
    if not measures:
        return {item.object_id: _plain(item.context) for item in placed}
    since = sorted(moment for moment in map(began, placed) if moment is not None)
    sums = {by: Sums(since) for by in (*sorted(measures), "orders")}
    judged = {}
    for item in placed:
        context = _plain(item.context)
        for one in sums.values():
            one.advance(item.occurred_at)
        if item.programme.tiers:
            mine = sums[item.programme.tiering.by]
            held = stand(item.programme, mine.of(_spans(item.programme, item.occurred_at))).tier
            context = msgspec.structs.replace(
                context,
                tier=None if held is None else held.key,
                ordinal=1 + sums["orders"].all() // UNIT,
            )
        judged[item.object_id] = context
        item_now = msgspec.structs.replace(item, context=context)
        for by, one in sums.items():
            one.add(facts_of(item_now, by))
    return judged


def standing_at(programme: Programme, facts: Iterable[Fact], moment: datetime) -> Standing:
    """Return where a person with these facts stands at a moment, what happens in it included."""
    known = [fact for fact in facts if fact.at <= moment]
    sums = Sums(sorted(fact.since for fact in known))
    for fact in known:
        sums.apply(fact)
    return stand(programme, sums.of(_spans(programme, moment)))


def evaluate_gifts(items: Iterable[OrderItem]) -> tuple[tuple[WindowKey, Award], ...]:
    """Return the gifts that a person has for the tiers that their orders reached.

    A tier is reached by the order that fills its window, under that order's version, with everything
    taken off that was given back since: a tier that only stood on a refunded order was not reached.
    Time takes no gift back.
    """
    known = list(items)
    programmes = {id(item.programme): item.programme for item in known}.values()
    if not any(tier.gift for programme in programmes for tier in programme.tiers):
        return ()
    measures = {programme.tiering.by for programme in programmes if programme.tiers}
    dated = [(moment, item) for item in known if (moment := began(item)) is not None]
    dated.sort(key=lambda pair: (pair[0], pair[1].object_id))
    sums = {by: Sums([moment for moment, _ in dated]) for by in measures}
    entered: dict[str, list[date]] = {}  # tier → the days on which it was
    gifts = []
    for moment, item in dated:
        for by, one in sums.items():
            one.apply(Fact(moment, item.object_id, moment, total(facts_of(item, by))))
        programme = item.programme
        if not programme.tiers:
            continue
        [reached] = sums[programme.tiering.by].of(_spans(programme, moment)[:1])
        day = local_day(moment, programme.timezone)
        window = programme.tiering.window  # any but "year" is one period for ever
        for tier in programme.tiers:
            before = entered.setdefault(tier.key, [])
            # Whatever window an earlier version had: another one pays nobody again.
            if units_of(tier) > reached or within(window, day, before):
                continue
            before.append(day)
            if tier.gift:
                key = f"{TIER_GIFT}:{day.year:04}" if window == "year" else TIER_GIFT
                gifts.append((WindowKey(tier.key, key), _gift(tier, item)))
    return tuple(sorted(gifts, key=lambda pair: pair[0]))


class Sums:
    """Sums over spans of the moments at which orders were earned (a Fenwick tree over those moments)."""

    def __init__(self, since: Sequence[datetime]) -> None:
        """Make room for facts of orders earned at these moments, sorted."""
        self._since = list(dict.fromkeys(since))
        self._tree = [0] * (len(self._since) + 1)
        self._waiting: list[tuple[datetime, int, Fact]] = []

    def add(self, facts: Iterable[Fact]) -> None:
        """Take note of facts; each counts once `advance` has come past it."""
        for fact in facts:
            heapq.heappush(self._waiting, (fact.at, fact.object_id, fact))

    def advance(self, moment: datetime) -> None:
        """Let what happened before that moment count."""
        while self._waiting and self._waiting[0][0] < moment:
            self.apply(heapq.heappop(self._waiting)[2])

    def apply(self, fact: Fact) -> None:
        """Let a fact count."""
        at = bisect_left(self._since, fact.since) + 1
        while at < len(self._tree):
            self._tree[at] += fact.amount
            at += at & -at

    def of(self, asked: Sequence[Span]) -> list[int]:
        """Return the sum of each span; they are those of one day after the other, either way."""
        ends = [self._places(asked[0]), self._places(asked[-1])]
        if (
            ends[0] == ends[1]
        ):  # and so are all between them: nothing was earned in the days of grace
            return [self._sum(*ends[0])] * len(asked)
        return [self._sum(*self._places(span)) for span in asked]

    def all(self) -> int:
        """Return the sum of everything that counts."""
        return self._up_to(len(self._since))

    def _places(self, span: Span) -> tuple[int, int]:
        return bisect_left(self._since, span[0]), bisect_left(self._since, span[1])

    def _sum(self, first: int, until: int) -> int:
        return self._up_to(until) - self._up_to(first)

    def _up_to(self, at: int) -> int:
        found = 0
        while at:
            found += self._tree[at]
            at -= at & -at
        return found


def _plain(context: Context) -> Context:
    return msgspec.structs.replace(context, tier=None, ordinal=None)


def _spans(programme: Programme, moment: datetime) -> tuple[Span, ...]:
    zone = programme.timezone
    return spans(programme.tiering, zone, local_day(moment, zone))


def _gift(tier: Tier, item: OrderItem) -> Award:
    reason = Reason.TIER_REACHED
    return window_award(tier.key, item.version, reason, tier.gift, objects=(item.object_id,))
