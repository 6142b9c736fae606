"""Who is in a segment at a moment: worked out from what is known of one person. Pure.

Orders count as they do for tiers (`tier_facts`): from the moment that they are earned until they are
cancelled, less what was given back by then; a segment's months end with the day of the moment. Days are
those of the programme's time zone.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec

from app.programme.basis import basis_of
from app.programme.channels import comes_through
from app.programme.document import Programme
from app.programme.goods import with_goods
from app.programme.lines import Lines, matcher
from app.programme.local_time import local_day
from app.programme.order_windows import OrderItem
from app.programme.segments import USUAL_MONTHS, Rfm, Segment, Where
from app.programme.tier import Tiers
from app.programme.tier_facts import as_of, facts_of
from app.programme.tiers import UNIT, spans

_FIFTHS = 5


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What a member is judged by. `tier` is the one held now, `orders` are all of the person's."""

    joined_at: datetime | None
    tier: str | None = None
    newsletter: bool = False
    orders: tuple[OrderItem, ...] = ()


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A buyer's recency (the day of the last order), frequency and money within 12 months."""

    recency: int
    frequency: int
    money: int


class Fifths(msgspec.Struct, frozen=True, kw_only=True):
    """Where the fifths of all buyers begin: the least values of the second to the fifth."""

    recency: tuple[int, ...] = ()
    frequency: tuple[int, ...] = ()
    money: tuple[int, ...] = ()


