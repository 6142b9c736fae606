"""What the presets with rewards, friends, tiers, cards and challenges promise, on the way to a shop."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from app.errors import Conflict
from app.programme.presets import preset_source
from app.services.quizzes import answer_quiz
from app.services.referral_desk import invitation_of
from jobs.grants import give_grants
from tests.pipeline import Pipeline
from tests.way.rewards import WooRewards
from tests.way.shop import open_way


@pytest.fixture
def backend() -> str:
    """Return SQLite: what is asked of the databases is tested on both with each of the parts."""
    return "sqlite"


@contextmanager
def opened(pipeline: Pipeline, name: str, *beside: str) -> Iterator[tuple[WooRewards, int]]:
    """Open a shop whose programme these presets make, with a free product; yields both."""
    with open_way(pipeline, source=preset_source(name, key="kawa", beside=beside)) as way:
        gift = way.shop.add_product("A bag of coffee", "45.00")["id"]
        settings = {f"product.{way.store.key}": str(gift)}
        way.pipeline.programme(
            source=preset_source(name, key="kawa", beside=beside, settings=settings)
        )
        way.later(minutes=1)
        yield WooRewards(way), gift
        assert way.pipeline.verified().problems == []
        assert way.pipeline.rebuilt().ok


def coupon(shop: WooRewards, code: str) -> dict[str, Any]:
    """Return what makes a coupon of the shop worth something."""
    [row] = [row for row in shop._coupons() if row["code"] == code.lower()]
    return {
        "type": row["discount_type"],
        "amount": Decimal(row["amount"]),
        "delivery": row["free_shipping"],
        "products": row["product_ids"],
        "uses": row["usage_limit"],
    }


CODES = {
    "ten-percent-100": (100, "percent", "10", False),
    "free-delivery-150": (150, "fixed_cart", "0", True),
    "free-delivery-200": (200, "fixed_cart", "0", True),
    "voucher-50-300": (300, "fixed_cart", "50.00", False),
    "free-product-500": (500, "percent", "100", False),
}


def test_codes_of_exactly_these_kinds_and_values_of_both_reward_presets_together(
    pipeline: Pipeline,
) -> None:
    both = ("rewards-100-200-500", "rewards-100-150-200-300")
    with opened(pipeline, "one-per-unit", *both) as (shop, gift):
        ola = shop.member(sum(cost for cost, *_ in CODES.values()) + 200)
        for reward, (cost, kind, amount, delivery) in CODES.items():
            before = shop.points(ola) or 0
            _, code = shop.issued(ola, reward)
            assert shop.points(ola) == before - cost
            assert coupon(shop, code) == {
                "type": kind,
                "amount": Decimal(amount),
                "delivery": delivery,
                "products": [gift] if reward.startswith("free-product") else [],
                "uses": 1,
            }
        assert shop.points(ola) == 200
        shop.redeem(ola, "early-access-200")
        shop.quiet()
        assert shop.points(ola) == 0
        assert shop._way.shown(ola)["stempel_perks"] == "early-access-200"
        with pytest.raises(Conflict):
            shop.redeem(ola, "ten-percent-100")


def test_a_friends_first_paid_order_gives_200_and_what_takes_it_back_takes_200(
    pipeline: Pipeline,
) -> None:
    with open_way(pipeline, "start-100-50-200") as way:
        ola, jan = way.joins(), way.joins("jan@example.pl")
        way.announce()
        with pipeline.database.transaction() as connection:
            code = invitation_of(connection, WooRewards(way).member_id(ola), pipeline.clock()).code
        meta = [{"key": "stempel_ref", "value": code}]
        first = way.buy("20.00", customer=jan, status="pending", meta_data=meta)
        way.announce()
        assert (way.points(ola), way.points(jan)) == (100, 100)
        way.shop.set_status(first, "processing")
        way.announce()
        second = way.buy("20.00", customer=jan, meta_data=meta)  # brings nothing more
        way.announce()
        assert (way.points(ola), way.points(jan)) == (300, 100)
        way.shop.set_status(first, "cancelled")
        way.announce()
        assert way.points(ola) == 300  # now the other order is the first
        way.shop.set_status(second, "refunded")
        way.announce()
        assert (way.points(ola), way.points(jan)) == (100, 100)
        way.sound()


def test_silver_from_1000_earns_a_quarter_more_until_a_refund_takes_the_tier(
    pipeline: Pipeline,
) -> None:
    with open_way(pipeline, "tiers-three") as way:
        ola = way.joins()
        large = way.buy("1000.00", customer=ola)
        way.announce()
        assert (way.points(ola), way.shown(ola)["stempel_tier"]) == (1000, "silver")
        way.buy("107.50", customer=ola)
        way.announce()
        assert way.points(ola) == 1134
        renamed = preset_source("tiers-three").replace('"Silver"', '"Regular"')
        pipeline.programme(source=renamed)
        way.announce()
        assert way.shown(ola)["stempel_tier"] == "silver"
        way.shop.refund(large, amount="500.00")
        way.announce()
        assert (way.points(ola), way.shown(ola)["stempel_tier"]) == (634, "bronze")
        way.sound()


def test_the_tenth_item_is_a_free_product_and_a_refund_of_item_4_un_punches(
    pipeline: Pipeline,
) -> None:
    with opened(pipeline, "punch-card") as (shop, gift):
        ola = shop.member()
        orders = [shop._way.buy("9.00", customer=ola) for _ in range(9)]
        work(shop)
        assert shop.codes() == []
        shop._way.buy("9.00", customer=ola)
        work(shop)
        [code] = shop.codes()
        found = coupon(shop, code)
        assert (found["amount"], found["products"]) == (Decimal(100), [gift])
        shop._shop.set_status(orders[3], "refunded")
        work(shop)
        assert shop.codes() == []
        for _ in range(10):  # the tenth in place of the fourth, and nine of the next card
            shop._way.buy("9.00", customer=ola)
        work(shop)
        assert len(shop.codes()) == 1
        shop._way.buy("9.00", customer=ola)
        work(shop)
        assert len(shop.codes()) == 2


def test_each_challenge_is_awarded_once_in_its_window(pipeline: Pipeline) -> None:
    with open_way(pipeline, "challenges") as way:
        ola = way.joins()
        for _ in range(4):
            way.buy("20.00", customer=ola)
            way.announce()
            way.later(days=7)
        assert way.points(ola) == 100 + 150
        for _ in range(2):  # three in thirty days again, but in the same month
            way.buy("20.00", customer=ola)
        way.announce()
        assert way.points(ola) == 100 + 150
        member = WooRewards(way).member_id(ola)
        for _ in range(2):
            passed = pipeline.database.run(
                lambda connection: answer_quiz(
                    connection,
                    pipeline.runtime.vault,
                    programme_id=way.programme_id,
                    member_id=member,
                    key="loyalty",
                    answers=[1, 2],
                    now=pipeline.clock(),
                )
            )
            assert (passed.passed, passed.balance) == (True, 275)
        way.quiet()
        way.sound()


def work(shop: WooRewards) -> None:
    """Let everything run its course, what is given without points too."""
    shop.quiet()
    while give_grants(shop.pipeline.runtime):
        shop.quiet()
    shop.later(minutes=11)
