"""The small model that the ledger is held against: orders as their shop changes them, codes they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, Row, select

from app.db import tables as t
from app.services.redemptions import REFUND_UNDONE
from app.services.verdicts import BY_HAND
from tests.pipeline import order_body

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
EARNING = {"processing", "completed", "refunded"}
OVER = {"cancelled", "trash"}

_HEAD = """
[programme]
key = "model"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

"""

_LINES = """[[rule]]
key = "tea"
on = "order.paid"
points = 1
per = "3.00"
multiply = [{ by = "2", skus = ["tea-*"] }]
when = { not_channels = ["pos"] }

[[rule]]
key = "first"
on = "order.paid"
points = 3
per_piece = true
lines = { skus = ["*-1"] }

"""

_REWARDS = """[[reward]]
key = "none"
cost = 40
kind = "percent"
value = "10"
valid_days = 30

[[reward]]
key = "points"
cost = 60
kind = "fixed"
value = "5"
refunded = "points"

[[reward]]
key = "new-code"
cost = 80
kind = "free-delivery"
valid_days = 30
refunded = "new-code"

[[reward]]
key = "ended"
cost = 50
kind = "percent"
value = "5"
cancelled = "points"

[[reward]]
key = "lost"
cost = 30
kind = "free-delivery"
valid_days = 30
cancelled = "none"
"""

PLAIN = _HEAD + _REWARDS
"""One point per unit, and rewards."""

SOURCE = _HEAD + _LINES + _REWARDS
"""The same, and rules that look at lines, pieces and channels."""

COST = {"none": 40, "points": 60, "new-code": 80, "ended": 50, "lost": 30}
"""What the rewards cost; the first three are called after what a full refund gives back.

