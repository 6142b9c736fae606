"""A storm over shops in which members redeem, and a count of what it left in the shops' own tables."""

import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select

from app.db import tables as t
from app.errors import Conflict
from app.services import writeback
from connectors.shopify.code_inputs import tag_of
from connectors.shopify.sandbox.shops import SCOPES
from connectors.shopify.sandbox.state import SandboxError
from connectors.woocommerce.coupons import REFERENCE
from connectors.woocommerce.sandbox import KEY
from connectors.woocommerce.sandbox.errors import RestError
from jobs.push import push
from jobs.schedule import run_due
from tests.attack.slow_line import NETWORK, Line, hurry
from tests.pipeline import Pipeline
from tests.way.rewards import Rewards, ShopifyRewards, WooRewards, open_rewards

EARNED = 3000
COSTS = {"ten-percent": 100, "delivery": 100, "voucher": 300}
WORTH = {"ten-percent": 180, "delivery": 200, "voucher": 150}
"""What an order of 200.00 earns that was paid with such a code."""


class Troubled(ABC):
    """A shop with everything that can go wrong there, and its counts by redemption."""

    def __init__(self, shop: Rewards) -> None:
        self.shop = shop

    @abstractmethod
    def storm(self, seed: int) -> None:
        """Let calls fail by chance."""

    @abstractmethod
    def calm(self) -> None:
        """End every fault."""

    @abstractmethod
    def forbid(self) -> None:
        """Take the permission to make codes away."""

    @abstractmethod
    def allow(self) -> None:
        """Give it back."""

    @abstractmethod
    def occupy(self, code: str) -> None:
        """Make a code of the merchant's own under this name."""

    @abstractmethod
    def ever(self) -> Counter[str]:
        """Return how many codes were ever made for each redemption."""

    @abstractmethod
    def usable(self) -> Counter[str]:
        """Return how many codes of each redemption somebody can use now."""

    def line(self) -> Line:
        """Return the line to the shop, with everything on it that a test wants."""
        self.shop.way.keep_time()
        pipeline = self.shop.pipeline
        return hurry(pipeline.shops.get(self.shop.way.store), pipeline.clock)

    def resume(self) -> None:
        """Let a person say that the store may be called again."""
        pipeline = self.shop.pipeline
        with pipeline.database.transaction() as connection:
            writeback.unblock(connection, self.shop.way.store.id, pipeline.clock())


class TroubledWoo(Troubled):
    """WooCommerce."""

    def __init__(self, shop: WooRewards) -> None:
        super().__init__(shop)
        self._shop = shop._shop
        self._made: Counter[str] = Counter()
        self._shop.listeners.append(self._hear)

    def storm(self, seed: int) -> None:
        odds = {**NETWORK, "maintenance": 0.01}
        self._shop.faults.storm(seed, odds, path="/coupons", retry_after="30", seconds=1)

    def calm(self) -> None:
        self._shop.faults.clear()

    def forbid(self) -> None:
        self._shop.keys[KEY].permissions = "read"

    def allow(self) -> None:
        self._shop.keys[KEY].permissions = "read_write"

    def occupy(self, code: str) -> None:
        self._shop.add_coupon(code, "1")

    def ever(self) -> Counter[str]:
        return self._made

    def usable(self) -> Counter[str]:
        now = self.shop.pipeline.clock.moment
        return Counter(
            one
            for row in self._shop.tables.coupons.values()
            for one in _referred(row)
            if row["status"] == "publish"
            and len(row["used_by"]) < row["usage_limit"]
            and (row["expires"] is None or row["expires"] > now)
        )

    def _hear(self, hook: str, arg: Any, _post_type: str) -> None:
        if hook == "woocommerce_new_coupon":
            self._made.update(_referred(self._shop.tables.coupons[arg]))


