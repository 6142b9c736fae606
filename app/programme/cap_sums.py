"""What goes through the windows of caps: the arithmetic that orders and all else share. Pure."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from app.programme.caps import Cap, Period
from app.programme.explanation import Explanation, Reason
from app.programme.local_time import period_of
from app.programme.rules import Award
from app.programme.windows import WindowKey

MOST_NAMED = 20
"""Things that an explanation of a cap names, the latest; a cap for a lifetime may be over in thousands."""

PERIODS: tuple[Period, ...] = ("day", "month", "year", "lifetime")
"""Each inside the next."""


def period_key(period: Period, day: date) -> str:
    """Return the key of a cap's window of that day."""
    return period if period == "lifetime" else f"{period}:{period_of(period, day)}"


def by_length(caps: Sequence[Cap]) -> list[Cap]:
    """Return caps as they take: those of shorter times first."""
    return sorted(caps, key=lambda cap: PERIODS.index(cap.per))


class Sums:
    """What went through one window of a cap so far."""

    def __init__(self) -> None:
        self.given = self.beyond = self.times = 0
        self.over: list[tuple[int, int]] = []  # objects, and what it takes off each
        self.last: tuple[int, Cap] | None = None  # of the latest object: its version and the cap

    def add(self, object_id: int, version: int, cap: Cap, left: dict[str, int]) -> None:
        """Let an object's points through; what is beyond is taken off `left`, last rules first."""
        capped = [rule for rule in left if not cap.rules or rule in cap.rules]
        points = sum(left[rule] for rule in capped)
        counted = self._counted(cap, points)
        self.given += counted
        self.beyond += points - counted
        self.times += counted > 0
        self.last = (version, cap)
        if points > counted:
            self.over.append((object_id, counted - points))
        rest = points - counted
        for rule in reversed(capped):
            taken = min(left[rule], rest)
            left[rule] -= taken
            rest -= taken

    def _counted(self, cap: Cap, points: int) -> int:
        if cap.points is not None:
            return max(min(points, cap.points - self.given), 0)
        return points if self.times < (cap.times or 0) else 0

    def award(self, window: WindowKey) -> Award:
        """Return what the window takes off, with its reason."""
        if self.last is None:
            raise ValueError(f"nothing went through the window {window.key}")
        version, cap = self.last
        return Award(
            rule=window.rule,
            points=-self.beyond,
            parts=tuple(self.over),
            explanation=Explanation(
                rule=window.rule,
                version=version,
                reason=Reason.OVER_CAP if self.beyond else Reason.WITHIN_CAP,
                raw=Decimal(self.given + self.beyond) if self.beyond else None,
                cap=cap.points,
                times=cap.times,
                objects=tuple(one for one, _ in reversed(self.over[-MOST_NAMED:])),
            ),
        )
