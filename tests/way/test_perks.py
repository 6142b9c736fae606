"""Early access for points: no code, but shown in the shop for as long as it lasts."""

from collections.abc import Iterator

import pytest

from app.errors import Conflict
from tests.pipeline import Pipeline
from tests.way.rewards import (
    PLATFORMS,
    PROGRAMME,
    Rewards,
    ShopifyRewards,
    WooRewards,
    open_rewards,
)

EARLY = (
    PROGRAMME + '\n[[reward]]\nkey = "early"\ncost = 100\nkind = "early-access"\nvalid_days = 7\n'
)


@pytest.fixture(params=PLATFORMS)
def shop(request: pytest.FixtureRequest, pipeline: Pipeline) -> Iterator[Rewards]:
    with open_rewards(pipeline, request.param, EARLY) as opened:
        yield opened
        assert opened.pipeline.verified().problems == []


def perks(shop: Rewards, customer: int) -> list[str]:
    """Return the perks that the shop shows of a customer."""
    if isinstance(shop, WooRewards):
        shown = shop.way.shown(customer)["stempel_perks"]
        return shown.split(",") if shown else []
    assert isinstance(shop, ShopifyRewards)
    mark = "stempel:perk="
    return [tag.removeprefix(mark) for tag in shop.way.tags(customer) if tag.startswith(mark)]


def test_early_access_is_shown_in_the_shop_until_its_time_is_over(shop: Rewards) -> None:
    ola = shop.member(150)
    taken = shop.redeem(ola, "early")
    shop.quiet()
    assert (shop.state(taken), shop.points(ola), perks(shop, ola)) == ("issued", 50, ["early"])
    assert (shop.row(taken).code, shop.codes()) == (None, [])
    shop.later(days=6)
    assert perks(shop, ola) == ["early"]
    shop.later(days=2)
    assert (shop.state(taken), shop.points(ola), perks(shop, ola)) == ("used", 50, [])
    with pytest.raises(Conflict, match="used to its end"):
        shop.release(taken)


def test_early_access_that_is_released_ends_at_once_and_gives_its_points_back(
    shop: Rewards,
) -> None:
    ola = shop.member(150)
    taken = shop.redeem(ola, "early")
    shop.quiet()
    assert shop.release(taken) == "released"
    shop.quiet()
    assert (shop.points(ola), perks(shop, ola)) == (150, [])


def test_codes_and_early_access_live_side_by_side(shop: Rewards) -> None:
    ola = shop.member(250)
    early, code = shop.redeem(ola, "early"), shop.redeem(ola)
    shop.quiet()
    assert [shop.state(one) for one in (early, code)] == ["issued", "issued"]
    assert (perks(shop, ola), shop.codes()) == (["early"], [shop.row(code).code])
    shop.use(shop.row(code).code, ola)
    shop.quiet()
    assert [shop.state(one) for one in (early, code)] == ["issued", "used"]