class TroubledShopify(Troubled):
    """Shopify."""

    def __init__(self, shop: ShopifyRewards) -> None:
        super().__init__(shop)
        self._shop = shop._shop
        self._shop.change_settings(restore_rate=100_000.0)  # points refill by the machine's clock

    def storm(self, seed: int) -> None:
        odds = {**NETWORK, "throttled": 0.03, "internal_error": 0.03, "html": 0.01}
        self._shop.faults.storm(seed, odds, retry_after="30", seconds=1)

    def calm(self) -> None:
        self._shop.faults.clear()

    def forbid(self) -> None:
        self._shop.revoke("write_discounts")

    def allow(self) -> None:
        self._shop.grant(SCOPES)

    def occupy(self, code: str) -> None:
        self._shop.add_discount(code, "1")

    def ever(self) -> Counter[str]:
        return Counter(one for row in self._shop.discounts_made() for one in _tagged(row))

    def usable(self) -> Counter[str]:
        return Counter(
            one
            for row in self._shop.discounts_made()
            for one in _tagged(row)
            if not row["deleted"]
            and row["status"] == "ACTIVE"
            and len(row["orders"]) < row["usage_limit"]
        )


def _referred(row: dict[str, Any]) -> list[str]:
    """Return the redemption of a coupon; the merchant's own have none."""
    return [str(meta["value"]) for meta in row["meta_data"] if meta["key"] == REFERENCE]


def _tagged(row: dict[str, Any]) -> list[str]:
    """Return the redemption of a discount; the merchant's own have none."""
    start = tag_of("")
    return [tag.removeprefix(start) for tag in row["tags"] if tag.startswith(start)]


@contextmanager
def open_troubled(pipeline: Pipeline, platform: str) -> Iterator[Troubled]:
    """Open a shop with rewards that can be given trouble."""
    with open_rewards(pipeline, platform) as shop:
        yield _troubled(shop)


def _troubled(shop: Rewards) -> Troubled:
    if isinstance(shop, WooRewards):
        return TroubledWoo(shop)
    assert isinstance(shop, ShopifyRewards)
    return TroubledShopify(shop)


@dataclass
class Order:
    """An order that a member paid with a code."""

    number: int
    reward: str
    customer: int
    cancelled: bool = False


