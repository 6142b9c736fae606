"""Points worked out in whole numbers, without saying why, are those of the rules to the last one."""

import math
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.programme.document import parse
from app.programme.events import Line, LineKind, OrderFacts, Standing
from app.programme.ratio import ROUND, above, divided, times, to_millionths
from app.programme.rules import NO_RULE, Context, evaluate, points_of
from tests.programme.orders import HEAD, PLACED, refund, unread

RULES = """earns_from = 2026-01-01
[[rule]]
key = "per-unit"
on = "order.paid"
points = 3
per = "0.70"
round = "half_up"

[[rule]]
key = "steps"
on = "order.paid"
points = 10
per = "7.5"
step = true
max_points = 40

[[rule]]
key = "tea"
on = "order.completed"
points = 1
per = "3.00"
round = "ceil"
multiply = [{ by = "1.25", skus = ["tea-*"] }, { by = "0", skus = ["cup"] }]

[[rule]]
key = "cups"
on = "order.paid"
points = 5
per_piece = true
lines = { skus = ["cup"] }

[[rule]]
key = "big"
on = "order.paid"
points = 50
when = { goods_over = "30.00", not_channels = ["pos"] }

[[rule]]
key = "foreign"
on = "order.paid"
points = 2
per = "1.00"
currency = "store"
except_lines = { skus = ["tea-1"] }
when = { goods_from = "10.00" }
"""

amounts = st.decimals(-5, 90, allow_nan=False, places=2) | st.decimals(
    0, 9, allow_nan=False, places=6
)
lines = st.builds(
    Line,
    id=st.sampled_from("abcd"),
    kind=st.sampled_from(LineKind),
    quantity=st.integers(0, 3),
    sku=st.sampled_from([None, "tea-1", "TEA-2", "cup"]),
    net=amounts,
    tax=amounts,
)
refunds = st.sampled_from(
    [(), (unread("9", "8.40"),), (refund("9", "5.00", ("a", "3.00")), unread("8", "1.11"))]
)
numbers = st.decimals("0.0001", 500, places=4)
ratios = st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 10**6))


@given(
    sold=st.lists(lines, max_size=4),
    given_back=refunds,
    standing=st.sampled_from(Standing),
    currency=st.sampled_from(["PLN", "EUR"]),
    rate=st.none() | st.just(Decimal("4.2137")),
    channel=st.sampled_from([None, "web", "pos"]),
)
def test_points_without_a_reason_are_those_with_it(
    sold: list[Line],
    given_back: tuple[object, ...],
    standing: Standing,
    currency: str,
    rate: Decimal | None,
    channel: str | None,
) -> None:
    rules = parse(HEAD + RULES)
    order = OrderFacts(
        standing=standing,
        status=standing.value,
        currency=currency,
        prices_include_tax=True,
        total=sum((line.net + line.tax for line in sold), Decimal(0)),
        lines=tuple(sold),
        refunds=given_back,  # type: ignore[arg-type]
        channel=channel,
    )
    context = Context(rate=rate)
    awards = evaluate(rules, 1, context, order, PLACED)
    plain = points_of(rules, context, order, PLACED)
    assert plain == {award.rule: award.points for award in awards}


def test_what_no_rule_judges_has_no_points() -> None:
    rules = parse(HEAD)
    order = OrderFacts(
        standing=Standing.PAID,
        status="paid",
        currency="PLN",
        prices_include_tax=True,
        total=Decimal(0),
    )
    assert points_of(rules, Context(), order, PLACED) == {}
    assert points_of(rules, Context(), None, PLACED) == {}
    [award] = evaluate(rules, 1, Context(), order, PLACED)
    assert award.rule == NO_RULE


@given(amount=ratios, number=numbers)
def test_whole_numbers_come_to_what_fractions_come_to(
    amount: tuple[int, int], number: Decimal
) -> None:
    exact = Fraction(*amount)
    assert Fraction(*times(amount, number)) == exact * Fraction(number)
    assert Fraction(*divided(amount, number)) == exact / Fraction(number)
    assert (above(amount, number) > 0) == (exact > Fraction(number))
    assert (above(amount, number) < 0) == (exact < Fraction(number))
    assert ROUND["floor"](amount) == math.floor(exact)
    assert ROUND["ceil"](amount) == math.ceil(exact)
    assert ROUND["half_up"](amount) == math.floor(exact + Fraction(1, 2))
    assert to_millionths(amount) == Decimal(math.floor(exact * 10**6)).scaleb(-6)
