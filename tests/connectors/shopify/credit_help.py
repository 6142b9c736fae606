"""A shop of the sandbox that gives gift cards and store credit, seen from both sides of its counter."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.base import Access
from connectors.http import GuardedClient
from connectors.rewards import CodeShown, Credit, Credits, Made
from connectors.shopify import connector
from connectors.shopify.sandbox import Sandbox, Shop, serve
from tests.connectors.shopify.graphql_shop import Time


@dataclass
class Till:
    """The role under test, and the shop."""

    role: Credits
    shop: Shop
    now: list[datetime]
    mug: int
    anna: int

    def wanted(self, number: int = 1, **values: Any) -> Credit:
        given = {
            "reference": str(9000 + number),
            "kind": "gift-card",
            "title": "Kawa: fifty to spend",
            "value": Decimal("50.00"),
            "currency": "PLN",
            "customer": str(self.anna),
            "code": f"K7QM3XTD9RWB{number:04d}",
            "created_at": self.now[0],
            "ends_at": datetime(2027, 2, 20, 22, 59, 59, tzinfo=UTC),
        }
        return Credit(**{**given, **values})

    def give(self, one: Credit) -> Made:
        [made] = self.role.give([one])
        return made

    def look(self, one: Credit) -> CodeShown:
        [shown] = self.role.look([one])
        return shown

    def end(self, one: Credit) -> CodeShown:
        [shown] = self.role.end([one])
        return shown

    def buy(self, pieces: int = 1, **values: Any) -> Any:
        return self.shop.place_order({self.mug: pieces}, customer_id=self.anna, **values)

    def later(self, **time: float) -> None:
        self.now[0] += timedelta(**time)


@contextmanager
def till(**settings: Any) -> Iterator[Till]:
    now, time = [datetime(2026, 11, 22, 2, 30, 15, tzinfo=UTC)], Time()
    sandbox = Sandbox(now=lambda: now[0], seconds=time.clock)
    shop = sandbox.open_shop("kawa", **settings)
    mug = shop.add_product("Mug", "20.00")["id"]
    anna = shop.create_customer("anna@example.com", "Anna", "Nowak")["id"]
    with serve(sandbox) as running:
        access = Access(
            store_key="k",
            url=connector.place({"shop": ["kawa"]}).url,
            credentials={"access-token": shop.token},
            origin=running.origin,
        )
        opened = connector.connect(access, GuardedClient(allow_private=True))
        assert opened.credits is not None
        yield Till(opened.credits, shop, now, mug, anna)
        opened.close()
