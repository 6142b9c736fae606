"""Ledger arithmetic on one account: what is spent, taken back, given back, owed and forgiven."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Conflict
from app.programme.lots import (
    GRACE,
    Account,
    Lot,
    Movement,
    Policy,
    give_back,
    join,
    late_expiry,
    moved,
    open_points,
    spend,
    spendable,
    take_back,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def lot(
    id_: int,
    remaining: int,
    *,
    award: int | None = None,
    days: int | None = None,
    points: int | None = None,
) -> Lot:
    """Return a lot that expires in `days` from now, or never."""
    return Lot(
        id=id_,
        award_id=award,
        points=remaining if points is None else points,
        remaining=remaining,
        available_at=NOW - timedelta(days=100 - id_),
        expires_at=None if days is None else NOW + timedelta(days=days),
    )


def account(*lots: Lot, balance: int | None = None) -> Account:
    return Account(
        balance=sum(each.remaining for each in lots) if balance is None else balance, lots=lots
    )


def test_the_january_lot_pays_first_and_its_rest_is_what_expires_first() -> None:
    january, march = lot(1, 300, days=214), lot(2, 100, days=273)
    movement = spend(account(march, january), 150, NOW)
    assert movement == Movement(balance=-150, lots=((1, -150),))
    after = moved(account(january, march), movement)
    assert [each.remaining for each in after.lots] == [150, 100]


def test_points_that_never_expire_are_spent_last() -> None:
    movement = spend(account(lot(1, 10), lot(2, 10, days=5), lot(3, 10, days=2)), 25, NOW)
    assert movement.lots == ((3, -10), (2, -10), (1, -5))


def test_nobody_spends_more_than_is_there() -> None:
    with pytest.raises(Conflict, match="11 points are asked for, 10 can be spent"):
        spend(account(lot(1, 10)), 11, NOW)
    with pytest.raises(Conflict):
        spend(account(lot(1, 0, points=5), balance=-5), 1, NOW)


def test_a_lot_that_ends_this_very_moment_cannot_be_spent() -> None:
    with pytest.raises(Conflict):
        spend(account(lot(1, 10, days=0)), 1, NOW)


@pytest.mark.parametrize("policy", [None, "debt", "forgive"])
def test_where_there_are_enough_the_policy_changes_nothing(policy: Policy | None) -> None:
    have = account(lot(1, 10), lot(2, 10, days=5), lot(3, 10, days=2))
    assert spend(have, 25, NOW, policy) == spend(have, 25, NOW)


def test_points_that_are_gone_already_are_a_debt_or_forgiven_by_policy() -> None:
    have = account(lot(1, 30, days=5))
    assert spend(have, 100, NOW, "debt") == Movement(balance=-100, lots=((1, -30),))
    forgiving = spend(have, 100, NOW, "forgive")
    assert forgiving == Movement(balance=-30, lots=((1, -30),), forgiven=70)
    owing = account(lot(1, 0, points=5), balance=-5)
    assert spend(owing, 10, NOW, "debt") == Movement(balance=-10)
    assert spend(owing, 10, NOW, "forgive") == Movement(forgiven=10)


def test_what_is_spent_again_takes_even_a_lot_whose_time_is_over_before_it_makes_a_debt() -> None:
    have = account(lot(1, 10, days=0), lot(2, 10, days=9))
    assert spend(have, 25, NOW, "debt") == Movement(balance=-25, lots=((2, -10), (1, -10)))


def test_only_points_whose_time_is_not_over_can_be_spent() -> None:
    have = account(lot(1, 10, days=0), lot(2, 10, days=1), lot(3, 10), lot(4, 10, days=-1))
    assert spendable(have, NOW) == 20
    assert spendable(have, NOW + timedelta(days=1)) == 10
    assert spendable(account(lot(1, 0, points=5), balance=-5), NOW) == 0
    assert spendable(account(), NOW) == 0


def test_new_points_settle_a_debt_before_they_open_a_lot() -> None:
    assert open_points(account(balance=-30), 50) == Movement(balance=50, opened=20)
    assert open_points(account(balance=-80), 50) == Movement(balance=50, opened=0)
    assert open_points(account(), 50) == Movement(balance=50, opened=50)


def test_taking_back_starts_with_pending_then_the_award_s_own_lots() -> None:
    have = account(lot(1, 40, award=7, days=10), lot(2, 100, award=8))
    movement = take_back(have, 7, 50, "debt", own_pending=20)
    assert movement == Movement(balance=-30, pending=-20, lots=((1, -30),))


def test_taking_back_goes_on_with_the_last_expiring_of_the_others() -> None:
    have = account(
        lot(1, 5, award=7, days=1),
        lot(2, 10, award=8, days=20),
        lot(3, 10, award=8, days=90),
        lot(4, 10),
    )
    movement = take_back(have, 7, 30, "debt")
    assert movement.lots == ((1, -5), (4, -10), (3, -10), (2, -5))


def test_an_expired_part_costs_nothing() -> None:
    have = account(lot(1, 40, award=7), lot(2, 100, award=8))
    movement = take_back(have, 7, 100, "debt", own_expired=60)
    assert movement == Movement(balance=-40, lots=((1, -40),), unexpired=60)


def test_what_no_lot_can_bear_is_a_debt() -> None:
    movement = take_back(account(lot(1, 10, award=7, points=50)), 7, 50, "debt")
    assert movement == Movement(balance=-50, lots=((1, -10),))


def test_what_no_lot_can_bear_is_forgiven_where_the_policy_says_so() -> None:
    movement = take_back(account(lot(1, 10, award=7, points=50)), 7, 50, "forgive")
    assert movement == Movement(balance=-10, lots=((1, -10),), forgiven=40)


def test_an_adjustment_has_nothing_of_its_own() -> None:
    movement = take_back(account(lot(1, 10, days=3), lot(2, 10, award=8, days=9)), None, 5, "debt")
    assert movement.lots == ((2, -5),)


def test_giving_back_nets_what_was_forgiven_first() -> None:
    have = account(lot(1, 0, award=7, points=50))
    movement = give_back(have, 50, forgiven=40, uses=((1, 10),), now=NOW)
    assert movement == Movement(balance=10, lots=((1, 10),), forgiven=-40)


def test_giving_back_returns_points_to_the_lots_they_came_from() -> None:
    have = account(lot(1, 0, award=7, points=20), lot(2, 5, award=8, points=25))
    movement = give_back(have, 45, forgiven=0, uses=((2, 20), (1, 20)), now=NOW)
    assert movement == Movement(balance=45, lots=((2, 20), (1, 20)), opened=5)


def test_a_lot_never_takes_back_more_than_it_held() -> None:
    movement = give_back(
        account(lot(1, 15, points=20)), 20, forgiven=0, uses=((1, 20), (1, 20)), now=NOW
    )
    assert movement == Movement(balance=20, lots=((1, 5),), opened=15)


def test_giving_back_settles_a_debt_before_any_lot() -> None:
    have = account(lot(1, 0, award=7, points=50), balance=-40)
    movement = give_back(have, 50, forgiven=0, uses=((1, 10),), now=NOW)
    assert movement == Movement(balance=50, lots=((1, 10),))


def test_points_that_come_back_live_at_least_thirty_days() -> None:
    have = account(
        lot(1, 0, days=-3, points=5), lot(2, 0, days=29, points=5), lot(3, 0, days=31, points=5)
    )
    movement = give_back(have, 15, forgiven=0, uses=((1, 5), (2, 5), (3, 5)), now=NOW)
    assert movement.extended == ((1, NOW + GRACE), (2, NOW + GRACE))


def test_points_posted_late_live_at_least_thirty_days() -> None:
    assert late_expiry(None, NOW) is None
    assert late_expiry(NOW - timedelta(days=5), NOW) == NOW + GRACE
    assert late_expiry(NOW + timedelta(days=99), NOW) == NOW + timedelta(days=99)
    end = datetime.max.replace(tzinfo=UTC)
    assert late_expiry(end, end) == end


def test_a_lot_nobody_knows_any_more_is_replaced_by_a_new_one() -> None:
    assert give_back(account(), 5, forgiven=0, uses=((99, 5),), now=NOW).opened == 5


@pytest.mark.parametrize("points", [-1, -100])
def test_points_to_move_are_never_negative(points: int) -> None:
    for move in (
        lambda: open_points(account(), points),
        lambda: take_back(account(), 1, points, "debt"),
        lambda: give_back(account(), points, forgiven=0, uses=(), now=NOW),
        lambda: spend(account(), points, NOW),
    ):
        with pytest.raises(ValueError, match="never negative"):
            move()


lots_of_one = st.lists(
    st.tuples(
        st.integers(0, 50), st.sampled_from([None, 7, 8]), st.sampled_from([None, 1, 40, 400])
    ),
    max_size=5,
).map(
    lambda rows: tuple(
        lot(at, left, award=award, days=days, points=left + 10)
        for at, (left, award, days) in enumerate(rows, start=1)
    )
)


@given(lots=lots_of_one, points=st.integers(0, 400), policy=st.sampled_from(["debt", "forgive"]))
def test_taking_back_and_giving_back_restores_balance_and_lots(
    lots: tuple[Lot, ...], points: int, policy: Policy
) -> None:
    before = account(*lots)
    taken = take_back(before, 7, points, policy)
    between = moved(before, taken)
    uses = tuple((lot_id, -change) for lot_id, change in reversed(taken.lots))
    given_back = give_back(between, points, forgiven=taken.forgiven, uses=uses, now=NOW)
    after = moved(between, given_back)
    assert after.balance == before.balance
    assert taken.forgiven + given_back.forgiven == 0
    assert given_back.opened == 0
    assert [each.remaining for each in after.lots] == [each.remaining for each in before.lots]


@given(lots=lots_of_one, points=st.integers(0, 300))
def test_what_can_be_spent_is_exactly_what_spending_gives(
    lots: tuple[Lot, ...], points: int
) -> None:
    have = account(*lots)
    later = NOW + timedelta(days=1)  # the very moment some of them end
    if points > spendable(have, later):
        with pytest.raises(Conflict):
            spend(have, points, later)
        return
    after = moved(have, spend(have, points, later))
    assert spendable(after, later) == spendable(have, later) - points
    assert after.balance == have.balance - points


@given(lots=lots_of_one, points=st.integers(0, 400), policy=st.sampled_from(["debt", "forgive"]))
def test_what_a_redemption_spent_and_gets_back_is_in_its_lots_again(
    lots: tuple[Lot, ...], points: int, policy: Policy
) -> None:
    before = account(*lots)
    spent = spend(before, points, NOW, policy)
    between = moved(before, spent)
    assert sum(each.remaining for each in between.lots) == max(between.balance, 0)
    uses = tuple((lot_id, -change) for lot_id, change in reversed(spent.lots))
    back = give_back(between, points, forgiven=spent.forgiven, uses=uses, now=NOW)
    after = moved(between, back)
    assert (after.balance, back.opened) == (before.balance, 0)
    assert [each.remaining for each in after.lots] == [each.remaining for each in before.lots]
    touched = {lot_id for lot_id, _ in back.lots}
    assert all(
        each.expires_at is None or each.expires_at >= NOW + GRACE
        for each in after.lots
        if each.id in touched
    )


def test_an_account_that_ends_takes_its_lots_along_as_they_are() -> None:
    ending = account(lot(1, 30, days=5, points=50), lot(2, 0, points=10), lot(3, 20))
    joining = join(ending, account(lot(4, 7)))
    assert joining.leaving == Movement(balance=-50, lots=((1, -30), (3, -20)))
    assert joining.arriving == Movement(balance=50)
    assert joining.carried == ((1, 30), (3, 20))


def test_points_that_arrive_at_a_debt_settle_it_last_expiring_first() -> None:
    joining = join(account(lot(1, 30, days=5), lot(2, 20, days=9)), account(balance=-25))
    assert joining.arriving == Movement(balance=50)
    assert joining.carried == ((1, 25), (2, 0))


@pytest.mark.parametrize(("owed", "drawn"), [(15, ((2, -15),)), (60, ((2, -20), (1, -30)))])
def test_a_debt_that_arrives_is_settled_from_the_lots_there(
    owed: int, drawn: tuple[tuple[int, int], ...]
) -> None:
    joining = join(account(balance=-owed), account(lot(1, 30, days=5), lot(2, 20, days=9)))
    assert joining.leaving == Movement(balance=owed)
    assert joining.arriving == Movement(balance=-owed, lots=drawn)
    assert joining.carried == ()


def test_pending_points_move_too() -> None:
    joining = join(Account(pending=40), Account(pending=2))
    assert (joining.leaving.pending, joining.arriving.pending) == (-40, 40)
