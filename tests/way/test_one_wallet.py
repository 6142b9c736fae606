"""One programme, several shops on two platforms: one wallet per proved person, and for nobody else."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app.db import tables as t
from app.services.enrol import confirm_claim
from tests.pipeline import Pipeline
from tests.way.shop import Way
from tests.way.shop import open_way as open_woo
from tests.way.shopify import ShopifyWay, open_shopify, platform

ANNA = "anna.nowak@example.pl"


@dataclass
class Shops:
    """Two shops on Shopify and one on WooCommerce, under one programme in PLN."""

    kawa: ShopifyWay
    herbata: ShopifyWay
    woo: Way

    @property
    def pipeline(self) -> Pipeline:
        return self.woo.pipeline

    def quiet(self) -> None:
        self.woo.announce()
        self.kawa.quiet()
        self.herbata.quiet()
        self.woo.announce()

    def claims(self, status: str = "pending") -> list[int]:
        with self.pipeline.database.snapshot() as connection:
            return list(
                connection.execute(
                    select(t.claim.c.id).where(t.claim.c.status == status).order_by(t.claim.c.id)
                ).scalars()
            )

    def confirm(self, claim: int) -> None:
        with self.pipeline.database.transaction() as connection:
            confirm_claim(
                connection,
                self.pipeline.runtime.vault,
                claim_id=claim,
                actor="support",
                reason="showed the order's receipt",
                now=self.pipeline.clock(),
            )


@pytest.fixture
def shops(pipeline: Pipeline) -> Iterator[Shops]:
    with ExitStack() as stack:
        made, sandbox = stack.enter_context(platform(pipeline))
        programme_id = made.programme()
        ways = [
            stack.enter_context(
                open_shopify(made, sandbox, programme_id, name=name, currency="PLN")
            )
            for name in ("kawa", "herbata")
        ]
        woo = stack.enter_context(open_woo(made, programme_id=programme_id))
        yield Shops(*ways, woo)


def test_a_person_verified_in_two_shops_has_one_balance_that_both_show(shops: Shops) -> None:
    here, there = shops.kawa.joins(ANNA), shops.herbata.joins(ANNA)
    shops.kawa.buy("10.00", customer=here)
    shops.herbata.buy("20.00", customer=there)
    shops.quiet()
    for shop, customer in ((shops.kawa, here), (shops.herbata, there)):
        assert shop.points(customer) == 30
        assert shop.tags(customer) == ["stempel:member", "stempel:points=30"]
    order = shops.kawa.buy("5.00", customer=here)
    shops.quiet()
    assert shops.herbata.tags(there) == ["stempel:member", "stempel:points=35"]
    shops.kawa.shop.cancel_order(order)
    shops.quiet()
    assert shops.herbata.tags(there) == ["stempel:member", "stempel:points=30"]
    shops.woo.sound()


def test_an_e_mail_that_the_shop_did_not_verify_joins_nobody(shops: Shops) -> None:
    here, there = shops.kawa.joins(ANNA), shops.herbata.joins(ANNA, verified=False)
    shops.kawa.buy("10.00", customer=here)
    shops.herbata.buy("20.00", customer=there)
    shops.quiet()
    assert (shops.kawa.points(here), shops.herbata.points(there)) == (10, 20)
    assert len(shops.claims()) == 1
    shops.woo.sound()


@pytest.mark.parametrize("first", ["the guest", "the account"])
def test_what_a_guest_gathered_goes_to_the_account_that_proves_the_e_mail(
    shops: Shops, first: str
) -> None:
    if first == "the guest":
        shops.woo.buy("20.00", email=ANNA)
        shops.quiet()
    here = shops.kawa.joins(ANNA)
    shops.kawa.buy("10.00", customer=here)
    shops.quiet()
    if first == "the account":
        shops.woo.buy("20.00", email=ANNA)
        shops.quiet()
    assert shops.kawa.points(here) == 30
    assert shops.kawa.tags(here) == ["stempel:member", "stempel:points=30"]
    shops.woo.sound()


@pytest.mark.parametrize("first", ["woo", "kawa"])
def test_a_woocommerce_account_joins_once_its_owner_has_proved_it(shops: Shops, first: str) -> None:
    def in_woo() -> int:
        customer = shops.woo.joins(ANNA)
        shops.woo.buy("20.00", customer=customer)
        shops.quiet()
        return customer

    def in_kawa() -> int:
        customer = shops.kawa.joins(ANNA)
        shops.kawa.buy("10.00", customer=customer)
        shops.quiet()
        return customer

    if first == "woo":
        woo, kawa = in_woo(), in_kawa()
    else:
        kawa, woo = in_kawa(), in_woo()
    assert (shops.woo.points(woo), shops.kawa.points(kawa)) == (20, 10)
    [claim] = shops.claims()
    shops.confirm(claim)
    shops.quiet()
    assert (shops.woo.points(woo), shops.kawa.points(kawa)) == (30, 30)
    assert shops.woo.shown(woo)["stempel_balance"] == "30"
    assert shops.kawa.tags(kawa) == ["stempel:member", "stempel:points=30"]
    shops.woo.sound()


def test_a_changed_e_mail_never_moves_a_member(shops: Shops) -> None:
    here, there = shops.kawa.joins(ANNA), shops.herbata.joins("ewa@example.pl")
    shops.kawa.buy("10.00", customer=here)
    shops.herbata.buy("20.00", customer=there)
    shops.quiet()
    shops.herbata.shop.change_customer(there, email=ANNA)
    shops.quiet()
    assert (shops.kawa.points(here), shops.herbata.points(there)) == (10, 20)
    shops.woo.sound()


@pytest.mark.parametrize("first", ["the review", "the account elsewhere"])
def test_a_review_stays_with_the_account_of_the_shop_that_it_was_written_in(
    shops: Shops, first: str
) -> None:
    """Also when the same e-mail is proved in another shop: the accounts are not joined yet."""
    woo = shops.woo.joins(ANNA)
    mug = shops.woo.shop.add_product("Mug", "20.00")["id"]
    if first == "the account elsewhere":
        shops.kawa.joins(ANNA)
        shops.quiet()
    review = shops.woo.shop.submit_review(
        product_id=mug, reviewer="Anna", email=ANNA, text="Good", rating=5
    )
    shops.woo.shop.approve_review(review["id"])
    shops.quiet()
    if first == "the review":
        shops.kawa.joins(ANNA)
        shops.quiet()
    with shops.pipeline.database.snapshot() as connection:
        owner = connection.execute(
            select(t.source_object.c.owner_id).where(t.source_object.c.kind == "review")
        ).scalar_one()
        account = connection.execute(
            select(t.store_customer.c.member_id).where(
                t.store_customer.c.store_id == shops.woo.store.id,
                t.store_customer.c.external_id == str(woo),
            )
        ).scalar_one()
    assert owner == account
    shops.woo.sound()
