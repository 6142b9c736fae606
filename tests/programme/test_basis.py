"""What counts of an order, and what refunds leave of it."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import Invalid
from app.programme.basis import basis_of
from app.programme.document import Switches
from app.programme.events import Line, LineKind, OrderFacts, Refund
from tests.programme.orders import goods, line, order, refund, unread, written

DEFAULT = Switches()

CUP = line("1", "109.74", "25.24", quantity=3)
COAT = line("2", "145.60", "33.49")
DELIVERY = line("3", "12.19", "2.80", LineKind.SHIPPING)
WRAPPING = line("4", "5.00", "1.15", LineKind.FEE)
SHOPPING = (CUP, COAT, DELIVERY, WRAPPING)


def total(facts: OrderFacts, switches: Switches = DEFAULT) -> Decimal:
    return basis_of(facts, switches).total


def test_goods_count_as_the_shopper_sees_the_price() -> None:
    assert total(order(*SHOPPING)) == Decimal("314.07")
    assert total(order(*SHOPPING, prices_include_tax=False)) == Decimal("255.34")


def test_delivery_and_fees_are_named_as_left_out() -> None:
    basis = basis_of(order(*SHOPPING), DEFAULT)
    assert basis.left_out == (("fee", Decimal("6.15")), ("shipping", Decimal("14.99")))
    assert basis.lines == (("1", Decimal("134.98")), ("2", Decimal("179.09")))


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        (Switches(shipping=True), "329.06"),
        (Switches(fees=True), "320.22"),
        (Switches(tax="without"), "255.34"),
        (Switches(tax="without", shipping=True, fees=True), "272.53"),
        (Switches(tax="with"), "314.07"),
    ],
)
def test_each_switch_lets_one_more_thing_count(switches: Switches, expected: str) -> None:
    assert total(order(*SHOPPING), switches) == Decimal(expected)


def test_gift_cards_and_tips_count_only_when_switched_on() -> None:
    facts = order(
        line("1", "40.00"),
        line("2", "100.00", kind=LineKind.GIFT_CARD),
        line("3", "5.00", kind=LineKind.TIP),
    )
    assert total(facts) == Decimal("40.00")
    assert total(facts, Switches(gift_cards=True)) == Decimal("140.00")
    assert total(facts, Switches(tips=True)) == Decimal("45.00")


def test_a_negative_fee_is_a_discount_spread_over_goods() -> None:
    facts = order(
        line("1", "60.00"),
        line("2", "20.00"),
        DELIVERY,
        line("5", "-8.00", kind=LineKind.FEE),
    )
    basis = basis_of(facts, DEFAULT)
    assert basis.lines == (("1", Decimal("54.00")), ("2", Decimal("18.00")))
    assert basis.discount == Decimal("8.00")


def test_a_discount_larger_than_the_goods_leaves_nothing_to_count() -> None:
    facts = order(line("1", "10.00"), DELIVERY, line("5", "-12.00", kind=LineKind.FEE))
    assert total(facts) == 0
    assert total(facts, Switches(shipping=True)) == Decimal("12.99")


def test_a_line_refund_comes_off_its_line() -> None:
    facts = order(*SHOPPING, refunds=(refund("18", "44.99", ("1", "36.58", "8.41")),))
    assert basis_of(facts, DEFAULT).lines == (("1", Decimal("89.99")), ("2", Decimal("179.09")))


def test_an_amount_only_refund_comes_off_the_goods_in_proportion() -> None:
    facts = order(line("1", "60.00"), line("2", "20.00"), DELIVERY, refunds=(refund("9", "8.00"),))
    assert basis_of(facts, DEFAULT).lines == (("1", Decimal("54.00")), ("2", Decimal("18.00")))


def test_an_amount_beyond_the_goods_comes_off_delivery_and_fees() -> None:
    facts = order(*SHOPPING, refunds=(refund("9", "320.00"),))
    basis = basis_of(facts, DEFAULT)
    assert basis.total == 0
    assert sum(amount for _, amount in basis.left_out) == Decimal("15.21")


def test_a_refund_of_delivery_takes_nothing_from_the_goods() -> None:
    facts = order(*SHOPPING, refunds=(refund("9", "14.99", ("3", "12.19", "2.80")),))
    basis = basis_of(facts, DEFAULT)
    assert basis.total == Decimal("314.07")
    assert basis.left_out == (("fee", Decimal("6.15")),)


def test_a_line_returned_without_money_takes_nothing() -> None:
    facts = order(*SHOPPING, refunds=(refund("9", "0", ("1", "36.58", "8.41")),))
    assert total(facts) == Decimal("314.07")


def test_money_decides_when_less_is_paid_out_than_the_lines_say() -> None:
    facts = order(line("1", "50.00"), line("2", "50.00"), refunds=(refund("9", "40", ("1", "50")),))
    assert basis_of(facts, DEFAULT).lines == (("1", Decimal("10.00")), ("2", Decimal("50.00")))


def test_a_refunded_line_nobody_knows_counts_as_an_amount() -> None:
    facts = order(line("1", "60.00"), line("2", "20.00"), refunds=(refund("9", "8", ("77", "8")),))
    assert basis_of(facts, DEFAULT).lines == (("1", Decimal("54.00")), ("2", Decimal("18.00")))


def test_more_than_a_line_was_worth_comes_off_the_others() -> None:
    facts = order(
        line("1", "10.00"), line("2", "90.00"), refunds=(refund("9", "30.00", ("1", "30.00")),)
    )
    assert basis_of(facts, DEFAULT).lines == (("1", Decimal("0.00")), ("2", Decimal("70.00")))


def test_a_discounted_line_given_back_at_its_full_price_takes_the_money_paid_out() -> None:
    discounted = (
        line("1", "100.00"),
        line("2", "100.00"),
        line("5", "-20.00", kind=LineKind.FEE),
    )
    for fee in ("-10.00", "10.00"):  # platforms differ in the sign
        facts = order(*discounted, refunds=(refund("9", "90", ("1", "100"), ("5", fee)),))
        assert basis_of(facts, DEFAULT).lines == (("1", Decimal("0.00")), ("2", Decimal("90.00")))


@pytest.mark.parametrize("prices_include_tax", [True, False])
@pytest.mark.parametrize(
    "refunds",
    [
        (unread("19", "335.21"),),
        (refund("17", "40.00"), unread("18", "44.99"), refund("19", "250.22")),
        (refund("18", "44.99", ("1", "36.58", "8.41")), refund("19", "290.22")),
        (refund("19", "400.00"),),
    ],
)
def test_a_full_refund_leaves_exactly_nothing(
    refunds: tuple[Refund, ...], prices_include_tax: bool
) -> None:
    facts = order(*SHOPPING, refunds=refunds, prices_include_tax=prices_include_tax)
    basis = basis_of(facts, DEFAULT)
    assert (basis.total, basis.left_out) == (0, ())


def test_a_full_refund_leaves_nothing_though_the_lines_add_up_to_more_than_was_paid() -> None:
    assert total(goods("100.00", total="80.00", refunds=(refund("9", "80.00"),))) == 0


def test_without_tax_an_amount_takes_the_same_share_of_net_as_of_gross() -> None:
    facts = order(
        line("1", "100.00", "23.00"), prices_include_tax=False, refunds=(refund("9", "61.50"),)
    )
    assert total(facts) == Decimal("50.00")


def test_refunds_counted_without_their_lines_are_admitted() -> None:
    assert basis_of(goods("10", refunds=(unread("9", "1"),)), DEFAULT).refunds_without_lines
    assert not basis_of(goods("10", refunds=(refund("9", "1"),)), DEFAULT).refunds_without_lines


@pytest.mark.parametrize(
    ("paid", "back", "left"),
    [("3690", "690", "3000"), ("49.95", "0.95", "49.00"), ("12.345", "2.345", "10.000")],
)
def test_stores_without_decimals_with_two_and_three_are_exact(
    paid: str, back: str, left: str
) -> None:
    written = basis_of(goods(paid, refunds=(refund("9", back),)), DEFAULT).total
    assert str(written) == left


def test_spread_amounts_add_up_to_the_total_to_the_last_digit() -> None:
    facts = order(*(line(str(at), "10.00") for at in range(3)), refunds=(refund("9", "10.00"),))
    basis = basis_of(facts, DEFAULT)
    assert sum(amount for _, amount in basis.lines) == basis.total == Decimal("20.00")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e30", "1e-30", "1e999999"])
def test_an_amount_no_order_can_have_is_refused(amount: str) -> None:
    with pytest.raises(Invalid, match="no order can have"):
        total(goods("10", total="10", refunds=(refund("9", amount),)))


def test_every_order_of_the_same_refunds_leaves_the_same() -> None:
    refunds = (
        refund("17", "40.00"),
        refund("18", "44.99", ("1", "36.58", "8.41")),
        refund("19", "14.99", ("3", "12.19", "2.80")),
        unread("20", "12.34"),
    )
    seen = {
        written(basis_of(order(*SHOPPING, refunds=chosen), DEFAULT))
        for chosen in itertools.permutations(refunds)
    }
    assert len(seen) == 1


def test_part_of_a_discounted_line_given_back_takes_the_money_paid_out() -> None:
    facts = order(
        line("1", "100.00"),
        line("2", "100.00"),
        line("5", "-20.00", kind=LineKind.FEE),
        refunds=(refund("9", "45", ("1", "50"), ("5", "5")),),
    )
    assert basis_of(facts, DEFAULT).lines == (("1", Decimal("45.00")), ("2", Decimal("90.00")))


cents = st.integers(0, 20_000).map(lambda value: Decimal(value).scaleb(-2))
kinds = st.sampled_from([LineKind.GOODS, LineKind.GOODS, LineKind.SHIPPING, LineKind.FEE])
some_lines = st.lists(st.tuples(kinds, cents, cents), min_size=1, max_size=5).map(
    lambda rows: tuple(
        Line(id=str(at), kind=kind, net=net, tax=tax) for at, (kind, net, tax) in enumerate(rows)
    )
)


@given(
    lines=some_lines,
    taxed=st.booleans(),
    amounts=st.lists(cents, max_size=4),
    by_line=st.lists(st.tuples(st.integers(0, 5), cents), max_size=4),
    chance=st.randoms(use_true_random=False),
)
def test_any_split_and_order_of_the_same_money_leaves_the_same(
    lines: tuple[Line, ...],
    taxed: bool,
    amounts: list[Decimal],
    by_line: list[tuple[int, Decimal]],
    chance: object,
) -> None:
    """One refund of everything, one per piece, in any order: the same basis, never below zero."""
    pieces = [refund(f"a{at}", str(amount)) for at, amount in enumerate(amounts)]
    pieces += [
        refund(f"l{at}", str(net), (str(to), str(net))) for at, (to, net) in enumerate(by_line)
    ]
    at_once = Refund(
        id="all",
        amount=sum((piece.amount for piece in pieces), Decimal(0)),
        lines=tuple(part for piece in pieces for part in piece.lines or ()),
    )
    shuffled = list(pieces)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one = basis_of(order(*lines, refunds=(at_once,), prices_include_tax=taxed), DEFAULT)
    many = basis_of(order(*lines, refunds=tuple(shuffled), prices_include_tax=taxed), DEFAULT)
    none = basis_of(order(*lines, prices_include_tax=taxed), DEFAULT)
    assert (one.total, one.lines, one.left_out) == (many.total, many.lines, many.left_out)
    assert 0 <= one.total <= none.total
    assert all(amount >= 0 for _, amount in one.lines)


@given(lines=some_lines, back=cents)
def test_with_tax_the_goods_lose_exactly_what_was_paid_back(
    lines: tuple[Line, ...], back: Decimal
) -> None:
    before = basis_of(order(*lines), DEFAULT).total
    whole = order(*lines).total
    after = basis_of(order(*lines, refunds=(refund("9", str(back)),)), DEFAULT).total
    assert after == (0 if back and back >= whole else max(before - back, Decimal(0)))


@given(
    prices=st.lists(cents, min_size=1, max_size=4),
    discount=cents,
    returns=st.lists(
        st.tuples(cents, st.lists(st.tuples(st.integers(0, 5), cents), max_size=3)), max_size=4
    ),
)
def test_whatever_lines_a_refund_names_the_goods_lose_the_money_paid_back(
    prices: list[Decimal],
    discount: Decimal,
    returns: list[tuple[Decimal, list[tuple[int, Decimal]]]],
) -> None:
    lines = [line(str(at), str(price)) for at, price in enumerate(prices)]
    lines.append(line("5", str(-discount), kind=LineKind.FEE))
    refunds = tuple(
        refund(f"r{at}", str(amount), *((str(to), str(value)) for to, value in named))
        for at, (amount, named) in enumerate(returns)
    )
    paid = max(sum(prices, Decimal(0)) - discount, Decimal(0))
    back = sum((each.amount for each in refunds), Decimal(0))
    after = basis_of(order(*lines, total=str(paid), refunds=refunds), DEFAULT)
    assert after.total == max(paid - back, Decimal(0))
    assert sum(amount for _, amount in after.lines) == after.total
    assert all(amount >= 0 for _, amount in after.lines)
