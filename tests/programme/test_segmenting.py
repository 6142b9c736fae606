"""Who is in a segment: by orders, days and fifths of all buyers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.programme.document import Programme
from app.programme.events import Line, Standing
from app.programme.order_windows import OrderItem
from app.programme.segmenting import Fifths, Known, Person, Score, Scores, segments_of
from tests.programme.orders import programme
from tests.programme.tiered import item

WARSAW = 'timezone = "Europe/Warsaw"\n'
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
RULES = programme("", WARSAW)


def ago(days: float) -> datetime:
    return AT - timedelta(days=days)


def bought(number: int, days: float, amount: str = "100.00", **more: object) -> OrderItem:
    return item(number, ago(days), amount, RULES, **more)  # type: ignore[arg-type] - passed on


def is_in(
    where: str, *orders: OrderItem, more: str = "", at: datetime = AT, **known: object
) -> bool:
    rules = programme(
        '[[tier]]\nkey = "gold"\nfrom = "500"\n'
        f'[[segment]]\nkey = "s"\n{more}\nwhere = {{ {where} }}\n',
        WARSAW,
    )
    person = Person(orders=orders, **({"joined_at": ago(400)} | known))  # type: ignore[arg-type] - passed on
    return segments_of(rules, person, at, Fifths()) == ("s",)


def test_over_100_from_100_and_under_100_are_three_things() -> None:
    exactly = (bought(1, 10, "60.00"), bought(2, 20, "40.00"))
    assert not is_in("spend_over = 100", *exactly)
    assert is_in("spend_from = 100", *exactly)
    assert not is_in("spend_under = 100", *exactly)
    assert is_in("spend_under = 100.01", *exactly)
    assert is_in("spend_under = 1")  # who never bought anything spent nothing


def test_what_was_given_back_or_cancelled_by_then_does_not_count() -> None:
    returned = bought(1, 10, "100.00", refunds=((ago(5), "30.00"),))
    assert is_in("spend_from = 70, spend_under = 70.01", returned)
    assert is_in("spend_from = 100", returned, at=ago(6))
    cancelled = bought(2, 10, standing=Standing.CANCELLED, shown={"": ago(5)})
    assert is_in("orders_up_to = 0", cancelled)
    assert is_in("orders_from = 1", cancelled, at=ago(6))
    assert is_in("orders_up_to = 0", bought(3, 10, unpaid=True))


def test_orders_of_the_last_twelve_months_count_but_a_last_order_may_be_older() -> None:
    old = bought(1, 366)
    assert is_in("orders_up_to = 0, last_order_days_over = 365", old)
    assert not is_in("last_order_days_over = 366", old)
    assert is_in("orders_from = 1", old, more="months = 13")
    assert is_in("last_order_days_under = 367", old)
    assert not is_in("last_order_days_over = 1")
    assert not is_in("last_order_days_under = 1")


def test_days_begin_at_midnight_in_the_programmes_zone() -> None:
    evening = datetime(2026, 11, 20, 22, 59, tzinfo=UTC)  # 23:59 of the 20th in Warsaw
    late = item(1, evening, "10.00", RULES)
    assert not is_in("last_order_days_over = 0", late, at=evening)
    assert is_in("last_order_days_over = 0", late, at=evening + timedelta(minutes=1))


def test_the_29th_of_february_counts_for_a_year_with_the_28th_and_the_last_year_has_an_end() -> (
    None
):
    leap = item(1, datetime(2028, 2, 29, 12, tzinfo=UTC), "10.00", RULES)
    assert is_in("orders_from = 1", leap, at=datetime(2029, 2, 28, 12, tzinfo=UTC))
    assert not is_in("orders_from = 1", leap, at=datetime(2029, 3, 1, 12, tzinfo=UTC))
    last = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
    assert is_in("orders_from = 1, last_order_days_under = 1", item(1, last, "1", RULES), at=last)


def test_who_joined_which_tier_and_who_reads_the_newsletter() -> None:
    assert is_in("joined_days_over = 399, joined_days_under = 401")
    assert not is_in("joined_days_over = 400")
    assert not is_in("joined_days_over = 1", joined_at=None)
    assert is_in('tiers = ["gold"]', tier="gold")
    assert not is_in('tiers = ["gold"]')
    assert is_in("newsletter = true", newsletter=True)
    assert not is_in("newsletter = false", newsletter=True)
    assert is_in("")


def test_stores_ways_and_products_are_those_of_orders_that_count() -> None:
    line = Line(id="1", sku="MUG-1", product="17", net=Decimal("20.00"))
    order = bought(1, 10, "20.00")
    assert order.facts is not None
    facts = msgspec.structs.replace(order.facts, lines=(line,), channel="pos")
    order = msgspec.structs.replace(order, facts=facts, store="till")
    assert is_in('stores = ["shop", "till"], channels = ["pos"]', order)
    assert not is_in('stores = ["shop"]', order)
    assert not is_in('channels = ["web"]', order)
    assert is_in('bought = { skus = ["mug-*"] }', order)
    assert is_in('bought = { products = [{ store = "till", id = "17" }] }', order)
    assert not is_in('bought = { products = [{ store = "shop", id = "17" }] }', order)
    back = bought(1, 10, "20.00", refunds=((ago(3), "20.00"),))
    assert back.facts is not None
    returned = msgspec.structs.replace(
        back, facts=msgspec.structs.replace(back.facts, lines=(line,))
    )
    assert not is_in('bought = { skus = ["MUG-*"] }', returned)


@pytest.mark.parametrize(
    ("values", "fifths"),
    [
        ([10, 20, 30, 40, 50], [1, 2, 3, 4, 5]),
        ([7, 7, 7, 7], [1, 1, 1, 1]),
        ([1, 1, 1, 1, 2], [1, 1, 1, 1, 5]),
        ([1, 2], [1, 3]),
        ([5], [1]),
    ],
)
def test_equal_values_are_in_the_fifth_that_those_with_less_tell(
    values: list[int], fifths: list[int]
) -> None:
    assert ranks(values) == fifths


def ranks(values: list[int]) -> list[int]:
    """Return the fifth of each buyer by money, as the conditions find it."""
    scores = Scores()
    for value in values:
        scores.add(Score(recency=0, frequency=1, money=value))
    scores.add(None)
    beginnings = scores.fifths()
    found = []
    for value in values:
        rules = ranked()
        buyer = Known(rules, Person(joined_at=None, orders=(spending(value),)), AT)
        [fifth] = [one.where.rfm.money[0] for one in rules.segments
                   if one.where.rfm and buyer.is_in(one, beginnings)]  # fmt: skip
        found.append(fifth)
    return found


def ranked() -> Programme:
    return programme(
        "".join(
            f'[[segment]]\nkey = "m{n}"\nwhere = {{ rfm = {{ money = [{n}] }} }}\n'
            for n in range(1, 6)
        ),
        WARSAW,
    )


def spending(units: int) -> OrderItem:
    return bought(1, 1, str(Decimal(units) / 10_000))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=25))
def test_a_fifth_is_what_the_share_of_buyers_with_less_says(values: list[int]) -> None:
    expected = [1 + 5 * sum(other < value for other in values) // len(values) for value in values]
    assert ranks(values) == expected


def test_who_bought_nothing_for_a_year_is_in_no_fifth() -> None:
    rules = ranked()
    person = Person(joined_at=AT, orders=(bought(1, 500),))
    assert Known(rules, person, AT).score() is None
    assert segments_of(rules, person, AT, Fifths()) == ()
