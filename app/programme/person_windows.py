"""What all orders of a person are worth together: milestones, cards, challenges, tier gifts, membership."""

from collections.abc import Iterable

from app.programme.cards import evaluate_cards, has_cards
from app.programme.challenge_windows import evaluate_challenges
from app.programme.document import Programme
from app.programme.explanation import Reason
from app.programme.membership_windows import evaluate_memberships
from app.programme.order_windows import (
    CARD,
    CHALLENGE,
    MEMBERSHIP,
    OrderItem,
    evaluate_milestones,
    has_milestones,
    is_cap_window,
)
from app.programme.rules import Award
from app.programme.tier_history import evaluate_gifts
from app.programme.windows import WindowKey, window_award

_LAPSED = {
    CARD: Reason.NOT_FULL,
    CHALLENGE: Reason.NOT_WON,
    MEMBERSHIP: Reason.NO_MEMBER,
}


def looks_at_all_orders(programme: Programme) -> bool:
    """Say whether something is worked out from all orders of a person."""
    return (
        bool(programme.challenges or programme.tiers)
        or has_milestones(programme)
        or has_cards(programme)
        or programme.membership is not None
    )


def evaluate_person(items: Iterable[OrderItem]) -> tuple[tuple[WindowKey, Award], ...]:
    """Return every window that a person has reached. `items` are all their orders."""
    orders = list(items)
    reached = [
        *evaluate_milestones(orders),
        *evaluate_cards(orders),
        *evaluate_challenges(orders),
        *evaluate_gifts(orders),
        *evaluate_memberships(orders),
    ]
    return tuple(sorted(reached, key=lambda pair: pair[0]))


def lapsed(window: WindowKey, version: int) -> Award:
    """Return what a window is worth that is not reached any more, or that no order is in."""
    if is_cap_window(window.key):
        return window_award(window.rule, version, Reason.WITHIN_CAP)
    reason = _LAPSED.get(window.key.partition(":")[0], Reason.NOT_REACHED)
    return window_award(window.rule, version, reason)
