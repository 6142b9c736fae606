"""Statements about people as any connector makes them: e-mails a shop vouches for, customers it merged."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Row, select

from app.db import tables as t
from app.programme.events import (
    CustomerFacts,
    Event,
    Line,
    OrderFacts,
    Person,
    Refund,
    RefundLine,
    ReviewFacts,
    Standing,
)
from app.services import ingest
from app.services.ingest import Incoming
from app.services.merge import merge_accounts
from app.services.redeem import Outlet, redeem
from app.services.release import release
from app.services.stores import Store
from app.services.view_ledger import ledger_of, sentence
from jobs.outlets import outlets
from tests.pipeline import Pipeline

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLA, JAN = "ola@example.pl", "jan@example.pl"

SOURCE = """
[programme]
key = "one-wallet"
currency = "PLN"
debt = "{debt}"

[[rule]]
key = "joining"
on = "customer.registered"
points = 100

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[rule]]
key = "opinion"
on = "review.published"
points = 20
"""

COSTS = (5, 30, 120, 150)
"""What rewards cost: `People.spend` takes them."""

REWARDS = "".join(
    f'\n[[reward]]\nkey = "for-{cost}"\ncost = {cost}\nkind = "percent"\nvalue = "10"\n'
    for cost in COSTS
)
SOURCE += REWARDS


def order(
    number: int,
    amount: str = "100.00",
    *,
    customer: str | None = None,
    email: str | None = None,
    verified: bool = True,
    refunded: str | None = None,
    at: int = 0,
) -> Event:
    """An order of one line, as it was so many seconds after the start."""
    refunds: tuple[Refund, ...] = ()
    if refunded is not None:
        part = RefundLine(line="1", quantity=1, net=Decimal(refunded))
        refunds = (Refund(id="9", amount=Decimal(refunded), at=_moment(at), lines=(part,)),)
    return Event(
        kind="order",
        external_id=str(number),
        number=f"#{number}",
        modified_at=_moment(at),
        occurred_at=START,
        person=Person(customer=customer, email=email, verified=verified and customer is not None),
        facts=OrderFacts(
            standing=Standing.PAID,
            status="paid",
            currency="PLN",
            prices_include_tax=True,
            total=Decimal(amount),
            lines=(Line(id="1", net=Decimal(amount)),),
            refunds=refunds,
        ),
    )


def account(number: str, email: str | None = None, *, verified: bool = True, at: int = 0) -> Event:
    """A shopper's account, signed up at the start."""
    return Event(
        kind="customer",
        external_id=number,
        modified_at=_moment(at),
        occurred_at=START,
        person=Person(customer=number, email=email, verified=verified),
        facts=CustomerFacts(registered=True),
    )


def gone(number: str, *, into: str | None = None, at: int = 9) -> Event:
    """An account that was deleted, or merged into another one by its shop."""
    return Event(
        kind="customer",
        external_id=number,
        modified_at=_moment(at) if into is None else None,
        occurred_at=None,
        facts=None,
        into=into,
    )


def review(number: int, product: str, email: str) -> Event:
    """A published review by somebody who bought the product."""
    return Event(
        kind="review",
        external_id=str(number),
        modified_at=_moment(0),
        occurred_at=START,
        person=Person(email=email),
        facts=ReviewFacts(product=product, published=True, verified=True),
    )


def removed(event: Event) -> Event:
    """The same object, gone from the shop."""
    return msgspec.structs.replace(event, facts=None, modified_at=None)


def _moment(at: int) -> datetime:
    return START + timedelta(seconds=at)


