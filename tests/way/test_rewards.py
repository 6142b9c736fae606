"""Points become one working code, on either platform: made, used, ended, given back."""

from collections.abc import Iterator

import pytest

from app.errors import Conflict, Invalid, NotFound
from tests.pipeline import Pipeline
from tests.way.rewards import PLATFORMS, PROGRAMME, Rewards, open_rewards


@pytest.fixture(params=PLATFORMS)
def shop(request: pytest.FixtureRequest, pipeline: Pipeline) -> Iterator[Rewards]:
    with open_rewards(pipeline, request.param) as opened:
        yield opened
        assert opened.pipeline.verified().problems == []


def test_points_become_a_code_that_works_once(shop: Rewards) -> None:
    ola = shop.member(150)
    taken = shop.redeem(ola)
    assert (shop.state(taken), shop.points(ola), shop.codes()) == ("reserved", 50, [])
    shop.quiet()
    assert (shop.state(taken), shop.codes()) == ("issued", [shop.row(taken).code])
    order = shop.use(shop.row(taken).code, ola)
    shop.quiet()
    assert (shop.state(taken), shop.codes()) == ("used", [])
    assert shop.way.row("order", order).id == shop.row(taken).used_by
    assert shop.points(ola) == 50 + 180


def test_not_enough_points_reserve_nothing(shop: Rewards) -> None:
    ola = shop.member(99)
    with pytest.raises(Conflict, match=r"costs 100 points, member .* has 99 to spend"):
        shop.redeem(ola)
    shop.quiet()
    assert (shop.points(ola), shop.codes(), shop.way.count("redemption")) == (99, [], 0)


def test_the_same_request_twice_is_one_redemption(shop: Rewards) -> None:
    ola = shop.member(300)
    first = shop.redeem(ola, request_key="a click")
    assert shop.redeem(ola, request_key="a click") == first
    assert shop.redeem(ola, request_key="another click") != first
    shop.quiet()
    assert (shop.points(ola), len(shop.codes())) == (100, 2)


def test_an_unknown_reward_or_store_is_named_in_the_refusal(shop: Rewards) -> None:
    ola = shop.member(300)
    with pytest.raises(NotFound, match=r"no reward 'gold'.*ten-percent, voucher, delivery"):
        shop.redeem(ola, "gold")
    with pytest.raises(NotFound, match="no store 'elsewhere'"):
        shop.redeem(ola, store_key="elsewhere")
    with pytest.raises(Invalid, match="1 to 200 characters"):
        shop.redeem(ola, request_key="")


def test_a_code_whose_making_got_no_answer_is_made_once(shop: Rewards) -> None:
    ola = shop.member(150)
    shop.trouble("reset_after")
    taken = shop.redeem(ola)
    shop.quiet()
    assert shop.state(taken) == "reserved"
    shop.later(minutes=1)
    assert (shop.state(taken), shop.codes()) == ("issued", [shop.row(taken).code])
    assert shop.points(ola) == 50


def test_a_released_code_gives_its_points_back_when_it_is_dead(shop: Rewards) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    assert shop.release(taken) == "issued"
    assert shop.points(ola) == 50
    shop.quiet()
    assert (shop.state(taken), shop.points(ola), shop.codes()) == ("released", 150, [])
    assert shop.row(taken).ending == "released by hand"
    assert shop.release(taken) == "released"
    assert shop.row(taken).code == code


def test_one_released_before_the_shop_was_asked_gives_its_points_back_at_once(
    shop: Rewards,
) -> None:
    ola = shop.member(150)
    taken = shop.redeem(ola)
    assert shop.release(taken) == "released"
    shop.quiet()
    assert (shop.points(ola), shop.codes()) == (150, [])


def test_points_stay_taken_while_a_lost_call_may_still_make_the_code(shop: Rewards) -> None:
    ola = shop.member(150)
    shop.trouble("reset_before")
    taken = shop.redeem(ola)
    shop.quiet()
    shop.release(taken)
    shop.later(minutes=1)
    assert (shop.state(taken), shop.points(ola)) == ("reserved", 50)
    shop.later(minutes=12)
    assert (shop.state(taken), shop.points(ola), shop.codes()) == ("released", 150, [])


def test_a_used_code_cannot_be_released(shop: Rewards) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    shop.use(code, ola)
    shop.quiet()
    with pytest.raises(Conflict, match="an order shows its code"):
        shop.release(taken)


def test_a_code_that_nobody_used_gives_its_points_back_after_its_end(shop: Rewards) -> None:
    ola = shop.member(150)
    taken, _ = shop.issued(ola)
    shop.later(days=29)
    assert (shop.state(taken), shop.points(ola)) == ("issued", 50)
    shop.later(days=2)
    assert (shop.state(taken), shop.points(ola), shop.codes()) == ("released", 150, [])
    assert shop.row(taken).ending == "its time is over"


def test_a_code_used_a_minute_before_its_end_is_used_though_its_order_comes_hours_later(
    shop: Rewards,
) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    ends_at = shop.row(taken).ends_at
    shop.way.later(seconds=(ends_at - shop.pipeline.clock.moment).total_seconds() - 60)
    order = shop.use(code, ola)
    shop.way.later(hours=1)
    shop.way.settle()  # the shop has not told of the order yet
    assert shop.state(taken) in {"issued", "released"}
    shop.way.later(hours=4)
    shop.quiet()
    assert (shop.state(taken), shop.points(ola)) == ("used", 50 + 180)
    assert shop.row(taken).used_by == shop.way.row("order", order).id


