"""Membership bought in one shop: every shop shows its perks while it runs, on either platform."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.services.enrol import confirm_claim
from jobs.schedule import run_due
from tests.pipeline import Pipeline
from tests.way.shop import Way
from tests.way.shop import open_way as open_woo
from tests.way.shopify import ShopifyWay, open_shopify, platform

ANNA = "anna.nowak@example.pl"
PERK = "stempel:perk=free-delivery"


@pytest.fixture
def backend() -> str:
    """Return SQLite: what is asked of the databases is tested on both in tests/services."""
    return "sqlite"


@dataclass
class Anna:
    """Somebody with an account in a shop on Shopify and in one on WooCommerce."""

    shopify: ShopifyWay
    woo: Way
    here: int
    there: int

    def quiet(self) -> None:
        self.woo.announce()
        self.shopify.quiet()
        self.woo.quiet()

    def later(self, **time: float) -> None:
        self.woo.later(**time)
        run_due(self.woo.pipeline.runtime)
        self.quiet()

    def perks(self) -> tuple[bool, str]:
        """Return what each shop shows."""
        return PERK in self.shopify.tags(self.here), self.woo.shown(self.there)["stempel_perks"]


BOTH, NONE = (True, "free-delivery"), (False, "")


@pytest.fixture
def anna(pipeline: Pipeline) -> Iterator[Anna]:
    with ExitStack() as stack:
        made, sandbox = stack.enter_context(platform(pipeline))
        programme_id = made.programme("membership")
        shopify = stack.enter_context(open_shopify(made, sandbox, programme_id, currency="PLN"))
        woo = stack.enter_context(open_woo(made, programme_id=programme_id))
        one = Anna(shopify, woo, shopify.joins(ANNA), woo.joins(ANNA))
        one.quiet()
        with made.database.transaction() as connection:
            [claim] = connection.execute(select(t.claim.c.id)).scalars()
            confirm_claim(
                connection,
                made.runtime.vault,
                claim_id=claim,
                actor="support",
                reason="showed the order's receipt",
                now=made.clock(),
            )
        one.quiet()
        assert one.perks() == NONE
        yield one
        assert made.verified().problems == []


def test_a_membership_bought_on_shopify_is_shown_in_both_shops_until_its_end(anna: Anna) -> None:
    product = anna.shopify.shop.add_product("Premium", "60.00", sku="MEMBERSHIP")
    anna.shopify.shop.place_order({product["id"]: 1}, customer_id=anna.here)
    anna.quiet()
    assert anna.perks() == BOTH
    anna.later(days=300)
    product = anna.woo.shop.add_product("Premium", "60.00", sku="membership")
    anna.woo.shop.place_order({product["id"]: 1}, customer_id=anna.there)
    anna.quiet()
    anna.later(days=365)  # the first is over by now
    assert anna.perks() == BOTH
    anna.later(days=70)
    assert anna.perks() == NONE


def test_a_membership_bought_on_woocommerce_ends_in_both_shops_with_its_refund(anna: Anna) -> None:
    product = anna.woo.shop.add_product("Premium", "60.00", sku="MEMBERSHIP")
    order = anna.woo.shop.place_order({product["id"]: 1}, customer_id=anna.there)
    anna.quiet()
    assert anna.perks() == BOTH
    anna.woo.shop.set_status(order["id"], "refunded")
    anna.quiet()
    assert anna.perks() == NONE


def test_a_membership_bought_as_a_guest_is_shown_to_the_account_that_proves_the_e_mail(
    pipeline: Pipeline,
) -> None:
    with ExitStack() as stack:
        made, sandbox = stack.enter_context(platform(pipeline))
        programme_id = made.programme("membership")
        shopify = stack.enter_context(open_shopify(made, sandbox, programme_id, currency="PLN"))
        woo = stack.enter_context(open_woo(made, programme_id=programme_id))
        product = woo.shop.add_product("Premium", "60.00", sku="MEMBERSHIP")
        woo.shop.place_order({product["id"]: 1}, email=ANNA)
        woo.quiet()
        here = shopify.joins(ANNA)
        shopify.quiet()
        assert shopify.tags(here) == ["stempel:member", PERK, "stempel:points=0"]
        assert made.verified().problems == []