@dataclass
class People:
    """One programme and its stores, told what connectors would tell. Nobody is asked anything."""

    pipeline: Pipeline
    programme_id: int
    stores: list[Store]
    _numbers: Any = field(default_factory=itertools.count)

    def tell(
        self, store: int, *events: Event, join: bool = True, readable: bool = False
    ) -> tuple[str, str]:
        """Apply what one delivery of a store states; join whom it proves to be one."""
        self.receive([(store, events)], readable=readable)
        if join:
            self.pipeline.drain()
        return self.pipeline.outcome(self._last)

    def receive(
        self, told: Sequence[tuple[int, Sequence[Event]]], *, readable: bool = False
    ) -> None:
        """Apply deliveries in one batch; `readable`: the shops could be asked."""
        incoming = []
        for store, events in told:
            body = f"delivery {next(self._numbers)}".encode()
            self._last = self.pipeline.receive(self.stores[store], "order.updated", body)
            incoming.append(
                Incoming(
                    delivery_id=self._last,
                    store_id=self.stores[store].id,
                    source="webhook",
                    received_at=self.pipeline.clock(),
                    began_at=None,
                    readable=readable,
                    events=tuple(events),
                )
            )
        with self.pipeline.database.transaction() as connection:
            batch = ingest.evaluate(
                connection,
                self.pipeline.runtime.vault,
                programme_id=self.programme_id,
                incoming=incoming,
                now=self.pipeline.clock(),
                lock=not self.pipeline.database.embedded,
            )
            ingest.commit(connection, batch, recheck=False)

    def merge(self, one: int, other: int) -> int:
        """Join two accounts as services do; returns the one that stays."""
        with self.pipeline.database.transaction() as connection:
            return merge_accounts(
                connection,
                self.pipeline.runtime.vault,
                programme_id=self.programme_id,
                one=one,
                other=other,
                now=self.pipeline.clock(),
            )

    def spend(self, member_id: int, points: int) -> int:
        """Take the reward that costs so many points, in a store where the member has an account."""
        with self.pipeline.database.transaction() as connection:
            home: int = connection.execute(
                select(t.store_customer.c.store_id)
                .where(t.store_customer.c.member_id == member_id, t.store_customer.c.gone == 0)
                .order_by(t.store_customer.c.id)
                .limit(1)
            ).scalar_one()
            return redeem(
                connection,
                self.pipeline.runtime.vault,
                programme_id=self.programme_id,
                member_id=member_id,
                reward=f"for-{points}",
                outlets=[
                    Outlet(one, frozenset({"percent"})) for one in self.stores if one.id == home
                ],
                actor="test",
                now=self.pipeline.clock(),
            )

    def take(self, who: str | int, reward: str) -> int:
        """Take a reward for a customer of the first store, or a member, where stores can make or give it."""
        runtime = self.pipeline.runtime
        member_id = self.member(0, who) if isinstance(who, str) else who
        return runtime.database.run(
            lambda connection: redeem(
                connection,
                runtime.vault,
                programme_id=self.programme_id,
                member_id=member_id,
                reward=reward,
                outlets=outlets(
                    connection, runtime.settings.keyring, runtime.connectors, self.programme_id
                ),
                actor="tests",
                now=runtime.clock(),
            )
        )

    def release(self, redemption_id: int) -> str:
        """Give up a reward whose code was not made yet; returns its state then."""
        with self.pipeline.database.transaction() as connection:
            return release(
                connection,
                self.pipeline.runtime.vault,
                redemption_id=redemption_id,
                reason="a test of releases",
                actor="test",
                now=self.pipeline.clock(),
            )

    def customer(self, store: int, number: str) -> Row[Any]:
        """Return the row of a shop's customer."""
        with self.pipeline.database.snapshot() as connection:
            return connection.execute(
                select(t.store_customer).where(
                    t.store_customer.c.store_id == self.stores[store].id,
                    t.store_customer.c.external_id == number,
                )
            ).one()

    def member(self, store: int, number: str) -> int:
        """Return whose a shop's customer is."""
        found: int = self.customer(store, number).member_id
        return found

    def holder(self, email: str) -> int:
        """Return the account that an e-mail belongs to."""
        hashed = self.pipeline.runtime.vault.email_hash(self.programme_id, email)
        with self.pipeline.database.snapshot() as connection:
            found: int = connection.execute(
                select(t.identity.c.member_id).where(t.identity.c.email_hash == hashed)
            ).scalar_one()
        return found

    def rows(self, table: str, **values: object) -> Sequence[Row[Any]]:
        """Return rows of a table, oldest first."""
        chosen = t.metadata.tables[table]
        query = select(chosen).order_by(chosen.c.id)
        for name, value in values.items():
            query = query.where(chosen.c[name] == value)
        with self.pipeline.database.snapshot() as connection:
            return connection.execute(query).all()

    def balance(self, number: str = "5", store: int = 0) -> int:
        """Return what the account of a shop's customer has."""
        [row] = self.rows("member", id=self.member(store, number))
        found: int = row.balance
        return found

    def sentences(self, number: str = "5", language: str = "en") -> list[str]:
        """Return what the ledger says to a shop's customer, oldest first."""
        with self.pipeline.database.snapshot() as connection:
            entries = ledger_of(connection, self.member(0, number)).items
        return [sentence(entry, language, "PLN") for entry in reversed(entries)]

    def windows(self) -> dict[str, int]:
        """Return what windows are worth, by rule and key."""
        return {
            f"{row.rule} {row.window_key}": row.points
            for row in self.rows("award", object_id=None)
            if row.points
        }

    def balances(self) -> list[int]:
        """Return what each living account has."""
        return sorted(row.balance for row in self.rows("member") if row.merged_into is None)

    def problems(self) -> list[str]:
        """Return what the ledger cannot prove."""
        return [str(problem) for problem in self.pipeline.verified().problems]


def open_people(pipeline: Pipeline, *, stores: int = 2, debt: str = "debt") -> People:
    """Open a programme with several stores."""
    programme_id = pipeline.programme(source=SOURCE.format(debt=debt))
    opened = [
        pipeline.store(programme_id, url=f"https://shop{number}.example")
        for number in range(stores)
    ]
    return People(pipeline, programme_id, opened)
