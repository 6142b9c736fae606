"""What may happen to a member while a code is on its way, on either platform."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.db import tables as t
from app.db.engine import Database
from app.programme.lots import GRACE
from app.services.merge import merge_accounts
from app.settings import Settings
from tests.pipeline import Pipeline
from tests.way.rewards import PLATFORMS, Rewards, ShopifyRewards, open_rewards
from tests.way.shopify import ShopifyWay


@pytest.fixture(params=PLATFORMS)
def shop(
    request: pytest.FixtureRequest, sqlite_database: Database, settings: Settings
) -> Iterator[Rewards]:
    pipeline = Pipeline(sqlite_database, settings)
    with open_rewards(pipeline, request.param) as opened:
        yield opened
        assert opened.pipeline.verified().problems == []
    pipeline.close()


def join(shop: Rewards, ending: int, staying: int) -> None:
    """Find that two customers are one person; the account of the second stays."""
    runtime = shop.pipeline.runtime
    members = [shop.member_id(ending), shop.member_id(staying)]
    with runtime.database.transaction() as connection:
        merge_accounts(
            connection,
            runtime.vault,
            programme_id=shop.way.programme_id,
            one=members[0],
            other=members[1],
            keep=members[1],
            now=runtime.clock(),
        )
    assert shop.member_id(ending) == shop.member_id(staying)


def erase(shop: Rewards, customer: int) -> None:
    """Mark a member as a privacy request leaves them."""
    with shop.pipeline.database.transaction() as connection:
        connection.execute(
            update(t.member).where(t.member.c.id == shop.member_id(customer)).values(state="erased")
        )


def test_a_code_taken_before_two_accounts_were_joined_is_made_and_used_after(shop: Rewards) -> None:
    jan = shop.member(7, "jan@example.pl")
    ola = shop.member(150)
    taken = shop.redeem(ola)
    join(shop, ola, jan)
    shop.quiet()
    code = shop.row(taken).code
    assert (shop.state(taken), shop.codes(), shop.points(jan)) == ("issued", [code], 57)
    shop.use(code, ola)
    shop.quiet()
    assert (shop.state(taken), shop.codes(), shop.points(jan)) == ("used", [], 57 + 180)


def test_points_of_a_code_released_after_two_accounts_were_joined_come_back_to_the_one_that_stays(
    shop: Rewards,
) -> None:
    jan = shop.member(7, "jan@example.pl")
    ola = shop.member(150)
    taken, _ = shop.issued(ola)
    join(shop, ola, jan)
    shop.release(taken)
    shop.quiet()
    assert (shop.state(taken), shop.codes(), shop.points(jan)) == ("released", [], 157)


def test_nothing_is_made_for_somebody_who_was_erased_meanwhile(shop: Rewards) -> None:
    ola = shop.member(150)
    taken = shop.redeem(ola)
    erase(shop, ola)
    shop.quiet()
    shop.later(minutes=11)
    assert (shop.state(taken), shop.codes(), shop.points(ola)) == ("released", [], 150)
    assert shop.row(taken).ending == "its person was erased"


def test_the_code_of_somebody_who_was_erased_since_is_ended(shop: Rewards) -> None:
    ola = shop.member(150)
    taken, _ = shop.issued(ola)
    erase(shop, ola)
    shop.later(days=1, minutes=1)
    assert (shop.state(taken), shop.codes()) == ("released", [])


def test_points_that_would_have_ended_while_they_were_reserved_come_back_for_thirty_days(
    shop: Rewards,
) -> None:
    ola = shop.member(100)
    ending = shop.pipeline.clock() + timedelta(hours=1)
    with shop.pipeline.database.transaction() as connection:
        connection.execute(update(t.lot).values(expires_at=ending))
    taken, _ = shop.issued(ola)
    shop.later(hours=2)
    shop.release(taken)
    shop.quiet()
    assert (shop.state(taken), shop.codes(), shop.points(ola)) == ("released", [], 100)
    with shop.pipeline.database.snapshot() as connection:
        ends: datetime = connection.execute(select(t.lot.c.expires_at)).scalar_one()
    assert ends >= ending + timedelta(hours=1) + GRACE


@pytest.fixture
def shopify(sqlite_database: Database, settings: Settings) -> Iterator[Rewards]:
    pipeline = Pipeline(sqlite_database, settings)
    with open_rewards(pipeline, "shopify") as opened:
        yield opened
        assert opened.pipeline.verified().problems == []
    pipeline.close()


def test_a_code_taken_before_shopify_merged_two_customers_is_for_the_one_it_kept(
    shopify: ShopifyRewards,
) -> None:
    way = shopify.way
    assert isinstance(way, ShopifyWay)
    ola, kept = shopify.member(150), shopify.member(0, "ola.kowalska@example.pl")
    taken = shopify.redeem(ola)
    with shopify.pipeline.database.transaction() as connection:  # an earlier call was in vain
        retry = shopify.pipeline.clock() + timedelta(minutes=10)
        connection.execute(update(t.redemption).values(due_at=retry))
    way.shop.merge_customers(kept, ola)
    shopify.quiet()
    shopify.later(minutes=10)
    code = shopify.row(taken).code
    assert (shopify.state(taken), shopify.codes()) == ("issued", [code])
    shopify.use(code, kept)
    shopify.quiet()
    assert (shopify.state(taken), shopify.points(kept)) == ("used", 50 + 180)


def test_a_code_asked_for_before_shopify_told_of_a_merge_gives_its_points_back(
    shopify: ShopifyRewards,
) -> None:
    way = shopify.way
    assert isinstance(way, ShopifyWay)
    ola, kept = shopify.member(150), shopify.member(0, "ola.kowalska@example.pl")
    taken = shopify.redeem(ola)
    way.shop.merge_customers(kept, ola)
    shopify.quiet()
    assert (shopify.state(taken), shopify.codes(), shopify.points(kept)) == ("released", [], 150)
    again, code = shopify.issued(kept)
    shopify.use(code, kept)
    shopify.quiet()
    assert (shopify.state(again), shopify.points(kept)) == ("used", 50 + 180)


def test_a_use_that_shopify_counts_only_hours_after_the_code_s_end_is_put_right_by_its_order(
    shopify: ShopifyRewards,
) -> None:
    way = shopify.way
    assert isinstance(way, ShopifyWay)
    way.shop.settings.usage_delay = 7200.0
    ola = shopify.member(150)
    taken, code = shopify.issued(ola)
    ends_at = shopify.row(taken).ends_at
    way.later(seconds=(ends_at - shopify.pipeline.clock.moment).total_seconds() - 60)
    order = shopify.use(code, ola)
    way.later(minutes=12)
    way.settle()  # the shop tells neither of the order nor of the use
    assert (shopify.state(taken), shopify.points(ola)) == ("released", 150)
    shopify.quiet()
    assert (shopify.state(taken), shopify.points(ola)) == ("used", 50 + 180)
    assert shopify.row(taken).used_by == way.row("order", order).id
    shopify.later(days=3)
    assert (shopify.state(taken), shopify.points(ola)) == ("used", 50 + 180)
