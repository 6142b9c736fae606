"""What all objects of a person, in one window of a rule, are worth together now.

A window converges like an object: its award is worked out anew from all items whenever one of them
changes, and the difference is posted. So a removed review frees its product for another one.

A window's kind is the word before the colon of its key; a new rule is one function in `_KINDS` and
its case in `windows`. What looks at all orders of a person is in `order_windows`, at what
they did besides in `action_windows`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from app.programme.challenges import Challenge
from app.programme.document import Programme
from app.programme.events import CustomerFacts, EnrolmentFacts, Facts, ReviewFacts
from app.programme.explanation import Explanation, Note, Reason
from app.programme.reviews import review_points
from app.programme.rule import Rule
from app.programme.rules import Award, Context, before_start

WINDOW_KINDS: dict[str, tuple[str, ...]] = {
    "customer.registered": ("customer", "enrolment"),
    "review.published": ("review",),
    "action": ("action",),
    "birthday": ("action",),
    "anniversary": ("action",),
}
"""Of each trigger with windows: the kinds of source objects that take part."""


Worth = tuple[int, tuple[Note, ...]]
"""Points, and what a reader should know about them."""


class WindowKey(msgspec.Struct, frozen=True, order=True):
    """One window of one rule. With a member it is what is posted for."""

    rule: str
    key: str


class WindowItem(msgspec.Struct, frozen=True, kw_only=True):
    """A source object as a window sees it, with the version and context that judge it for ever."""

    object_id: int
    store_id: int
    store: str | None = None  # its key, as `evaluate` takes it
    occurred_at: datetime
    programme: Programme
    version: int
    context: Context = Context()
    facts: Facts | None


def windows(programme: Programme, facts: Facts | None, *, store_id: int) -> tuple[WindowKey, ...]:
    """Return the windows an object takes part in under its version.

    After a change ask for the old and the new facts: the object may have left a window.
    """
    match facts:
        case CustomerFacts() | EnrolmentFacts():
            return tuple(WindowKey(rule.key, "once") for rule in _on(programme, _SIGN_UP))
        case ReviewFacts():
            key = _product_key(store_id, facts.product)
            return tuple(WindowKey(rule.key, key) for rule in _on(programme, _REVIEW))
        case _:
            return ()


def evaluate_windows(items: Sequence[WindowItem]) -> tuple[tuple[WindowKey, Award], ...]:
    """Return every window that the items of one person name, with its award."""
    named = {
        window
        for item in items
        for window in windows(item.programme, item.facts, store_id=item.store_id)
    }
    return tuple((window, evaluate_window(window, items)) for window in sorted(named))


def evaluate_window(window: WindowKey, items: Sequence[WindowItem]) -> Award:
    """Return what a window is worth.

    `items` are all objects of the person of the kinds that the rule looks at (`WINDOW_KINDS`), in
    any order; those that don't belong to the window are passed over. Without any it is worth 0.
    """
    kind = _KINDS.get(window.key.partition(":")[0])
    if kind is None:
        raise ValueError(f"no rule makes windows like {window.key!r}")
    return kind(window, sorted(items, key=lambda item: (item.occurred_at, item.object_id)))


_SIGN_UP = "customer.registered"
_REVIEW = "review.published"


def _sign_up(window: WindowKey, items: Sequence[WindowItem]) -> Award:
    """Pay the sign-up once per person. The earliest account decides, even if it is gone by now."""
    accounts = [item for item in items if isinstance(item.facts, CustomerFacts | EnrolmentFacts)]
    return _first_decides(window, _SIGN_UP, accounts, _why_no_sign_up, _flat)


def _review(window: WindowKey, items: Sequence[WindowItem]) -> Award:
    """Pay a review once per product and buyer. The earliest that counts decides."""
    reviews = [
        item
        for item in items
        if isinstance(item.facts, ReviewFacts)
        and _product_key(item.store_id, item.facts.product) == window.key
    ]
    return _first_decides(window, _REVIEW, reviews, _why_no_review, _as_shown)


_KINDS: dict[str, Callable[[WindowKey, Sequence[WindowItem]], Award]] = {
    "once": _sign_up,
    "product": _review,
}


def _why_no_sign_up(item: WindowItem, _rule: Rule | None) -> Reason | None:
    if isinstance(item.facts, CustomerFacts):
        if not item.facts.registered:
            return Reason.NOT_REGISTERED
        if item.programme.enrolment == "opt-in":
            return Reason.NOT_ENROLLED
    return None


def _why_no_review(item: WindowItem, rule: Rule | None) -> Reason | None:
    review = item.facts
    if not isinstance(review, ReviewFacts) or review.removed:
        return Reason.REMOVED
    if not review.published:
        return Reason.NOT_PUBLISHED
    # A review that was written before there was such a rule is held to the usual standard.
    if (rule is None or rule.verified) and not review.verified:
        return Reason.NOT_VERIFIED
    return None


def _first_decides(
    window: WindowKey,
    trigger: str,
    items: Sequence[WindowItem],
    why_not: Callable[[WindowItem, Rule | None], Reason | None],
    worth: Callable[[WindowItem, Rule], Worth],
) -> Award:
    """Judge the window by its earliest item that counts; without one, say what the first lacks."""
    refused: tuple[WindowItem, Reason] | None = None
    for item in items:
        rule = next(
            (rule for rule in _on(item.programme, trigger) if rule.key == window.rule), None
        )
        reason = why_not(item, rule)
        if reason is None:
            if rule is None:
                return _award(window, 0, item, Reason.NO_RULE)
            if before_start(item.programme, item.occurred_at):
                return _award(window, 0, item, Reason.BEFORE_START)
            points, notes = worth(item, rule)
            award = _award(window, points, item, Reason.EARNED, notes)
            return with_gifts(award, rule)
        refused = refused or (item, reason)
    if refused is None:
        return _award(window, 0, None, Reason.REMOVED)
    return _award(window, 0, *refused)


def _flat(_item: WindowItem, rule: Rule) -> Worth:
    return rule.points, ()


def _as_shown(item: WindowItem, rule: Rule) -> Worth:
    return review_points(rule, item.facts) if isinstance(item.facts, ReviewFacts) else (0, ())


def _award(
    window: WindowKey,
    points: int,
    item: WindowItem | None,
    reason: Reason,
    notes: tuple[Note, ...] = (),
) -> Award:
    if item is None:
        return window_award(window.rule, 0, reason)
    return window_award(
        window.rule, item.version, reason, points, objects=(item.object_id,), notes=notes
    )


def window_award(
    rule: str,
    version: int,
    reason: Reason,
    points: int = 0,
    *,
    goal: int | None = None,
    objects: tuple[int, ...] = (),
    notes: tuple[Note, ...] = (),
) -> Award:
    """Return what a window is worth, with its reason; the first of `objects` is what decided it."""
    return Award(
        rule=rule,
        points=points,
        explanation=Explanation(
            rule=rule,
            version=version,
            reason=reason,
            points_each=points or None,
            goal=goal,
            objects=objects,
            notes=notes,
        ),
    )


def with_gifts(award: Award, rule: Rule | Challenge, times: int = 1) -> Award:
    """Return an award with what its rule or challenge gives besides points, so many times."""
    if rule.reward is None and rule.badge is None:
        return award
    told = msgspec.structs.replace(award.explanation, reward=rule.reward, badge=rule.badge)
    return msgspec.structs.replace(
        award,
        reward=rule.reward,
        grants=0 if rule.reward is None else times,
        badge=rule.badge,
        explanation=told,
    )


def _on(programme: Programme, trigger: str) -> list[Rule]:
    return [rule for rule in programme.rules if rule.on == trigger]


def _product_key(store_id: int, product: str) -> str:
    """Return the key of a product: two shops may use the same id for different things."""
    return f"product:{store_id}:{product}"
