"""A reward for certain goods only, on either platform: from the document to the price at the checkout."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from app.errors import Conflict
from app.services.programmes import publish
from connectors.shopify.sandbox.state import SandboxError
from connectors.woocommerce.sandbox.errors import RestError
from tests.pipeline import Pipeline
from tests.way.rewards import PLATFORMS, PROGRAMME, Rewards, open_rewards

TEA = """
[[reward]]
key = "tea"
cost = 100
kind = "percent"
value = "50"
lines = {{ products = [{{ store = "{store}", id = "{product}" }}] }}
"""


@pytest.fixture
def backend() -> str:
    """Return SQLite: nothing here is about locks."""
    return "sqlite"


@pytest.fixture(params=PLATFORMS)
def shop(request: pytest.FixtureRequest, pipeline: Pipeline) -> Iterator[Rewards]:
    with open_rewards(pipeline, request.param) as opened:
        yield opened
        assert opened.pipeline.verified().problems == []


def offer(shop: Rewards, store: str, product: int) -> None:
    source = PROGRAMME + TEA.format(store=store, product=product)
    with shop.pipeline.database.transaction() as connection:
        publish(connection, shop.pipeline.runtime.vault, source, shop.pipeline.clock())
    shop.pipeline.clock.advance(seconds=1)


def test_the_code_is_off_the_goods_that_were_chosen_and_off_nothing_else(shop: Rewards) -> None:
    sandbox = shop.way.shop  # type: ignore[attr-defined]  # both ways have it
    tea, mug = (sandbox.add_product(name, "40.00")["id"] for name in ("Tea", "Mug"))
    offer(shop, shop.way.store.key, tea)
    ola = shop.member(150)
    _, code = shop.issued(ola, "tea")
    how = "codes" if shop.way.store.platform == "shopify" else "coupons"
    with pytest.raises((SandboxError, RestError)):
        sandbox.place_order({mug: 1}, customer_id=ola, **{how: [code]})
    placed = sandbox.place_order({tea: 1, mug: 1}, customer_id=ola, **{how: [code]})
    shop.quiet()
    whole = placed["total_price"] if how == "codes" else placed["total"]
    assert Decimal(whole) == Decimal("60.00")
    assert shop.points(ola) == 50 + 60


def test_a_shop_whose_goods_are_not_named_has_no_such_reward(shop: Rewards) -> None:
    offer(shop, "elsewhere", 17)
    ola = shop.member(150)
    with pytest.raises(Conflict, match="names no product of this store"):
        shop.redeem(ola, "tea")
