"""What all objects of one person are worth: the one place that lists every kind of evaluation.

The service that posts, the proof (`stempel ledger verify`), what-if and shadow go through the functions
here, so that none of them can judge by other rules than the rest.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from app.programme.action_windows import evaluate_actions
from app.programme.challenge_windows import DEEDS, evaluate_deeds
from app.programme.document import Programme
from app.programme.explanation import Reason
from app.programme.order_windows import OrderItem, evaluate_caps, order_caps, order_points
from app.programme.other_caps import evaluate_other_caps, is_other_cap
from app.programme.person_windows import evaluate_person, looks_at_all_orders
from app.programme.rules import Award, evaluate
from app.programme.windows import WindowItem, WindowKey, evaluate_windows

Given = Mapping[int, Mapping[str, int]]
"""What rules give for orders on their own: object id → rule → points."""


class History(msgspec.Struct, frozen=True):
    """Everything that one person did, in any order, each with the version that judges it.

    `member` is None for orders that nobody is known to have placed.
    """

    member: int | None
    orders: tuple[OrderItem, ...] = ()
    others: tuple[WindowItem, ...] = ()  # sign-ups, reviews and what else earns; never redemptions


class Windows(msgspec.Struct, frozen=True):
    """What windows brought a person, span by span."""

    points: Mapping[int, int] = {}
    gifts: Mapping[tuple[int, str], int] = {}  # (span, reward) → how often it was given


_NO_WINDOWS = Windows()


def worth_of_orders(
    orders: Sequence[OrderItem],
    keys: Collection[str] | None = None,
    given: Given | None = None,
) -> dict[WindowKey, Award]:
    """Return what a person's orders are worth together: what caps take, and every window reached.

    Of caps only the windows with these keys (None: all). `given` saves working out again what each
    order is worth on its own.
    """
    return dict(evaluate_caps(orders, keys, given)) | dict(evaluate_person(orders))


def worth_of_others(items: Sequence[WindowItem]) -> dict[WindowKey, Award]:
    """Return what everything is worth together that a person did besides buying."""
    worth = dict(evaluate_windows(items)) | dict(evaluate_actions(items))
    worth |= dict(evaluate_deeds(items))
    return worth | dict(evaluate_other_caps(items, worth))


def reason_of_nothing(window: WindowKey) -> Reason:
    """Return why a window of what is done besides buying is worth nothing that nobody speaks of any more."""
    if is_other_cap(window.key):
        return Reason.WITHIN_CAP
    return Reason.WITHDRAWN if window.key.startswith(f"{DEEDS}:") else Reason.REMOVED


def has_order_windows(programme: Programme) -> bool:
    """Say whether a version speaks of several orders together."""
    return bool(order_caps(programme)) or looks_at_all_orders(programme)


def given_alone(orders: Iterable[OrderItem]) -> Given:
    """Return what rules give for each order on its own."""
    return {one.object_id: order_points(one) for one in orders}


def points_by_object(history: History, given: Given) -> dict[int, int]:
    """Return what each object gives its owner on its own; `given` is what orders do."""
    return _sums(given) | {one.object_id: _points_of_other(one) for one in history.others}


def points_by_span(
    history: History, bounds: Sequence[datetime], given: Given, windows: Windows
) -> list[int]:
    """Return the points that each span of time brought a person, as all of it is known now.

    `bounds` divide time, ascending; a moment belongs to the span it opens. What a span brought is what
    the objects of it brought: refunds count where their order was placed, what a cap takes where it
    was reached, and what several objects are worth together with the one that decided it. `given`
    is what orders give on their own, `windows` what `windows_by_span` says.
    """
    objects = _sums(given)
    spans = [0] * (len(bounds) + 1)
    for order in history.orders:
        spans[bisect_right(bounds, order.occurred_at)] += objects[order.object_id]
    for other in history.others:
        spans[bisect_right(bounds, other.occurred_at)] += _points_of_other(other)
    for span, points in windows.points.items():
        spans[span] += points
    return spans


def windows_by_span(history: History, bounds: Sequence[datetime], given: Given) -> Windows:
    """Return what each span of time brought a person in windows."""
    together = any(has_order_windows(one) for one in _programmes(history.orders))
    worth = worth_of_orders(history.orders, given=given) if together else {}
    if history.others:
        worth |= worth_of_others(history.others)
    if not worth:
        return _NO_WINDOWS
    moments = {one.object_id: one.occurred_at for one in history.orders}
    moments |= {one.object_id: one.occurred_at for one in history.others}
    found, gifts = Counter[int](), Counter[tuple[int, str]]()
    for award in worth.values():
        if award.beneficiary == "owner" and (award.points or award.grants):
            for object_id, points in award.shares:
                span = bisect_right(bounds, moments[object_id])
                found[span] += points
                if award.reward is not None and award.grants:
                    gifts[span, award.reward] += 1  # each share is given it once
    return Windows(found, gifts)


def _sums(given: Given) -> dict[int, int]:
    return {object_id: sum(points.values()) for object_id, points in given.items()}


def _points_of_other(item: WindowItem) -> int:
    awards = evaluate(
        item.programme,
        item.version,
        item.context,
        item.facts,
        item.occurred_at,
        store=item.store,
    )
    return sum(award.points for award in awards if award.beneficiary == "owner")


def _programmes(orders: Iterable[OrderItem]) -> Iterable[Programme]:
    return {id(one.programme): one.programme for one in orders}.values()
