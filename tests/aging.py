"""A shop whose points are held and expire, with a clock that a test moves on."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
from sqlalchemy import select

from app.db import tables as t
from app.programme.events import Event, OrderFacts
from app.services.adjust import adjust_points
from jobs.schedule import run_due
from tests.people import SOURCE, People, order
from tests.pipeline import Pipeline

OLA = "5"
NEW_YEAR = datetime(2026, 1, 1, 12, tzinfo=UTC)


def bought(
    number: int,
    amount: str,
    paid_at: datetime,
    *,
    customer: str = OLA,
    refunded: str | None = None,
    changed: timedelta = timedelta(),
) -> Event:
    """A paid order as it was some time after it was paid, with what was given back by then."""
    event = order(number, amount, customer=customer, refunded=refunded)
    facts = event.facts
    assert isinstance(facts, OrderFacts)
    return msgspec.structs.replace(
        event,
        occurred_at=paid_at,
        modified_at=paid_at + changed,
        facts=msgspec.structs.replace(facts, paid_at=paid_at),
    )


@dataclass
class Aging:
    """One shop, one shopper, and time that passes."""

    pipeline: Pipeline
    people: People

    @property
    def now(self) -> datetime:
        return self.pipeline.clock.moment

    def at(self, moment: datetime) -> None:
        """Move the clock; the periodic jobs have done their work by then."""
        self.pipeline.clock.moment = moment
        run_due(self.pipeline.runtime)

    def buy(self, number: int, amount: str, paid_at: datetime | None = None) -> None:
        self.people.tell(0, bought(number, amount, paid_at or self.now))

    def refund(self, number: int, amount: str, paid_at: datetime, refunded: str | None) -> None:
        """Let the shop show the order with that much given back (None: nothing any more)."""
        changed = self.now - paid_at
        self.people.tell(0, bought(number, amount, paid_at, refunded=refunded, changed=changed))

    def spend(self, points: int) -> None:
        self.people.spend(self.member, points)

    def give(self, points: int) -> None:
        with self.pipeline.database.transaction() as connection:
            adjust_points(
                connection,
                self.pipeline.runtime.vault,
                programme_id=self.people.programme_id,
                member_id=self.member,
                points=points,
                reason="a test",
                key=self.now.isoformat(),
                actor="test",
                now=self.now,
            )

    @property
    def member(self) -> int:
        return self.people.member(0, OLA)

    def has(self) -> tuple[int, int]:
        """Return what the shopper can spend, and what is pending; all of it is proved first."""
        assert self.people.problems() == []
        [row] = self.people.rows("member", id=self.member)
        return row.balance, row.pending

    def lots(self) -> list[tuple[int, datetime | None]]:
        """Return what is left of each open lot and when it expires, the first to expire first."""
        rows = self.people.rows("lot", member_id=self.member)
        found = [(row.remaining, row.expires_at) for row in rows if row.remaining]
        return sorted(found, key=lambda lot: (lot[1] is None, lot[1] or self.now))

    def entries(self) -> list[tuple[str, int, int]]:
        """Return (kind, points, pending) of each entry of the shopper, oldest first."""
        with self.pipeline.database.snapshot() as connection:
            rows = connection.execute(
                select(t.entry.c.kind, t.entry.c.points, t.entry.c.pending)
                .where(t.entry.c.member_id == self.member)
                .order_by(t.entry.c.seq)
            )
            return [(row.kind, row.points, row.pending) for row in rows]


def open_aging(pipeline: Pipeline, points: str, *, debt: str = "debt", stores: int = 1) -> Aging:
    """Open shops whose [points] table is this, at noon of New Year's Day."""
    pipeline.clock.moment = NEW_YEAR - timedelta(days=1)
    head = SOURCE.replace('key = "joining"\non = "customer.registered"\npoints = 100', "")
    source = SOURCE if "joining" in points else head.replace("[[rule]]\n\n\n", "")
    zone = 'timezone = "Europe/Warsaw"\n'
    source = source.format(debt=debt).replace(
        "[[rule]]", f"{zone}\n[points]\n{points}\n\n[[rule]]", 1
    )
    programme_id = pipeline.programme(source=source)
    opened = [
        pipeline.store(programme_id, url=f"https://shop{number}.example")
        for number in range(stores)
    ]
    aging = Aging(pipeline, People(pipeline, programme_id, opened))
    aging.at(NEW_YEAR)
    return aging
