"""A counter where members redeem: the shop behind it makes codes in memory and tells of orders by webhook."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from app.db import tables as t
from app.programme.events import RedemptionState
from app.services.code_answers import Answer, note_answers
from app.services.codes import CodeTask, claim_codes
from app.services.release import release
from app.services.stores import Store
from connectors.rewards import Discount, Made
from jobs.codes import push_codes
from jobs.runtime import Runtime
from tests.attack.help import order
from tests.attack.redeeming import TEN, take
from tests.codeshop import CodeShop
from tests.pipeline import Pipeline
from tests.services.model import COST, PLAIN

PRICE = COST[TEN]


@dataclass
class CountingShop(CodeShop):
    """A shop that counts how often it was asked to make each code."""

    asked: Counter[str] = field(default_factory=Counter)

    def make(self, wanted: Sequence[Discount]) -> Sequence[Made]:
        self.asked.update(one.reference for one in wanted)
        return super().make(wanted)


@dataclass
class Shop:
    """A shop without keys, whose codes are made in memory. Customers with points are members."""

    pipeline: Pipeline
    programme_id: int
    store: Store
    codes: CountingShop
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(700, 10_000)))

    def earn(self, customer: int, points: int) -> int:
        """Let a customer buy for so many points; returns the order's number."""
        number = next(self.numbers)
        body = order(f"{points}.00", number=number, customer=customer)
        assert self.pipeline.deliver(self.store, "order.updated", body)[0] == "processed"
        return number

    def member(self, customer: int) -> int:
        with self.pipeline.database.snapshot() as connection:
            return int(
                connection.execute(
                    select(t.store_customer.c.member_id).where(
                        t.store_customer.c.external_id == str(customer)
                    )
                ).scalar_one()
            )

    def redeem(self, customer: int, reward: str = TEN) -> int:
        """Take a reward; raises Conflict where there are not enough points."""
        return take(self.pipeline.runtime, self.store, self.member(customer), reward)

    def push(self, runtime: Runtime | None = None) -> None:
        """Let the shop be asked until nothing is due."""
        while push_codes(runtime or self.pipeline.runtime, self.store, self.codes):
            pass

    def row(self, redemption_id: int) -> Row[Any]:
        with self.pipeline.database.snapshot() as connection:
            return connection.execute(
                select(t.redemption).where(t.redemption.c.id == redemption_id)
            ).one()

    def newest(self) -> Row[Any]:
        """Return the redemption that was made last."""
        return self._rows()[-1]

    def states(self) -> list[tuple[str, str | None]]:
        """Return (state, why it ends) of every redemption, oldest first."""
        return [(row.state, row.ending) for row in self._rows()]

    def alive(self) -> list[str]:
        """Return the codes that somebody can use in the shop now."""
        return [code for code in self.codes.made if self.codes.usable(code)]

    def _rows(self) -> Sequence[Row[Any]]:
        with self.pipeline.database.snapshot() as connection:
            return connection.execute(select(t.redemption).order_by(t.redemption.c.id)).all()

    def issued(self, customer: int, reward: str = TEN) -> Row[Any]:
        taken = self.redeem(customer, reward)
        self.push()
        row = self.row(taken)
        assert row.state == RedemptionState.ISSUED
        return row

    def told(
        self, code: str, number: int | None = None, *, customer: int = 5, **changes: Any
    ) -> int:
        """Let the shop tell of an order that shows a code; returns its number."""
        number = number or next(self.numbers)
        body = showing(code, number=number, customer=customer, **changes)
        assert self.pipeline.deliver(self.store, "order.updated", body)[0] == "processed"
        return number

    def release(self, redemption_id: int) -> str:
        """Release a redemption as staff does; returns its state then."""
        return self.pipeline.database.run(
            lambda connection: self.release_in(connection, redemption_id)
        )

    def release_in(self, connection: Connection, redemption_id: int) -> str:
        return release(
            connection,
            self.pipeline.runtime.vault,
            redemption_id=redemption_id,
            reason="the member asked for it",
            actor="test",
            now=self.pipeline.clock(),
        )

    def claim(self) -> list[CodeTask]:
        with self.pipeline.database.transaction() as connection:
            return claim_codes(connection, self.store.id, self.pipeline.clock(), limit=10)

    def note(self, *answers: Answer) -> None:
        runtime = self.pipeline.runtime
        now = runtime.clock()
        runtime.database.run(
            lambda connection: note_answers(connection, runtime.vault, answers, now)
        )

    def points(self, customer: int) -> int | None:
        return self.pipeline.points(self.store, str(customer))

    def entries(self, member_id: int) -> list[tuple[str, int]]:
        with self.pipeline.database.snapshot() as connection:
            rows = connection.execute(
                select(t.entry.c.kind, t.entry.c.points)
                .where(t.entry.c.member_id == member_id)
                .order_by(t.entry.c.seq)
            ).all()
        return [(row.kind, row.points) for row in rows]


def showing(
    code: str, *, number: int, customer: int, amount: str = "10.00", **values: Any
) -> bytes:
    """Return an order that shows a code."""
    body = json.loads(order(amount, number=number, customer=customer, **values))
    return json.dumps(body | {"coupon_lines": [{"id": 1, "code": code.lower()}]}).encode()


def open_shop(pipeline: Pipeline, source: str = PLAIN) -> Shop:
    """Open a shop with a programme that has rewards."""
    programme_id = pipeline.programme(source=source)
    return Shop(pipeline, programme_id, pipeline.store(programme_id), CountingShop(pipeline.clock))