def test_a_code_deleted_by_the_merchant_gives_its_points_back(shop: Rewards) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    shop.delete(code)
    shop.later(days=1, minutes=1)
    assert (shop.state(taken), shop.points(ola), shop.codes()) == ("released", 150, [])


def test_an_order_that_shows_a_released_code_spends_the_points_again(shop: Rewards) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    shop.use(code, ola, price="10.00")
    shop.delete(code)
    shop.way.later(days=1, minutes=1)
    shop.way.settle()
    assert (shop.state(taken), shop.points(ola)) == ("released", 150)
    shop.quiet()
    assert (shop.state(taken), shop.points(ola)) == ("used", 50 + 9)
    kinds = [kind for kind, _ in shop.way.entries()]
    assert kinds == ["earn", "spend", "restore", "spend", "earn"]


def test_points_spent_again_that_are_gone_meanwhile_are_a_debt(shop: Rewards) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    shop.use(code, ola, price="10.00")
    shop.delete(code)
    shop.way.later(days=1, minutes=1)
    shop.way.settle()
    other, _ = shop.redeem(ola), shop.way.settle()
    shop.quiet()
    assert [shop.state(one) for one in (taken, other)] == ["used", "issued"]
    assert shop.points(ola) == 150 - 200 + 9


def test_a_cancelled_order_leaves_a_code_that_works_or_gives_the_points_back(
    shop: Rewards,
) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    order = shop.use(code, ola)
    shop.quiet()
    shop.cancel(order)
    shop.quiet()
    alive = shop.codes() == [code]  # WooCommerce gives the use back, Shopify does not
    shop.later(days=1, minutes=1)
    assert (shop.state(taken), shop.points(ola)) == (("issued", 50) if alive else ("released", 150))


def test_of_two_orders_with_one_code_the_newest_that_is_not_cancelled_captures(
    shop: Rewards,
) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    first = shop.use(code, ola)
    shop.quiet()
    shop.cancel(first)
    shop.quiet()
    if shop.codes() != [code]:  # no second order can have it
        return
    second = shop.use(code, ola)
    shop.quiet()
    assert shop.row(taken).used_by == shop.way.row("order", second).id
    shop.cancel(second)
    shop.quiet()
    assert (shop.state(taken), shop.points(ola)) == ("issued", 50)


def test_a_full_refund_keeps_the_points_of_a_reward_that_says_so(shop: Rewards) -> None:
    ola = shop.member(150)
    taken, code = shop.issued(ola)
    order = shop.use(code, ola)
    shop.quiet()
    shop.refund(order)
    shop.quiet()
    assert (shop.state(taken), shop.points(ola)) == ("used", 50)


def test_a_full_refund_gives_points_back_where_the_reward_says_so(shop: Rewards) -> None:
    ola = shop.member(350)
    taken, code = shop.issued(ola, "voucher")
    order = shop.use(code, ola)
    shop.quiet()
    assert shop.points(ola) == 50 + 150
    shop.refund(order)
    shop.quiet()
    assert (shop.state(taken), shop.points(ola)) == ("used", 350)


def test_a_full_refund_gives_a_new_code_where_the_reward_says_so(shop: Rewards) -> None:
    ola = shop.member(150)
    _, code = shop.issued(ola, "delivery")
    order = shop.use(code, ola)
    shop.quiet()
    assert shop.codes() == []
    shop.refund(order)
    shop.quiet()
    [fresh] = shop.codes()
    assert fresh != code
    assert shop.points(ola) == 50


def test_a_restriction_keeps_other_people_out(shop: Rewards) -> None:
    ola = shop.member(150)
    jan = shop.member(0, "jan@example.pl")
    _, code = shop.issued(ola)
    with pytest.raises(Exception, match=r"(?i)invalid_coupon|customer"):
        shop.use(code, jan)


def test_a_code_whose_shop_is_gone_gives_its_points_back_two_days_after_its_end(
    shop: Rewards,
) -> None:
    ola = shop.member(150)
    taken, _ = shop.issued(ola)
    shop.way.later(days=20)
    shop.trouble("401", times=None) if not _woo(shop) else shop.trouble("read_only", times=None)
    shop.later(days=12)
    assert (shop.state(taken), shop.points(ola)) in {("issued", 50), ("released", 150)}
    shop.later(days=3)
    assert (shop.state(taken), shop.points(ola)) == ("released", 150)


def _woo(shop: Rewards) -> bool:
    return shop.way.store.platform == "woocommerce"


def test_a_reward_that_the_shop_refuses_to_make_gives_its_points_back_with_the_reason(
    pipeline: Pipeline,
) -> None:
    product = '\n[[reward]]\nkey = "mug"\ncost = 100\nkind = "free-product"\n'
    with open_rewards(pipeline, "woocommerce", PROGRAMME + product) as shop:
        named = f'[[reward.product]]\nstore = "{shop.way.store.key}"\nid = "424242"\n'
        shop.pipeline.programme(source=PROGRAMME + product + named)
        ola = shop.member(150)
        taken = shop.redeem(ola, "mug")
        shop.quiet()
        assert (shop.state(taken), shop.points(ola), shop.codes()) == ("released", 150, [])
        assert "refuses to make it" in shop.row(taken).ending
