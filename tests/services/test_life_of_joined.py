"""Accounts that are joined while points are held, or after some expired: nothing is lost or doubled."""

from datetime import timedelta

import pytest

from tests.aging import NEW_YEAR, Aging, bought, open_aging
from tests.pipeline import Pipeline

DAY = timedelta(days=1)


@pytest.fixture
def aging(pipeline: Pipeline) -> Aging:
    """Ola and Jan each bought for 100 at New Year: all of it is held for two weeks."""
    aging = open_aging(pipeline, "hold_days = 14\nexpire_months = 12")
    aging.buy(1, "100.00")
    aging.people.tell(0, bought(2, "100.00", NEW_YEAR, customer="7"))
    return aging


def join(aging: Aging) -> tuple[int, int]:
    """Join both; returns the account that stays and the one that ended."""
    ola, jan = aging.people.member(0, "5"), aging.people.member(0, "7")
    staying = aging.people.merge(ola, jan)
    return staying, ({ola, jan} - {staying}).pop()


def has(aging: Aging, member: int) -> tuple[int, int]:
    assert aging.people.problems() == []
    [row] = aging.people.rows("member", id=member)
    return row.balance, row.pending


def test_what_is_pending_becomes_available_to_the_account_that_stays(aging: Aging) -> None:
    staying, ended = join(aging)
    assert has(aging, staying) == (0, 200)
    aging.at(NEW_YEAR + 15 * DAY)
    assert has(aging, staying) == (200, 0)
    assert has(aging, ended) == (0, 0)
    assert {lot.member_id for lot in aging.people.rows("lot")} == {staying}
    aging.at(NEW_YEAR + 370 * DAY)
    assert has(aging, staying) == (0, 0)


def test_a_refund_of_what_is_pending_for_a_joined_account_costs_nothing_else(aging: Aging) -> None:
    staying, _ = join(aging)
    for number, customer in ((1, "5"), (2, "7")):
        refund = bought(
            number, "100.00", NEW_YEAR, customer=customer, refunded="100.00", changed=DAY
        )
        aging.people.tell(0, refund)
    assert has(aging, staying) == (0, 0)
    aging.at(NEW_YEAR + 15 * DAY)
    assert has(aging, staying) == (0, 0)


def test_what_expired_before_a_join_costs_nothing_when_it_is_refunded_after_it(
    aging: Aging,
) -> None:
    aging.at(NEW_YEAR + 15 * DAY)
    aging.at(NEW_YEAR + 370 * DAY)
    staying, _ = join(aging)
    aging.people.tell(0, bought(3, "70.00", aging.now))
    aging.at(aging.now + 15 * DAY)
    assert has(aging, staying) == (70, 0)
    for number, customer in ((1, "5"), (2, "7")):
        changed = aging.now - NEW_YEAR
        refund = bought(
            number, "100.00", NEW_YEAR, customer=customer, refunded="100.00", changed=changed
        )
        aging.people.tell(0, refund)
    assert has(aging, staying) == (70, 0)


def test_lots_that_went_along_expire_at_the_account_that_stays(aging: Aging) -> None:
    aging.at(NEW_YEAR + 15 * DAY)
    staying, _ = join(aging)
    assert has(aging, staying) == (200, 0)
    aging.at(NEW_YEAR + 370 * DAY)
    assert has(aging, staying) == (0, 0)
    refund = bought(
        2, "100.00", NEW_YEAR, customer="7", refunded="100.00", changed=aging.now - NEW_YEAR
    )
    aging.people.tell(0, refund)
    assert has(aging, staying) == (0, 0)


def test_a_pending_order_that_turns_out_to_be_another_persons_is_pending_there(
    aging: Aging,
) -> None:
    aging.people.tell(0, bought(1, "100.00", NEW_YEAR, customer="7", changed=DAY))
    ola, jan = aging.people.member(0, "5"), aging.people.member(0, "7")
    assert (has(aging, ola), has(aging, jan)) == ((0, 0), (0, 200))
    aging.at(NEW_YEAR + 15 * DAY)
    assert (has(aging, ola), has(aging, jan)) == ((0, 0), (200, 0))
