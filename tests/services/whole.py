"""A programme that has everything at once, and orders that any of it may look at."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

from app.programme.events import Event, Line, OrderFacts, Person, Refund, RefundLine, Standing

HEAD = """
[programme]
key = "everything"
currency = "PLN"
timezone = "Europe/Warsaw"
stacking = "{stacking}"

[[rule]]
key = "per-unit"
on = "order.paid"
points = {each}
per = "1.00"
multiply = [{{ by = "2", skus = ["MUG-*"] }}]

[[rule]]
key = "joining"
on = "customer.registered"
points = 100
"""

REST = """
[[rule]]
key = "over-fifty"
on = "order.paid"
points = 5
when = {{ goods_over = "50.00" }}

[[rule]]
key = "second-order"
on = "order.count"
points = 20
orders = 2

[[rule]]
key = "mug-card"
on = "items.count"
every = 3
points = 7
lines = {{ skus = ["MUG-*"] }}

[[rule]]
key = "app"
on = "action"
action = "app-install"
points = 11
times = 2
each = "month"

[[rule]]
key = "friend"
on = "referral"
points = 31
friend_points = 17
return_days = 0

[[challenge]]
key = "two-in-three"
orders = 2
days = 3
window = "month"
goods_from = "20.00"
points = 13

[[cap]]
key = "daily"
points = {daily}
per = "day"
rules = ["per-unit", "weekend"]

[tiers]
by = "{by}"
window = "rolling"
months = 1
grace_days = 3

[[tier]]
key = "bronze"
from = 0

[[tier]]
key = "silver"
from = "{silver}"
multiply = "1.5"
gift = 40

[[tier]]
key = "gold"
from = "{gold}"
multiply = "2"
gift = 90

[[campaign]]
key = "weekend"
from = 2026-11-21T00:00:00
until = 2026-11-23T00:00:00
multiply = "2"
bonus = 10

[[campaign]]
key = "mugs-for-silver"
from = 2026-11-20T12:00:00
until = 2026-11-24T00:00:00
multiply = "3"
rules = ["per-unit"]
lines = {{ skus = ["MUG-*"] }}
tiers = ["silver"]
"""

PLAIN = HEAD.format(stacking="best", each=1)
"""One point per unit and some for joining: every other rule is not there yet, or was deleted."""

DOCUMENTS = (
    PLAIN,
    HEAD.format(stacking="best", each=1)
    + REST.format(daily=150, by="spend", silver="100", gold="250"),
    HEAD.format(stacking="add", each=2)
    + REST.format(daily=90, by="points", silver="100", gold="400"),
    HEAD.format(stacking="multiply", each=1)
    + REST.format(daily=400, by="orders", silver="2", gold="4"),
)


@dataclass(frozen=True)
class Bought:
    """An order as its shop knows it: mugs at 10.00 each, and tea for the rest."""

    number: int
    customer: str
    placed: datetime
    changed: datetime
    mugs: int
    tea: int  # whole units of money
    standing: Standing = Standing.PAID
    paid: datetime | None = None
    refunds: tuple[Refund, ...] = ()
    codes: tuple[str, ...] = ()
    named: str | None = None  # the customer who recommended the shop

    @property
    def total(self) -> int:
        return 10 * self.mugs + self.tea

    def now(self, moment: datetime, **changes: object) -> "Bought":
        """Return the order as it is after a change at that moment."""
        changed: Bought = replace(self, changed=moment, **changes)  # type: ignore[arg-type] # names of ours
        if changed.paid is None and changed.standing in {Standing.PAID, Standing.COMPLETED}:
            return replace(changed, paid=moment)
        return changed

    def refund(self, moment: datetime, mugs: int, amount: int, *, dated: bool) -> "Bought":
        """Give so many mugs back, or without any that much money."""
        part = RefundLine(line="1", quantity=mugs, net=Decimal(10 * mugs))
        refund = Refund(
            id=str(len(self.refunds) + 1),
            amount=part.net if mugs else Decimal(amount),
            at=moment if dated else None,
            lines=(part,) if mugs else (),
        )
        return self.now(moment, refunds=(*self.refunds, refund))

    def event(self, invitations: Mapping[str, str | None] = MappingProxyType({})) -> Event:
        """Return what the shop says of it; `invitations` are the codes of who recommends it."""
        lines = (
            Line(id="1", sku="MUG-1", quantity=self.mugs, net=Decimal(10 * self.mugs)),
            Line(id="2", sku="TEA", net=Decimal(self.tea)),
        )
        return Event(
            kind="order",
            external_id=str(self.number),
            modified_at=self.changed,
            occurred_at=self.placed,
            person=Person(customer=self.customer),
            facts=OrderFacts(
                standing=self.standing,
                status=self.standing.value,
                currency="PLN",
                prices_include_tax=True,
                total=Decimal(self.total),
                paid_at=self.paid,
                lines=tuple(line for line in lines if line.net),
                refunds=self.refunds,
                codes=self.codes,
                referral=invitations.get(self.named or ""),
            ),
        )


def soon(moment: datetime) -> datetime:
    """A second later: no two changes of a shop are of one moment here."""
    return moment + timedelta(seconds=1)
