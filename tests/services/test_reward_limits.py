"""Limits of rewards, as they are taken: what counts, whose it is, when it counts no more."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlalchemy import update

from app.db import tables as t
from app.errors import Conflict
from app.programme.limits import Hidden, why_not_now
from app.services.limits import asking_of, supply_of
from app.services.merge import merge_accounts
from app.services.programmes import in_force, publish, versions
from jobs.automatic import issue_automatic
from jobs.segments import refresh
from tests.attack.counter import Shop, open_shop
from tests.issued import TEN_PERCENT, issue
from tests.people import People, account, order
from tests.pipeline import Pipeline
from tests.way.connected import unsound

HEAD = """
[programme]
key = "kawa"
currency = "PLN"
timezone = "Europe/Warsaw"

[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"

[[tier]]
key = "gold"
from = 500

"""
TEN = '[[reward]]\nkey = "none"\ncost = 40\nkind = "percent"\nvalue = "10"\n'


@pytest.fixture
def backend() -> str:
    """Return SQLite: what locks is tested on both databases in tests/attack."""
    return "sqlite"


def opened(pipeline: Pipeline, keys: str) -> Shop:
    shop = open_shop(pipeline, HEAD + TEN + keys)
    shop.earn(5, 400)
    return shop


def refusal(shop: Shop, customer: int = 5) -> str:
    with pytest.raises(Conflict) as refused:
        shop.redeem(customer)
    return str(refused.value)


HAD = "The reward 'none' cannot be had now (the member has had it as often as each may)."
NONE_LEFT = "The reward 'none' cannot be had now (all of it has been taken)."


def test_a_released_one_frees_its_place_and_a_used_one_does_not(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "total = 2\n")
    shop.earn(6, 400)
    used, other = shop.issued(5), shop.redeem(6)
    shop.told(used.code)
    assert refusal(shop, 6) == NONE_LEFT
    assert shop.release(other) == "released"
    shop.redeem(6)
    assert refusal(shop) == NONE_LEFT
    assert unsound(pipeline) == []


def test_each_member_may_have_it_once_a_month_by_the_programme_s_clocks(pipeline: Pipeline) -> None:
    shop = opened(pipeline, 'per_member = 1\neach = "month"\n')
    shop.earn(6, 400)
    pipeline.clock.moment = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    shop.redeem(5)
    assert refusal(shop) == HAD
    shop.redeem(6)  # somebody else
    pipeline.clock.advance(minutes=1)  # it is December in Warsaw
    shop.redeem(5)
    assert refusal(shop) == HAD


def test_what_was_given_without_points_does_not_count(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "per_member = 2\ntotal = 1\n")
    given = msgspec.structs.replace(TEN_PERCENT, reward="none", cost=0)
    issue(pipeline, shop.store, shop.member(5), facts=given, granted_by="card")
    shop.redeem(5)
    assert refusal(shop) == NONE_LEFT


def test_accounts_that_were_joined_have_taken_what_each_of_them_took(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "per_member = 2\n")
    shop.earn(6, 400)
    shop.redeem(5)
    shop.redeem(6)
    one, other = shop.member(5), shop.member(6)
    with pipeline.database.transaction() as connection:
        kept = merge_accounts(
            connection,
            pipeline.runtime.vault,
            programme_id=shop.programme_id,
            one=one,
            other=other,
            now=pipeline.clock(),
        )
    assert refusal(shop) == refusal(shop, 6) == HAD
    with pipeline.database.snapshot() as connection:
        programme = in_force(versions(connection, shop.programme_id), pipeline.clock()).programme
        asking = asking_of(connection, kept)
        supply = supply_of(connection, shop.programme_id, programme, pipeline.clock(), asking)
    assert supply.person is not None
    assert supply.person.taken == {"none": 2}


def test_a_reward_of_a_tier_can_be_had_once_one_is_in_it(pipeline: Pipeline) -> None:
    shop = opened(pipeline, 'tiers = ["gold"]\n')
    assert refusal(shop).endswith("(it is for members of another tier).")
    shop.earn(5, 100)  # 500 spent
    shop.redeem(5)


def test_a_reward_of_a_segment_is_for_who_was_counted_into_it(pipeline: Pipeline) -> None:
    big = '[[segment]]\nkey = "big"\nwhere = { spend_from = 500 }\n'
    keys = 'segments = ["big"]\nautomatic = true\nper_member = 1\n'
    programme_id = pipeline.programme(source=HEAD + big + TEN + keys)
    store = pipeline.shopify(programme_id, "shop-1", token="shpat_1", key="shop-1")
    people = People(pipeline, programme_id, [store])
    for number, amount in ((5, 600), (6, 400)):
        people.tell(0, account(str(number), f"{number}@example.pl"))
        people.tell(0, order(number, f"{amount}.00", customer=str(number)))

    def offered(member_id: int) -> str | None:
        with pipeline.database.snapshot() as connection:
            [programme] = [one.programme for one in versions(connection, programme_id)]
            asking = asking_of(connection, member_id)
            supply = supply_of(connection, programme_id, programme, pipeline.clock(), asking)
        return why_not_now(programme.rewards[0], programme.timezone, supply)

    assert issue_automatic(pipeline.runtime) == 0
    refresh(pipeline.database, pipeline.clock, programme_id)
    assert [offered(people.member(0, one)) for one in ("5", "6")] == [None, Hidden.OTHER_SEGMENT]
    assert [issue_automatic(pipeline.runtime) for _ in range(2)] == [1, 0]


def test_a_reward_can_be_had_from_its_first_second_until_its_last(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "from = 2026-12-01T00:00:00\nuntil = 2026-12-02T00:00:00\n")
    assert refusal(shop).endswith(
        "(its time has not come yet, it can be had from 2026-12-01 00:00 on in Europe/Warsaw)."
    )
    pipeline.clock.moment = datetime(2026, 11, 30, 23, tzinfo=UTC)
    shop.redeem(5)
    pipeline.clock.moment = datetime(2026, 12, 1, 23, tzinfo=UTC)
    assert refusal(shop).endswith("(its time is over).")


def test_a_lower_limit_takes_nothing_away(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "total = 5\n")
    taken = [shop.redeem(5) for _ in range(2)]
    with pipeline.database.transaction() as connection:
        source = HEAD + TEN + "total = 1\n"
        publish(connection, pipeline.runtime.vault, source, pipeline.clock())
    pipeline.clock.advance(seconds=1)
    assert refusal(shop) == NONE_LEFT
    shop.push()
    assert [shop.row(one).state for one in taken] == ["issued", "issued"]


def test_what_is_issued_by_itself_obeys_every_limit(pipeline: Pipeline) -> None:
    keys = 'automatic = true\ntotal = 3\nper_member = 1\neach = "month"\ntiers = ["gold"]\n'
    programme_id = pipeline.programme(source=HEAD + TEN + keys)
    store = pipeline.shopify(programme_id, "shop-1", token="shpat_1", key="shop-1")
    people = People(pipeline, programme_id, [store])
    for number, amount in enumerate((600, 600, 600, 600, 300), start=5):
        people.tell(0, account(str(number), f"{number}@example.pl"))
        people.tell(0, order(number, f"{amount}.00", customer=str(number)))
    rests: dict[int, datetime] = {}

    def turns() -> list[int]:
        return [issue_automatic(pipeline.runtime, 2, rests) for _ in range(3)]

    assert turns() == [2, 1, 0]  # one of the four is late, the fifth is not golden
    assert rests == {}
    publish_again(pipeline, HEAD + TEN + keys.replace("total = 3", "total = 100"))
    assert turns() == [1, 0, 0]
    pipeline.clock.advance(days=31)
    assert turns() == [2, 2, 0]


def publish_again(pipeline: Pipeline, source: str) -> None:
    with pipeline.database.transaction() as connection:
        publish(connection, pipeline.runtime.vault, source, pipeline.clock())
    pipeline.clock.moment += timedelta(seconds=1)


def test_a_redemption_counted_as_another_reward_is_found(pipeline: Pipeline) -> None:
    shop = opened(pipeline, "total = 1\n")
    taken = shop.redeem(5)
    with pipeline.database.transaction() as connection:
        this = t.redemption.c.id == taken
        connection.execute(update(t.redemption).where(this).values(reward="another"))
    [problem] = pipeline.verified().problems
    assert problem.what == f"redemption {taken} is counted as another reward"
