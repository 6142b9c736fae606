"""Which way a key of the programme document is to the members' disadvantage.

One row for each key, by its path in the document. A key without a row (of a table that this file does not
speak of) may be either; tests/programme/test_diff.py holds the rows complete for the tables it does.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from app.programme.lines import Factor
from app.programme.tier import Tier


class Effect(StrEnum):
    """What a change is to members."""

    WORSE = "worse"
    BETTER = "better"
    EITHER = "either"  # to some better, to some worse, or nobody can tell without orders
    NEITHER = "neither"


Direction = Callable[[Any, Any], Effect]
"""Says what a change from the first value to the second, another one, is."""

_ONCE = Decimal(1)
_OPPOSITE = {Effect.WORSE: Effect.BETTER, Effect.BETTER: Effect.WORSE}


def opposite(effect: Effect) -> Effect:
    """Return what undoing a change is."""
    return _OPPOSITE.get(effect, effect)


def effect_of(path: str, old: object, new: object) -> Effect:
    """Return what changing the key at this path is to members."""
    direction = DIRECTIONS.get(path)
    return Effect.EITHER if direction is None else direction(old, new)


def effect_of_adding(table: str, one: object, others: Iterable[object]) -> Effect:
    """Return what one more table is to members, beside the others; leaving it out is the opposite."""
    if isinstance(one, Tier):
        return _of_tier(one, [other for other in others if isinstance(other, Tier)])
    return ADDED.get(table, Effect.EITHER)


def _of_tier(tier: Tier, others: Iterable[Tier]) -> Effect:
    """Say it of a tier: who reaches it leaves the one below, with all that it gives."""
    below = max(
        (one for one in others if one.from_ <= tier.from_), key=lambda one: one.from_, default=None
    )
    factor, perks = (_ONCE, set()) if below is None else (below.multiply, set(below.perks))
    loses = tier.multiply < factor or perks - set(tier.perks)
    gains = tier.multiply > factor or tier.gift or set(tier.perks) - perks
    if loses:
        return Effect.EITHER if gains else Effect.WORSE
    return ADDED["tier"]


def _either(_old: object, _new: object) -> Effect:
    return Effect.EITHER


def _neither(_old: object, _new: object) -> Effect:
    return Effect.NEITHER


def _more(absent: Effect = Effect.EITHER) -> Direction:
    """Return: the more, the better. `absent` says what it is to have none at all instead of some."""

    def judge(old: Any, new: Any) -> Effect:
        if new is None:
            return absent
        if old is None:
            return opposite(absent)
        return Effect.BETTER if new > old else Effect.WORSE

    return judge


def _less(absent: Effect = Effect.EITHER) -> Direction:
    """Return: the less, the better. `absent` says what it is to have none at all instead of some."""
    more = _more(opposite(absent))
    return lambda old, new: opposite(more(old, new))


def _ranked(*words: str) -> Direction:
    """Of these words each is better than those before it; others may be either."""

    def judge(old: Any, new: Any) -> Effect:
        if old not in words or new not in words:
            return Effect.EITHER
        return Effect.BETTER if words.index(new) > words.index(old) else Effect.WORSE

    return judge


def _more_of(*, none_is_all: bool = False) -> Direction:
    """Return: a list with all that the other one has is better; an empty one may stand for everything."""

    def judge(old: Sequence[Any], new: Sequence[Any]) -> Effect:
        if none_is_all and not (old and new):
            return Effect.BETTER if old else Effect.WORSE
        if set(new) > set(old):
            return Effect.BETTER
        return Effect.WORSE if set(new) < set(old) else Effect.EITHER

    return judge


def _less_of(*, none_is_all: bool = False) -> Direction:
    more = _more_of(none_is_all=none_is_all)
    return lambda old, new: opposite(more(old, new))


def _factors(old: Sequence[Factor], new: Sequence[Factor]) -> Effect:
    """Factors above 1 are better to have, those below it are better left out."""
    before, after = (
        {msgspec.structs.replace(one, by=_ONCE): one.by for one in several}
        for several in (old, new)
    )
    moves = {
        (after.get(named, 1) > before.get(named, 1)) - (after.get(named, 1) < before.get(named, 1))
        for named in before.keys() | after.keys()
    } - {0}
    if moves == {1}:
        return Effect.BETTER
    return Effect.WORSE if moves == {-1} else Effect.EITHER


def _named(old: str | None, new: str | None) -> Effect:
    """Something is better than nothing; of two things nobody can tell."""
    if old is not None and new is not None:
        return Effect.EITHER
    return Effect.BETTER if old is None else Effect.WORSE


def _cost(old: int, new: int) -> Effect:
    """Find less better; 0 is what nobody can have for points."""
    if not (old and new):
        return Effect.BETTER if new else Effect.WORSE
    return Effect.BETTER if new < old else Effect.WORSE


BEST, WORST = Effect.BETTER, Effect.WORSE  # what having none is

ADDED: Mapping[str, Effect] = {
    "rule": Effect.BETTER,
    "reward": Effect.BETTER,
    "cap": Effect.WORSE,
    "tier": Effect.BETTER,  # unless it gives less than the one below it
    "quiz": Effect.BETTER,
    "survey": Effect.BETTER,
    "challenge": Effect.BETTER,
    "badge": Effect.BETTER,
    "campaign": Effect.BETTER,
    "segment": Effect.NEITHER,
    "membership": Effect.BETTER,
    "store": Effect.EITHER,
}

DIRECTIONS: Mapping[str, Direction] = {
    "programme.key": _neither,
    "programme.currency": _either,  # refused at publishing
    "programme.name": _neither,
    "programme.language": _neither,
    "programme.timezone": _either,
    "programme.earns_from": _less(BEST),
    "programme.enrolment": _ranked("opt-in", "automatic"),
    "programme.debt": _ranked("debt", "forgive"),
    "programme.earns_at": _ranked("completed", "paid"),
    "programme.point_value": _neither,
    "programme.notice_days": _more(),
    "programme.stacking": _either,  # a tier may multiply by less than 1
    "points.hold_days": _less(),
    "points.expire_months": _more(BEST),
    "points.expire": _ranked("day", "month-end", "year-end"),
    "points.inactive_months": _more(BEST),
    "points.remind_days": _more_of(),
    "basis.tax": _ranked("without", "as-shown", "with"),
    "basis.shipping": _more(),
    "basis.fees": _more(),
    "basis.tips": _more(),
    "basis.gift_cards": _more(),
    "basis.own_credit": _more(),
    "rule.on": _ranked("order.completed", "order.paid"),
    "rule.points": _more(),
    "rule.per": _less(),
    "rule.step": _less(),
    "rule.per_piece": _either,
    "rule.round": _ranked("floor", "half_up", "ceil"),
    "rule.max_points": _more(BEST),
    "rule.currency": _either,
    "rule.verified": _less(),
    "rule.photo_points": _more(WORST),
    "rule.video_points": _more(WORST),
    "rule.action": _either,
    "rule.times": _more(),
    "rule.each": _ranked("lifetime", "year", "month", "week", "day"),
    "rule.while_subscribed": _less(),
    "rule.years": _either,
    "rule.friend_points": _more(),
    "rule.return_days": _less(),
    "rule.orders": _less(),
    "rule.every": _less(),
    "rule.reward": _named,
    "rule.badge": _named,
    "rule.when.goods_over": _less(BEST),
    "rule.when.goods_from": _less(BEST),
    "rule.when.channels": _more_of(none_is_all=True),
    "rule.when.not_channels": _less_of(),
    "rule.lines": _more(BEST),
    "rule.lines.skus": _more_of(),
    "rule.lines.products": _more_of(),
    "rule.lines.categories": _more_of(),
    "rule.lines.tags": _more_of(),
    "rule.lines.on_sale": _either,
    "rule.except_lines": _less(BEST),
    "rule.except_lines.skus": _less_of(),
    "rule.except_lines.products": _less_of(),
    "rule.except_lines.categories": _less_of(),
    "rule.except_lines.tags": _less_of(),
    "rule.except_lines.on_sale": _either,
    "rule.multiply": _factors,
    "cap.points": _more(BEST),
    "cap.times": _more(BEST),
    "cap.of": _either,
    "cap.per": _ranked("lifetime", "year", "month", "day"),
    "cap.rules": _less_of(none_is_all=True),
    "challenge.name": _neither,
    "challenge.orders": _less(),
    "challenge.days": _more(),
    "challenge.streak": _less(),
    "challenge.each": _either,
    "challenge.action": _either,
    "challenge.window": _ranked("once", "year", "month", "week", "day"),
    "challenge.goods_from": _less(BEST),
    "challenge.points": _more(),
    "challenge.reward": _named,
    "challenge.badge": _named,
    "badge.name": _neither,
    "tiers.by": _either,
    "tiers.window": _either,
    "tiers.months": _more(),
    "tiers.grace_days": _more(),
    "tier.name": _neither,
    "tier.from": _less(),
    "tier.multiply": _more(),
    "tier.gift": _more(),
    "tier.perks": _more_of(),
    "quiz.name": _neither,
    "quiz.pass": _less(WORST),
    "quiz.tries": _more(),
    "quiz.question": _either,
    "survey.name": _neither,
    "survey.question": _neither,
    "membership.name": _neither,
    "membership.lines.skus": _more_of(),
    "membership.lines.products": _more_of(),
    "membership.lines.categories": _more_of(),
    "membership.lines.tags": _more_of(),
    "membership.lines.on_sale": _either,
    "membership.months": _more(),
    "membership.days": _more(),
    "membership.perks": _more_of(),
    "store.earns_at": _ranked("completed", "paid"),
    "reward.cost": _cost,
    "segment.name": _neither,
    "segment.months": _either,
    "segment.where": _either,
    "campaign.name": _neither,
    "campaign.from": _less(),
    "campaign.until": _more(),
    "campaign.multiply": _more(WORST),
    "campaign.bonus": _more(WORST),
    "campaign.rules": _more_of(none_is_all=True),
    "campaign.lines": _more(BEST),
    "campaign.lines.skus": _more_of(),
    "campaign.lines.products": _more_of(),
    "campaign.lines.categories": _more_of(),
    "campaign.lines.tags": _more_of(),
    "campaign.lines.on_sale": _either,
    "campaign.except_lines": _less(BEST),
    "campaign.except_lines.skus": _less_of(),
    "campaign.except_lines.products": _less_of(),
    "campaign.except_lines.categories": _less_of(),
    "campaign.except_lines.tags": _less_of(),
    "campaign.except_lines.on_sale": _either,
    "campaign.tiers": _more_of(none_is_all=True),
    "campaign.segments": _more_of(none_is_all=True),
    "campaign.channels": _more_of(none_is_all=True),
    "campaign.not_channels": _less_of(),
    "campaign.goods_over": _less(BEST),
    "campaign.goods_from": _less(BEST),
    "reward.kind": _either,
    "reward.value": _more(),
    "reward.name": _neither,
    "reward.valid_days": _more(BEST),
    "reward.minimum": _less(BEST),
    "reward.combinable": _more(),
    "reward.automatic": _neither,
    "reward.refunded": _ranked("none", "points"),
    "reward.cancelled": _ranked("none", "points"),
    "reward.product": _more_of(),
    "reward.lines": _more(BEST),
    "reward.lines.skus": _either,
    "reward.lines.products": _more_of(),
    "reward.lines.categories": _either,
    "reward.lines.tags": _either,
    "reward.lines.on_sale": _either,
    "reward.expired": _ranked("none", "points"),
    "reward.total": _more(BEST),
    "reward.seats": _more(),
    "reward.stock": _more(),
    "reward.winners": _more(),
    "reward.url": _either,
    "reward.cause": _either,
    "reward.per_member": _more(BEST),
    "reward.each": _ranked("lifetime", "year", "month"),
    "reward.tiers": _more_of(none_is_all=True),
    "reward.segments": _more_of(none_is_all=True),
    "reward.from": _less(BEST),
    "reward.until": _more(BEST),
}
