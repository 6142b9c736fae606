"""Caps on what people earn besides buying: at most three reviews a month, 150 points a month for actions.

They are worked out anew from everything that a person did besides buying, so a review that is withdrawn
gives its share back to the others. As with orders an object is given what the caps of its version leave
after the earlier ones, of one moment after those that give more, and caps of shorter times go first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from app.programme.cap_sums import Sums, by_length, period_key
from app.programme.caps import OTHERS
from app.programme.local_time import local_day
from app.programme.rules import Award
from app.programme.windows import WindowItem, WindowKey

BESIDES = "besides"
"""Begins the window keys of these caps; the period follows."""


def is_other_cap(key: str) -> bool:
    """Say whether a window key is that of a cap on what people do besides buying."""
    return key.partition(":")[0] == BESIDES


def evaluate_other_caps(
    items: Iterable[WindowItem], worth: Mapping[WindowKey, Award]
) -> tuple[tuple[WindowKey, Award], ...]:
    """Return the windows of caps that something is beyond.

    `items` are all objects of one person, `worth` says what their windows are worth without caps.
    """
    capped = [item for item in items if any(cap.of != "orders" for cap in item.programme.caps)]
    if not capped:
        return ()
    given: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for window, award in sorted(worth.items(), key=lambda pair: pair[0]):
        for object_id, points in award.shares:
            of = given[object_id]
            of[window.rule] = of.get(window.rule, 0) + points
    inside: dict[WindowKey, Sums] = {}
    for item in sorted(capped, key=lambda item: _turn(item, given[item.object_id])):
        day = local_day(item.occurred_at, item.programme.timezone)
        triggers = {rule.key: rule.on for rule in item.programme.rules}
        left = {rule: given[item.object_id].get(rule, 0) for rule in triggers}
        for cap in by_length(item.programme.caps):
            theirs = {
                rule: left[rule] for rule, on in triggers.items() if on in OTHERS.get(cap.of, ())
            }
            if not any(theirs.values()):
                continue
            window = WindowKey(cap.key, f"{BESIDES}:{period_key(cap.per, day)}")
            inside.setdefault(window, Sums()).add(item.object_id, item.version, cap, theirs)
            left |= theirs
    return tuple(
        (window, inside[window].award(window)) for window in sorted(inside) if inside[window].beyond
    )


def _turn(
    item: WindowItem, points: Mapping[str, int]
) -> tuple[datetime, int, list[tuple[str, int]], int]:
    """Order by time; what happened in one moment not by what we were told of first."""
    return item.occurred_at, -sum(points.values()), sorted(points.items()), item.object_id