class Scores:
    """The scores of all buyers: three numbers for each."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._values = (array("q"), array("q"), array("q"))

    def add(self, score: Score | None) -> int:
        """Take note of a buyer; returns the place that `at` finds it by, -1 of who bought nothing."""
        if score is None:
            return -1
        for values, one in zip(self._values, msgspec.structs.astuple(score), strict=True):
            values.append(one)
        return len(self._values[0]) - 1

    def at(self, place: int) -> Score | None:
        """Return what was added."""
        if place < 0:
            return None
        recency, frequency, money = (values[place] for values in self._values)
        return Score(recency=recency, frequency=frequency, money=money)

    def fifths(self) -> Fifths:
        """Return where the fifths begin.

        A value is in the fifth that the share of buyers with less tells: below 20 % the first, below
        40 % the second, and so on. So equal values are in one fifth, and a fifth may be empty.
        """
        recency, frequency, money = (_beginnings(values) for values in self._values)
        return Fifths(recency=recency, frequency=frequency, money=money)


class _Counted(msgspec.Struct, frozen=True):
    """An order that counts at the moment, as it was then."""

    since: datetime
    item: OrderItem


class Known:
    """What is known of one person at a moment, worked out once for all segments."""

    def __init__(self, programme: Programme, person: Person, at: datetime) -> None:
        """Find out which orders count."""
        self._programme, self._person, self._at = programme, person, at
        self._today = local_day(at, programme.timezone)
        self._counted = [
            _Counted(facts[0].since, as_of(item, facts[0].since, at))
            for item in person.orders
            if (facts := facts_of(item, "orders"))
            and sum(fact.amount for fact in facts if fact.at <= at) > 0
        ]
        self._spent: dict[int, int] = {}

    def score(self) -> Score | None:
        """Return how recently, often and much the person bought within 12 months, None if not at all."""
        bought = self._within(USUAL_MONTHS)
        if not bought:
            return None
        return Score(
            recency=max(self._day(one.since) for one in bought).toordinal(),
            frequency=len(bought),
            money=self._spend(bought),
        )

    def is_in(self, segment: Segment, fifths: Fifths) -> bool:
        """Say whether all conditions of a segment hold."""
        rfm = segment.where.rfm
        return self.may_be_in(segment) and (rfm is None or is_ranked(rfm, self.score(), fifths))

    def may_be_in(self, segment: Segment) -> bool:
        """Say whether all conditions hold but the one about fifths."""
        where, bought = segment.where, self._within(segment.months)
        return (
            self._is_somebody(where)
            and _between(len(bought), where.orders_from, where.orders_up_to)
            and self._has_spent(where, bought)
            and self._bought_lately(where)
            and self._bought_like_that(where, bought)
        )

    def _is_somebody(self, where: Where) -> bool:
        person = self._person
        if where.tiers and person.tier not in where.tiers:
            return False
        if where.newsletter is not None and person.newsletter is not where.newsletter:
            return False
        return self._ago(person.joined_at, where.joined_days_over, where.joined_days_under)

    def _has_spent(self, where: Where, bought: Sequence[_Counted]) -> bool:
        if where.spend_over is where.spend_from is where.spend_under is None:
            return True
        spent = Decimal(self._spend(bought)) / UNIT
        return (
            (where.spend_over is None or spent > where.spend_over)
            and (where.spend_from is None or spent >= where.spend_from)
            and (where.spend_under is None or spent < where.spend_under)
        )

    def _bought_lately(self, where: Where) -> bool:
        last = max((one.since for one in self._counted), default=None)
        return self._ago(last, where.last_order_days_over, where.last_order_days_under)

    def _bought_like_that(self, where: Where, bought: Sequence[_Counted]) -> bool:
        if where.stores and not any(one.item.store in where.stores for one in bought):
            return False
        if where.channels and not any(
            one.item.facts is not None and comes_through(one.item.facts.channel, where.channels, ())
            for one in bought
        ):
            return False
        return where.bought is None or any(_has_kept(one.item, where.bought) for one in bought)

    def _within(self, months: int) -> list[_Counted]:
        rolling = Tiers(window="rolling", months=months)
        [(first, until)] = spans(rolling, self._programme.timezone, self._today)
        return [one for one in self._counted if first <= one.since < until]

    def _spend(self, bought: Iterable[_Counted]) -> int:
        total = 0
        for one in bought:
            spent = self._spent.get(one.item.object_id)
            if spent is None:
                spent = sum(fact.amount for fact in facts_of(one.item, "spend"))
                self._spent[one.item.object_id] = spent
            total += spent
        return total

    def _ago(self, moment: datetime | None, over: int | None, under: int | None) -> bool:
        """Say whether something was so many days ago; what never was is at no distance."""
        if over is under is None:
            return True
        if moment is None:
            return False
        days = (self._today - self._day(moment)).days
        return (over is None or days > over) and (under is None or days < under)

    def _day(self, moment: datetime) -> date:
        return local_day(moment, self._programme.timezone)


def segments_of(
    programme: Programme, person: Person, at: datetime, fifths: Fifths
) -> tuple[str, ...]:
    """Return the keys of the segments that a person is in at a moment."""
    known = Known(programme, person, at)
    return tuple(one.key for one in programme.segments if known.is_in(one, fifths))


def is_ranked(rfm: Rfm, score: Score | None, fifths: Fifths) -> bool:
    """Say whether a buyer is in one of the fifths asked for; who bought nothing is in none."""
    if score is None:
        return False
    return all(
        not wanted or 1 + bisect_right(beginnings, value) in wanted
        for wanted, beginnings, value in (
            (rfm.recency, fifths.recency, score.recency),
            (rfm.frequency, fifths.frequency, score.frequency),
            (rfm.money, fifths.money, score.money),
        )
    )


def ranks_buyers(programme: Programme) -> bool:
    """Say whether any segment asks for fifths of all buyers."""
    return any(one.where.rfm is not None for one in programme.segments)


def _beginnings(values: Sequence[int]) -> tuple[int, ...]:
    ranked = sorted(values)
    found: list[int] = []
    for at, value in enumerate(ranked):
        if at and ranked[at - 1] == value:
            continue
        while len(found) < _FIFTHS * at // len(ranked):
            found.append(value)
    return tuple(found)


def _between(number: int, least: int | None, most: int | None) -> bool:
    return (least is None or number >= least) and (most is None or number <= most)


def _has_kept(item: OrderItem, named: Lines) -> bool:
    """Say whether an order holds one of these lines of which not everything was given back."""
    if item.facts is None:
        return False
    order = with_goods(item.facts, item.context.products)
    basis, names = basis_of(order, item.programme.basis), matcher(named, item.store)
    return any(
        pieces and names(line) for line, pieces in zip(basis.sold, basis.pieces, strict=True)
    )