@dataclass
class Life:
    """What members, staff and the merchant do, by chance, and what they know of it."""

    shop: Troubled
    dice: random.Random
    people: list[int] = field(default_factory=list)
    taken: dict[int, tuple[int, str]] = field(default_factory=dict)  # customer, reward
    orders: dict[int, list[Order]] = field(default_factory=dict)  # by redemption
    done: Counter[str] = field(default_factory=Counter)

    @property
    def pipeline(self) -> Pipeline:
        return self.shop.shop.pipeline

    def join(self, people: int) -> None:
        """Let people join and earn enough for some rewards each."""
        way: Any = self.shop.shop.way
        for number in range(people):
            self.people.append(way.joins(f"person{number}@example.pl"))
            way.buy(f"{EARNED}.00", customer=self.people[-1])
        self.settle()

    def redeem(self, times: int) -> None:
        """Let members take rewards; no shop is asked yet."""
        while times:
            customer, reward = self.dice.choice(self.people), self.dice.choice(list(COSTS))
            try:
                taken = self.shop.shop.redeem(customer, reward)
            except Conflict:
                continue  # too few points left
            self.taken[taken] = (customer, reward)
            times -= 1

    def use(self, share: float) -> None:
        """Let members order with a share of the codes that they have been told."""
        for row in self.rows("issued"):
            if self.dice.random() < share:
                customer, reward = self.taken[row.id]
                try:
                    number = self.shop.shop.use(row.code, customer)
                except (RestError, SandboxError):
                    self.done["refused at the checkout"] += 1  # ended in this very moment
                    continue
                self.orders.setdefault(row.id, []).append(Order(number, reward, customer))
                self.done["used"] += 1

    def release(self, share: float) -> None:
        """Let staff release a share of the redemptions that no order is known to have used."""
        for row in [*self.rows("reserved"), *self.rows("issued")]:
            if self.dice.random() < share:
                self.done[f"released while {row.state}"] += 1
                self.shop.shop.release(row.id)

    def cancel(self, share: float) -> None:
        """Let the merchant cancel a share of the orders."""
        for order in (one for several in self.orders.values() for one in several):
            if not order.cancelled and self.dice.random() < share:
                self.shop.shop.cancel(order.number)
                order.cancelled = True
                self.done["cancelled"] += 1

    def delete(self, share: float) -> None:
        """Let the merchant delete a share of the codes by hand."""
        there = set(self.shop.shop.codes())
        for row in self.rows("issued"):
            if row.code in there and self.dice.random() < share:
                self.shop.shop.delete(row.code)
                self.done["deleted by the merchant"] += 1

    def rows(self, state: str) -> list[Row[Any]]:
        with self.pipeline.database.snapshot() as connection:
            query = select(t.redemption).where(t.redemption.c.state == state)
            return list(connection.execute(query.order_by(t.redemption.c.id)).all())

    # --- time ------------------------------------------------------------------------------------

    def work(self) -> int:
        """Let what is late arrive, then do what a worker does in one turn."""
        self.done["arrived late"] += self.shop.line().arrive()
        return self.pipeline.drain() + push(self.pipeline.runtime, self.pipeline.shops)

    def settle(self) -> None:
        """Let everything that is due now be done, the echoes of our own writes too."""
        for _ in range(1000):
            if not self.work() and not self.shop.shop.way.sent():
                return
        raise AssertionError("the work never ends")

    def later(self, **time: float) -> None:
        """Let time pass, then what is due happen."""
        self.pipeline.clock.advance(**time)
        run_due(self.pipeline.runtime)
        self.settle()

    # --- counting --------------------------------------------------------------------------------

    def wrong(self) -> list[str]:
        """Name every redemption that is not one code or its points, and every balance that is off."""
        usable, ever, net = self.shop.usable(), self.shop.ever(), self._net()
        strange = (usable | ever).keys() - set(map(str, self.taken))
        found = [f"a code for nobody: {one}" for one in sorted(strange)]
        balances = dict.fromkeys(self.people, EARNED)
        for order in (one for several in self.orders.values() for one in several):
            balances[order.customer] += 0 if order.cancelled else WORTH[order.reward]
        for redemption, (customer, reward) in self.taken.items():
            codes = usable[str(redemption)]
            used = any(not one.cancelled for one in self.orders.get(redemption, ()))
            spent = bool(codes or used)
            balances[customer] -= COSTS[reward] if spent else 0
            posted = net.get(str(redemption), 0)
            if codes + used > 1 or posted != -COSTS[reward] * spent:
                found.append(
                    f"{redemption} {reward}: {codes} usable of {ever[str(redemption)]} made, "
                    f"used: {used}, points {posted}, {self.shop.shop.row(redemption)}"
                )
        found += [
            f"customer {one} has {has}, should have {balance}"
            for one, balance in balances.items()
            if (has := self.shop.shop.points(one)) != balance
        ]
        return found + [str(problem) for problem in self.pipeline.verified().problems]

    def due(self) -> int:
        """Return how many redemptions wait for a shop now."""
        with self.pipeline.database.snapshot() as connection:
            query = select(func.count()).where(t.redemption.c.due_at <= self.pipeline.clock.moment)
            return int(connection.execute(query).scalar_one())

    def _net(self) -> dict[str, int]:
        """Return the points that each redemption has cost by the ledger."""
        with self.pipeline.database.snapshot() as connection:
            rows = connection.execute(
                select(t.source_object.c.external_id, func.sum(t.entry.c.points).label("points"))
                .join(t.award, t.award.c.object_id == t.source_object.c.id)
                .join(t.entry, t.entry.c.award_id == t.award.c.id)
                .where(t.source_object.c.kind == "redemption")
                .group_by(t.source_object.c.external_id)
            )
            return {row.external_id: int(row.points) for row in rows}
