"""Who wins a challenge: so many orders in so many days, or one in each of so many days, weeks or months.

Worked out anew from all orders of a person, as they were placed, each under its own version; orders of
versions without the challenge don't help. Who has won begins anew: an order helps to win once. A
challenge that was won in a day, week, month or year can be won again with the first order of the next one.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

import msgspec

from app.programme.action_windows import why_not_done
from app.programme.basis import basis_of
from app.programme.cap_sums import MOST_NAMED
from app.programme.challenges import Challenge, Step
from app.programme.document import Programme
from app.programme.events import ActionFacts
from app.programme.explanation import Reason
from app.programme.local_time import local_day, period_of, within
from app.programme.order_windows import (
    CHALLENGE,
    OrderItem,
    as_placed,
    counts,
)
from app.programme.rules import Award
from app.programme.windows import WindowItem, WindowKey, window_award, with_gifts

DEEDS = "deeds"
"""Begins the window keys of challenges that are won by actions; those of orders begin with `CHALLENGE`."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a person is with a challenge since it was won last: `done` of its orders or steps.

    `through` is the last day for what is missing, None if nothing is done: in it all orders must be
    placed, or one of the next step (day, week or month). `won`: in the window of today, so it cannot be
    won again yet.
    """

    challenge: Challenge
    done: int
    needed: int
    through: date | None
    won: bool


@dataclass
class _Run:
    """How far a person has come with one challenge since it was won last."""

    orders: list[tuple[date, int]] = field(default_factory=list)
    each: Step = "week"
    last: int = (
        -1
    )  # the latest day, week or month with an order, counted from the first of all time
    length: int = 0  # days, weeks or months in a row
    won: list[date] = field(default_factory=list)  # on which days


def evaluate_challenges(items: Iterable[OrderItem]) -> list[tuple[WindowKey, Award]]:
    """Return every challenge that a person has won, once per window. `items` are all their orders."""
    return _play(items)[1]


def evaluate_deeds(items: Iterable[WindowItem]) -> list[tuple[WindowKey, Award]]:
    """Return the challenges that a person has won by actions. `items` are all that they did."""
    return _do(items)[1]


def challenge_states(
    items: Iterable[OrderItem],
    programme: Programme,
    now: datetime,
    others: Iterable[WindowItem] = (),
) -> tuple[Progress, ...]:
    """Return how far a person is with the challenges of this version, however little was done."""
    placed, done = _play(items)[0], _do(others)[0]
    runs = {
        one.key: run
        for one in programme.challenges
        if (run := (placed if one.action is None else done).get(one.key)) is not None
    }
    today = local_day(now, programme.timezone)
    return tuple(_state(one, runs.get(one.key, _Run()), today) for one in programme.challenges)


def _state(challenge: Challenge, run: _Run, today: date) -> Progress:
    if challenge.streak is not None:
        needed, going = challenge.streak, run.each == challenge.each
        done = run.length if going and run.last >= _step(challenge.each, today) - 1 else 0
        through = _end_of(challenge.each, run.last + 1) if done else None
    else:
        needed, days = challenge.orders or 0, challenge.days or 0
        helping = [day for day, _ in run.orders if (today - day).days < days]
        # One that needs fewer orders since a later version is won with the next one.
        helping = helping[1 - needed :] if needed > 1 else []
        done = len(helping)
        through = _later(helping[0], days - 1) if helping else None
    return Progress(
        challenge=challenge,
        done=min(done, needed - 1),
        needed=needed,
        through=through,
        won=within(challenge.window, today, run.won),
    )


def _end_of(each: Step, step: int) -> date:
    """Return the last day of a day, week or month, by its number."""
    if each == "day":
        return date.fromordinal(min(step, date.max.toordinal()))
    if each == "week":
        return date.fromordinal(min(step * 7 + 7, date.max.toordinal()))
    year, month = divmod(step - 1, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, monthrange(year, month + 1)[1])


def _later(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def _play(
    items: Iterable[OrderItem],
) -> tuple[dict[str, _Run], list[tuple[WindowKey, Award]]]:
    """Go through the orders as they were placed; returns how far each challenge is, and what was won."""
    runs: dict[str, _Run] = {}
    won: list[tuple[WindowKey, Award]] = []
    with_challenges = (item for item in items if item.programme.challenges)
    for item in as_placed(with_challenges):
        if not counts(item):
            continue
        day = local_day(item.occurred_at, item.programme.timezone)
        for challenge in item.programme.challenges:
            if challenge.action is None and _is_big_enough(challenge, item):
                won += _help(runs, challenge, item, day, CHALLENGE)
    return runs, won


def _do(
    items: Iterable[WindowItem],
) -> tuple[dict[str, _Run], list[tuple[WindowKey, Award]]]:
    """Go through actions in the same way."""
    runs: dict[str, _Run] = {}
    won: list[tuple[WindowKey, Award]] = []
    for item in sorted(items, key=lambda item: (item.occurred_at, item.object_id)):
        facts, programme = item.facts, item.programme
        if not isinstance(facts, ActionFacts) or not programme.challenges:
            continue
        if why_not_done(programme, facts, item.occurred_at) is not None:
            continue
        day = local_day(item.occurred_at, programme.timezone)
        for challenge in programme.challenges:
            if challenge.action == facts.action:
                won += _help(runs, challenge, item, day, DEEDS)
    return runs, won


def _help(
    runs: dict[str, _Run],
    challenge: Challenge,
    item: OrderItem | WindowItem,
    day: date,
    kind: str,
) -> list[tuple[WindowKey, Award]]:
    """Let an order or action help; returns what is won by it, if anything."""
    run = runs.setdefault(challenge.key, _Run())
    _go_on(run, challenge, item, day)
    # Whatever windows its earlier versions had: another one gives nobody again.
    if not _is_won(run, challenge) or within(challenge.window, day, run.won):
        return []
    run.won.append(day)
    window = WindowKey(challenge.key, f"{kind}:{period_of(challenge.window, day)}")
    award = _award(challenge, item, run)
    run.orders, run.length = [], 0
    return [(window, award)]


def _is_big_enough(challenge: Challenge, item: OrderItem) -> bool:
    if challenge.goods_from is None:
        return True
    if item.facts is None:
        return False
    basis = basis_of(item.facts, item.programme.basis, item.context.own_credit)
    if basis.currency == item.programme.currency:
        return basis.total >= challenge.goods_from
    if item.context.rate is None:
        return False  # nobody knows yet how much it is
    return Fraction(basis.total) * Fraction(item.context.rate) >= Fraction(challenge.goods_from)


def _go_on(run: _Run, challenge: Challenge, item: OrderItem | WindowItem, day: date) -> None:
    run.orders.append((day, item.object_id))
    if challenge.streak is None:
        return
    step = _step(challenge.each, day)
    if run.each != challenge.each:
        run.each, run.last, run.length = challenge.each, -1, 0
    if step != run.last:
        run.length = run.length + 1 if step == run.last + 1 else 1
        run.last = step


def _is_won(run: _Run, challenge: Challenge) -> bool:
    if challenge.streak is not None:
        return run.length >= challenge.streak
    if challenge.orders is None or challenge.days is None or len(run.orders) < challenge.orders:
        return False
    first, latest = run.orders[-challenge.orders][0], run.orders[-1][0]
    return latest - first < timedelta(days=challenge.days)


def _step(each: Step, day: date) -> int:
    """Return the number of a day, week (from Monday) or month, so that the next one is one more."""
    if each == "day":
        return day.toordinal()
    return (day.toordinal() - 1) // 7 if each == "week" else day.year * 12 + day.month


def _award(challenge: Challenge, item: OrderItem | WindowItem, run: _Run) -> Award:
    if challenge.orders is not None:
        objects = [order for _, order in run.orders[-challenge.orders :]]
    else:
        # Those of before a gap didn't help.
        first = run.last - run.length + 1
        objects = [order for day, order in run.orders if _step(run.each, day) >= first]
    award = window_award(
        challenge.key,
        item.version,
        Reason.EARNED,
        challenge.points,
        goal=challenge.orders or challenge.streak,
        objects=tuple(reversed(objects[-MOST_NAMED:])),
    )
    return with_gifts(award, challenge)
