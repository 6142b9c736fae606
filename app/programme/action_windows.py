"""What a person's actions are worth: the app installed, the newsletter, quizzes, birthdays.

All of a person's actions are gone through as they happened, each under its own version: an action is
paid if its rule paid fewer than `times` earlier ones in the same period. So neither the order in which
they are told nor a withdrawal in between matters, and no change of a rule's period pays again.

A birthday is paid no sooner than 12 months after the last one that was: moving it about brings nothing.
"""

from calendar import isleap
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from app.programme.actions import ACTION, ANNIVERSARY, BIRTHDAY, Each, is_self_declared, speaks_of
from app.programme.document import Programme
from app.programme.events import ActionFacts
from app.programme.explanation import Explanation, Note, Reason
from app.programme.local_time import local_day, period_of
from app.programme.quizzes import action_of, needed_of
from app.programme.rule import Rule
from app.programme.rules import Award, before_start
from app.programme.windows import WindowItem, WindowKey, with_gifts

MOST_NAMED = 20
"""Actions that an explanation names, the latest."""

_FEBRUARY, _LEAP_DAY = 2, 29


def evaluate_actions(items: Iterable[WindowItem]) -> tuple[tuple[WindowKey, Award], ...]:
    """Return every window of actions with its award. `items` are all objects of one person."""
    inside: dict[WindowKey, _Window] = {}
    paid: defaultdict[str, _Paid] = defaultdict(_Paid)
    for item in sorted(items, key=lambda item: (item.occurred_at, item.object_id)):
        facts = item.facts
        if not isinstance(facts, ActionFacts):
            continue
        day = local_day(item.occurred_at, item.programme.timezone)
        for rule in item.programme.rules:
            if not speaks_of(rule, facts):
                continue
            window = inside.setdefault(WindowKey(rule.key, _key(rule, facts, day)), _Window())
            reason = _why_not(item.programme, rule, facts, item.occurred_at)
            if reason is None and not paid[rule.key].takes(rule, item, facts, day):
                reason = Reason.TOO_SOON
            window.add(item, rule, facts, reason)
    return tuple((window, inside[window].award(window)) for window in sorted(inside))


def falls_on(month: int, day: int, year: int) -> date:
    """Return when a day of the year comes: 29 February is 28 February in other years."""
    if (month, day) == (_FEBRUARY, _LEAP_DAY) and not isleap(year):
        return date(year, month, day - 1)
    return date(year, month, day)


class _Paid:
    """What one rule has paid one person for so far, counted by the periods that its versions ask for."""

    def __init__(self) -> None:
        self._moments: list[datetime] = []
        self._counts: dict[tuple[Each, str], Counter[str]] = {}
        self._years: set[int | None] = set()
        self._birthday: date | None = None

    def takes(self, rule: Rule, item: WindowItem, facts: ActionFacts, day: date) -> bool:
        """Say whether one more is paid, and count it if so."""
        match rule.on:
            case "birthday":
                last = self._birthday
                if last is not None and not _a_year_later(last, day):
                    return False
                self._birthday = day
            case "anniversary":
                if facts.years in self._years:
                    return False
                self._years.add(facts.years)
            case _:
                zone = item.programme.timezone
                if self._within(rule.each, zone)[period_of(rule.each, day)] >= rule.times:
                    return False
                self._count(item.occurred_at)
        return True

    def _within(self, each: Each, zone: str) -> Counter[str]:
        if (each, zone) not in self._counts:
            self._counts[each, zone] = Counter(
                period_of(each, local_day(moment, zone)) for moment in self._moments
            )
        return self._counts[each, zone]

    def _count(self, moment: datetime) -> None:
        self._moments.append(moment)
        for (each, zone), counter in self._counts.items():
            counter[period_of(each, local_day(moment, zone))] += 1


class _Window:
    """The actions of one window, and what those that are paid are worth together."""

    def __init__(self) -> None:
        self._paid: list[tuple[WindowItem, int]] = []
        self._last: tuple[WindowItem, Rule, ActionFacts] | None = None
        self._refused: tuple[WindowItem, Rule, ActionFacts, Reason] | None = None

    def add(self, item: WindowItem, rule: Rule, facts: ActionFacts, reason: Reason | None) -> None:
        if reason is not None:
            self._refused = self._refused or (item, rule, facts, reason)
            return
        self._paid.append((item, rule.points))
        self._last = (item, rule, facts)

    def award(self, window: WindowKey) -> Award:
        if self._last is not None:
            _, rule, _ = self._last
            award = _award(window, self._paid, *self._last, Reason.EARNED)
            return with_gifts(award, rule, len(self._paid))
        if self._refused is None:
            raise ValueError(f"the window {window.key} has no actions")
        return _award(window, [(self._refused[0], 0)], *self._refused)


def _award(
    window: WindowKey,
    items: Sequence[tuple[WindowItem, int]],
    item: WindowItem,
    rule: Rule,
    facts: ActionFacts,
    reason: Reason,
) -> Award:
    limited = rule.on == ACTION and reason in {Reason.EARNED, Reason.TOO_SOON}
    return Award(
        rule=window.rule,
        points=sum(points for _, points in items),
        parts=tuple((one.object_id, points) for one, points in items),
        explanation=Explanation(
            rule=window.rule,
            version=item.version,
            reason=reason,
            points_each=rule.points or None,
            action=facts.action,
            times=rule.times if limited else None,
            each=rule.each if limited else None,
            objects=tuple(one.object_id for one, _ in reversed(items[-MOST_NAMED:])),
            notes=(Note.UNVERIFIED,) if is_self_declared(facts.action) else (),
        ),
    )


def why_not_done(programme: Programme, facts: ActionFacts, occurred_at: datetime) -> Reason | None:
    """Return why an action counts for nothing, whatever rules say; None if it does."""
    if facts.removed:
        return Reason.WITHDRAWN
    if facts.right is not None and not _passed(programme, facts):
        return Reason.NOT_PASSED
    if before_start(programme, occurred_at):
        return Reason.BEFORE_START
    return None


def _why_not(
    programme: Programme, rule: Rule, facts: ActionFacts, occurred_at: datetime
) -> Reason | None:
    """Return why an action is worth nothing by itself, None if it may be."""
    reason = why_not_done(programme, facts, occurred_at)
    return Reason.ENDED if reason is None and facts.ended and rule.while_subscribed else reason


def _passed(programme: Programme, facts: ActionFacts) -> bool:
    return any(
        action_of(quiz) == facts.action and (facts.right or 0) >= needed_of(quiz)
        for quiz in programme.quizzes
    )


def _key(rule: Rule, facts: ActionFacts, day: date) -> str:
    match rule.on:
        case "birthday":
            return f"{BIRTHDAY}:{day.year:04}"
        case "anniversary":
            return f"{ANNIVERSARY}:{facts.years}"
        case _:
            # An award has one reward and one badge; another version's rule may give others.
            gifts = f":{rule.reward or ''}:{rule.badge or ''}" if rule.reward or rule.badge else ""
            return f"{ACTION}:{period_of(rule.each, day)}{gifts}"


def _a_year_later(last: date, day: date) -> bool:
    if last.year == date.max.year:
        return False
    return day >= falls_on(last.month, last.day, last.year + 1)