A cancelled order gives the code back; of "ended" the points instead, of "lost" nothing.
"""


@dataclass(frozen=True)
class State:
    """One state of one order, as its shop would send it."""

    order: int
    modified: int  # seconds since START
    status: str
    customer: int
    lines: tuple[int, ...]  # amounts in grosz, with tax
    refunds: tuple[tuple[int, int], ...] = ()  # (id, grosz)
    code: str | None = None  # lower-cased

    def worth(self) -> int:
        if self.status not in EARNING:
            return 0
        left = max(self.left(), 0)
        return left // 100 + 2 * left // 300 + 6 * (self._left_of_first() > 0)

    def _left_of_first(self) -> int:
        """Return what is left of the first line, in ten-thousandths of a złoty: amounts are spread."""
        units = max(self.left(), 0) * 100
        shares = [Fraction(units * line, sum(self.lines)) for line in self.lines]
        whole = [int(share) for share in shares]
        most = sorted(range(len(shares)), key=lambda at: (whole[at] - shares[at], at))
        return whole[0] + (0 in most[: units - sum(whole)])

    def left(self) -> int:
        """Return what was not given back, in grosz."""
        return sum(self.lines) - sum(amount for _, amount in self.refunds)

    def body(self) -> dict[str, Any]:
        template = order_body("008")
        line = template["line_items"][0]
        modified = (START + timedelta(seconds=self.modified)).strftime("%Y-%m-%dT%H:%M:%S")
        coupon = template["coupon_lines"][0]
        return template | {
            "id": self.order,
            "number": str(self.order),
            "status": self.status,
            "customer_id": self.customer,
            "date_modified_gmt": modified,
            "total": _money(sum(self.lines)),
            "line_items": [
                line
                | {"id": number, "sku": f"TEA-{number}", "quantity": 2}
                | {"total": _money(amount), "total_tax": "0.00"}
                for number, amount in enumerate(self.lines, start=1)
            ],
            "shipping_lines": [],
            "fee_lines": [],
            "coupon_lines": [] if self.code is None else [coupon | {"code": self.code}],
            "refunds": [
                {"id": refund, "reason": "", "total": f"-{_money(amount)}", "total_tax": "0.00"}
                for refund, amount in self.refunds
            ],
        }


@dataclass
class Order:
    """All states an order ever had in the shop, and which of them were delivered."""

    states: list[State] = field(default_factory=list)
    delivered: list[State] = field(default_factory=list)

    def worth(self) -> int:
        newest = max(state.modified for state in self.delivered)
        # Two states of one second: without a read the one worth less counts.
        return min(state.worth() for state in self.delivered if state.modified == newest)

    def owner(self) -> int:
        """Return the customer of the newest delivered state that names one, else 0 (the guest)."""
        named = [state for state in self.delivered if state.customer]
        return max(named, key=lambda s: (s.modified, str(s.customer))).customer if named else 0

    def known(self) -> State:
        """Return the newest delivered state; only asked of orders whose states all have their second."""
        return max(self.delivered, key=lambda state: state.modified)


@dataclass(frozen=True)
class Taken:
    """A redemption as it is stored, without its state: that is for the model to say."""

    id: int
    owner: int  # customer
    reward: str
    code: str
    replaces: int | None
    made: bool
    dead: bool
    ending: str | None


class Redemptions:
    """What each redemption must have come to, and what it costs, by the orders delivered so far."""

    def __init__(self, taken: Sequence[Taken], orders: Mapping[int, Order]) -> None:
        self.taken = {one.id: one for one in taken}
        self._orders = [order for order in orders.values() if order.delivered]

    def captor(self, one: Taken) -> State | None:
        """Return the order that has used the code: the newest that shows it and stands."""
        shown = [o.known() for o in self._orders if o.known().code == one.code]
        return max(
            (state for state in shown if state.status not in OVER),
            key=lambda state: state.order,
            default=None,
        )

    def state(self, one: Taken) -> str:
        if self.captor(one) is not None:
            return "used"
        if one.dead:
            return "lapsed" if self.is_lost(one) else "released"
        return "issued" if one.made else "reserved"

    def is_lost(self, one: Taken) -> bool:
        """Say whether its order was cancelled, and nothing comes back for that."""
        shown = any(o.known().code == one.code for o in self._orders)
        gone = shown and self.captor(one) is None
        return one.reward == "lost" and gone and one.ending != BY_HAND

    def cost(self, one: Taken) -> int:
        """Return what a redemption costs now."""
        state, captor = self.state(one), self.captor(one)
        if one.replaces is None:
            back = one.reward == "points" and captor is not None and captor.left() <= 0
            return 0 if back or state == "released" else COST[one.reward]
        payer = self.taken[one.replaces]
        while payer.replaces is not None and self._revoked(payer):
            payer = self.taken[payer.replaces]
        return COST[one.reward] if state == "used" and self.state(payer) == "released" else 0

    def owes_another(self, one: Taken) -> bool:
        """Say whether another code is due in this one's place."""
        captor = self.captor(one)
        refunded = captor is not None and captor.left() <= 0
        if one.reward != "new-code" or not (refunded or self._revoked(one)):
            return False
        return one.replaces is None or self.owes_another(self.taken[one.replaces])

    def replacement(self, one: Taken) -> Taken | None:
        found = [other for other in self.taken.values() if other.replaces == one.id]
        assert len(found) <= 1
        return found[0] if found else None

    def _revoked(self, one: Taken) -> bool:
        return self.state(one) == "released" and one.ending == REFUND_UNDONE


def stored_redemptions(connection: Connection) -> Sequence[Row[Any]]:
    """Return every redemption, oldest first, with its reward as `rule` and its order's own number."""
    captors = t.source_object.alias()
    return connection.execute(
        select(t.redemption, t.award.c.rule, captors.c.external_id.label("used_by_number"))
        .join(t.award, t.award.c.object_id == t.redemption.c.object_id, isouter=True)
        .join(captors, captors.c.id == t.redemption.c.used_by, isouter=True)
        .order_by(t.redemption.c.id)
    ).all()


def _money(grosz: int) -> str:
    return str(Decimal(grosz).scaleb(-2))
