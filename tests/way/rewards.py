"""Shops in which members redeem: the same acts and the same counting on either platform."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Row, select

from app.db import tables as t
from app.services.redeem import redeem
from app.services.release import release
from connectors.woocommerce.sandbox import coupons
from jobs.outlets import outlets
from jobs.schedule import run_due
from tests.pipeline import Pipeline
from tests.way import shop as woocommerce
from tests.way import shopify
from tests.way.connected import Connected

PLATFORMS = ("woocommerce", "shopify")

PROGRAMME = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[reward]]
key = "ten-percent"
cost = 100
kind = "percent"
value = "10"
valid_days = 30

[[reward]]
key = "voucher"
cost = 300
kind = "fixed"
value = "50.00"
refunded = "points"

[[reward]]
key = "delivery"
cost = 100
kind = "free-delivery"
valid_days = 30
refunded = "new-code"
"""


class Rewards(ABC):
    """A shop, its programme with rewards, and who counts the codes that the shop has."""

    way: Connected

    @property
    def pipeline(self) -> Pipeline:
        return self.way.pipeline

    @abstractmethod
    def use(self, code: str, customer: int, price: str = "200.00") -> int:
        """Let a customer order something with a code; returns the order's number."""

    @abstractmethod
    def cancel(self, order: int) -> None:
        """Cancel an order in the shop."""

    @abstractmethod
    def refund(self, order: int) -> None:
        """Give all the money of an order back."""

    @abstractmethod
    def delete(self, code: str) -> None:
        """Delete a code by the merchant's hand."""

    @abstractmethod
    def codes(self) -> list[str]:
        """Return the codes that somebody can use in the shop now, as often as they are there."""

    @abstractmethod
    def trouble(self, kind: str, **options: Any) -> None:
        """Make the next call about codes fail in a way that both sandboxes know."""

    def member(self, points: int = 0, email: str = "ola@example.pl") -> int:
        """Let somebody join the shop and earn; returns the customer's number there."""
        customer: int = self.way.joins(email)  # type: ignore[attr-defined]  # both ways have it
        if points:
            self.way.buy(f"{points}.00", customer=customer)  # type: ignore[attr-defined]  # both
        self.quiet()
        return customer

    def member_id(self, customer: int) -> int:
        """Return the member behind a customer of the shop."""
        with self.pipeline.database.snapshot() as connection:
            found = connection.execute(
                select(t.store_customer.c.member_id).where(
                    t.store_customer.c.store_id == self.way.store.id,
                    t.store_customer.c.external_id == str(customer),
                )
            ).scalar_one()
        return int(found)

    def redeem(self, customer: int, reward: str = "ten-percent", **options: Any) -> int:
        """Take a reward; returns the redemption. Nothing is done at the shop yet."""
        runtime, member_id = self.pipeline.runtime, self.member_id(customer)
        return runtime.database.run(
            lambda connection: redeem(
                connection,
                runtime.vault,
                programme_id=self.way.programme_id,
                member_id=member_id,
                reward=reward,
                outlets=outlets(
                    connection,
                    runtime.settings.keyring,
                    runtime.connectors,
                    self.way.programme_id,
                ),
                actor="test",
                now=runtime.clock(),
                **options,
            )
        )

    def release(self, redemption_id: int) -> str:
        """Release a redemption as staff does; returns its state then."""
        runtime = self.pipeline.runtime
        return runtime.database.run(
            lambda connection: release(
                connection,
                runtime.vault,
                redemption_id=redemption_id,
                reason="the member asked for it",
                actor="test",
                now=runtime.clock(),
            )
        )

    def row(self, redemption_id: int) -> Row[Any]:
        """Return a redemption as stored."""
        with self.pipeline.database.snapshot() as connection:
            return connection.execute(
                select(t.redemption).where(t.redemption.c.id == redemption_id)
            ).one()

    def issued(self, customer: int, reward: str = "ten-percent") -> tuple[int, str]:
        """Take a reward and let the shop make its code; returns both."""
        redemption_id = self.redeem(customer, reward)
        self.quiet()
        row = self.row(redemption_id)
        assert (row.state, row.error) == ("issued", None)
        return redemption_id, row.code

    def state(self, redemption_id: int) -> str:
        return str(self.row(redemption_id).state)

    def points(self, customer: int) -> int | None:
        return self.way.points(customer)

    def quiet(self) -> None:
        """Let everything run its course."""
        self.way.quiet()

    def later(self, **time: float) -> None:
        """Let time pass, then what is due happen."""
        self.way.later(**time)
        run_due(self.pipeline.runtime)
        self.quiet()


class WooRewards(Rewards):
    """WooCommerce."""

    def __init__(self, way: woocommerce.Way) -> None:
        self.way = way
        self._shop = way.shop

    def use(self, code: str, customer: int, price: str = "200.00") -> int:
        return self._way.buy(price, customer=customer, coupons=[code], shipping="15.00")

    def cancel(self, order: int) -> None:
        self._shop.set_status(order, "cancelled")

    def refund(self, order: int) -> None:
        self._shop.set_status(order, "refunded")

    def delete(self, code: str) -> None:
        [found] = [row for row in self._coupons() if row["code"] == code.lower()]
        with self._shop.lock:
            coupons.delete(self._shop, found["id"], force=True)

    def codes(self) -> list[str]:
        now = self.pipeline.clock.moment
        return sorted(
            row["code"].upper()
            for row in self._coupons()
            if row["status"] == "publish"
            and len(row["used_by"]) < (row["usage_limit"] or 10**9)
            and (row["expires"] is None or row["expires"] > now)
        )

    def trouble(self, kind: str, **options: Any) -> None:
        self._shop.faults.add(kind, path="/coupons", **options)

    @property
    def _way(self) -> woocommerce.Way:
        assert isinstance(self.way, woocommerce.Way)
        return self.way

    def _coupons(self) -> list[dict[str, Any]]:
        return list(self._shop.tables.coupons.values())


class ShopifyRewards(Rewards):
    """Shopify."""

    def __init__(self, way: shopify.ShopifyWay) -> None:
        self.way = way
        self._shop = way.shop

    def use(self, code: str, customer: int, price: str = "200.00") -> int:
        assert isinstance(self.way, shopify.ShopifyWay)
        return self.way.buy(price, customer=customer, codes=[code], shipping="15.00")

    def cancel(self, order: int) -> None:
        self._shop.cancel_order(order)

    def refund(self, order: int) -> None:
        self._shop.refund(order, amount=self._shop.order(order)["total_price"])

    def delete(self, code: str) -> None:
        self._shop.delete_discount(code)

    def codes(self) -> list[str]:
        return sorted(
            row["code"]
            for row in self._shop.discounts_made()
            if not row["deleted"]
            and row["status"] != "EXPIRED"
            and len(row["orders"]) < (row["usage_limit"] or 10**9)
        )

    def trouble(self, kind: str, **options: Any) -> None:
        self._shop.faults.add(kind, operation="MakeCodes", **options)


@contextmanager
def open_rewards(pipeline: Pipeline, platform: str, source: str = PROGRAMME) -> Iterator[Rewards]:
    """Open a shop of a platform in PLN with a programme that has rewards."""
    if platform == "woocommerce":
        with woocommerce.open_way(pipeline, source=source) as way:
            yield WooRewards(way)
        return
    with shopify.platform(pipeline) as (made, sandbox):
        programme_id = made.programme(source=source)
        with shopify.open_shopify(made, sandbox, programme_id, currency="PLN") as store:
            yield ShopifyRewards(store)
