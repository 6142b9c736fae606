"""A Stempel and a shop that talk, whatever the platform: what the shop sends is drained here.

Only the edge is missing: what comes over HTTP is verified as the edge does it, then stored. The shop, the
reader and the pipeline share one clock that only the tests move.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select

from app.db import tables as t
from app.programme.emails import fold
from app.services.stores import Store, load_edge_store
from connectors.base import Headers
from tests.pipeline import Pipeline

Heard = tuple[Iterable[tuple[str, str]], bytes]
"""The headers and the body of one message that a shop sent."""


@dataclass(kw_only=True)
class Connected(ABC):
    """One programme, one shop and the way between them."""

    pipeline: Pipeline
    store: Store
    programme_id: int

    @abstractmethod
    def heard(self) -> list[Heard]:
        """Let the shop send what waits there; each message is returned once."""

    @abstractmethod
    def keep_time(self) -> None:
        """Let the reader look at the clock of the test instead of the machine's."""

    def sent(self) -> list[int]:
        """Let the shop send what waits there; returns the deliveries' ids, not yet drained.

        Afterwards it is two seconds later: the shop dates what happens next differently.
        """
        heard = self.heard()
        inbound = self.pipeline.runtime.connectors[self.store.platform].inbound
        with self.pipeline.database.snapshot() as connection:
            edge = load_edge_store(connection, self.pipeline.settings.keyring, self.store.key)
        assert edge is not None
        stored = []
        for pairs, body in heard:
            headers = Headers([(name.encode(), value.encode()) for name, value in pairs])
            assert inbound.verify(headers, body, [one.value for one in edge.secrets])
            ref = inbound.locate(headers)
            assert ref == self.store.ref
            topic = inbound.topic(headers)
            stored.append(self.pipeline.receive(self.store, topic, body, by_header=ref is not None))
        self.later(seconds=2)
        return stored

    def announce(self) -> list[tuple[str, str]]:
        """Let the shop send, and Stempel do everything that follows; returns the outcomes."""
        stored = self.sent()
        self.settle()
        return [self.pipeline.outcome(one) for one in stored]

    def settle(self) -> None:
        """Drain, read and write until nothing is left to do now."""
        self.keep_time()
        self.pipeline.settle()

    def quiet(self) -> None:
        """Let everything run its course, the echoes of our own writes too."""
        for _ in range(10):
            if not self.announce():
                return
        raise AssertionError("the echoes never end")

    def later(self, **time: float) -> None:
        self.pipeline.clock.advance(**time)

    def points(self, customer: int) -> int | None:
        """Return the balance of a shop customer, None if there is no member behind it."""
        return self.pipeline.points(self.store, str(customer))

    def guest_points(self, email: str) -> int | None:
        """Return what a guest gathered under an e-mail, None if nobody is known by it."""
        folded = fold(email)
        assert folded is not None
        hashed = self.pipeline.runtime.vault.email_hash(self.programme_id, folded)
        with self.pipeline.database.snapshot() as connection:
            found: int | None = connection.execute(
                select(t.member.c.balance)
                .join(t.identity, t.identity.c.member_id == t.member.c.id)
                .where(t.identity.c.email_hash == hashed)
            ).scalar()
        return found

    def row(self, kind: str, number: int) -> Row[Any]:
        """Return the source object as stored."""
        with self.pipeline.database.snapshot() as connection:
            return connection.execute(
                select(t.source_object).where(
                    t.source_object.c.store_id == self.store.id,
                    t.source_object.c.kind == kind,
                    t.source_object.c.external_id == str(number),
                )
            ).one()

    def entries(self) -> list[tuple[str, int]]:
        """Return every entry of the ledger as (kind, points), oldest first."""
        with self.pipeline.database.snapshot() as connection:
            rows = connection.execute(
                select(t.entry.c.kind, t.entry.c.points).order_by(t.entry.c.id)
            ).all()
        return [(row.kind, row.points) for row in rows]

    def count(self, table: str) -> int:
        """Return how many rows a table has."""
        with self.pipeline.database.snapshot() as connection:
            query = select(func.count()).select_from(t.metadata.tables[table])
            return int(connection.execute(query).scalar_one())

    def sound(self) -> None:
        """Everything was dealt with, nothing failed, and the ledger proves itself."""
        assert unsound(self.pipeline) == []


def unsound(pipeline: Pipeline) -> list[str]:
    """Return what is left to do, what failed, and what the ledger cannot prove."""
    with pipeline.database.snapshot() as connection:
        failures = connection.execute(
            select(t.delivery_outcome.c.reason).where(
                t.delivery_outcome.c.status.in_(("failed", "dead"))
            )
        ).scalars()
        found = [f"failed: {reason}" for reason in failures]
        for table in (t.delivery_queue, t.outbox_task, t.task_waiter):
            left = connection.execute(select(func.count()).select_from(table)).scalar_one()
            if left:
                found.append(f"{left} left in {table.name}")
    return found + [str(problem) for problem in pipeline.verified().problems]
