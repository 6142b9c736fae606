"""What each span of time brought a person: worked out at once, and no otherwise than span by span."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.programme.events import ActionFacts, CustomerFacts, Facts, ReviewFacts, Standing
from app.programme.order_windows import OrderItem, order_points
from app.programme.person import (
    History,
    given_alone,
    points_by_span,
    windows_by_span,
    worth_of_orders,
    worth_of_others,
)
from app.programme.shadow import compare
from app.programme.windows import WindowItem
from tests.judgements import judgements
from tests.programme.orders import goods, programme, unread

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)
DAYS = [BEGIN + timedelta(days=number) for number in range(1, 9)]

ALL = programme(
    """[[rule]]
key = "per-unit"
on = "order.paid"
points = 1
per = "1.00"
[[rule]]
key = "each-second"
on = "order.count"
points = 20
every = 2
[[rule]]
key = "card"
on = "items.count"
points = 7
every = 3
[[rule]]
key = "joining"
on = "customer.registered"
points = 40
[[rule]]
key = "opinion"
on = "review.published"
points = 5
[[rule]]
key = "app"
on = "action"
action = "app"
points = 3
times = 2
each = "month"
[[cap]]
key = "daily"
points = 60
per = "day"
[[cap]]
key = "ever"
points = 300
per = "lifetime"
[[challenge]]
key = "three"
points = 9
orders = 3
days = 3
window = "month"
[tiers]
by = "spend"
[[tier]]
key = "silver"
from = "100"
gift = 11
"""
)
LESS = programme('[[rule]]\nkey = "per-unit"\non = "order.paid"\npoints = 1\nper = "2.00"\n')


def an_order(number: int, hours: int, amount: str = "10.00", back: str = "0") -> OrderItem:
    moment = BEGIN + timedelta(hours=hours)
    refunds = (unread("r", back),) if Decimal(back) else ()
    return OrderItem(
        object_id=number,
        occurred_at=moment,
        earned_at=moment,
        programme=ALL,
        version=1,
        facts=goods(amount, refunds=refunds, standing=Standing.PAID),
    )


def something_else(number: int, hours: int, facts: Facts) -> WindowItem:
    return WindowItem(
        object_id=number,
        store_id=1,
        occurred_at=BEGIN + timedelta(hours=hours),
        programme=ALL,
        version=1,
        facts=facts,
    )


def span_by_span(history: History, bounds: Sequence[datetime]) -> list[int]:
    """The model: what is worth everything up to a span's end, less everything before it."""
    up_to = []
    for span in range(len(bounds) + 1):
        orders = [one for one in history.orders if bisect_right(bounds, one.occurred_at) <= span]
        others = [one for one in history.others if bisect_right(bounds, one.occurred_at) <= span]
        worth = worth_of_orders(orders) | worth_of_others(others)
        alone = sum(sum(order_points(one).values()) for one in orders)
        up_to.append(alone + sum(award.points for award in worth.values()))
    return [after - before for before, after in zip([0, *up_to], up_to, strict=False)]


def brought(history: History) -> list[int]:
    alone = given_alone(history.orders)
    return points_by_span(history, DAYS, alone, windows_by_span(history, DAYS, alone))


_hours = st.integers(0, 9 * 24)
_amounts = st.sampled_from(["5.00", "30.00", "70.00"])
_others: st.SearchStrategy[Facts] = st.one_of(
    st.builds(
        lambda product, shown: ReviewFacts(product=product, published=shown, verified=True),
        st.sampled_from("ab"),
        st.booleans(),
    ),
    st.just(CustomerFacts(registered=True)),
    st.builds(lambda removed: ActionFacts(action="app", removed=removed), st.booleans()),
)


@given(
    orders=st.lists(st.tuples(_hours, _amounts, st.sampled_from(["0", "4.00", "70.00"]))),
    others=st.lists(st.tuples(_hours, _others)),
    plain=st.sets(st.integers(1, 9)),
)
def test_a_span_brings_what_is_worth_more_than_without_it(
    orders: list[tuple[int, str, str]], others: list[tuple[int, Facts]], plain: set[int]
) -> None:
    placed = [an_order(number, *one) for number, one in enumerate(orders, start=1)]
    history = History(
        1,
        tuple(
            msgspec.structs.replace(one, programme=LESS) if one.object_id in plain else one
            for one in placed
        ),
        tuple(something_else(100 + number, *one) for number, one in enumerate(others)),
    )
    assert brought(history) == span_by_span(history, DAYS)


def test_a_gift_for_a_tier_belongs_to_the_order_that_reached_it_when_it_was_paid() -> None:
    """Placed first, paid last: it is what made the person reach the tier."""
    late = msgspec.structs.replace(an_order(1, 2, "60.00"), earned_at=DAYS[5])
    history = History(1, (late, an_order(2, 30, "60.00")))
    assert brought(history)[:3] == [60 + 11, 60 + 20, 0]


@pytest.mark.parametrize("days", [2, 30])
def test_orders_are_judged_as_often_however_many_days_they_are_spread_over(days: int) -> None:
    def a_history(days: int) -> History:
        return History(1, tuple(an_order(n, 24 * (n % days)) for n in range(1, 61)))

    draft = msgspec.structs.replace(ALL, rules=ALL.rules[1:])
    one_day, spread = a_history(1), a_history(days)
    assert len(compare(draft, spread, BEGIN)) == 60 + days
    once = judgements(lambda: compare(draft, one_day, BEGIN))
    assert judgements(lambda: compare(draft, spread, BEGIN)) == once
    twice = History(1, tuple(an_order(n, 24 * (n % days)) for n in range(1, 121)))
    assert judgements(lambda: compare(draft, twice, BEGIN)) == 2 * once
