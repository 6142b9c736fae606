"""How long a person is a member by what was paid for it: worked out from all orders of the person.

Each piece buys its time under the version that its order was placed in. The time begins in the moment
that the order was paid; what is paid while a membership runs goes on from its end, so buying two pieces
at once and one after the other come to the same. A membership lasts through the whole of its last day,
as the calendar of the programme's time zone has it: twelve months from 1 March 2026 last until 1 March
2027, from 29 February 2028 until 28 February 2029. What was given back, cancelled or is disputed counts
as if it had never been bought: what was paid later moves up.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple

from app.programme.basis import basis_of
from app.programme.cap_sums import MOST_NAMED
from app.programme.explanation import Explanation, Reason
from app.programme.goods import with_goods
from app.programme.lines import matcher
from app.programme.local_time import local_day, midnight_after, months_later
from app.programme.membership import Membership
from app.programme.order_windows import MEMBERSHIP, OrderItem
from app.programme.rules import Award, before_start, standing_reason
from app.programme.windows import WindowKey

_END = datetime.max.replace(tzinfo=UTC)


class _Bought(NamedTuple):
    """Pieces that one order paid for."""

    paid_at: datetime
    object_id: int
    pieces: int
    item: OrderItem
    membership: Membership


class _Run:
    """Time that was bought without a gap in it."""

    def __init__(self, bought: _Bought) -> None:
        self.since = local_day(bought.paid_at, bought.item.programme.timezone)
        self.through = self._base = self.since
        self._months = 0  # since the base: 31 January and two months is 31 March
        self.until = bought.paid_at
        self.bought: list[_Bought] = []

    def extend(self, bought: _Bought) -> None:
        """Let it last so much longer."""
        one, pieces = bought.membership, bought.pieces
        if one.months is not None:
            self._months += one.months * pieces
            self.through = months_later(self._base, self._months) or date.max
        else:
            self.through = self._base = _days_later(self.through, (one.days or 0) * pieces)
            self._months = 0
        self.until = midnight_after(self.through, bought.item.programme.timezone) or _END
        self.bought.append(bought)

    def award(self) -> Award:
        """Return what it is worth: no points, but the perks of what was bought last."""
        last = self.bought[-1]
        key = last.membership.key
        return Award(
            rule=key,
            points=0,
            until=self.until,
            perks=last.membership.perks,
            explanation=Explanation(
                rule=key,
                version=last.item.version,
                reason=Reason.MEMBER,
                since=self.since,
                through=self.through,
                objects=tuple(one.object_id for one in reversed(self.bought[-MOST_NAMED:])),
            ),
        )


def evaluate_memberships(items: Iterable[OrderItem]) -> list[tuple[WindowKey, Award]]:
    """Return until when a person is a member, or was last. `items` are all their orders."""
    runs: dict[str, _Run] = {}
    with_membership = (item for item in items if item.programme.membership is not None)
    bought = [one for item in with_membership if (one := _bought(item)) is not None]
    for one in sorted(bought, key=lambda one: (one.paid_at, one.object_id)):
        run = runs.get(one.membership.key)
        if run is None or run.until <= one.paid_at:
            run = runs[one.membership.key] = _Run(one)
        run.extend(one)
    return [(WindowKey(key, MEMBERSHIP), run.award()) for key, run in sorted(runs.items())]


def _bought(item: OrderItem) -> _Bought | None:
    order, one = item.facts, item.programme.membership
    if order is None or one is None or before_start(item.programme, item.occurred_at):
        return None
    order = with_goods(order, item.context.products)
    names = matcher(one.lines, item.store)
    if not any(names(line) for line in order.lines):
        return None
    if standing_reason(order, completed=False) is not None:
        return None
    basis = basis_of(order, item.programme.basis)
    pieces = sum(
        pieces for line, pieces in zip(basis.sold, basis.pieces, strict=True) if names(line)
    )
    if not pieces:
        return None
    # Where orders earn once they are completed, that is not when they were paid.
    noticed = None if item.programme.earns_completed(item.store) else item.earned_at
    paid_at = max(order.paid_at or noticed or item.occurred_at, item.occurred_at)
    return _Bought(paid_at, item.object_id, pieces, item, one)


def _days_later(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))
